"""Malformed files of which the truth is known: nothing raises, everything is accounted for, what is clean is kept."""

from __future__ import annotations

import datetime as dt
import io
from collections import defaultdict
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from lakeweave.ingestion import FileAccount, Reading, accepted_records, account_file
from lakeweave.ingestion.account import BYTE_PLACES
from lakeweave.ingestion.reasons import FILE_REASONS, RECORD_REASONS, SKIP_REASONS
from lakeweave.ingestion.spec import PositionalLayout
from tests.python.malformed import staged
from tests.python.malformed.mutations import COLUMNS, Case, all_cases, null, rows

CASES = all_cases()


def reading_of(case: Case) -> Reading:
    options = dict(case.options)
    columns = options.pop("columns", COLUMNS)
    layouts = tuple(PositionalLayout(p, tuple(c)) for p, c in options.pop("layouts", ()))  # type: ignore[union-attr]
    return Reading(columns=tuple(columns), layouts=layouts, **options)  # type: ignore[arg-type]


def check_sums(account: FileAccount) -> None:
    """P1: every record is in one place, every line is in one place, every reason is a documented one."""
    assert account.reason is None or account.reason in FILE_REASONS
    assert account.reason != "reader_failed", account.message
    assert all(r.reason in RECORD_REASONS for r in account.rejects)
    if account.state == "loaded":
        assert account.records == account.accepted + account.rejected + account.repeats
        assert account.lines == account.record_lines + account.header_lines + account.blank_lines
    if account.state == "loaded" and account.content_bytes is not None:
        # P12: every byte is in one place, and every skipped span has a documented reason.
        assert account.content_bytes == sum(account.bytes_by_place()[p] or 0 for p in BYTE_PLACES[1:])
        assert account.skipped_bytes == sum(s.bytes for s in account.skipped)
        assert account.rejected_bytes == sum(r.bytes or 0 for r in account.rejects)
        assert all(s.reason in SKIP_REASONS for s in account.skipped)


def test_there_are_enough_cases():
    assert len(CASES) >= 150


@pytest.mark.parametrize("case", CASES, ids=lambda c: c.name)
def test_account(case: Case, tmp_path: Path):
    path = tmp_path / case.name
    path.write_bytes(case.data)
    reading = reading_of(case)
    account = account_file(path, reading=reading)
    check_sums(account)
    assert account.reason == case.held, account.message
    if case.changes is not None:
        assert [c.change for c in account.changes] == case.changes
    if case.held:
        return
    assert [r.reason for r in account.rejects] == case.rejected
    assert account.records == len(case.records) + len(case.rejected)
    found = [tuple(r.get(c) for c in case.columns) for r in accepted_records(path, reading=reading)]
    assert found == null(case.records)
    assert account.repeats == len(found) - len(set(found))
    if case.encoding:
        assert account.encoding == case.encoding
    if case.format:
        assert account.format == case.format
    if account.format in ("csv", "tsv", "json", "jsonl"):
        assert account.content_bytes == len(case.data)
        assert account.counted_by in ("bytes", "objects")
    # A rejected record is at its recorded place.
    numbers = [r.record_number for r in account.rejects]
    assert numbers == sorted(set(numbers))
    if (
        (account.format or "").startswith(("csv", "tsv", "jsonl"))
        and account.encoding == "utf-8"
        and "gz" not in case.name
    ):
        text = case.data.decode("utf-8", "backslashreplace").replace("\0", "\\x00")
        lines = io.StringIO(text, newline="").readlines()
        for r in account.rejects:
            assert lines[r.line_number - 1].rstrip("\r\n").startswith(r.raw_text.splitlines()[0])


def test_staging_agrees_with_the_account(tmp_path: Path):
    """The fast path and the careful readers must say the same of every file; one build stages all of them."""
    groups: dict[str, list[Case]] = defaultdict(list)
    for case in CASES:
        groups[repr(sorted(case.options.items(), key=str))].append(case)
    conn = staged.connect()
    for number, cases in enumerate(groups.values()):
        folder = tmp_path / str(number)
        folder.mkdir()
        for case in cases:
            (folder / case.name).write_bytes(case.data)
        options = dict(cases[0].options)
        columns = list(options.pop("columns", COLUMNS))  # type: ignore[call-overload]
        if "layouts" in options:
            options["layouts"] = [{"pattern": p, "columns": list(c)} for p, c in options["layouts"]]  # type: ignore[union-attr]
        if "aliases" in options:
            options["aliases"] = dict(options["aliases"])  # type: ignore[call-overload]
        result = staged.build(conn, staged.spec(folder, columns, batch_bytes=200_000, **options))
        assert sorted(f["file_name"] for f in result.files) == sorted(c.name for c in cases)
        loaded = {f["file_id"] for f in result.files if f["state"] == "loaded"}
        for case in cases:
            row = result.file(case.name)
            found = result.records_of(case.name)
            if row["state"] == "repeat":
                # Two cases may be the same bytes: then one of them is loaded.
                assert row["file_id"] in loaded
                assert row["records"] == row["repeats"]
                assert not found
                continue
            account = account_file(folder / case.name, reading=reading_of(case))
            assert (row["state"], row["reason"]) == (account.state, account.reason), case.name
            if account.state == "held":
                assert not found
                continue
            for key in (
                "records",
                "accepted",
                "rejected",
                "repeats",
                "format",
                "encoding",
                "delimiter",
                "encoding_confidence",
            ):
                assert row[key] == getattr(account, key), (case.name, key)
            assert {p: row[p] for p in BYTE_PLACES} == account.bytes_by_place(), case.name
            assert row["records"] == row["accepted"] + row["rejected"] + row["repeats"]
            values = [tuple(r.get(c) for c in case.columns) for r in found]
            expected = case.records if (row["format"] or "").startswith("json") else null(case.records)
            assert values == expected, case.name
            assert sum(r["is_duplicate_in_file"] for r in found) == row["repeats"]
            rejected = [r for r in result.rejected if r["file_name"] == case.name]
            assert [r["reason"] for r in rejected] == case.rejected
            taken = [r["_record_number"] for r in found] + [r["record_number"] for r in rejected]
            assert sorted(taken) == list(range(1, row["records"] + 1)), case.name
            if case.changes is not None:
                assert [c["change"] for c in result.layout if c["file_name"] == case.name] == case.changes


# ------------------------------------------------------------------- workbooks and Parquet


def workbook(values: list[list[object]]) -> bytes:
    openpyxl = pytest.importorskip("openpyxl")
    book = openpyxl.Workbook()
    for row in values:
        book.active.append(row)
    out = io.BytesIO()
    book.save(out)
    return out.getvalue()


def test_workbook(tmp_path: Path):
    day = dt.datetime(2026, 2, 1, 10, 30)
    data = workbook(
        [
            ["Monthly report"],
            [],
            [*COLUMNS, None],
            [1, "Ann", "fine", 1.5, day],
            [2.0, "Bob", None, 3, dt.date(2026, 2, 2)],
            [],
            [3, "Zoë", True, "4.10", None],
            [4, "Eve", "x", 1, None, None, "behind"],
            list(COLUMNS),
        ]
    )
    path = tmp_path / "report.xlsx"
    path.write_bytes(data)
    account = account_file(path, COLUMNS)
    check_sums(account)
    assert (account.format, account.records, account.accepted) == ("excel", 5, 3)
    assert [r.reason for r in account.rejects] == ["too_many_fields", "repeated_header"]
    assert [tuple(r.values()) for r in accepted_records(path, COLUMNS)] == [
        ("1", "Ann", "fine", "1.5", "2026-02-01 10:30:00"),
        ("2", "Bob", None, "3", "2026-02-02"),
        ("3", "Zoë", "true", "4.10", None),
    ]
    renamed = tmp_path / "report.csv"
    renamed.write_bytes(data)
    assert account_file(renamed, COLUMNS).format == "excel"
    for cut in (10, 100, len(data) // 2, len(data) - 30):
        renamed.write_bytes(data[:cut])
        assert account_file(renamed, COLUMNS).reason in ("corrupt_archive", "corrupt_file", "unknown_format")
    other = workbook([["a", "b"], [1, 2]])
    path.write_bytes(other)
    assert account_file(path, COLUMNS).reason == "header_mismatch"


def test_workbook_without_openpyxl(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    path = tmp_path / "report.xlsx"
    path.write_bytes(workbook([COLUMNS, [1, "Ann", "x", 2, None]]))
    monkeypatch.setitem(__import__("sys").modules, "openpyxl", None)
    account = account_file(path, COLUMNS)
    assert account.reason == "missing_dependency"
    assert "make extra-excel" in (account.message or "")


def parquet_bytes() -> bytes:
    utc = dt.UTC
    table = pa.table(
        {
            "id": pa.array([1, 2, 3], pa.int64()),
            "first_name": ["Ann", None, ""],
            "comment": pa.array([[1, 2], None, []], pa.list_(pa.int32())),
            "sale_price": pa.array([0.1, 2.0, None], pa.float32()),
            "created_at": pa.array([dt.datetime(2026, 2, 1, 10, tzinfo=utc), None, None], pa.timestamp("us", "UTC")),
        }
    )
    out = io.BytesIO()
    pq.write_table(table, out)
    return out.getvalue()


PARQUET_ROWS = [
    ("1", "Ann", "[1,2]", "0.1", "2026-02-01 10:00:00"),
    ("2", None, None, "2.0", None),
    ("3", "", "[]", None, None),
]


@pytest.mark.parametrize("name", ["things.parquet", "things.csv", "thi[n]gs*.parquet"])
def test_parquet(tmp_path: Path, name: str):
    (tmp_path / name).write_bytes(parquet_bytes())
    account = account_file(tmp_path / name, COLUMNS)
    check_sums(account)
    assert (account.format, account.records, account.accepted) == ("parquet", 3, 3)
    found = [tuple(r.values()) for r in accepted_records(tmp_path / name, COLUMNS)]
    assert found == null(PARQUET_ROWS)
    result = staged.build(staged.connect(), staged.spec(tmp_path, COLUMNS))
    assert [tuple(r[c] for c in COLUMNS) for r in result.records_of(name)] == PARQUET_ROWS


def test_damaged_parquet_is_held(tmp_path: Path):
    data = parquet_bytes()
    for i, damaged in enumerate(
        (data[: len(data) // 2], data[:-4], b"PAR1" + data[100:], b"PAR1", data[:40] + data[60:])
    ):
        path = tmp_path / f"{i}.parquet"
        path.write_bytes(damaged)
        account = account_file(path, COLUMNS)
        check_sums(account)
        assert account.reason == "corrupt_file", account.message
    result = staged.build(staged.connect(), staged.spec(tmp_path, COLUMNS))
    assert {f["state"] for f in result.files} == {"held"}


def test_parquet_layout(tmp_path: Path):
    table = pa.table({"ID": [1], "first_name": ["x"], "comment": ["c"], "more": ["m"]})
    pq.write_table(table, tmp_path / "a.parquet")
    conn = staged.connect()
    result = staged.build(conn, staged.spec(tmp_path, COLUMNS))
    assert result.records[0]["more"] == "m"
    assert sorted(c["change"] for c in result.layout) == ["added", "missing", "missing"]
    result = staged.build(conn, staged.spec(tmp_path, COLUMNS, layout_policy="freeze"))
    assert result.files[0]["reason"] == "layout_frozen"
    result = staged.build(conn, staged.spec(tmp_path, COLUMNS, layout_policy="discard_row"))
    assert [r["reason"] for r in result.rejected] == ["unexpected_column"]


def test_truth_is_not_trivial():
    """The mutations do break files: most cases have something to reject, to hold or to record."""
    assert sum(bool(c.rejected) for c in CASES) >= 60
    assert sum(bool(c.held) for c in CASES) >= 20
    assert rows(1) != rows(2)
