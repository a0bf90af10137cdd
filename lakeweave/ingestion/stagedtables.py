"""The columns of the tables that a stage writes beside the records."""

from __future__ import annotations

import pyarrow as pa

_TEXT, _NUMBER = pa.string(), pa.int64()


FILES: dict[str, pa.DataType] = {
    "path": _TEXT,
    "file_name": _TEXT,
    "source": _TEXT,
    "file_id": _TEXT,
    "version": pa.int32(),
    "bytes": _NUMBER,
    "stat_key": _TEXT,
    "format": _TEXT,
    "encoding": _TEXT,
    "delimiter": _TEXT,
    "delivered_at": pa.timestamp("us"),
    "records": _NUMBER,
    "accepted": _NUMBER,
    "rejected": _NUMBER,
    "repeats": _NUMBER,
    "state": _TEXT,
    "reason": _TEXT,
    "message": _TEXT,
    "content_bytes": _NUMBER,
    "header_bytes": _NUMBER,
    "record_bytes": _NUMBER,
    "rejected_bytes": _NUMBER,
    "skipped_bytes": _NUMBER,
    "encoding_confidence": pa.float64(),
    "counted_by": _TEXT,
    "counted_records": _NUMBER,
}
TOUCHED: dict[str, pa.DataType] = {"file_name": _TEXT, "version": pa.int32(), "stat_key": _TEXT}
REJECTED: dict[str, pa.DataType] = {
    "file_id": _TEXT,
    "file_name": _TEXT,
    "record_number": _NUMBER,
    "line_number": _NUMBER,
    "raw_text": _TEXT,
    "reason": _TEXT,
    "column_name": _TEXT,
    "message": _TEXT,
    "bytes": _NUMBER,
    "raw_hash": _TEXT,
}
SKIPPED: dict[str, pa.DataType] = {
    "file_id": _TEXT,
    "file_name": _TEXT,
    "reason": _TEXT,
    "spans": _NUMBER,
    "start_byte": _NUMBER,
    "bytes": _NUMBER,
    "line_number": _NUMBER,
    "message": _TEXT,
}
LAYOUT: dict[str, pa.DataType] = dict.fromkeys(
    ("file_id", "file_name", "column_name", "change", "policy", "action", "message"), _TEXT
)
