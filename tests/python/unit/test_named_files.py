"""Small files that were once read wrongly, byte for byte, with the records and the account that are right."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.python.malformed import staged

COLUMNS = ["id", "name", "price", "city"]
HEADER = b"id,name,price,city\n"
ANN, BOB = ("1", "Ann", "1.5", "Rome"), ("2", "Bob", "2.5", "Oslo")
E = '{"id":%d,"name":"a","price":1,"city":"x"}'


def element(number: int) -> tuple[str, ...]:
    return str(number), "a", "1", "x"


def told(tmp_path: Path, name: str, data: bytes, **options: object) -> tuple[list[tuple], list[str], set[str], str]:
    """Accepted records, reasons of rejections, layout changes, and the state with its reason."""
    (tmp_path / name).write_bytes(data)
    columns = options.pop("columns", COLUMNS)
    assert isinstance(columns, list)
    result = staged.build(staged.connect(), staged.spec(tmp_path, columns, **options))
    (row,) = result.files
    places = ("header_bytes", "record_bytes", "rejected_bytes", "skipped_bytes")
    if row["state"] == "loaded":
        assert row["records"] == row["accepted"] + row["rejected"] + row["repeats"]
        assert row["content_bytes"] == len(data) == sum(row[p] for p in places)
    records = sorted(result.records, key=lambda r: r["_record_number"])
    names = [*columns, *(n for n in records[0] if n in ("city", "full_name") and n not in columns)] if records else []
    return (
        [tuple(r[n] for n in names) for r in records],
        [r["reason"] for r in sorted(result.rejected, key=lambda r: r["record_number"])],
        {c["change"] for c in result.layout},
        row["reason"] or row["state"],
    )


@pytest.mark.parametrize(
    "columns", [["id", "name", "price"], COLUMNS], ids=["the first header is declared", "the second header is declared"]
)
def test_a_newer_header_behind_the_first_file(tmp_path: Path, columns: list[str]):
    data = b"id,name,price\n1,Ann,1.5\n2,Bob,2.5\n3,Cy,3.5\nid,name,price,city\n4,Dan,4.5,Rome\n5,Eve,5.5,Oslo\n"
    records, rejected, changes, state = told(tmp_path, "a.csv", data, columns=columns)
    assert state == "loaded"
    assert not rejected
    assert "another_header" in changes
    assert records == [
        ("1", "Ann", "1.5", None), ("2", "Bob", "2.5", None), ("3", "Cy", "3.5", None),
        ("4", "Dan", "4.5", "Rome"), ("5", "Eve", "5.5", "Oslo"),
    ]  # fmt: skip


@pytest.mark.parametrize("declared", ["full_name", "name"])
def test_a_renamed_header_behind_the_first_file(tmp_path: Path, declared: str):
    data = b"id,full_name,price,city\n1,Ann,1.5,Rome\n2,Bob,2.5,Oslo\nid,name,price,city\n4,Dan,4.5,Rome\n"
    columns = ["id", declared, "price", "city"]
    records, rejected, changes, state = told(tmp_path, "a.csv", data, columns=columns)
    assert (state, rejected) == ("loaded", [])
    assert {"another_header", "missing"} <= changes
    first = declared == "full_name"
    assert [r[1] for r in records] == (["Ann", "Bob", None] if first else [None, None, "Dan"])
    assert [r[0] for r in records] == ["1", "2", "4"]


@pytest.mark.parametrize(
    ("data", "records", "rejected", "state"),
    [
        (
            b"\xef\xbb\xbf" + HEADER + b"1,Ann,1.5,Rome\n\xef\xbb\xbf" + HEADER + b"2,Bob,2.5,Oslo\n",
            [ANN, BOB], ["repeated_header"], "loaded",
        ),
        (HEADER + b"1,Ann,1.5,Rome\n\xef\xbb\xbf2,Bob,2.5,Oslo\n", [ANN, BOB], [], "loaded"),
        (
            HEADER + b'1,"col1,col2,c3,c4\n7,7,7,7\n8,8,8,8\n",1,Rome,EXTRA\n2,B,2,Oslo\n',
            [("2", "B", "2", "Oslo")], ["too_many_fields"], "loaded",
        ),
        (
            HEADER + b'1,Ann,1.5,Rome\n2,Bob,,2.5,\n3,"Cy",x,3.5,\n',
            [ANN], ["too_many_fields", "too_many_fields"], "loaded",
        ),
        (HEADER + b"1,Dvo\xf8\xe1k,1.5,Plze\xf2\n2,Erd\xf5s,2,Gy\xf5r\n", [], [], "unsafe_encoding"),
        (HEADER + b"1,Ya\xfear,1.5,\xddzmir\n2,Do\xf0an,2,Mu\xf0la\n", [], [], "unsafe_encoding"),
    ],
    ids=["mark at a second header", "mark at a record", "long field, surplus behind it", "extra separator", "Latin-2", "Turkish"],
)  # fmt: skip
def test_delimited_text(tmp_path: Path, data: bytes, records: list, rejected: list, state: str):
    found = told(tmp_path, "a.csv", data)
    assert (found[0], found[1], found[3]) == (records, rejected, state)


@pytest.mark.parametrize(
    ("encoding", "data", "name"),
    [("iso8859-2", b"1,Dvo\xf8\xe1k,1.5,Plze\xf2\n", "Dvořák"), ("cp1254", b"1,Ya\xfear,1.5,\xddzmir\n", "Yaşar")],
)
def test_a_declared_encoding_is_read(tmp_path: Path, encoding: str, data: bytes, name: str):
    records, rejected, _, state = told(tmp_path, "a.csv", HEADER + data, encoding=encoding)
    assert ([r[1] for r in records], rejected, state) == ([name], [], "loaded")


def test_records_that_are_one_field_longer_than_the_header(tmp_path: Path):
    data = b"datetime,qty,product,price,comment\n2026-01-01,00:15,2,MG-1,9.50,\n2026-01-02,00:30,3,MG-2,8.50,\n"
    columns = ["datetime", "qty", "product", "price", "comment"]
    records, _, _, state = told(tmp_path, "a.csv", data, columns=columns)
    assert (records, state) == ([], "no_record_fits_the_header")


@pytest.mark.parametrize(
    ("text", "numbers", "rejected", "state"),
    [
        (f"[{E % 1},\n{E % 2},\n", [1, 2], ["unexpected_end"], "loaded"),
        (f'[{E % 3},\n{{"id":4,"name":"b","pri', [3], ["unexpected_end"], "loaded"),
        (f"[{E % 5}]\n[{E % 6}]", [5, 6], [], "loaded"),
        (f"[{E % 7}]]]trailing", [7], ["invalid_json"], "loaded"),
        (f'[{E % 8},{{"id":9,"name":bad}},{E % 10}]', [8, 10], ["invalid_json"], "loaded"),
        (f"[{E % 11},,{E % 12},]", [11, 12], ["invalid_json", "invalid_json"], "loaded"),
        ("[]", [], [], "loaded"),
        ("{}", [], [], "header_mismatch"),
        ("null", [], ["not_an_object"], "loaded"),
    ],
    ids=list("abcdefghi"),
)
def test_json(tmp_path: Path, text: str, numbers: list[int], rejected: list[str], state: str):
    found = told(tmp_path, "a.json", text.encode())
    assert (found[0], found[1], found[3]) == ([element(n) for n in numbers], rejected, state)
