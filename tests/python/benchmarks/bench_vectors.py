"""Vector search: this project's functions beside numpy, hnswlib and faiss used by hand, in one process and on one matrix.

``python -m tests.python.benchmarks.bench_vectors [--rows 100000] [--dimension 384] [--queries 1000] [--rounds 3] [--million]``

hnswlib (``make extra-ann``) and faiss (``pip install faiss-cpu``) are compared where they are installed. The vectors are 2,000
clusters with noise, of length 1, which is kinder to approximate search than text is. ``--million`` searches a million
vectors in SQL, in a process of its own, and tells its peak memory.
"""

from __future__ import annotations

import argparse
import importlib
import os
import resource
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from types import ModuleType
from typing import Any

import duckdb
import numpy as np
import pyarrow as pa

from lakeweave import vectors
from lakeweave.vectors import index
from lakeweave.vectors.exact import COSINE, Vectors

K = 10


def made(rows: int, dimension: int, queries: int) -> tuple[np.ndarray, np.ndarray]:
    """Vectors and queries of length 1, from the same clusters."""
    chance = np.random.default_rng(0)
    centers = chance.standard_normal((2000, dimension), np.float32)
    matrix = np.empty((rows, dimension), np.float32)
    for i in range(0, rows, 50_000):
        some = min(50_000, rows - i)
        noise = np.float32(0.9) * chance.standard_normal((some, dimension), np.float32)
        matrix[i : i + some] = centers[chance.integers(0, 2000, some)] + noise
        matrix[i : i + some] /= np.linalg.norm(matrix[i : i + some], axis=1, keepdims=True)
    asked = centers[chance.integers(0, 2000, queries)] + np.float32(0.9) * chance.standard_normal(
        (queries, dimension), np.float32
    )
    return matrix, asked / np.linalg.norm(asked, axis=1, keepdims=True)


def by_numpy(matrix: np.ndarray, asked: np.ndarray, block: int = 250) -> np.ndarray:
    """The bare block product: scores, the best of them, sorted."""
    found = []
    for i in range(0, len(asked), block):
        scores = asked[i : i + block] @ matrix.T
        best = np.argpartition(-scores, K - 1, axis=1)[:, :K]
        order = np.argsort(-np.take_along_axis(scores, best, 1), axis=1)
        found.append(np.take_along_axis(best, order, 1))
    return np.vstack(found)


def recall(found: np.ndarray, truth: np.ndarray) -> float:
    return float(np.mean([len({*a} & {*b}) / K for a, b in zip(found.tolist(), truth.tolist(), strict=True)]))


def best_of(rounds: int, work: Callable[[], Any]) -> tuple[float, Any]:
    """The shortest of some runs, and what the last one gave."""
    times = []
    for _ in range(rounds):
        began = time.perf_counter()
        gave = work()
        times.append(time.perf_counter() - began)
    return min(times), gave


def library(name: str) -> ModuleType | None:
    try:
        return importlib.import_module(name)
    except ImportError:
        return None


def tell(what: str, seconds: float, queries: int | None = None, found: float | None = None, ratio: str = "") -> None:
    rate = f"{queries / seconds:10,.0f}/s" if queries else " " * 12
    print(
        f"{what:<52} {seconds:8.2f} s {rate} {'' if found is None else f'recall {found:.4f}':<14} {ratio}", flush=True
    )


SQL = """
with
b as materialized (select base, row_number() over () as place from base as base),
q as materialized (select query, row_number() over () as place from asked as query),
o as materialized (
    select lakeweave_vector_open('{"top_k": 10, "distance_type": "COSINE"}', (select count(*) from b), (select count(*) from q)) as h
),
a as materialized (select max(lakeweave_vector_add((select h from o), place, base.embedding, null::varchar)) as h from b),
r as materialized (
    select max(lakeweave_vector_rank((select h from a), place, tie)) as h
    from (
        select c.place, row_number() over (order by c) as tie
        from (select * exclude (embedding, place), place from (select unnest(base), place from b) as rows) as c
    ) as ties
),
f as materialized (
    select place, unnest(lakeweave_vector_search(coalesce((select h from r), (select h from o)), query.embedding, null::varchar)) as n from q
)
select q.query.id, b.base.id, f.n.distance from f join q on f.place = q.place join b on f.n.place = b.place
"""
"""What `lakeweave.vector_search` renders on DuckDB, on the tables `base` and `asked`."""


def connected(matrix: np.ndarray, asked: np.ndarray) -> duckdb.DuckDBPyConnection:
    connection = duckdb.connect(config={"threads": 2, "memory_limit": "6GB"})
    vectors.register(connection)
    for name, rows in (("base", matrix), ("asked", asked)):
        connection.execute(f"create table {name} (id bigint, embedding float[])")
        for i in range(0, len(rows), 100_000):
            part = rows[i : i + 100_000]
            ends = np.arange(0, part.size + 1, part.shape[1], dtype=np.int32)
            lists = pa.ListArray.from_arrays(pa.array(ends), pa.array(part.ravel()))
            table = pa.table({"id": np.arange(i, i + len(part)), "embedding": lists})
            connection.register("arriving", table)
            connection.execute(f"insert into {name} select * from arriving")
            connection.unregister("arriving")
    return connection


def compared(rows: int, dimension: int, queries: int, rounds: int) -> None:
    matrix, asked = made(rows, dimension, queries)
    print(f"{rows:,} x {dimension}, {queries:,} queries, {K} neighbours, {os.cpu_count()} cores, best of {rounds}")
    bare, truth = best_of(rounds, lambda: by_numpy(matrix, asked))
    tell("exact: numpy, bare block product", bare, queries, 1.0)
    prepared, base = best_of(1, lambda: Vectors(matrix.copy(), COSINE))
    tell("  ours, taking the vectors in", prepared)
    exact, neighbours = best_of(rounds, lambda: base.search(asked.astype(np.float64), K))
    tell(
        "  ours, searching",
        exact,
        queries,
        recall(neighbours.rows.reshape(queries, K), truth),
        f"{exact / bare:.2f} of numpy",
    )
    connection = connected(matrix, asked)
    in_sql, _ = best_of(rounds, lambda: connection.execute(SQL).fetchall())
    tell("  ours, one statement in SQL, reading included", in_sql, queries, None, f"{in_sql / bare:.2f} of numpy")
    faiss = library("faiss")
    if faiss:
        faiss.omp_set_num_threads(os.cpu_count())
        flat = faiss.IndexFlatIP(dimension)
        flat.add(matrix)
        seconds, gave = best_of(rounds, lambda: flat.search(asked, K))
        tell("  faiss IndexFlatIP, by hand", seconds, queries, recall(gave[1], truth))
        began = time.perf_counter()
        lists = max(16, int(rows**0.5))
        inverted = faiss.IndexIVFFlat(faiss.IndexFlatIP(dimension), dimension, lists, faiss.METRIC_INNER_PRODUCT)
        inverted.train(matrix[: 40 * lists])
        inverted.add(matrix)
        tell("IVF: faiss by hand, build", time.perf_counter() - began)
        for probes in (4, 16):
            inverted.nprobe = probes
            seconds, gave = best_of(rounds, lambda: inverted.search(asked, K))
            tell(f"  faiss, nprobe {probes}", seconds, queries, recall(gave[1], truth))
    if library("hnswlib"):
        by_hnsw(matrix, asked, truth, base, (bare, exact), rounds)


def by_hnsw(
    matrix: np.ndarray, asked: np.ndarray, truth: np.ndarray, base: Vectors, exact: tuple[float, float], rounds: int
) -> None:
    import hnswlib

    rows, dimension = matrix.shape
    bare = hnswlib.Index("cosine", dimension)
    bare.init_index(rows, M=16, ef_construction=200, random_seed=100)
    bare.set_num_threads(os.cpu_count())
    built, _ = best_of(1, lambda: bare.add_items(matrix, np.arange(rows)))
    tell("HNSW: hnswlib by hand, build", built)
    with tempfile.TemporaryDirectory() as folder:
        place, definition = Path(folder), index.Definition(COSINE)
        ours, done = best_of(1, lambda: index.keep(place, "bench", definition, base, 0, 0.3))
        tell(f"  ours, build and write ({done.state})", ours, None, None, f"{ours / built:.2f} of hnswlib")
        again, done = best_of(1, lambda: index.keep(place, "bench", definition, base, 0, 0.3))
        tell(f"  ours, second build ({done.state})", again)
        for ef in (16, 24, 32, 64):
            bare.set_ef(ef)
            seconds, gave = best_of(rounds, lambda: bare.knn_query(asked, K))
            tell(f"  hnswlib by hand, ef {ef}", seconds, len(asked), recall(gave[0].astype(np.int64), truth))
            reader = index.Reader(place, "bench", definition, base, ef)
            seconds, gave = best_of(rounds, lambda: through(reader, base, asked))
            ratio = f"{exact[0] / seconds:.1f} x bare exact, {exact[1] / seconds:.1f} x ours"
            tell(f"  ours, ef {ef}, distances computed again", seconds, len(asked), recall(gave, truth), ratio)


def through(reader: index.Reader, base: Vectors, asked: np.ndarray) -> np.ndarray:
    found = []
    for i in range(0, len(asked), 256):
        block = asked[i : i + 256].astype(np.float64)
        chosen = reader.candidates(block, K)
        assert chosen is not None
        found.append(base.rank(block, chosen, K).rows)
    return np.concatenate(found).reshape(len(asked), K)


def million(rows: int, dimension: int) -> None:
    """A million vectors in a file, searched by one statement in a process that has only the file."""
    with tempfile.TemporaryDirectory() as folder:
        path = f"{folder}/million.duckdb"
        matrix, asked = made(rows, dimension, 256)
        connection = connected(matrix[:0], asked)
        connection.execute(f"attach '{path}' as kept")
        for name in ("base", "asked"):
            connection.execute(f"create table kept.{name} as select * from memory.{name}")
        for i in range(0, rows, 100_000):
            part = matrix[i : i + 100_000]
            ends = np.arange(0, part.size + 1, dimension, dtype=np.int32)
            lists = pa.ListArray.from_arrays(pa.array(ends), pa.array(part.ravel()))
            connection.register("arriving", pa.table({"id": np.arange(i, i + len(part)), "embedding": lists}))
            connection.execute("insert into kept.base select * from arriving")
        connection.close()
        del matrix
        subprocess.run([sys.executable, "-m", "tests.python.benchmarks.bench_vectors", "--file", path], check=True)


def of_file(path: str) -> None:
    connection = duckdb.connect(path, config={"threads": 2, "memory_limit": "4GB"})
    vectors.register(connection)
    rows = connection.execute("select count(*) from base").fetchone()[0]
    seconds, gave = best_of(1, lambda: connection.execute(SQL).fetchall())
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024**2
    tell(f"{rows:,} vectors in SQL, 256 queries, {len(gave):,} rows", seconds, 256, None, f"peak memory {peak:.1f} GiB")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--rows", type=int, default=100_000)
    parser.add_argument("--dimension", type=int, default=384)
    parser.add_argument("--queries", type=int, default=1000)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--million", action="store_true")
    parser.add_argument("--million-rows", type=int, default=1_000_000)
    parser.add_argument("--file", help=argparse.SUPPRESS)
    given = parser.parse_args()
    if given.file:
        of_file(given.file)
        return
    compared(given.rows, given.dimension, given.queries, given.rounds)
    if given.million:
        million(given.million_rows, given.dimension)


if __name__ == "__main__":
    main()
