"""Groups of similar products: k-means over vectors, a projection to two dimensions, names from frequent words.

numpy only, so that it runs wherever dbt runs Python. Rows are ordered by their key and random numbers come from a fixed
seed: the same catalog gives the same groups.
"""

import re
from collections import Counter

import narwhals as nw
import numpy as np

COLUMNS = (
    ("product_id", "bigint"),
    ("cluster_id", "bigint"),
    ("cluster_name", "string"),
    ("cluster_size", "bigint"),
    ("x", "double"),
    ("y", "double"),
    ("distance_to_center", "double"),
)
MOST_CLUSTERS = 24
SAMPLE = 2000
STOP_WORDS = frozenset({"a", "and", "daughters", "for", "house", "in", "new", "of", "on", "the", "to", "with"})


def assign(vectors, centers):
    """The nearest center of each unit vector, and its cosine."""
    cosines = vectors @ centers.T
    nearest = cosines.argmax(axis=1)
    return nearest, cosines[np.arange(len(vectors)), nearest]


def k_means(vectors, k):
    """Centers of ``k`` groups by cosine: k-means++ from a fixed seed, then Lloyd's steps."""
    chance = np.random.default_rng(k)
    centers = vectors[:1]
    for _ in range(1, k):
        apart = np.maximum(1 - assign(vectors, centers)[1], 0) ** 2
        if apart.sum() <= 1e-12:
            break
        drawn = int(np.searchsorted(np.cumsum(apart), chance.random() * apart.sum()))
        centers = np.vstack((centers, vectors[min(drawn, len(vectors) - 1)]))
    before = None
    for _ in range(100):
        nearest, _ = assign(vectors, centers)
        if before is not None and np.array_equal(nearest, before):
            break
        before = nearest
        for cluster in range(len(centers)):
            members = vectors[nearest == cluster]
            total = members.sum(axis=0)
            length = np.linalg.norm(total)
            if length > 1e-12:
                centers[cluster] = total / length
    return centers


def silhouette(vectors, nearest):
    """How much nearer the vectors are to their own group than to the next: -1 to 1, on average."""
    groups = np.unique(nearest)
    if len(groups) < 2:
        return -1.0
    member = (nearest[:, None] == groups).astype(float)
    counts = member.sum(axis=0)
    totals = (1 - vectors @ vectors.T) @ member
    own = member.astype(bool)
    inside = totals[own] / np.maximum(counts[own.argmax(axis=1)] - 1, 1)
    outside = np.where(own, np.inf, totals / counts).min(axis=1)
    larger = np.maximum(inside, outside)
    width = np.divide(outside - inside, larger, out=np.zeros_like(larger), where=larger > 1e-12)
    return float(np.where(counts[own.argmax(axis=1)] > 1, width, 0).mean())


def best_centers(vectors):
    """The centers for the number of groups with the best silhouette, computed on at most ``SAMPLE`` vectors."""
    sample = vectors[:: max(1, len(vectors) // SAMPLE)]
    best, chosen = -2.0, 1
    for k in range(2, max(2, min(MOST_CLUSTERS, len(sample) // 4)) + 1):
        width = silhouette(sample, assign(sample, k_means(sample, k))[0])
        if width > best + 1e-9:
            best, chosen = width, k
    return k_means(vectors, chosen)


def flat(vectors):
    """The two main directions of the vectors; the sign of each is that of its largest part."""
    centered = vectors - vectors.mean(axis=0)
    _, directions = np.linalg.eigh(centered.T @ centered)
    main = directions[:, ::-1][:, :2]
    main = main * np.sign(main[np.abs(main).argmax(axis=0), np.arange(main.shape[1])])
    picture = centered @ main
    return np.pad(picture, ((0, 0), (0, 2 - picture.shape[1]))).round(6) + 0.0


def words(text):
    """The distinct words of a description that can name something."""
    return {word for word in re.findall(r"[^\W\d_][\w'-]*\w", (text or "").lower()) if word not in STOP_WORDS}


def names(descriptions, nearest):
    """For each group with members, the three words that are most over-represented in it."""
    everywhere = Counter(word for text in descriptions for word in words(text))
    found = {}
    for cluster in np.unique(nearest):
        texts = [descriptions[i] for i in np.flatnonzero(nearest == cluster)]
        here = Counter(word for text in texts for word in words(text))
        lift = {word: n / len(texts) - everywhere[word] / len(descriptions) for word, n in here.items()}
        ranked = sorted(lift, key=lambda word: (-round(lift[word], 9), word))
        found[cluster] = ", ".join(ranked[:3]) or "no words"
    return found


def clusters(ids, descriptions, vectors):
    """The model's rows, as tuples of ``COLUMNS``."""
    lengths = np.linalg.norm(vectors, axis=1)
    there = lengths > 0
    ids, vectors = ids[there], vectors[there] / lengths[there][:, None]
    descriptions = [text for text, some in zip(descriptions, there, strict=True) if some]
    if not len(ids):
        return []
    centers = best_centers(vectors) if len(ids) > 3 else vectors[:1]
    nearest, cosines = assign(vectors, centers)
    sizes = np.bincount(nearest, minlength=len(centers))
    # Numbered from the largest; of two of a size, the one with the smaller product first.
    first = [ids[nearest == cluster].min() if size else 0 for cluster, size in enumerate(sizes)]
    order = sorted(np.flatnonzero(sizes), key=lambda cluster: (-sizes[cluster], first[cluster]))
    number = {cluster: place + 1 for place, cluster in enumerate(order)}
    named = names(descriptions, nearest)
    picture = flat(vectors)
    return [
        (
            int(ids[i]),
            number[cluster],
            named[cluster],
            int(sizes[cluster]),
            float(picture[i, 0]),
            float(picture[i, 1]),
            float(np.round(max(1 - cosines[i], 0), 6)),
        )
        for i, cluster in enumerate(nearest)
    ]


def model(dbt, session):
    """One row per product of the catalog."""
    dbt.config(materialized="table")
    catalog = nw.from_native(dbt.ref("product_catalog")).select("product_id", "description", "embedding")
    table = catalog.collect(backend="pyarrow").to_native().sort_by("product_id")
    lengths = sorted({len(vector) for vector in table["embedding"].to_pylist() if vector is not None})
    if len(lengths) > 1:
        raise ValueError(
            f"product_catalog holds vectors of {' and '.join(map(str, lengths))} dimensions; embed all products with one model."
        )
    ids = np.array(table["product_id"].to_pylist(), dtype=np.int64)
    vectors = np.array(table["embedding"].to_pylist(), dtype=np.float64).reshape(len(ids), -1 if len(ids) else 0)
    rows = clusters(ids, table["description"].to_pylist(), vectors)
    if hasattr(session, "createDataFrame"):
        return session.createDataFrame(rows, ", ".join(f"{name} {kind}" for name, kind in COLUMNS))
    import pyarrow as pa

    kinds = {"bigint": pa.int64(), "string": pa.string(), "double": pa.float64()}
    columns = list(zip(*rows, strict=True)) or [()] * len(COLUMNS)
    return pa.table(
        {name: pa.array(values, kinds[kind]) for (name, kind), values in zip(COLUMNS, columns, strict=True)}
    )
