"""The reader of Excel workbooks.

A row of the sheet is a record; a row without any value is a blank line. What the reader finds is compared with the
independent count of :mod:`lakeweave.ingestion.workbook`, row for row and cell for cell.
"""

from __future__ import annotations

import datetime as dt
import math
import zipfile
import zlib
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any
from xml.parsers.expat import ExpatError

from lakeweave.errors import FileHeld
from lakeweave.ingestion import layout as layouts
from lakeweave.ingestion.account import FileAccount
from lakeweave.ingestion.batch import Batch
from lakeweave.ingestion.dialects import HEADER_SEARCH, trimmed
from lakeweave.ingestion.encoding import BAD, shown
from lakeweave.ingestion.headers import HeaderNames, completed, respelled, same_header
from lakeweave.ingestion.names import snake_case
from lakeweave.ingestion.spec import Reading
from lakeweave.ingestion.workbook import (
    MAX_NOTED,
    DamagedWorkbook,
    SheetCount,
    blank_strings,
    count_sheet,
    read_workbook,
)

UNCACHED = "[formula without a stored value]"
"""How such a cell is shown in the raw text of a rejected record."""


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
        seconds = round(value.total_seconds())
        return f"{'-' * (seconds < 0)}{abs(seconds) // 3600:02d}:{abs(seconds) // 60 % 60:02d}:{abs(seconds) % 60:02d}"
    return str(value)


@dataclass(frozen=True)
class _Section:
    """The rows below one header: its width, and where the columns that are kept, or have to be empty, are in a row."""

    width: int
    columns: list[str]
    kept: list[int]
    empty: list[int]


class ExcelReader:
    """Reads one sheet of a workbook: the declared one, or the only one that holds anything."""

    def __init__(self, path: str, reading: Reading, account: FileAccount) -> None:
        self._path = path
        self._reading = reading
        self.account = account
        self._filled_rows = self._filled_cells = self._out_of_range = self._uncached_above = self._no_records = 0

    def batches(self) -> Iterator[Batch]:
        """All accepted records in sheet order; raises :class:`FileHeld` for a workbook that cannot be read."""
        try:
            import openpyxl
        except ImportError:
            raise FileHeld(
                "missing_dependency", "Reading Excel files needs openpyxl, of the extra `excel`: make extra-excel."
            ) from None
        name, count, notes = self._choose()
        try:
            # The open file, because openpyxl judges a path by its ending.
            stream = open(self._path, "rb")  # noqa: SIM115
            book = openpyxl.load_workbook(stream, read_only=True, data_only=True)
            sheet = next(s for s in book.worksheets if s.title == name)
            # The stored dimension is a hint of the program that wrote the file, and often wrong.
            sheet.reset_dimensions()
            rows = sheet.iter_rows()
        except Exception as error:  # openpyxl raises whatever the damaged part of the archive makes it raise
            raise FileHeld(
                "corrupt_file", f"The workbook cannot be opened ({type(error).__name__}: {error})."
            ) from None
        try:
            yield from self._read(rows, name, count)
        finally:
            book.close()
            stream.close()
        self._reconcile(name, count)
        self.account.message = " ".join(notes + self._notes(name, count)) or None

    def _choose(self) -> tuple[str, SheetCount, list[str]]:
        """The sheet to read, its independent count, and what is to be said about the others."""
        wanted = self._reading.sheet
        try:
            with zipfile.ZipFile(self._path) as archive:
                book = read_workbook(archive)
                blank = blank_strings(archive)
                counts = {s.name: count_sheet(archive, s, blank) for s in book.sheets}
        except (DamagedWorkbook, zipfile.BadZipFile, ExpatError, EOFError, zlib.error, ValueError) as error:
            raise FileHeld("corrupt_file", f"The workbook cannot be opened ({error}).") from None
        except NotImplementedError as error:
            raise FileHeld(
                "corrupt_file", f"The workbook is packed in a way that is not supported ({error})."
            ) from None
        shown_sheets = [
            f"{s.name!r} ({counts[s.name].filled_rows} filled row(s){'' if s.state == 'visible' else ', hidden'})"
            for s in book.sheets
        ]
        listed = ", ".join(shown_sheets[:20]) + (
            f" and {len(shown_sheets) - 20} more" if len(shown_sheets) > 20 else ""
        )
        filled = [s.name for s in book.sheets if counts[s.name].filled_rows]
        if wanted is not None:
            if wanted not in counts:
                raise FileHeld(
                    "sheet_not_found",
                    f"The workbook has no sheet {wanted!r}, which the source declares; it has {listed}.",
                )
            name = wanted
        elif len(filled) > 1:
            raise FileHeld(
                "several_sheets",
                f"{len(filled)} sheets of the workbook hold rows: {listed}. Declare the one to read as `sheet` in the "
                "`meta` of the source, and release the file.",
            )
        elif not filled:
            raise FileHeld("empty_file", f"No sheet of the workbook has a filled cell: {listed or 'it has no sheet'}.")
        else:
            name = filled[0]
        if counts[name].uncached_cells > MAX_NOTED:
            raise FileHeld(
                "uncached_formulas",
                f"Sheet {name!r} has {counts[name].uncached_cells} formulas without a stored value. Open the workbook in "
                "a spreadsheet program, save it, and deliver it again.",
            )
        notes = []
        others = [
            text for s, text in zip(book.sheets, shown_sheets, strict=True) if s.name != name and s.name in filled
        ]
        if others:
            notes.append(f"Sheet {name!r} was read; these sheets were not: {', '.join(others[:20])}.")
        if book.recalculate and counts[name].formulas:
            notes.append(
                f"The workbook requests recalculation when it is opened: the stored values of its "
                f"{counts[name].formulas} formula(s) may be out of date."
            )
        return name, counts[name], notes

    def _notes(self, name: str, count: SheetCount) -> list[str]:
        notes = []
        errors = count.errors + self._out_of_range
        if errors:
            notes.append(f"{errors} cell(s) of sheet {name!r} hold an Excel error such as #N/A, loaded as that text.")
        if self._uncached_above:
            notes.append(
                f"{self._uncached_above} cell(s) of the header or above it hold a formula without a stored value."
            )
        if count.hidden_rows:
            notes.append(f"{count.hidden_rows} row(s) of sheet {name!r} are hidden or filtered out; they were read.")
        if count.merged_ranges:
            shown_ranges = ", ".join(count.merged[:5])
            notes.append(
                f"{count.merged_ranges} merged range(s) ({shown_ranges}{', …' if count.merged_ranges > 5 else ''}): "
                "only the first cell of each has the value."
            )
        return notes

    def _reconcile(self, name: str, count: SheetCount) -> None:
        if (self._filled_rows, self._filled_cells) != (count.filled_rows, count.filled_cells):
            raise FileHeld(
                "counts_do_not_reconcile",
                f"The XML of sheet {name!r} has {count.filled_rows} filled rows with {count.filled_cells} values; "
                f"{self._filled_rows} rows with {self._filled_cells} values were read.",
            )
        self.account.counted_by, self.account.counted_records = "rows", count.filled_rows - self._no_records
        rejects = self.account.rejects
        if rejects and len(rejects) == self.account.records and all(r.reason == "uncached_formula" for r in rejects):
            raise FileHeld(
                "uncached_formulas",
                f"Every record of sheet {name!r} has a formula without a stored value: the program that wrote the file "
                "does not calculate. Open the workbook in a spreadsheet program, save it, and deliver it again.",
            )

    def _texts(self, rows: Iterator[Any], count: SheetCount) -> Iterator[tuple[list[str], list[int]]]:
        """Each row as texts, and the places in it that hold a formula without a value."""
        while True:
            try:
                row = next(rows, None)
                if row is None:
                    return
                texts = []
                for c in row:
                    value = c.value
                    if value is None or value == "":
                        texts.append("")
                        continue
                    self._filled_cells += 1
                    date_only = isinstance(value, dt.datetime) and "h" not in str(c.number_format).lower()
                    texts.append(cell_text(value, date_only=date_only))
                    # Of a date that no calendar has, openpyxl makes an error that the file does not hold.
                    self._out_of_range += value == "#VALUE!" and getattr(c, "data_type", "") == "e"
            except Exception as error:
                raise FileHeld("corrupt_file", f"The sheet cannot be read ({type(error).__name__}: {error}).") from None
            self.account.lines += 1
            uncached = [i - 1 for i in count.uncached.get(self.account.lines, ())]
            self._filled_rows += bool(uncached) or any(texts)
            yield texts, uncached

    def _read(self, rows: Iterator[Any], name: str, count: SheetCount) -> Iterator[Batch]:
        account, reading = self.account, self._reading
        texts = self._texts(rows, count)
        head: list[list[str]] = []
        found = None
        known = layouts.declared_names(reading)
        wanted = len(reading.columns or ())
        for row, uncached in texts:
            head.append(row)
            self._uncached_above += len(uncached)
            score = layouts.shared(row, known)
            filled = any(c.strip() for c in row)
            if filled and (reading.columns is None or score * 2 >= wanted):
                found = len(head) - 1
                break
            if len(head) >= HEADER_SEARCH:
                break
        if found is None:
            first = next((r for r in head if any(r)), [])
            raise FileHeld(
                "header_mismatch",
                f"No header with at least half of the declared columns in the first {HEADER_SEARCH} rows of sheet "
                f"{name!r}: the first has {layouts.listed(first)}, expected {layouts.listed(reading.columns or ())}.",
            )
        account.header_lines = found + 1
        self._no_records = self._filled_rows
        header = trimmed(head[found])
        account.columns = header
        section = self._section(header)
        names = HeaderNames(dict(known) if reading.columns is not None else {snake_case(c): c for c in header})
        batch = Batch(section.columns, [], [])
        for row, uncached in texts:
            if not any(row) and not uncached:
                account.blank_lines += 1
                continue
            if not uncached and not same_header(row, header) and names.is_header(row):
                if batch.rows:
                    yield batch
                account.header_lines += 1
                self._no_records += 1
                header = trimmed(row)
                change = layouts.LayoutChange(
                    None,
                    "another_header",
                    reading.layout_policy,
                    "records below are read by it",
                    f"Row {account.lines} is another header: {layouts.listed(header)}.",
                )
                account.changes.append(change)
                section = self._section(header)
                batch = Batch(section.columns, [], [])
                continue
            width, kept, empty = section.width, section.kept, section.empty
            account.records += 1
            account.record_lines += 1
            number, line = account.records, account.lines
            row = row + [""] * (max([width, *(i + 1 for i in uncached)]) - len(row))
            for i in uncached:
                row[i] = UNCACHED
            raw = shown("\t".join(row))
            if uncached:
                at = uncached[0]
                column = header[at] if at < width else None
                message = (
                    f"{len(uncached)} cell(s) hold a formula without a stored value, the first in column {at + 1}."
                )
                account.reject(number, line, raw, "uncached_formula", message, column)
            elif any(BAD.search(c) for c in row):
                account.reject(number, line, raw, "nul_byte", "A cell holds a NUL or an invalid character.")
            elif any(row[width:]):
                message = f"The row has a value behind the last of {width} column(s)."
                account.reject(number, line, raw, "too_many_fields", message)
            elif any(row[i] for i in empty):
                i = next(i for i in empty if row[i])
                message = f"The row has the value {row[i][:100]!r} in the undeclared column {header[i]!r}."
                account.reject(number, line, raw, "unexpected_column", message, header[i])
            elif width > 1 and same_header(row, header):
                account.reject(number, line, raw, "repeated_header", "The row repeats the header.")
            else:
                batch.numbers.append(number)
                batch.rows.append([row[i] for i in kept])
            if batch.full():
                yield batch
                batch = Batch(section.columns, [], [])
        if batch.rows:
            yield batch

    def _section(self, header: list[str]) -> _Section:
        """How the rows below ``header`` are read; raises :class:`FileHeld` for a layout that holds the file."""
        account, reading = self.account, self._reading
        if len(header) > layouts.MAX_COLUMNS:
            raise FileHeld(
                "too_many_columns", f"The header has {len(header)} columns; at most {layouts.MAX_COLUMNS} are read."
            )
        cells = list(header)
        spelled = respelled(cells, reading)
        for i, column in spelled.items():
            self._mended(column, f"Column {cells[i]!r} is read as {column!r}, its name at this place.")
            cells[i] = column
        filled = completed(cells, len(cells), reading)
        if filled:
            self._mended(None, f"The header has empty cells: {filled[1]}.")
            cells = filled[0]
        plan = layouts.match(cells, reading)
        account.changes.extend(c for c in plan.changes if c not in account.changes)
        if plan.held:
            raise FileHeld(plan.held_reason, plan.held)
        if reading.layout_policy == "freeze" and (
            told := [c.message for c in account.changes if c.change in ("header_mended", "another_header")]
        ):
            raise FileHeld("layout_frozen", " ".join(told))
        return _Section(
            len(header),
            [t for t in plan.targets if t is not None],
            [i for i, t in enumerate(plan.targets) if t is not None],
            [i for i, t in enumerate(plan.targets) if t is None],
        )

    def _mended(self, column: str | None, message: str) -> None:
        policy = self._reading.layout_policy
        action = "file held" if policy == "freeze" else "read by the declared columns"
        self.account.changes.append(layouts.LayoutChange(column, "header_mended", policy, action, message))
