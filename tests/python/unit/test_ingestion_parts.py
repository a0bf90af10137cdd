"""The parts of the reader: names, order, counting, encodings, dialects, layouts, the command line."""

from __future__ import annotations

import csv
import hashlib
import io
import json
import os
import sys
from pathlib import Path

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from lakeweave.errors import UserError
from lakeweave.ingestion import Reading, accepted_records, account_file, delimited, layout
from lakeweave.ingestion.__main__ import main
from lakeweave.ingestion.archive import original_name
from lakeweave.ingestion.counting import Counter
from lakeweave.ingestion.encoding import BAD, ESCAPE, detect, shown
from lakeweave.ingestion.headers import HeaderNames
from lakeweave.ingestion.lines import split_lines
from lakeweave.ingestion.listing import natural_key, settle
from lakeweave.ingestion.names import MAX_NAME, snake_case, unique_names
from lakeweave.ingestion.spec import Spec

# ---------------------------------------------------------------------- names


@pytest.mark.parametrize(
    ("given_name", "expected"),
    [
        ("id", "id"),
        ("FirstName", "first_name"),
        ("orderID", "order_id"),
        ("HTTPServerName", "http_server_name"),
        ("  Sale-Price (EUR) ", "sale_price_eur"),
        ("2nd column", "_2nd_column"),
        ("", "unnamed"),
        ("😀", "unnamed"),
        ("größe", "größe"),
        ("ＩＤ", "id"),
        ("__x__", "x"),
        ("a\nb\tc", "a_b_c"),
        ('x"; drop table y; --', "x_drop_table_y"),
    ],
)
def test_snake_case(given_name: str, expected: str):
    assert snake_case(given_name) == expected


@settings(deadline=None)
@given(st.text(max_size=300))
@example("İ" * 200)
@example("ﷺ" * 50)
def test_snake_case_is_a_name_and_stays_one(text: str):
    name = snake_case(text)
    assert 0 < len(name) <= MAX_NAME + 1
    assert not name[0].isdigit()
    assert all(c.isalnum() or c == "_" for c in name)
    assert snake_case(name) == name


@settings(deadline=None)
@given(st.lists(st.sampled_from(["a", "a_1", "a_2", "b", "A"]), max_size=12), st.sets(st.sampled_from(["a", "b_1"])))
def test_unique_names(names: list[str], taken: set[str]):
    result = unique_names(names, taken)
    assert len(result) == len(names) == len(set(result))
    assert not set(result) & taken


def test_natural_order():
    names = ["b_10.csv", "b_9.csv", "b_010.csv", "a/2.csv", "a/10.csv", "b.csv", "10", "9", "x1y20", "x1y3", ""]
    assert sorted(names, key=natural_key) == [
        "", "9", "10", "a/2.csv", "a/10.csv", "b.csv", "b_9.csv", "b_010.csv", "b_10.csv", "x1y3", "x1y20",
    ]  # fmt: skip


@settings(deadline=None)
@given(st.lists(st.text(), max_size=20))
def test_natural_order_is_total(names: list[str]):
    assert sorted(names, key=natural_key) == sorted(reversed(names), key=natural_key)


def test_archived_names():
    assert original_name("a~2.csv") == "a.csv"
    assert original_name("sub/a~13.csv.gz") == "sub/a.csv.gz"
    assert original_name("a.csv") == "a.csv"


# -------------------------------------------------------------------- counting


def count_slowly(data: bytes, quote: bytes) -> tuple[int, int, int, int, int, int, bool]:
    """The census byte by byte: records, blank lines, LF, CRLF, CR, line end characters in quotes, open quote."""
    inside = False
    records = blank = lf = crlf = cr = quoted = 0
    start = i = 0
    while i < len(data):
        c = data[i : i + 1]
        if c == quote:
            inside = not inside
        elif c in b"\r\n" and inside:
            quoted += 1
        elif c in b"\r\n":
            width = 2 if data[i : i + 2] == b"\r\n" else 1
            crlf += width == 2
            lf += c == b"\n"
            cr += c == b"\r" and width == 1
            blank += i == start
            records += i != start
            i += width
            start = i
            continue
        i += 1
    records += start < len(data)
    return records, blank, lf, crlf, cr, quoted, inside


@settings(deadline=None)
@given(
    st.lists(st.sampled_from([b"a", b",", b'"', b"\n", b"\r", b"\r\n", b'""', b"xyz", b"\n\n"]), max_size=60), st.data()
)
def test_counter_agrees_with_a_slow_count(pieces: list[bytes], data: st.DataObject):
    text = b"".join(pieces)
    counter = Counter(b'"')
    at = 0
    while at < len(text):
        step = data.draw(st.integers(1, 200))
        counter.feed(text[at : at + step])
        at += step
    c = counter.finish()
    assert (c.records, c.blank_lines, c.lf, c.crlf, c.cr, c.quoted_lines, c.open_quote) == count_slowly(text, b'"')
    assert (c.bytes, c.quotes) == (len(text), text.count(b'"'))
    assert (c.doubled > 0) == (b'""' in text)


@settings(deadline=None)
@given(
    st.lists(
        st.sampled_from(["a", ",", "\n", "\r", "\r\n", "\x0b", "\x0c", "\x1c", "\x85", "\u2028", "é"]), max_size=40
    ),
    st.data(),
)
def test_lines_end_in_lf_crlf_and_cr_only(pieces: list[str], data: st.DataObject):
    text = "".join(pieces)
    chunks = []
    at = 0
    while at < len(text):
        step = data.draw(st.integers(1, 9))
        chunks.append(text[at : at + step])
        at += step
    lines = delimited.Lines(iter(chunks))
    found = []
    while lines.at < len(lines.window) or lines.more():
        found += lines.pass_over(1)
    assert found == split_lines(text)
    assert "".join(found) == text
    assert lines.total == len(found)


def test_settle_waits_for_the_clock_of_the_file_system(tmp_path: Path):
    path = tmp_path / "x"
    path.write_text("1")
    info = path.stat()
    settle(info)
    path.write_text("2")
    assert (path.stat().st_mtime_ns, path.stat().st_ctime_ns) != (info.st_mtime_ns, info.st_ctime_ns)


# ------------------------------------------------------------------- encodings


@pytest.mark.parametrize(
    ("data", "expected"),
    [
        (b"plain", ("utf-8", True)),
        ("Zoë, 李雷 😀".encode(), ("utf-8", True)),
        ("Zoë".encode()[:-1], ("utf-8", False)),
        ("Zoë,Ünal\nJosé".encode("latin-1"), ("iso8859-1", True)),
        ("it’s “fine” – 5 €".encode("cp1252"), ("cp1252", True)),
        ("à la carte, déjà vu, ÉTÉ".encode("latin-1"), ("iso8859-1", True)),
        (b"name\xff,x", ("utf-8", False)),
        (b"na\xc3\x28me", ("utf-8", False)),
        (b"na\x81me", ("utf-8", False)),
        (b"na\xf0\x9f\x98me", ("utf-8", False)),
        ("Zoë ".encode() * 5 + b"\xe9\xff", ("utf-8", False)),
        (bytes(range(128, 256)), ("utf-8", False)),
    ],
)
def test_detect(data: bytes, expected: tuple[str, bool]):
    found = detect([data])
    assert (found.encoding, found.whole, found.others) == (*expected, ())
    # However the bytes are cut.
    assert detect([data[i : i + 1] for i in range(len(data))]).encoding == expected[0]


def test_other_alphabets_need_much_evidence():
    russian = "имя,город\n" + "Анна Петрова,Санкт-Петербург\nИван Сидоров,Москва и Московская область\n" * 20
    found = detect([russian.encode("cp1251")])
    assert (found.encoding, found.whole) == ("cp1251", True)
    assert (found.confidence or 0) >= 0.4
    assert detect(["Иван,1".encode("cp1251")]).encoding in ("utf-8", "cp1251")


@pytest.mark.parametrize(
    ("text", "encoding"),
    [
        ("Dvořák,Plzeň\nErdős,Győr", "iso8859-2"),
        ("Dvořák,Plzeň\nErdős,Győr", "cp1250"),
        ("Yaşar,İzmir\nDoğan,Muğla", "cp1254"),
        ("čaj,káva", "cp1250"),
        ("El Niño", "latin-1"),
    ],
)
def test_an_encoding_that_could_be_another_is_held(tmp_path: Path, text: str, encoding: str):
    path = tmp_path / "t.csv"
    path.write_bytes(("name,city\n" + text).encode(encoding))
    account = account_file(path, ["name", "city"])
    assert account.reason == "unsafe_encoding", account.encoding
    assert "Declare the `encoding`" in (account.message or "")
    declared = account_file(path, reading=Reading(columns=("name", "city"), encoding=encoding))
    assert declared.reason != "unsafe_encoding"


@pytest.mark.parametrize(
    ("text", "encoding"),
    [
        ("Příliš žluťoučký kůň úpěl ďábelské ódy", "cp1250"),
        ("Łódź, Kraków, Gdańsk", "iso8859-2"),
        ("Szőke Ödön, Győr, Székesfehérvár", "cp1250"),
        ("Şişli, Beyoğlu, Çankırı, Ünal", "cp1254"),
        ("Rīga, Liepāja, Ķekava", "cp1257"),
        ("crème brûlée à la française", "iso8859-1"),
        ("Malmö, Västerås, Åsa", "iso8859-1"),
        ("São Paulo, coração", "iso8859-1"),
        ("perché, città, però, più", "iso8859-1"),
        ("Þórður, Ísafjörður, Æðey", "iso8859-1"),
    ],
)
def test_an_encoding_that_only_one_language_explains_is_taken(text: str, encoding: str):
    """Never another text: either the letters are right, or the guess is not safe."""
    found = detect([text.encode(encoding)])
    assert not found.others
    assert text.encode(encoding).decode(found.encoding) == text
    assert (found.confidence or 0) >= 0.5


@settings(deadline=None)
@given(st.binary(max_size=200), st.sampled_from(["utf-8", "cp1252", "utf-16-le", "utf-16-be", "shift_jis", "gb18030"]))
def test_no_byte_is_lost_in_decoding(data: bytes, encoding: str):
    text = data.decode(encoding, ESCAPE)
    # What could not be decoded is marked, and shown in full.
    assert not BAD.search(shown(text))
    try:
        data.decode(encoding)
    except UnicodeDecodeError:
        assert any(0xDC00 <= ord(c) <= 0xDCFF for c in text)
        assert "\\x" in shown(text)


# -------------------------------------------------------------------- layouts


def test_match_prefers_the_declared_name_to_an_alias():
    reading = Reading(columns=("id", "name"), aliases=(("title", "name"),))
    found = layout.match(["Title", "ID", "Name"], reading)
    assert found.targets == ["title", "id", "name"]
    assert [c.change for c in found.changes] == ["duplicate"]
    found = layout.match(["Title", "ID"], reading)
    assert found.targets == ["name", "id"]
    assert [c.change for c in found.changes] == ["renamed", "reordered"]


def test_match_never_gives_a_reserved_name():
    reading = Reading(columns=("id",))
    found = layout.match(["id", "processed_at", "is_duplicate_in_file", "ID", "id_1"], reading)
    assert found.targets == ["id", "processed_at_1", "is_duplicate_in_file_1", "id_1", "id_1_1"]


@settings(deadline=None)
@given(
    st.lists(st.sampled_from(["id", "ID", "name", "x", "X ", "", "name_1", "processed at"]), min_size=1, max_size=8),
    st.sampled_from(["evolve", "freeze", "discard_row"]),
)
def test_every_column_of_a_file_has_one_place(cells: list[str], policy: str):
    found = layout.match(cells, Reading(columns=("id", "name"), layout_policy=policy))
    targets = [t for t in found.targets if t is not None]
    assert len(found.targets) == len(cells)
    assert len(targets) == len(set(targets))
    if policy == "evolve":
        assert len(targets) == len(cells)
    differs = {c.change for c in found.changes} - {"reordered", "renamed"}
    assert bool(found.held) == (policy == "freeze" and bool(differs))


def test_spec_gathers_all_problems():
    with pytest.raises(UserError) as caught:
        Spec.parse(
            '{"columns": [1], "layout_policy": "x", "encoding": "klingon", "max_rejected_share": 2, "batch_bytes": "1"}'
        )
    text = str(caught.value)
    for part in ("`source`", "`columns`", "`layout_policy`", "klingon", "`max_rejected_share`", "`batch_bytes`"):
        assert part in text


# ------------------------------------------------------------------ properties

CELL = st.text(
    st.characters(codec="utf-8", exclude_characters="\0\r\ufeff").filter(lambda c: not 0xD800 <= ord(c) <= 0xDFFF),
    max_size=12,
)


@settings(deadline=None)
@given(
    rows=st.lists(st.lists(CELL, min_size=3, max_size=3), max_size=8),
    delimiter=st.sampled_from(",;\t|"),
    end=st.sampled_from(["\n", "\r\n"]),
    quoting=st.sampled_from([csv.QUOTE_ALL, csv.QUOTE_MINIMAL]),
    encoding=st.sampled_from(["utf-8", "utf-8-sig", "utf-16"]),
    last=st.booleans(),
)
def test_tables_come_back_as_they_were_written(tmp_path_factory, rows, delimiter, end, quoting, encoding, last):
    rows = [r for r in rows if r != ["id", "name", "price"]]
    out = io.StringIO()
    writer = csv.writer(out, delimiter=delimiter, lineterminator=end, quoting=quoting)
    writer.writerow(["id", "name", "price"])
    writer.writerows(rows)
    text = out.getvalue()
    if not last:
        text = text[: -len(end)]
    path = tmp_path_factory.mktemp("t") / "t.csv"
    path.write_bytes(text.encode(encoding))
    reading = Reading(columns=("id", "name", "price"), delimiter=delimiter)
    account = account_file(path, reading=reading)
    assert (account.state, account.rejects) == ("loaded", [])
    assert account.reconciles()
    found = [list(r.values()) for r in accepted_records(path, reading=reading)]
    assert found == [[v or None for v in r] for r in rows]


@settings(deadline=None)
@given(
    data=st.binary(max_size=400),
    name=st.sampled_from(["x.csv", "x.json", "x.jsonl", "x.gz", "x.xlsx", "x.parquet", "x"]),
)
@example(data=b"\x1f\x8b", name="x.gz")
@example(data=b"PAR1", name="x")
@example(data=b"PK\x03\x04", name="x")
@example(data=b"id,name\n\r\r\n\n\r", name="x.csv")
@example(data=b'"', name="x.csv")
@example(data=b"\xff\xfe", name="x.csv")
@example(data=b"[", name="x.json")
@example(data=b"[{", name="x.json")
@example(data=b'{"a":', name="x.jsonl")
@example(data=b"\xff\xfe\x00", name="x.csv")
@pytest.mark.parametrize("columns", [None, ["id", "name"]])
def test_no_bytes_can_make_it_fail(tmp_path_factory, data, name, columns):
    path = tmp_path_factory.mktemp("t") / name
    path.write_bytes(data)
    account = account_file(path, columns)
    assert account.reason != "reader_failed", account.message
    if account.state == "loaded":
        assert account.records == account.accepted + account.rejected + account.repeats
        assert account.lines == account.record_lines + account.header_lines + account.blank_lines
        assert len(list(accepted_records(path, columns))) == account.accepted + account.repeats


PIECES = st.lists(
    st.sampled_from(
        ["1", "a b", ",", ",,", '"', '""', "\n", "\r\n", "\r", "\0", "é", "\\", "'", ";", "id,name,price\n", "x,y,z\n"]
    ),
    max_size=40,
)


@settings(deadline=None)
@given(pieces=PIECES)
@example(pieces=["\0", "\n"])
def test_every_line_of_broken_text_is_accounted_for(tmp_path_factory, pieces):
    text = "id,name,price\n" + "".join(pieces)
    path = tmp_path_factory.mktemp("t") / "t.csv"
    path.write_bytes(text.encode())
    account = account_file(path, ["id", "name", "price"])
    if text.count("\0") > 8:
        return  # taken for binary data
    assert account.reason in (None, "no_record_fits_the_header", "no_valid_record"), account.message
    assert account.content_bytes == len(text.encode())
    assert account.lines == len(split_lines(text))
    assert account.reconciles()


@pytest.mark.parametrize("end", ["\n", "\r\n"])
def test_a_backslash_escapes_where_that_reads_better(tmp_path: Path, end: str):
    path = tmp_path / "t.csv"
    header, late = f"id,name,price{end}", "".join(f"{i},text,2{end}" for i in range(20_000))
    path.write_text(header + late + f'1,"say \\"x, y\\", please",2{end}2,"a",3{end}', newline="")
    account = account_file(path, ["id", "name", "price"])
    assert account.rejects == []
    assert [r["name"] for r in accepted_records(path, ["id", "name", "price"])][-2] == 'say "x, y", please'
    # A path that ends in a backslash is no escape, and neither is a backslash before a doubled quote.
    path.write_text(header + f'1,"C:\\dir\\",2{end}2,"\\""",3{end}', newline="")
    assert [r["name"] for r in accepted_records(path, ["id", "name", "price"])] == ["C:\\dir\\", '\\"']


def test_an_open_quote_costs_one_line_however_long_the_file_is(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(delimited, "MAX_RECORD_LINES", 50)
    path = tmp_path / "t.csv"
    lines = ["id,name,price\n", '0,"open,2\n', *(f"{i},text,2\n" for i in range(1, 500))]
    path.write_text("".join(lines))
    account = account_file(path, ["id", "name", "price"])
    assert (account.accepted, [r.line_number for r in account.rejects]) == (499, [2])


def test_a_line_that_never_ends_is_held(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr("lakeweave.ingestion.lines.MAX_LINE_CHARS", 3 << 20)
    path = tmp_path / "t.csv"
    path.write_text("id,name,price\n1,x,2\n" + "y" * (8 << 20))
    assert account_file(path, ["id", "name", "price"]).reason == "line_too_long"


def test_a_long_raw_text_is_truncated_and_marked(tmp_path: Path):
    path = tmp_path / "t.csv"
    path.write_text("id,name,price\n1,x,2\n" + "y" * (2 << 20) + "\n")
    (reject,) = account_file(path, ["id", "name", "price"]).rejects
    assert len(reject.raw_text) == 1 << 20
    assert "is cut after" in reject.message
    assert reject.bytes == (2 << 20) + 1
    assert reject.raw_hash == hashlib.sha256(b"y" * (2 << 20)).hexdigest()


# ---------------------------------------------------------------- command line


def run(*arguments: str) -> tuple[int, str]:
    out = io.StringIO()
    return main(["account", *arguments], out), out.getvalue()


def test_command_line(tmp_path: Path, capsys: pytest.CaptureFixture[str]):
    folder = tmp_path / "in"
    folder.mkdir()
    (folder / "a.csv").write_text("id;name\n1;x\n2\n1;x\n")
    (folder / "empty.csv").write_bytes(b"")
    (folder / os.fsdecode(b"b\xff\n.csv")).write_bytes(b"id\n1\n")
    code, text = run(str(folder), "--rejected")
    assert code == 0
    assert "too_few_fields 1" in text
    assert "a.csv:3: too_few_fields" in text
    assert text.rstrip().endswith("3 file(s), 1 held; 4 records = 2 accepted + 1 rejected + 1 repeats")
    code, text = run(str(folder / "a.csv"), "--json", "--rejected", "--columns", "id, name", "--delimiter", ";")
    answer = json.loads(text)
    assert (answer["records"], answer["accepted"], answer["reasons"]) == (3, 1, {"too_few_fields": 1})
    assert answer["rejected_records"][0]["raw_text"] == "2"
    code, _ = run(str(folder), "--out", str(tmp_path / "out"))
    assert sorted(p.read_text() for p in (tmp_path / "out").iterdir()) == ["id\n1\n", "id,name\n1,x\n1,x\n"]
    assert run(str(folder / "nowhere.csv"))[0] == 2
    assert "nowhere.csv" in capsys.readouterr().err
    text.encode("utf-8")


def test_command_line_of_the_module(tmp_path: Path):
    import subprocess

    (tmp_path / "a.csv").write_text("id,name\n1,ä\n")
    done = subprocess.run(
        [sys.executable, "-m", "lakeweave.ingestion", "account", str(tmp_path / "a.csv")],
        capture_output=True,
        text=True,
        env={**os.environ, "PYTHONIOENCODING": "ascii", "PYTHONPATH": str(Path(__file__).parents[3])},
    )
    assert done.returncode == 0, done.stderr
    assert "1 records = 1 accepted" in done.stdout


def test_names_are_found_in_large_text_as_in_small_text():
    """After text without names a search for several names at once takes over; it must never miss a header."""
    columns = ["order_id", "given_name", "unit.price", "city", "note"]
    names = HeaderNames({c: c for c in columns})
    body = b"17,Ann,2.50,city of Rome,a note\n" * 12_000
    assert not names.may_be_in(body)
    assert not names.may_be_in(body)
    for header in (
        b"order_id,given_name,unit.price,city,note\n",
        b"ORDER ID,Given-Name,UnitPrice,x,y\n",
        b'"Order-ID","GIVENNAME",x,"City",y\n',
        b"x,y,unit price,CITY,no'te\n",
    ):
        assert names.may_be_in(body + header + body), header
        assert not names.may_be_in(body)
    assert names.may_be_in("größe,".encode("latin-1") + body + b"given_name,unit_price,city\n")
