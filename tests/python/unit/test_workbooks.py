"""Excel workbooks: every row and cell that the XML holds is in the account."""

from __future__ import annotations

import datetime as dt
import io
import re
import zipfile
from collections.abc import Callable
from pathlib import Path

import pytest

from lakeweave.ingestion import FileAccount, Reading, accepted_records, account_file, excel
from lakeweave.ingestion.workbook import count_sheet, read_workbook

openpyxl = pytest.importorskip("openpyxl")
COLUMNS = ["id", "name", "price", "city"]
ROWS = [[n, f"name {n}", n + 0.5, "Rome"] for n in range(1, 11)]


def book(*sheets: list[list[object]], change: Callable[[object], None] | None = None) -> bytes:
    workbook = openpyxl.Workbook()
    workbook.remove(workbook.active)
    for number, values in enumerate(sheets):
        sheet = workbook.create_sheet(f"S{number + 1}")
        for row in values:
            sheet.append(row)
    if change:
        change(workbook)
    out = io.BytesIO()
    workbook.save(out)
    return out.getvalue()


def rewritten(data: bytes, part: str, pattern: str, replacement: str) -> bytes:
    """The workbook with the text of one part changed."""
    out = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(data)) as old, zipfile.ZipFile(out, "w") as new:
        for name in old.namelist():
            content = old.read(name)
            if name == part:
                text, n = re.subn(pattern, replacement, content.decode(), flags=re.DOTALL)
                assert n, (part, pattern)
                content = text.encode()
            new.writestr(name, content)
    return out.getvalue()


def account(tmp_path: Path, data: bytes, **reading: object) -> FileAccount:
    path = tmp_path / "a.xlsx"
    path.write_bytes(data)
    return account_file(path, reading=Reading(columns=tuple(COLUMNS), **reading))  # type: ignore[arg-type]


SHEET = "xl/worksheets/sheet1.xml"


@pytest.mark.parametrize("dimension", ["", '<dimension ref="A1"/>', '<dimension ref="A1:D5"/>', '<dimension ref="A1:C11"/>',
                                       '<dimension ref="B2:C3"/>', '<dimension ref="A1:ZZ9000"/>'])  # fmt: skip
def test_the_stored_dimension_decides_nothing(tmp_path: Path, dimension: str):
    data = rewritten(book([COLUMNS, *ROWS]), SHEET, r"<dimension[^>]*/>", dimension)
    found = account(tmp_path, data)
    assert (found.state, found.records, found.accepted) == ("loaded", 10, 10)
    values = [list(r.values()) for r in accepted_records(tmp_path / "a.xlsx", COLUMNS)]
    assert values == [[str(c) for c in row] for row in ROWS]


def test_a_reader_that_loses_rows_or_cells_is_noticed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    data = book([COLUMNS, *ROWS])
    for pattern, replacement in (
        (r'(<row r="5".*?</row>)', r"\1\1"),  # a row number twice: openpyxl leaves the second out
        (r'<row r="6"', '<row r="3"'),  # rows that are out of order
        (r'(<c r="A4"[^>]*><v>[^<]*</v></c>)(<c r="B4".*?</c>)(<c r="C4".*?</c>)(<c r="D4".*?</c>)', r"\4\1\2\3"),
    ):
        assert account(tmp_path, rewritten(data, SHEET, pattern, replacement)).reason == "counts_do_not_reconcile"
    monkeypatch.setattr("openpyxl.worksheet._read_only.ReadOnlyWorksheet.reset_dimensions", lambda self: None)
    stale = rewritten(data, SHEET, r"<dimension[^>]*/>", '<dimension ref="A1:D5"/>')
    assert account(tmp_path, stale).reason == "counts_do_not_reconcile"


def test_several_sheets_are_held_until_one_is_declared(tmp_path: Path):
    def hide(workbook: object) -> None:
        workbook["S2"].sheet_state = "hidden"  # type: ignore[index]

    data = book([COLUMNS, *ROWS], [COLUMNS, ROWS[0]], [], change=hide)
    held = account(tmp_path, data)
    assert (held.state, held.reason, held.records) == ("held", "several_sheets", 0)
    assert "'S1' (11 filled row(s)), 'S2' (2 filled row(s), hidden), 'S3' (0 filled row(s))" in held.message
    read = account(tmp_path, data, sheet="S2")
    assert (read.state, read.records) == ("loaded", 1)
    assert "these sheets were not: 'S1' (11 filled row(s))" in read.message
    missing = account(tmp_path, data, sheet="S9")
    assert missing.reason == "sheet_not_found"
    assert "'S1' (11" in missing.message
    # Sheets without a filled cell are no sheets to choose from, wherever they are.
    assert account(tmp_path, book([], [COLUMNS, *ROWS])).records == 10
    assert account(tmp_path, book([], [[None, ""]])).reason == "empty_file"


def test_formulas_without_a_stored_value_are_rejected(tmp_path: Path):
    data = book(
        [COLUMNS, [1, "a", "=1+1", "x"], ["=A2+1", '="B"', "=2*2", '="O"'], [3, "c", 3, "z"], [], [4, "d", None, "e"]]
    )
    found = account(tmp_path, data)
    assert (found.records, found.accepted, found.rejected, found.blank_lines) == (4, 2, 2, 1)
    assert [(r.reason, r.line_number, r.column_name) for r in found.rejects] == [
        ("uncached_formula", 2, "price"), ("uncached_formula", 3, "id")
    ]  # fmt: skip
    assert excel.UNCACHED in found.rejects[0].raw_text
    cached = rewritten(data, SHEET, r"<f>1\+1</f><v ?/>", "<f>1+1</f><v>2</v>")
    assert account(tmp_path, cached).accepted == 3
    # A stored result may be the empty text.
    empty = rewritten(data, SHEET, r'<c r="C2"><f>1\+1</f><v ?/>', '<c r="C2" t="str"><f>1+1</f><v></v>')
    assert account(tmp_path, empty).accepted == 3
    every = account(tmp_path, book([COLUMNS, [1, "a", "=1", "x"], [2, "b", "=2", "y"]]))
    assert (every.state, every.reason) == ("held", "uncached_formulas")


def test_more_formulas_without_value_than_are_noted(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr("lakeweave.ingestion.workbook.MAX_NOTED", 1)
    monkeypatch.setattr(excel, "MAX_NOTED", 1)
    data = book([COLUMNS, [1, "a", "=1+1", "x"], [2, "b", "=1", "y"], [3, "c", 3, "z"]])
    assert account(tmp_path, data).reason == "uncached_formulas"


def test_what_a_sheet_hides_or_calculates_is_reported(tmp_path: Path):
    def change(workbook: object) -> None:
        sheet = workbook["S1"]  # type: ignore[index]
        sheet.row_dimensions[3].hidden = True
        sheet.merge_cells("D4:D5")

    data = book(
        [COLUMNS, [1, "#N/A", 2, "x"], [2, "b", "007", "y"], [3, "c", 3, "z"], [4, "d", dt.date(2026, 2, 1), None]],
        change=change,
    )
    data = rewritten(data, SHEET, r'<c r="B2"[^>]*>.*?</c>', '<c r="B2" t="e"><v>#N/A</v></c>')
    found = account(tmp_path, data)
    assert (found.records, found.accepted) == (4, 4)
    for part in (
        "1 cell(s) of sheet 'S1' hold an Excel error",
        "1 row(s) of sheet 'S1' are hidden",
        "1 merged range(s) (D4:D5)",
    ):
        assert part in found.message
    records = list(accepted_records(tmp_path / "a.xlsx", COLUMNS))
    assert [r["name"] for r in records] == ["#N/A", "b", "c", "d"]
    assert [r["price"] for r in records] == ["2", "007", "3", "2026-02-01"]
    assert records[3]["city"] is None
    stale = rewritten(
        rewritten(data, SHEET, r'<c r="A3"[^>]*>', '<c r="A3"><f>1+1</f>'),
        "xl/workbook.xml",
        r"<calcPr[^>]*>",
        '<calcPr fullCalcOnLoad="1"/>',
    )
    assert "may be out of date" in account(tmp_path, stale).message


@pytest.mark.filterwarnings("ignore:Cell C2 is marked as a date")
def test_a_date_outside_the_calendar_is_reported(tmp_path: Path):
    data = book([COLUMNS, [1, "a", dt.date(2026, 2, 1), "x"]])
    data = rewritten(data, SHEET, r"<v>46054</v>|<v>46054\.0</v>", "<v>-99999999</v>")
    found = account(tmp_path, data)
    assert "1 cell(s) of sheet 'S1' hold an Excel error" in (found.message or "")


def test_empty_shared_strings_are_no_values(tmp_path: Path):
    data = book([COLUMNS, [1, "a", 1, "x"], [2, "b", 1, "y"]])
    data = rewritten(data, "xl/sharedStrings.xml", r"<t>x</t>", "<t></t>")
    found = account(tmp_path, data)
    assert (found.state, found.accepted) == ("loaded", 2)


def test_hostile_xml_is_held(tmp_path: Path):
    data = book([COLUMNS, *ROWS])
    for part, pattern, replacement in (
        (SHEET, "^", '<!DOCTYPE x [<!ENTITY a "b">]>'),
        (SHEET, "</sheetData>.*", ""),
        ("xl/workbook.xml", 'r:id="rId1"', 'r:id="nowhere"'),
        ("xl/_rels/workbook.xml.rels", "worksheets/sheet1.xml", "worksheets/none.xml"),
    ):
        found = account(tmp_path, rewritten(data, part, pattern, replacement))
        assert (found.state, found.accepted) == ("held", 0), (part, found.message)
        assert found.reason in ("corrupt_file", "empty_file", "counts_do_not_reconcile")


def test_the_count_reads_no_values():
    with zipfile.ZipFile(io.BytesIO(book([COLUMNS, *ROWS, [], [None, "x"]]))) as archive:
        (sheet,) = read_workbook(archive).sheets
        count = count_sheet(archive, sheet, frozenset())
    assert (count.filled_rows, count.filled_cells, count.last_row) == (12, 45, 13)
