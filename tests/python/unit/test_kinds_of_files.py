"""Kinds of damaged and unusual files with five and more variations each: their outcome, and that it is reported."""

from __future__ import annotations

import bz2
import gzip
import io
import json
import lzma
import tarfile
from pathlib import Path

import openpyxl
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from lakeweave.ingestion import FileAccount, Reading, accepted_records, account_file
from lakeweave.ingestion import parquet as parquet_reader

COLUMNS = ("id", "name", "price", "city")
HEADER = ",".join(COLUMNS) + "\n"
FIRST = "1,Ann,1.5,Rome\n2,Bob,2.5,Oslo\n3,Cy,3.5,Bern\n"
SECOND = "4,Dan,4.5,Rome\n5,Eve,5.5,Oslo\n"
KEYS = ["1", "2", "3", "4", "5"]


def read(tmp_path: Path, data: str | bytes, name: str = "t.csv", **options: object) -> tuple[FileAccount, list[dict]]:
    """The account of a file, which has to add up, and its accepted records."""
    path = tmp_path / name
    path.write_bytes(data.encode() if isinstance(data, str) else data)
    options = {"columns": COLUMNS} | options
    reading = Reading(**options)  # type: ignore[arg-type]
    account = account_file(path, reading=reading)
    assert account.state == "held" or account.reconciles()
    assert account.reason != "reader_failed"
    records = list(accepted_records(path, reading=reading)) if account.state == "loaded" else []
    return account, records


# -------------------------------------------------------------------------------- joined files

JOINED = {
    "the same header": HEADER + SECOND,
    "in other case": "ID , Name,PRICE, City\n" + SECOND,
    "with a mark": "\ufeff" + HEADER + SECOND,
    "with a mark, quoted": '\ufeff"id","name","price","city"\n' + SECOND,
    "quoted and padded": '" id "," Name","PRICE ","city"\n' + SECOND,
    "one more column": "id,name,email,price,city\n4,Dan,d@x,4.5,Rome\n5,Eve,e@x,5.5,Oslo\n",
    "one column fewer": "id,name,price\n4,Dan,4.5\n5,Eve,5.5\n",
    "a renamed column": "id,full_name,price,city\n" + SECOND,
    "another order": "name,id,city,price\nDan,4,Rome,4.5\nEve,5,Oslo,5.5\n",
    "other line ends": (HEADER + SECOND).replace("\n", "\r\n"),
    "semicolons": (HEADER + SECOND).replace(",", ";"),
    "tabs": (HEADER + SECOND).replace(",", "\t"),
    "bars, one more column": "id|name|email|price|city\n4|Dan|d|4.5|Rome\n5|Eve|e|5.5|Oslo\n",
    "blank lines between": "\n\n" + HEADER + SECOND,
}


@pytest.mark.parametrize("declared", [True, False])
@pytest.mark.parametrize("kind", JOINED)
def test_joined_files_give_all_records(tmp_path: Path, kind: str, declared: bool):
    options = {} if declared else {"columns": None}
    account, records = read(tmp_path, HEADER + FIRST + JOINED[kind], **options)
    assert [r["id"] for r in records] == KEYS
    assert [r.get("price") for r in records] == ["1.5", "2.5", "3.5", "4.5", "5.5"]
    told = [c.change for c in account.changes] + [r.reason for r in account.rejects]
    assert "another_header" in told or told == ["repeated_header"]


@pytest.mark.parametrize("mark", ["", "\ufeff"])
@pytest.mark.parametrize("second", [HEADER + SECOND, JOINED["one more column"], JOINED["one column fewer"]])
def test_a_first_file_without_a_line_end_loses_nothing(tmp_path: Path, second: str, mark: str):
    account, records = read(tmp_path, HEADER + FIRST.rstrip("\n") + mark + second)
    assert [r["id"] for r in records] == KEYS
    assert records[2]["city"].strip("\ufeff") == "Bern"
    assert account.lines == len((HEADER + FIRST.rstrip("\n") + mark + second).splitlines())
    assert account.changes or [r.reason for r in account.rejects] == ["repeated_header"]


def test_text_of_two_encodings_is_not_read_as_one(tmp_path: Path):
    account, _ = read(tmp_path, (HEADER + FIRST).encode() + (HEADER + SECOND).encode("utf-16"))
    assert account.state == "held"
    account, records = read(
        tmp_path, (HEADER + "1,Zoë,1,Köln\n2,José,2,X\n").encode() + "3,Zoë,1,X\n".encode("latin-1")
    )
    assert [r["id"] for r in records] == ["1", "2"]
    assert account.by_reason() == {"undecodable_bytes": 1}


# -------------------------------------------------------------------------------- headers


@pytest.mark.parametrize(
    "header",
    [
        "id,name,\nprice,city",
        "id,na\0me,price,city",
        "id,na\u200bme,price,city",
        "íd,namé,price,city",
        "id,name,pri",
        "id,name,price,c",
    ],
)
def test_a_header_that_names_the_columns_in_one_way_is_repaired(tmp_path: Path, header: str):
    account, records = read(tmp_path, header + "\n" + FIRST)
    assert [tuple(r.values()) for r in records] == [tuple(line.split(",")) for line in FIRST.splitlines()]
    assert {c.change for c in account.changes} == {"header_mended"}
    assert read(tmp_path, header + "\n" + FIRST, layout_policy="freeze")[0].reason == "layout_frozen"


# -------------------------------------------------------------------------------- encodings

WORDS = {
    "cs": ("Dvořák", "Plzeň", "Žižka", "Třebíč"),
    "hu": ("Erdős", "Győr", "Szűcs", "Hódmezővásárhely"),
    "pl": ("Łukasz", "Łódź", "Święty", "Gdańsk"),
    "de": ("Müller", "Köln", "Groß", "Nürnberg"),
    "fr": ("Éloïse", "Orléans", "Gaël", "Besançon"),
    "tr": ("Yaşar", "İzmir", "Doğan", "Muğla"),
    "sv": ("Åsa", "Malmö", "Sjöberg", "Göteborg"),
    "ru": ("Иван", "Москва", "Ольга", "Казань"),
    "el": ("Γιώργος", "Αθήνα", "Ελένη", "Πάτρα"),
    "ja": ("山田太郎", "東京", "佐藤ソニー", "横浜"),
    "zh": ("王小明", "台北", "許功蓋", "臺中"),
}
ENCODINGS = {
    "cs": "iso8859-2 cp1250 cp852 mac_latin2",
    "hu": "iso8859-2 cp1250 cp852",
    "pl": "iso8859-2 cp1250 cp852",
    "de": "latin-1 cp1252 cp850 cp437 mac_roman",
    "fr": "latin-1 cp1252 cp850 mac_roman",
    "tr": "cp1254 iso8859-9 cp857",
    "sv": "latin-1 cp850 mac_roman",
    "ru": "cp1251 koi8-r iso8859-5 cp866 mac_cyrillic utf-16-le utf-16-be utf-32-le",
    "el": "cp1253 iso8859-7 utf-16-le",
    "ja": "shift_jis cp932 euc_jp iso2022_jp utf-16-le utf-16-be utf-32-be",
    "zh": "big5 gb18030 utf-16-le utf-16-be",
}


@pytest.mark.parametrize("copies", [1, 30])
@pytest.mark.parametrize(
    ("language", "encoding"), [(language, e) for language, names in ENCODINGS.items() for e in names.split()]
)
def test_no_encoding_is_guessed_wrong(tmp_path: Path, language: str, encoding: str, copies: int):
    """The letters are right, or the file is held with a way out: never other letters."""
    a, b, c, d = WORDS[language]
    rows = [(str(i), x, "1", y) for i in range(copies) for x, y in ((a, b), (c, d))]
    data = (HEADER + "".join(",".join(r) + "\n" for r in rows)).encode(encoding)
    account, records = read(tmp_path, data)
    assert [tuple(r.values()) for r in records] in ([], rows)
    if not records:
        assert account.state == "held"
        assert account.reason in ("unsafe_encoding", "undecodable_file", "no_valid_record")
    account, records = read(tmp_path, data, encoding=encoding)
    assert [tuple(r.values()) for r in records] == rows


def test_a_declared_encoding_that_the_text_contradicts_is_reported(tmp_path: Path):
    text = HEADER + "1,Müller,1,Köln\n2,Groß,2,Nürnberg\n"
    account, records = read(tmp_path, text, encoding="cp1252")
    assert records
    assert "valid UTF-8" in (account.message or "")
    assert read(tmp_path, text.encode("cp1252"), encoding="cp1252")[0].message is None
    assert read(tmp_path, text.encode("utf-8-sig"), encoding="cp1252")[1][0]["name"] == "Müller"


@pytest.mark.parametrize("cut", [1, 2, 3])
def test_utf8_that_is_cut_inside_a_character_costs_one_record(tmp_path: Path, cut: int):
    data = (HEADER + FIRST + "4,Dan,4.5,Ro\U0001f600").encode()[:-cut]
    account, records = read(tmp_path, data)
    assert [r["id"] for r in records] == KEYS[:3]
    assert account.by_reason() == {"undecodable_bytes": 1}
    assert account.encoding == "utf-8"


# -------------------------------------------------------------------------------- archives


def tarred(mode: str) -> bytes:
    out = io.BytesIO()
    with tarfile.open(fileobj=out, mode=mode) as archive:
        info = tarfile.TarInfo("inner.csv")
        info.size = len(HEADER + FIRST)
        archive.addfile(info, io.BytesIO((HEADER + FIRST).encode()))
    return out.getvalue()


@pytest.mark.parametrize("mode", ["w", "w:gz", "w:bz2", "w:xz"])
def test_a_tar_is_held_with_its_members_however_it_is_packed(tmp_path: Path, mode: str):
    account, _ = read(tmp_path, tarred(mode))
    assert account.reason == "archive_of_files"
    assert "inner.csv" in (account.message or "")


TEXT = (HEADER + FIRST).encode()


@pytest.mark.parametrize(
    ("data", "said"),
    [
        (bz2.compress(TEXT), "bzip2"),
        (bz2.compress(TEXT)[:30], "bzip2"),
        (lzma.compress(TEXT), "xz"),
        (lzma.compress(TEXT)[:12], "xz"),
        (b"\x50\x2a\x4d\x18\x04\0\0\0abcd\x28\xb5\x2f\xfd", "zstd"),
        (b"\x1f\x9d\x90" + TEXT, "compress"),
        (b"LZIP\x01" + TEXT, "lzip"),
        (b"!<arch>\n" + b"a.csv/".ljust(58) + b"`\n" + TEXT, "ar archive"),
        (b"070701" + b"0" * 104 + b"a.csv\0" + TEXT, "cpio"),
        (b"070707" + b"0" * 70 + b"a.csv\0" + TEXT, "cpio"),
        (b"MSCF\0\0\0\0" + TEXT, "cabinet"),
        (b"{\\rtf1\\ansi " + TEXT + b"}", "rich text"),
        (gzip.compress(gzip.compress(TEXT)), "gzip"),
    ],
)
def test_other_archive_formats_are_held_by_name(tmp_path: Path, data: bytes, said: str):
    account, _ = read(tmp_path, data)
    assert account.reason == "unknown_format"
    assert said in (account.message or "")


# -------------------------------------------------------------------------------- JSON

OBJECTS = [{"id": i, "name": f"n{i}", "price": 1.5, "city": "Rome"} for i in range(12)]
LINES = "".join(json.dumps(o) + "\n" for o in OBJECTS)


@pytest.mark.parametrize(
    "text",
    [
        LINES,
        "\ufeff" + LINES,
        LINES.replace("\n", "\n\ufeff", 3),
        LINES.replace("}\n{", "}{", 1),
        LINES.replace("}\n{", "} {", 4),
        LINES.replace("}\n{", "}{"),
        LINES.replace("\n", "\r\n"),
        LINES.replace("\n", "\n\n"),
        "".join("\x1e" + line + "\n" for line in LINES.splitlines()),
    ],
)
def test_json_lines_give_each_object_once(tmp_path: Path, text: str):
    account, records = read(tmp_path, text, "t.jsonl")
    assert [r["id"] for r in records] == [str(i) for i in range(12)]
    assert (account.records, account.counted_records, account.counted_by) == (12, 12, "objects")
    assert account.content_bytes == len(text.encode())


ARRAY = json.dumps(OBJECTS, ensure_ascii=False).replace("n3", "Zoë")


@pytest.mark.parametrize(
    "text",
    [
        ARRAY,
        "\ufeff" + ARRAY + "\r\n",
        ARRAY[:-1] + ",]",
        ARRAY[:-1],
        ARRAY[:400],
        ARRAY.replace("}, {", "},\n\n  {"),
        ARRAY.replace('"id": 5', '"id": nul'),
        ARRAY.replace('"n5"', '"n5'),
        ARRAY + ARRAY,
        ARRAY.replace("}, {", "}{"),
        ARRAY.replace('"n7"', '"\\u0000"'),
        "[1, " + ARRAY[1:] + " tail",
    ],
)
@pytest.mark.parametrize("codec", ["utf-8", "utf-16", "latin-1"])
def test_every_byte_of_a_json_text_is_accounted(tmp_path: Path, text: str, codec: str):
    if codec == "latin-1":
        text = text.lstrip("\ufeff")
    data = text.encode(codec)
    account, records = read(tmp_path, data, "t.json", encoding=codec if codec == "latin-1" else None)
    assert records
    assert account.content_bytes == len(data)
    assert account.record_bytes + account.rejected_bytes + account.skipped_bytes == len(data)
    assert account.skipped_bytes == sum(s.bytes for s in account.skipped)
    assert account.rejected_bytes == sum(r.bytes or 0 for r in account.rejects)
    assert account.counted_records == account.records


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("[" + json.dumps(OBJECTS[:2]) + "," + json.dumps(OBJECTS[2:4]) + "]", "no_valid_record"),
        ("[null, null]", "no_valid_record"),
        ('["id","name","price","city"]\n[1,"a",2,"X"]\n', "no_valid_record"),
        (json.dumps({"data": OBJECTS}), "header_mismatch"),
        ("{}", "header_mismatch"),
    ],
)
def test_json_without_a_record_is_held(tmp_path: Path, text: str, reason: str):
    account, _ = read(tmp_path, text, "t.json")
    assert account.reason == reason
    assert account.message


# -------------------------------------------------------------------------------- Excel


def workbook(rows: list[list[object]], name: str = "Sheet") -> bytes:
    book = openpyxl.Workbook()
    book.active.title = name
    for row in rows:
        book.active.append(row)
    out = io.BytesIO()
    book.save(out)
    return out.getvalue()


TABLE = [[i, f"n{i}", 1.5, "Rome"] for i in range(6)]


@pytest.mark.parametrize("name", ["t.xlsx", "t.csv", "t", "t.txt"])
def test_a_workbook_is_known_by_its_content(tmp_path: Path, name: str):
    account, records = read(tmp_path, workbook([[*COLUMNS], *TABLE]), name)
    assert len(records) == 6
    assert (account.counted_by, account.counted_records) == ("rows", 6)


@pytest.mark.parametrize(
    ("second", "row", "change"),
    [
        (["name", "id", "city", "price"], ["z", 9, "X", 2], "reordered"),
        (["id", "name", "email", "price", "city"], [9, "z", "e@x", 2, "X"], "added"),
        (["ID", "full name", "Price", " City "], [9, "z", 2, "X"], "added"),
    ],
)
def test_a_second_header_of_a_sheet_types_the_rows_below_it(tmp_path: Path, second: list, row: list, change: str):
    data = workbook([[*COLUMNS], *TABLE, second, row])
    account, records = read(tmp_path, data)
    assert [records[-1].get(c) for c in ("id", "price", "city")] == ["9", "2", "X"]
    assert (account.records, account.counted_records, account.rejected) == (7, 7, 0)
    assert {"another_header", change} <= {c.change for c in account.changes}
    assert read(tmp_path, data, layout_policy="freeze")[0].reason == "layout_frozen"


@pytest.mark.parametrize("again", [["id", "name", "price", "city"], ["ID", " Name ", "PRICE", "city"]])
def test_a_repeated_header_of_a_sheet_is_no_record(tmp_path: Path, again: list[str]):
    account, records = read(tmp_path, workbook([[*COLUMNS], *TABLE, again, *TABLE[:1]]))
    assert account.by_reason() == {"repeated_header": 1}
    assert len(records) == 7
    assert account.counted_records == 8


@pytest.mark.parametrize(
    "header", [["id", None, "price", "city"], ["id", "nmae", "price", "city"], ["id", "name", "price", "ci"]]
)
def test_a_damaged_header_of_a_sheet_is_repaired_and_reported(tmp_path: Path, header: list):
    account, records = read(tmp_path, workbook([header, *TABLE]))
    assert [r["name"] for r in records] == [f"n{i}" for i in range(6)]
    assert [r["city"] for r in records] == ["Rome"] * 6
    assert {c.change for c in account.changes} == {"header_mended"}
    assert read(tmp_path, workbook([header, *TABLE]), layout_policy="freeze")[0].reason == "layout_frozen"


# -------------------------------------------------------------------------------- Parquet


def parquet(n: int, **options: object) -> bytes:
    table = pa.table({"id": list(range(n)), "name": ["x"] * n, "price": [1.5] * n, "city": ["Rome"] * n})
    out = io.BytesIO()
    pq.write_table(table, out, **options)
    return out.getvalue()


@pytest.mark.parametrize("options", [{}, {"row_group_size": 3}, {"write_page_index": True}, {"compression": "zstd"}])
def test_the_footer_of_parquet_is_counted_by_another_library(tmp_path: Path, options: dict):
    account, records = read(tmp_path, parquet(20, **options), "t.parquet")
    assert len(records) == 20
    assert (account.counted_by, account.counted_records) == ("footer", 20)


def test_a_footer_that_disagrees_with_the_values_holds_the_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(parquet_reader, "footer_rows", lambda path: 21)
    assert read(tmp_path, parquet(20), "t.parquet")[0].reason == "counts_do_not_reconcile"


@pytest.mark.parametrize("first", [1, 20, 5000])
def test_joined_parquet_files_are_held(tmp_path: Path, first: int):
    """The footer describes the last file only, by places of the first one."""
    account, _ = read(tmp_path, parquet(first) + parquet(20), "t.parquet")
    assert account.reason == "corrupt_file"
    assert "joined" in (account.message or "") or "cannot be read" in (account.message or "")
