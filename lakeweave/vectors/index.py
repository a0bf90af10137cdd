"""HNSW indexes on files, for tables whose exact search is too slow (extra ``ann``: hnswlib).

An index holds the distinct vectors of one column, each under the hash of its content. So it is plain whether it fits a
table: the set of hashes must be the same, or it is not searched. What was added or removed meanwhile is put in or marked
in place; when that has come to more than ``drift`` of what the index was built from, it is rebuilt.

Beside the index's file stands ``<name>.json`` with its definition and its digest. The file carries the digest in its name
and is written before, so a kill between the two leaves the old index whole.
"""

from __future__ import annotations

import contextlib
import hashlib
import json
import os
import threading
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np

from lakeweave.errors import VectorIndexError
from lakeweave.vectors.exact import COSINE, EUCLIDEAN, Vectors

SPACES = {COSINE: "cosine", EUCLIDEAN: "l2"}
"""hnswlib's names of the distances; the inner product is ``ip``."""

NONE = "there is none"


@dataclass(frozen=True)
class Definition:
    """What an index is, as the model declares it. A change of any of these makes it another index."""

    distance_type: str
    m: int = 16
    ef_construction: int = 200


@dataclass(frozen=True)
class Upkeep:
    """What became of an index: ``state`` is created, replaced, rebuilt, updated, unchanged, dropped or too_small."""

    state: str
    vectors: int
    added: int = 0
    removed: int = 0


def keep(folder: Path, name: str, definition: Definition, vectors: Vectors, minimum: int, drift: float) -> Upkeep:
    """Bring the index in step with ``vectors``.

    Raises:
        VectorIndexError: hnswlib is not installed.
    """
    known = _read(folder, name)
    if len(vectors) < minimum:
        dropped = remove(folder, name)
        return Upkeep("dropped" if dropped else "too_small", len(vectors))
    described = {**asdict(definition), "dimension": int(vectors.matrix.shape[1])}
    labels = np.sort(vectors.hashes)
    digest = _digest(labels)
    if known is not None and known["definition"] == described and known["digest"] == digest:
        return Upkeep("unchanged", len(vectors))
    if known is None or known["definition"] != described:
        _build(folder, name, described, vectors, digest)
        return Upkeep("created" if known is None else "replaced", len(vectors), added=len(vectors))
    index = _load(folder, known, definition.distance_type)
    there = np.sort(np.array(index.get_ids_list(), np.uint64))
    there = np.setdiff1d(there, np.array(known["removed"], np.uint64))
    added, removed = np.setdiff1d(labels, there), np.setdiff1d(there, labels)
    changed = known["changed"] + len(added) + len(removed)
    if changed > drift * known["built_from"]:
        _build(folder, name, described, vectors, digest)
        return Upkeep("rebuilt", len(vectors), len(added), len(removed))
    for label in removed.tolist():
        index.mark_deleted(label)
    gone = np.union1d(np.array(known["removed"], np.uint64), removed)
    back = np.intersect1d(added, gone)
    for label in back.tolist():
        index.unmark_deleted(label)
    fresh = np.setdiff1d(added, back)
    if len(fresh):
        numbers = np.flatnonzero(np.isin(vectors.hashes, fresh))
        index.resize_index(max(index.get_max_elements(), index.get_current_count() + len(fresh)))
        index.add_items(vectors.matrix[numbers], vectors.hashes[numbers])
    said = {"changed": changed, "built_from": known["built_from"], "removed": np.setdiff1d(gone, back).tolist()}
    _write(folder, name, described, index, digest, len(vectors), said)
    return Upkeep("updated", len(vectors), len(added), len(removed))


def remove(folder: Path, name: str) -> bool:
    """Take the index's files away; whether there were any."""
    files = [folder / f"{name}.json", *folder.glob(f"{name}.*.hnsw")]
    found = [path for path in files if path.exists()]
    for path in found:
        path.unlink()
    return bool(found)


def status(folder: Path, name: str, definition: Definition, vectors: Vectors) -> dict[str, Any]:
    """Whether the index fits: ``state`` (active, stale, none), ``note``, and how many of ``vectors`` it covers."""
    why = _misfit(_read(folder, name), definition, vectors)
    state = "active" if not why else "none" if why == NONE else "stale"
    return {"state": state, "note": why, "vectors": len(vectors), "covered": len(vectors) if not why else 0}


def _misfit(known: dict[str, Any] | None, definition: Definition, vectors: Vectors) -> str:
    """Why the index may not be searched for these vectors; empty when it may."""
    if known is None:
        return NONE
    if known["definition"] != {**asdict(definition), "dimension": int(vectors.matrix.shape[1])}:
        return "its definition is another"
    return "" if known["digest"] == _digest(np.sort(vectors.hashes)) else "the table's vectors are others"


class Reader:
    """The index of one column, if it is the one of just these vectors."""

    def __init__(self, folder: Path, name: str, definition: Definition, vectors: Vectors, ef: int) -> None:
        """Look whether the index fits; ``stale`` says why not, and is empty when it does."""
        self._ef = ef
        self._order = np.argsort(vectors.hashes)
        self._labels = vectors.hashes[self._order]
        known = _read(folder, name)
        self.stale = _misfit(known, definition, vectors)
        if known is not None and not self.stale:
            self._index = _load(folder, known, definition.distance_type)

    def candidates(self, queries: np.ndarray, k: int) -> np.ndarray | None:
        """About the ``k`` nearest distinct vectors of each query; None where the index finds too few."""
        wanted = min(k, len(self._labels))
        self._index.set_ef(max(self._ef, wanted + 1))
        try:
            labels, _ = self._index.knn_query(queries.astype(np.float32), k=wanted)
        except RuntimeError:
            return None
        found: np.ndarray = self._order[np.searchsorted(self._labels, labels.astype(np.uint64))]
        return found


# ------------------------------------------------------------------------------------------------------------- files

_LOADED: dict[str, Any] = {}
_LOCK = threading.Lock()


def _hnswlib() -> Any:
    try:
        import hnswlib
    except ImportError:
        raise VectorIndexError(
            "A vector index of type HNSW needs hnswlib, which is not installed: make extra-ann. "
            "Without an index every search is exact."
        ) from None
    return hnswlib


def _digest(labels: np.ndarray) -> str:
    return hashlib.sha256(np.ascontiguousarray(labels).tobytes()).hexdigest()[:32]


def _read(folder: Path, name: str) -> dict[str, Any] | None:
    try:
        known = json.loads((folder / f"{name}.json").read_text())
    except (FileNotFoundError, ValueError):
        return None
    return known if (folder / known["file"]).exists() else None


def _new(described: dict[str, Any]) -> Any:
    return _hnswlib().Index(SPACES.get(described["distance_type"], "ip"), described["dimension"])


def _build(folder: Path, name: str, described: dict[str, Any], vectors: Vectors, digest: str) -> None:
    index = _new(described)
    index.init_index(len(vectors), M=described["m"], ef_construction=described["ef_construction"], random_seed=100)
    index.set_num_threads(os.cpu_count() or 1)
    index.add_items(vectors.matrix, vectors.hashes)
    said: dict[str, Any] = {"changed": 0, "built_from": len(vectors), "removed": []}
    _write(folder, name, described, index, digest, len(vectors), said)


def _write(
    folder: Path, name: str, described: dict[str, Any], index: Any, digest: str, count: int, said: dict[str, Any]
) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    file = f"{name}.{digest}.hnsw"
    index.save_index(str(folder / f"{file}.part"))
    os.replace(folder / f"{file}.part", folder / file)
    known = {"definition": described, "digest": digest, "file": file, "vectors": count, **said}
    (folder / f"{name}.json.part").write_text(json.dumps(known))
    os.replace(folder / f"{name}.json.part", folder / f"{name}.json")
    with _LOCK:
        _LOADED.clear()
    for path in folder.glob(f"{name}.*.hnsw"):
        if path.name != file:
            with contextlib.suppress(FileNotFoundError):
                path.unlink()


def _load(folder: Path, known: dict[str, Any], distance_type: str) -> Any:
    path = str(folder / known["file"])
    with _LOCK:
        if path not in _LOADED:
            index = _hnswlib().Index(SPACES.get(distance_type, "ip"), known["definition"]["dimension"])
            index.load_index(path)
            index.set_num_threads(os.cpu_count() or 1)
            _LOADED.clear()
            _LOADED[path] = index
        return _LOADED[path]
