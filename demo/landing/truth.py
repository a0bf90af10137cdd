"""How truth is written, the same way everywhere."""

from __future__ import annotations

from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq

# Text in which most values differ: dictionaries of it cost time and save nothing.
_VARIED = {"email", "street_address", "sku", "product_sku", "session_id", "ip_address", "sha256", "path", "description"}


def parquet_writer(path: Path, schema: pa.Schema, temporary: bool = False) -> pq.ParquetWriter:
    """A writer for rows of this schema, making the folder; without compression for a file that is soon read again."""
    path.parent.mkdir(parents=True, exist_ok=True)
    dictionaries = [
        field.name
        for field in schema
        if (pa.types.is_dictionary(field.type) or pa.types.is_string(field.type)) and field.name not in _VARIED
    ]
    if temporary:
        return pq.ParquetWriter(path, schema, compression="none", use_dictionary=dictionaries, write_statistics=False)
    return pq.ParquetWriter(path, schema, compression="zstd", compression_level=1, use_dictionary=dictionaries)


def write_parquet(table: pa.Table, path: Path) -> None:
    """Write a table in one piece."""
    with parquet_writer(path, table.schema) as writer:
        writer.write_table(table, row_group_size=max(len(table), 1))
