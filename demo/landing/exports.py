"""The forms that programs and warehouses export: other text for the same value.

Timestamps as BigQuery and Python's ``datetime`` write them, and whole numbers as a table with missing values becomes
floats ("36.0"). No value is lost, so each must be recovered.
"""

from __future__ import annotations

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from .blocks import NULL_INT, Column, Text

# Exported cells, as a share of a file's dirty rate.
EXPORTED_SHARE = 0.2

DAY = 86_400

# How a timestamp in UTC is written, and the offset in seconds of the clock that it shows.
TIMESTAMP_EXPORTS = (
    ("%Y-%m-%d %H:%M:%S.000000 UTC", 0),
    ("%Y-%m-%d %H:%M:%S UTC", 0),
    ("%Y-%m-%d %H:%M:%S+00:00", 0),
    ("%Y-%m-%d %H:%M:%S.000000", 0),
    ("%Y-%m-%dT%H:%M:%SZ", 0),
    ("%Y-%m-%dT%H:%M:%S.000000", 0),
    ("%Y-%m-%dT%H:%M:%S+05:30", 19_800),
    ("%Y-%m-%dT%H:%M:%S.000-08:00", -28_800),
)
DATE_EXPORT = "%Y-%m-%d"

_KINDS = ("id", "integer", "money", "timestamp")


def is_exported(column: Column) -> bool:
    """Whether the column has export forms at all."""
    return column.kind in _KINDS


def _can_be_exported(column: Column, values: np.ndarray) -> np.ndarray:
    """Which values have an export form: all but NULL, and amounts only without cents."""
    if column.kind == "money":
        return values == np.floor(values)
    return values != NULL_INT


def export_text(column: Column, values: np.ndarray, rng: np.random.Generator) -> pa.Array:
    """Write values of a column in an export form. A timestamp at midnight is a date alone."""
    if column.kind != "timestamp":
        return pc.binary_join_element_wise(pa.array(values.astype(np.int64)).cast(pa.string()), ".0", "")
    form = rng.integers(0, len(TIMESTAMP_EXPORTS), len(values))
    form[values % DAY == 0] = len(TIMESTAMP_EXPORTS)
    texts = np.empty(len(values), dtype=object)
    for code, (pattern, offset) in enumerate((*TIMESTAMP_EXPORTS, (DATE_EXPORT, 0))):
        where = form == code
        clock = pa.array(values[where] + offset, pa.timestamp("s"))
        texts[where] = pc.strftime(clock, format=pattern).to_pylist()
    return pa.array(texts, pa.string())


def exported_rows(
    column: Column, values: Text | np.ndarray, clean: np.ndarray, rate: np.ndarray | float, rng: np.random.Generator
) -> np.ndarray:
    """Positions of the cells to export: clean cells with a value, at a share of the dirty rate."""
    if isinstance(values, Text):
        return np.empty(0, dtype=np.int64)
    drawn = rng.random(len(values), dtype=np.float32) < np.asarray(rate) * EXPORTED_SHARE
    return np.flatnonzero(drawn & clean & _can_be_exported(column, values))
