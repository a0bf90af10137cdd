"""Vector search as SQL functions of DuckDB.

One statement opens a search, loads the rows of the base, and searches; nothing is kept from one statement to the next,
so there is nothing that could be out of date:

=============================================================  ====================================================
``lakeweave_vector_open(spec, rows, queries)``                 a handle; ``spec`` is JSON, see :class:`Spec`
``lakeweave_vector_add(handle, place, vector, model)``         the handle, once the row is in
``lakeweave_vector_rank(handle, place, rank)``                 the handle, once the row's rank among ties is known
``lakeweave_vector_search(handle, vector, model)``             the nearest rows: ``{place, distance}``, nearest first
``lakeweave_vector_index(handle)``                             bring the column's index in step; what was done, as JSON
``lakeweave_vector_index_status(handle)``                      whether the column's index fits it, as JSON
``lakeweave_vector_index_drop(folder, name)``                  take an index away; whether there was one
=============================================================  ====================================================

People do not call these: they write ``{{ lakeweave.vector_search(…) }}``.
"""

from __future__ import annotations

import itertools
import json
import sys
import threading
import time
from collections.abc import Callable
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Annotated, Any

import numpy as np
import pyarrow as pa
from annotated_types import Ge
from pydantic import Strict

from lakeweave.errors import VectorError
from lakeweave.options import CLOSED, Count, Text, Whole, expected, one_of, read
from lakeweave.vectors import index
from lakeweave.vectors.exact import COSINE, DISTANCE_TYPES, Vectors, joined
from lakeweave.vectors.index import Definition

ROW_TYPE = "STRUCT(place BIGINT, distance DOUBLE)[]"
"""The type of an answer."""

FORGOTTEN_AFTER = 600.0
"""Seconds without a call after which a search whose statement broke off is forgotten."""

_BLOCK = 256


@dataclass(frozen=True)
class Spec:
    """What is asked: a number of neighbours, a distance, names for messages, and the index that may be used."""

    __pydantic_config__ = CLOSED

    top_k: Count = 10
    distance_type: Annotated[str, one_of(*DISTANCE_TYPES)] = "EUCLIDEAN"
    base: Text = "the base"
    column: Text = "embedding"
    folder: Text = ""
    index: Text = ""
    m: Count = 16
    ef_construction: Count = 200
    ef_search: Count = 64
    minimum_rows: Whole = 0
    drift: Annotated[float, Strict(), Ge(0), expected("a number from 0")] = 0.3

    @property
    def definition(self) -> Definition:
        """The index's definition."""
        return Definition(self.distance_type, self.m, self.ef_construction)


class Search:
    """The vectors of one statement."""

    def __init__(self, spec: Spec, rows: int, queries: int) -> None:
        """``rows`` and ``queries``: how many of each will come."""
        self.spec, self.queries, self.touched = spec, queries, time.monotonic()
        self._rows, self._lock, self._ready = rows, threading.Lock(), threading.Lock()
        self._matrix: np.ndarray | None = None
        self._places = np.empty(rows, np.int64)
        self._ranks = np.full(rows + 1, 0, np.int64)
        self._count = 0
        self._dimensions: set[int] = set()
        self.models: set[str | None] = set()
        self._vectors: Vectors | None = None
        self._reader: index.Reader | None = None
        self._has_chosen = False

    def add(self, places: np.ndarray, vectors: pa.Array, models: set[str | None]) -> None:
        """Rows of the base. A row without a vector is not searched."""
        dimensions, there, values = _unpacked(vectors, f"{self.spec.base}, column {self.spec.column}")
        with self._lock:
            self.touched = time.monotonic()
            self._dimensions |= dimensions
            self.models |= models
            if len(self._dimensions) > 1:
                raise VectorError(
                    f"The column {self.spec.column} of {self.spec.base} holds vectors of "
                    f"{' and '.join(map(str, sorted(self._dimensions)))} dimensions. Vectors of two dimensions have no "
                    "distance; embed all rows with one model and one output_dimensionality."
                )
            if len(self.models) > 1:
                named = " and ".join(sorted(_named(each) for each in self.models))
                raise VectorError(
                    f"The column {self.spec.column} of {self.spec.base} holds vectors of more than one model: {named}. "
                    "They have no distance; embed all rows with one."
                )
            if not len(there):
                return
            if self._matrix is None:
                self._matrix = np.empty((self._rows, values.shape[1]), np.float32)
            start = self._count
            self._count += len(there)
        self._matrix[start : start + len(there)] = values
        self._places[start : start + len(there)] = places[there]

    def rank(self, places: np.ndarray, ranks: np.ndarray) -> None:
        """Each row's rank among rows of equal distance; places begin with 1."""
        self._ranks[places] = ranks

    def vectors(self) -> Vectors:
        """What was put in, ready to be searched."""
        with self._ready:
            if self._vectors is None:
                matrix = self._matrix[: self._count] if self._matrix is not None else np.empty((0, 1), np.float32)
                self._places = self._places[: self._count]
                order = np.argsort(self._places)
                if self._count and not np.array_equal(order, np.arange(self._count)):
                    matrix, self._places = matrix[order], self._places[order]
                self._vectors = Vectors(matrix, self.spec.distance_type, self._ranks[self._places])
                self._matrix = None
            return self._vectors

    def find(self, vectors: pa.Array, models: set[str | None]) -> pa.ListArray:
        """The nearest rows of each query; none for a query without a vector."""
        self.touched = time.monotonic()
        base = self.vectors()
        dimensions, there, values = _unpacked(vectors, "the query")
        if len(there) and self._dimensions and (dimensions != self._dimensions or models != self.models):
            raise VectorError(
                f"A search of {self.spec.base} was refused: the query's vectors are {_described(models, dimensions)}, those "
                f"that are searched are {_described(self.models, self._dimensions)}. Vectors of two models, versions or "
                "dimensions have no distance; embed both with one."
            )
        counts = np.zeros(len(vectors) + 1, np.int32)
        if len(there) and len(base):
            self._choose_index(base)
            found = self._nearest(base, values.astype(np.float64))
            counts[there + 1] = np.diff(found.starts)
            rows, distances = self._places[found.rows], found.distances
        else:
            rows, distances = np.array([], np.int64), np.array([], np.float64)
        children = [pa.array(rows, pa.int64()), pa.array(distances, pa.float64())]
        answers = pa.StructArray.from_arrays(children, ["place", "distance"])
        return pa.ListArray.from_arrays(pa.array(counts.cumsum(dtype=np.int32)), answers)

    def _choose_index(self, base: Vectors) -> None:
        with self._ready:
            if self._has_chosen or not self.spec.index:
                return
            self._has_chosen = True
            folder = Path(self.spec.folder)
            reader = index.Reader(folder, self.spec.index, self.spec.definition, base, self.spec.ef_search)
            if not reader.stale:
                self._reader = reader
            elif reader.stale != index.NONE:
                print(
                    f"lakeweave: the vector index {self.spec.index} was not used: {reader.stale}. The search was exact; "
                    f"building {self.spec.base} brings the index in step.",
                    file=sys.stderr,
                )

    def _nearest(self, base: Vectors, queries: np.ndarray) -> Any:
        if self._reader is None:
            return base.search(queries, self.spec.top_k)
        parts = []
        for i in range(0, len(queries), _BLOCK):
            block = queries[i : i + _BLOCK]
            # A vector of zeros has no direction; the index would compare it all the same.
            blank = self.spec.distance_type == COSINE and not np.any(block != 0, axis=1).all()
            chosen = None if blank else self._reader.candidates(block, self.spec.top_k)
            if chosen is None:
                parts.append(base.search(block, self.spec.top_k))
            else:
                parts.append(base.rank(block, chosen, self.spec.top_k))
        return joined(parts)


def _named(model: str | None) -> str:
    return "a model without a name" if model is None else model


def _described(models: set[str | None], dimensions: set[int]) -> str:
    of = " and ".join(sorted(_named(each) for each in models)) or "no model"
    return f"of {of} with {' and '.join(map(str, sorted(dimensions)))} dimensions"


def _unpacked(vectors: pa.Array, where: str) -> tuple[set[int], np.ndarray, np.ndarray]:
    """The dimensions that occur, the rows that have a vector, and those vectors as a matrix."""
    lengths = np.diff(vectors.offsets.to_numpy())
    valid = np.asarray(vectors.is_valid()) if vectors.null_count else np.ones(len(vectors), bool)
    there = np.flatnonzero(valid & (lengths > 0))
    dimensions = set(np.unique(lengths[there]).tolist())
    if len(dimensions) != 1:
        if dimensions:
            raise VectorError(
                f"Vectors of {' and '.join(map(str, sorted(dimensions)))} dimensions are in one column ({where}). Vectors of "
                "two dimensions have no distance; embed all rows with one model and one output_dimensionality."
            )
        return dimensions, there, np.empty((0, 0), np.float32)
    kept = vectors if len(there) == len(vectors) else vectors.take(pa.array(there))
    values = kept.flatten()
    if values.null_count:
        raise VectorError(f"A vector of {where} has a NULL among its elements. Embed its row again.")
    matrix = values.to_numpy().reshape(len(there), dimensions.copy().pop())
    if not np.isfinite(matrix.sum(dtype=np.float64)) and not np.isfinite(matrix).all():
        raise VectorError(f"A vector of {where} has an element that is no finite number. Embed its row again.")
    return dimensions, there, matrix


# ----------------------------------------------------------------------------------------------------- SQL functions

_OPEN: dict[int, Search] = {}
_HANDLES = itertools.count(1)
_LOCK = threading.Lock()


def open_search(spec: str, rows: int, queries: int) -> int:
    """`lakeweave_vector_open`."""
    problems: list[str] = []
    asked = read(Spec, json.loads(spec), problems)
    if asked is None:
        raise VectorError(f"The vector search has {len(problems)} problem(s): {'; '.join(problems)}.")
    made = Search(asked, rows, queries)
    now = time.monotonic()
    with _LOCK:
        for handle in [known for known, each in _OPEN.items() if now - each.touched > FORGOTTEN_AFTER]:
            del _OPEN[handle]
        handle = next(_HANDLES)
        _OPEN[handle] = made
    return handle


def _closing(handle: int, work: Callable[[Search], Any]) -> Any:
    """What ``work`` makes of the search; after an error the search is forgotten."""
    try:
        return work(_OPEN[handle])
    except Exception:
        with _LOCK:
            _OPEN.pop(handle, None)
        raise


def add_arrow(handle: Any, places: Any, vectors: Any, models: Any) -> pa.Array:
    """`lakeweave_vector_add`."""
    handle, places, vectors, models = map(_array, (handle, places, vectors, models))
    if len(handle):
        known = set(models.filter(vectors.is_valid()).unique().to_pylist())
        _closing(handle[0].as_py(), lambda search: search.add(places.to_numpy(), vectors, known))
    return handle


def rank_arrow(handle: Any, places: Any, ranks: Any) -> pa.Array:
    """`lakeweave_vector_rank`."""
    handle, places, ranks = map(_array, (handle, places, ranks))
    if len(handle):
        _closing(handle[0].as_py(), lambda search: search.rank(places.to_numpy(), ranks.to_numpy()))
    return handle


def search_arrow(handle: Any, vectors: Any, models: Any) -> pa.Array:
    """`lakeweave_vector_search`. The search is forgotten after its last query."""
    handle, vectors, models = map(_array, (handle, vectors, models))
    if not len(handle):
        return pa.array([], pa.list_(pa.struct([("place", pa.int64()), ("distance", pa.float64())])))
    number = handle[0].as_py()
    known = set(models.filter(vectors.is_valid()).unique().to_pylist())
    found = _closing(number, lambda search: search.find(vectors, known))
    with _LOCK:
        search = _OPEN.get(number)
        if search is not None:
            search.queries -= len(vectors)
            if search.queries <= 0:
                del _OPEN[number]
    return found


def keep_index(handle: int) -> str:
    """`lakeweave_vector_index`."""
    return _with_all(
        handle,
        lambda spec, vectors: index.keep(
            Path(spec.folder), spec.index, spec.definition, vectors, spec.minimum_rows, spec.drift
        ),
    )


def index_status(handle: int) -> str:
    """`lakeweave_vector_index_status`."""
    return _with_all(
        handle, lambda spec, vectors: index.status(Path(spec.folder), spec.index, spec.definition, vectors)
    )


def drop_index(folder: str, name: str) -> bool:
    """`lakeweave_vector_index_drop`."""
    return index.remove(Path(folder), name)


def _with_all(handle: int, work: Callable[[Spec, Vectors], Any]) -> str:
    done = _closing(handle, lambda search: work(search.spec, search.vectors()))
    with _LOCK:
        _OPEN.pop(handle, None)
    return json.dumps(done if isinstance(done, dict) else asdict(done))


def _array(column: Any) -> pa.Array:
    return column.combine_chunks() if isinstance(column, pa.ChunkedArray) else column
