"""How truth is written, the same way everywhere."""

from __future__ import annotations

from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq

COMPRESSION = {"compression": "zstd", "compression_level": 1}


def write_parquet(table: pa.Table, path: Path) -> None:
    """Write a table in one piece, making its folder."""
    path.parent.mkdir(parents=True, exist_ok=True)
    pq.write_table(table, path, **COMPRESSION)
