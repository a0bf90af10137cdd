"""Exact vector search as a function of a Spark session: blocks of queries beside blocks of vectors.

Spark reads each element of an array by itself when a function of SQL goes through it, which costs a thousand times the
arithmetic. So vectors are handed over in blocks, and a block of queries is searched in a block of vectors by
:mod:`lakeweave.vectors.exact`, as on DuckDB; SQL takes the nearest of all blocks.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import pyarrow as pa

from lakeweave.vectors.exact import Vectors

FOUND = "array<struct<query: bigint, base: bigint, distance: double>>"
"""What ``lakeweave_nearest`` gives: pairs of places, nearest first for each query."""


def nearest(queries: pa.Array, vectors: pa.Array, k: pa.Array, distance_type: pa.Array) -> pa.ListArray:
    """The ``k`` nearest vectors of each query, pair of blocks by pair of blocks.

    ``queries`` and ``vectors``: in each row a list of ``{place, vector}``, the vectors all of one dimension. A place is also
    the rank of its row among those of equal distance.
    """
    starts, asked, found, distances = [0], [], [], []
    for row in range(len(queries)):
        places_of_queries, matrix_of_queries = _block(queries, row)
        places, matrix = _block(vectors, row)
        searched = Vectors(matrix, distance_type[row].as_py(), places)
        neighbours = searched.search(matrix_of_queries.astype(np.float64), k[row].as_py())
        asked.append(np.repeat(places_of_queries, np.diff(neighbours.starts)))
        found.append(places[neighbours.rows])
        distances.append(neighbours.distances)
        starts.append(starts[-1] + len(neighbours.rows))
    columns = [np.concatenate(each) if each else np.array([]) for each in (asked, found, distances)]
    kinds = (pa.int64(), pa.int64(), pa.float64())
    pairs = pa.StructArray.from_arrays(
        [pa.array(column, kind) for column, kind in zip(columns, kinds, strict=True)], ["query", "base", "distance"]
    )
    return pa.ListArray.from_arrays(pa.array(starts, pa.int32()), pairs)


def _block(blocks: pa.Array, row: int) -> tuple[np.ndarray, np.ndarray]:
    """Places and vectors of one row, float32; the matrix is a copy."""
    block = blocks[row].values
    places = block.field("place").to_numpy()
    vectors = block.field("vector")
    matrix = vectors.flatten().to_numpy(zero_copy_only=False).astype(np.float32).reshape(len(places), -1)
    return places, matrix


def register(session: Any) -> None:
    """Put ``lakeweave_nearest`` into ``session``."""
    from pyspark.sql.functions import arrow_udf

    # Without type hints: Spark would derive another kind of function from them.
    def call(queries, vectors, k, distance_type):  # type: ignore[no-untyped-def]  # noqa: ANN001, ANN202
        return nearest(queries, vectors, k, distance_type)

    session.udf.register("lakeweave_nearest", arrow_udf(call, FOUND))
