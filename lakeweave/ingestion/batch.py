"""What all readers share: batches of accepted records, and the limits of a record."""

from __future__ import annotations

from dataclasses import dataclass

MAX_RECORD_LINES = 1_000_000
MAX_RECORD_CHARS = 64 << 20
"""A record with more lines or characters holds the file: a quote is open, and nothing says whether it is meant to be."""

BATCH_RECORDS, BATCH_VALUES, BATCH_CHARS = 20_000, 400_000, 16 << 20
"""A batch is handed on when it has this many records, values or characters."""


@dataclass
class Batch:
    """Accepted records: ``rows[i]`` is record ``numbers[i]`` of the file, one text per name in ``columns``."""

    columns: list[str]
    numbers: list[int]
    rows: list[list[str]]
    chars: int = 0

    def full(self) -> bool:
        """Whether it is time to hand the batch on: it holds many records, many values or much text."""
        n = len(self.rows)
        return n >= BATCH_RECORDS or n * len(self.columns) >= BATCH_VALUES or self.chars >= BATCH_CHARS
