"""The exact search of a Spark session in blocks has the same result as one search."""

from __future__ import annotations

import numpy as np
import pyarrow as pa
import pytest

from lakeweave.spark.vectors import nearest
from lakeweave.vectors.exact import DISTANCE_TYPES, Vectors

BLOCK = pa.list_(pa.struct([("place", pa.int64()), ("vector", pa.list_(pa.float32()))]))


def blocks(matrix: np.ndarray, size: int) -> list[list[dict[str, object]]]:
    """Rows as Spark hands them over, in blocks and, within a block, in no order; places begin with 1."""
    rows = [{"place": place, "vector": vector.tolist()} for place, vector in enumerate(matrix, start=1)]
    return [rows[i : i + size][::-1] for i in range(0, len(rows), size)]


@pytest.mark.parametrize("distance_type", DISTANCE_TYPES)
def test_search_in_blocks_equals_search_at_once(distance_type: str) -> None:
    random = np.random.default_rng(20261127)
    base = random.integers(-2, 3, (50, 4)).astype(np.float32)
    base[7] = 0
    query = np.vstack([random.integers(-2, 3, (20, 4)), np.zeros((1, 4))]).astype(np.float32)
    k = 6
    pairs = [(one, other) for one in blocks(query, 9) for other in blocks(base, 16)]
    found = nearest(
        pa.array([one for one, _ in pairs], BLOCK),
        pa.array([other for _, other in pairs], BLOCK),
        pa.array([k] * len(pairs)),
        pa.array([distance_type] * len(pairs)),
    )
    assert len(found) == len(pairs)
    merged: dict[int, list[tuple[float, int]]] = {}
    for pair in found.flatten().to_pylist():
        merged.setdefault(pair["query"], []).append((pair["distance"], pair["base"]))
    # Among equal distances the place decides, as the rank does in one search.
    whole = Vectors(base.copy(), distance_type, np.arange(1, 51)).search(query.astype(np.float64), k)
    for number in range(len(query)):
        rows = slice(whole.starts[number], whole.starts[number + 1])
        expected = list(zip(whole.distances[rows].tolist(), (whole.rows[rows] + 1).tolist(), strict=True))
        assert sorted(merged.get(number + 1, []))[:k] == expected
    if distance_type == "COSINE":
        assert 21 not in merged
        assert 8 not in {place for each in merged.values() for _, place in each}


def test_no_pairs_give_no_neighbours() -> None:
    empty = pa.array([], BLOCK)
    assert nearest(empty, empty, pa.array([], pa.int64()), pa.array([], pa.string())).to_pylist() == []
