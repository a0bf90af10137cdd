"""The reader of Parquet files."""

from __future__ import annotations

import os
from collections.abc import Iterator

from lakeweave.errors import FileHeld
from lakeweave.ingestion import layout as layouts
from lakeweave.ingestion.account import FileAccount
from lakeweave.ingestion.batch import BATCH_RECORDS, BATCH_VALUES, Batch
from lakeweave.ingestion.encoding import BAD, shown
from lakeweave.ingestion.spec import Reading
from lakeweave.sql import identifier

_MAGIC = 4
_SEARCHED = 256 << 20
"""Bytes between the last column and the footer that are looked at: indexes are there, and other files if several are joined."""


def parquet_select(columns: list[tuple[str, str]]) -> list[str]:
    """SQL that turns each column (name, DuckDB type) of a Parquet file into its canonical text.

    Times are ISO 8601 with a blank for the T; those with a time zone are given in UTC, without an offset. Floating
    point numbers are the shortest text that reads back as the same number; nested values are JSON, bytes are hex.
    """
    result = []
    for name, kind in columns:
        quoted = identifier(name)
        if kind == "TIMESTAMP WITH TIME ZONE":
            sql = f"cast(timezone('UTC', {quoted}) as varchar)"
        elif kind == "BLOB":
            sql = f"lower(hex({quoted}))"
        elif kind.endswith("]") or kind.startswith(("STRUCT", "MAP", "UNION")):
            sql = f"cast(to_json({quoted}) as varchar)"
        else:
            sql = f"cast({quoted} as varchar)"
        result.append(sql)
    return result


def footer_rows(path: str) -> int:
    """The number of records by the footer's row groups, read by Arrow and not by the reader of the values.

    Raises :class:`FileHeld` for a damaged footer, and for a file that has more in it than its footer describes.
    """
    import pyarrow.parquet as pq
    from pyarrow.lib import ArrowException

    try:
        with open(path, "rb") as stream:
            footer = pq.read_metadata(stream)
            groups = [footer.row_group(i) for i in range(footer.num_row_groups)]
            ends = [_MAGIC]
            for group in groups:
                for column in map(group.column, range(group.num_columns)):
                    places = (column.dictionary_page_offset, column.data_page_offset)
                    ends.append(min(p for p in places if p is not None) + column.total_compressed_size)
            stream.seek(-2 * _MAGIC, os.SEEK_END)
            until = stream.tell() - int.from_bytes(stream.read(_MAGIC), "little")
            stream.seek(max(ends))
            rest = stream.read(max(0, min(until - max(ends), _SEARCHED)))
    except (ArrowException, OSError, ValueError) as error:
        raise FileHeld("corrupt_file", f"The Parquet file cannot be read ({_first_line(error)}).") from None
    if b"PAR1PAR1" in rest:
        raise FileHeld(
            "corrupt_file",
            "Several Parquet files are joined in this one, and its footer describes only the last. Deliver them one by one.",
        )
    rows = int(sum(group.num_rows for group in groups))
    if rows != footer.num_rows:
        raise FileHeld("counts_do_not_reconcile", f"The footer says {footer.num_rows} records, its row groups {rows}.")
    return rows


class ParquetReader:
    """Reads a Parquet file through DuckDB; the independent count is the one in the file's own footer."""

    def __init__(self, path: str, reading: Reading, account: FileAccount) -> None:
        self._path = path
        self._reading = reading
        self.account = account

    def batches(self) -> Iterator[Batch]:
        """All records in file order; raises :class:`FileHeld` for a file that cannot be read."""
        import duckdb

        account = self.account
        conn = duckdb.connect(config={"threads": 1})
        try:
            escaped = [glob_escape(self._path)]
            described = conn.execute(
                "describe select * from read_parquet(?, hive_partitioning=false)", [escaped]
            ).fetchall()
            rows = footer_rows(self._path)
            header = [r[0] for r in described]
            plan = self._match(header)
            selected = parquet_select([(r[0], r[1]) for r in described])
            kept = [i for i, t in enumerate(plan.targets) if t is not None]
            empty = [i for i, t in enumerate(plan.targets) if t is None]
            columns = [t for t in plan.targets if t is not None]
            result = conn.execute(
                f"select {', '.join(selected)} from read_parquet(?, hive_partitioning=false)", [escaped]
            )
            while fetched := result.fetchmany(max(1, min(BATCH_RECORDS, BATCH_VALUES // max(1, len(header))))):
                batch = Batch(columns, [], [])
                for row in fetched:
                    account.records += 1
                    used = next((i for i in empty if row[i]), None)
                    bad = next((i for i in range(len(row)) if row[i] and BAD.search(row[i])), None)
                    if bad is not None:
                        raw = shown(repr(row))
                        account.reject(
                            account.records, account.records, raw, "nul_byte", "A value holds a NUL.", header[bad]
                        )
                    elif used is not None:
                        message = (
                            f"The record has the value {row[used][:100]!r} in the undeclared column {header[used]!r}."
                        )
                        account.reject(
                            account.records, account.records, repr(row), "unexpected_column", message, header[used]
                        )
                    else:
                        batch.numbers.append(account.records)
                        batch.rows.append([row[i] for i in kept])
                if batch.rows:
                    yield batch
        except duckdb.Error as error:
            raise FileHeld("corrupt_file", f"The Parquet file cannot be read ({_first_line(error)}).") from None
        finally:
            conn.close()
        account.counted_by, account.counted_records = "footer", rows
        if rows != account.records:
            raise FileHeld("counts_do_not_reconcile", f"The footer says {rows} records, {account.records} were read.")

    def _match(self, header: list[str]) -> layouts.Layout:
        reading, account = self._reading, self.account
        account.columns = header
        if reading.columns is not None:
            score = layouts.shared(header, layouts.declared_names(reading))
            if score * 2 < len(reading.columns):
                raise FileHeld(
                    "header_mismatch",
                    "The file shares fewer than half of the declared columns: "
                    f"found {layouts.listed(header)}, expected {layouts.listed(reading.columns)}.",
                )
        plan = layouts.match(header, reading)
        account.changes.extend(plan.changes)
        if plan.held:
            raise FileHeld(plan.held_reason, plan.held)
        return plan


def glob_escape(path: str) -> str:
    """``path`` such that DuckDB, which expands file names, means this file only."""
    return "".join(f"[{c}]" if c in "*?[" else c for c in path)


def _first_line(error: Exception) -> str:
    return (str(error).strip() or type(error).__name__).splitlines()[0]
