"""Readers of the formats that carry their own structure: Excel workbooks and Parquet files."""

from __future__ import annotations

import datetime as dt
import math
from collections.abc import Iterator
from typing import Any

from lakeweave.ingestion import layout as layouts
from lakeweave.ingestion.account import FileAccount, FileHeld
from lakeweave.ingestion.delimited import BATCH_RECORDS, BATCH_VALUES, Batch
from lakeweave.ingestion.encoding import BAD, shown
from lakeweave.ingestion.sniff import HEADER_SEARCH
from lakeweave.ingestion.spec import Reading


def cell_text(value: Any, *, date_only: bool = False) -> str:
    """A cell of a workbook as text: whole numbers without a fraction, times as ISO 8601 with a blank for the T."""
    if value is None:
        return ""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, float):
        return str(int(value)) if math.isfinite(value) and value == int(value) and abs(value) < 1e15 else repr(value)
    if isinstance(value, dt.datetime):
        return value.date().isoformat() if date_only and value.time() == dt.time() else value.isoformat(sep=" ")
    if isinstance(value, dt.date | dt.time):
        return value.isoformat()
    if isinstance(value, dt.timedelta):
        return str(value)
    return str(value)


class ExcelReader:
    """Reads the first sheet of a workbook; a row is a record, rows without any value are blank lines."""

    def __init__(self, path: str, reading: Reading, account: FileAccount) -> None:
        self._path = path
        self._reading = reading
        self.account = account

    def batches(self) -> Iterator[Batch]:
        """All accepted records in sheet order; raises :class:`FileHeld` for a workbook that cannot be read."""
        try:
            import openpyxl
        except ImportError:
            raise FileHeld(
                "missing_dependency", "Reading Excel files needs openpyxl, of the extra `excel`: make extra-excel."
            ) from None
        try:
            book = openpyxl.load_workbook(self._path, read_only=True, data_only=True)
            sheet = book.worksheets[0]
            rows = sheet.iter_rows()
        except Exception as error:  # openpyxl raises whatever the damaged part of the archive makes it raise
            raise FileHeld(
                "corrupt_file", f"The workbook cannot be opened ({type(error).__name__}: {error})."
            ) from None
        try:
            yield from self._read(rows)
        finally:
            book.close()

    def _texts(self, rows: Iterator[Any]) -> Iterator[list[str]]:
        while True:
            try:
                row = next(rows, None)
                if row is None:
                    return
                texts = [
                    cell_text(
                        c.value,
                        date_only=isinstance(c.value, dt.datetime)
                        and "h" not in str(getattr(c, "number_format", "")).lower(),
                    )
                    for c in row
                ]
            except Exception as error:
                raise FileHeld("corrupt_file", f"The sheet cannot be read ({type(error).__name__}: {error}).") from None
            self.account.lines += 1
            yield texts

    def _read(self, rows: Iterator[Any]) -> Iterator[Batch]:
        account, reading = self.account, self._reading
        texts = self._texts(rows)
        head: list[list[str]] = []
        found = None
        known = layouts.declared_names(reading)
        wanted = len(reading.columns or ())
        for row in texts:
            head.append(row)
            score = layouts.shared(row, known)
            filled = any(c.strip() for c in row)
            if filled and (reading.columns is None or score * 2 >= wanted):
                found = len(head) - 1
                break
            if len(head) >= HEADER_SEARCH:
                break
        if found is None:
            if not any(any(r) for r in head):
                raise FileHeld("empty_file", "The first sheet has no filled cell.")
            first = next(r for r in head if any(r))
            raise FileHeld(
                "header_mismatch",
                f"No header with at least half of the declared columns in the first {HEADER_SEARCH} rows: the first "
                f"has {layouts.listed(first)}, expected {layouts.listed(reading.columns or ())}.",
            )
        header = head[found]
        while len(header) > 1 and not header[-1].strip():
            header = header[:-1]
        width = len(header)
        account.header_lines = found + 1
        account.columns = header
        if width > layouts.MAX_COLUMNS:
            raise FileHeld(
                "too_many_columns", f"The header has {width} columns; at most {layouts.MAX_COLUMNS} are read."
            )
        plan = layouts.match(header, reading)
        account.changes.extend(plan.changes)
        if plan.held:
            raise FileHeld("layout_frozen", plan.held)
        kept = [i for i, t in enumerate(plan.targets) if t is not None]
        empty = [i for i, t in enumerate(plan.targets) if t is None]
        columns = [t for t in plan.targets if t is not None]
        batch = Batch(columns, [], [])
        for row in texts:
            if not any(row):
                account.blank_lines += 1
                continue
            account.records += 1
            account.record_lines += 1
            line = account.lines
            raw = shown("\t".join(row))
            if any(BAD.search(c) for c in row):
                account.reject(account.records, line, raw, "nul_byte", "A cell holds a NUL or an invalid character.")
            elif any(row[width:]):
                message = f"The row has a value behind the last of {width} column(s)."
                account.reject(account.records, line, raw, "too_many_fields", message)
            elif any(row[i] for i in empty if i < len(row)):
                i = next(i for i in empty if i < len(row) and row[i])
                message = f"The row has the value {row[i][:100]!r} in the undeclared column {header[i]!r}."
                account.reject(account.records, line, raw, "unexpected_column", message, header[i])
            elif width > 1 and (row + [""] * width)[:width] == header:
                account.reject(account.records, line, raw, "repeated_header", "The row repeats the header.")
            else:
                row = row + [""] * (width - len(row))
                batch.numbers.append(account.records)
                batch.rows.append([row[i] for i in kept])
            if batch.full():
                yield batch
                batch = Batch(columns, [], [])
        if batch.rows:
            yield batch


def parquet_select(columns: list[tuple[str, str]]) -> list[str]:
    """SQL that turns each column (name, DuckDB type) of a Parquet file into its canonical text.

    Times are ISO 8601 with a blank for the T; those with a time zone are given in UTC, without an offset. Floating
    point numbers are the shortest text that reads back as the same number; nested values are JSON, bytes are hex.
    """
    result = []
    for name, kind in columns:
        quoted = '"' + name.replace('"', '""') + '"'
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
            (rows,) = conn.execute("select sum(num_rows) from parquet_file_metadata(?)", [escaped]).fetchall()[0]
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
            raise FileHeld("layout_frozen", plan.held)
        return plan


def glob_escape(path: str) -> str:
    """``path`` such that DuckDB, which expands file names, means this file only."""
    return "".join(f"[{c}]" if c in "*?[" else c for c in path)


def _first_line(error: Exception) -> str:
    return (str(error).strip() or type(error).__name__).splitlines()[0]
