"""P12: the account begins at the first byte of a text. Every byte is in the header, a record, a rejection or a skipped span."""

from __future__ import annotations

import csv
import io
import random
import subprocess
import sys
import tracemalloc
from pathlib import Path

import duckdb
import pytest

from lakeweave.ingestion import FileAccount, Reading, accepted_records, account_file, inspecting, sniff, staging
from lakeweave.ingestion.account import BYTE_PLACES
from lakeweave.ingestion.counting import Counter
from lakeweave.ingestion.headers import HeaderNames
from tests.python.malformed import staged
from tests.python.support import ROOT

COLUMNS = ["sku", "label", "weight", "place"]
ROWS = [(f"A{i}", random.Random(i).choice(["bolt", "nut, M4", "washer"]), f"{i}.25", "Graz") for i in range(40)]


def text_of(rows: list[tuple[str, ...]], header: list[str] | None = COLUMNS, delimiter: str = ",") -> str:
    out = io.StringIO()
    writer = csv.writer(out, delimiter=delimiter, lineterminator="\n")
    if header:
        writer.writerow(header)
    writer.writerows(rows)
    return out.getvalue()


def account_of(
    tmp_path: Path, data: str | bytes, columns: list[str] | None = COLUMNS, **options: object
) -> FileAccount:
    """The account of ``data`` as a file, checked byte by byte and against what the build stages."""
    folder = tmp_path / "in"
    folder.mkdir(exist_ok=True)
    path = folder / "t.csv"
    path.write_bytes(data.encode() if isinstance(data, str) else data)
    reading = Reading(columns=tuple(columns) if columns else None, **options)  # type: ignore[arg-type]
    account = account_file(path, reading=reading)
    if account.state == "loaded" and account.content_bytes is not None:
        assert account.content_bytes == path.stat().st_size
        assert account.content_bytes == sum(account.bytes_by_place()[p] or 0 for p in BYTE_PLACES[1:])
    if columns:
        row = staged.build(staged.connect(), staged.spec(folder, columns, **options)).files[0]
        assert (row["state"], row["reason"], row["accepted"]) == (account.state, account.reason, account.accepted)
        if account.state == "loaded":
            assert {p: row[p] for p in BYTE_PLACES} == account.bytes_by_place()
    return account


def records(tmp_path: Path, columns: list[str] | None = COLUMNS) -> list[tuple[str | None, ...]]:
    return [tuple(r.values()) for r in accepted_records(tmp_path / "in" / "t.csv", columns)]


# ------------------------------------------------------------------ headers further down


@pytest.mark.parametrize("columns", [COLUMNS, None])
@pytest.mark.parametrize("before", [5, 30])
def test_a_second_header_with_one_more_column_begins_a_section(tmp_path: Path, columns, before: int):
    old = [r[:3] for r in ROWS[:before]]
    data = text_of(old, COLUMNS[:3]) + text_of(ROWS[before:])
    account = account_of(tmp_path, data, columns)
    assert (account.accepted, account.rejected) == (40, 0)
    assert "another_header" in [c.change for c in account.changes]
    found = records(tmp_path, columns)
    assert found[-1] == ROWS[-1]
    assert found[0][:3] == ROWS[0][:3]


def test_a_second_header_in_another_order_types_the_records_below_it(tmp_path: Path):
    order = [2, 0, 3, 1]
    data = text_of(ROWS[:20]) + text_of([tuple(r[i] for i in order) for r in ROWS[20:]], [COLUMNS[i] for i in order])
    account = account_of(tmp_path, data)
    assert account.accepted == 40
    assert records(tmp_path) == ROWS
    told = [c.message for c in account.changes if c.change == "another_header"]
    assert told == ["Line 22 is another header: 'weight', 'sku', 'place', 'label'."]


def test_a_second_header_far_down_is_found_on_the_fast_path(tmp_path: Path):
    data = text_of(ROWS * 5_000) + text_of([r[:3] for r in ROWS], COLUMNS[:3])
    account = account_of(tmp_path, data)
    assert account.records == 5_000 * 40 + 40
    assert "another_header" in [c.change for c in account.changes]


def test_a_second_header_holds_the_file_under_freeze(tmp_path: Path):
    data = text_of(ROWS) + text_of([r[:3] for r in ROWS], COLUMNS[:3])
    assert account_of(tmp_path, data, layout_policy="freeze").reason == "layout_frozen"


@pytest.mark.parametrize(
    "again", ["SKU,Label,WEIGHT,place\n", " sku , label ,weight, place\n", "\ufeffsku,label,weight,place\n"]
)
def test_a_repeated_header_is_reported_for_any_case_padding_and_mark(tmp_path: Path, again: str):
    account = account_of(tmp_path, text_of(ROWS[:9]) + again + text_of(ROWS[9:], None))
    assert [r.reason for r in account.rejects] == ["repeated_header"]
    assert records(tmp_path) == ROWS


def test_lines_above_the_header_are_in_the_account(tmp_path: Path):
    above = "Stock list\n# made by hand\n\nB7,nut,1,Linz\n"
    account = account_of(tmp_path, above + text_of(ROWS))
    assert [(r.reason, r.line_number) for r in account.rejects] == [("above_header", 4)]
    assert [(s.reason, s.start_byte) for s in account.skipped] == [("preamble", 0), ("blank_line", 26)]
    assert records(tmp_path) == ROWS


# ---------------------------------------------------------------------------------- marks and other bytes


def test_a_byte_order_mark_at_a_line_start_is_no_part_of_a_key(tmp_path: Path):
    lines = text_of(ROWS).splitlines(keepends=True)
    lines[7] = "\ufeff" + lines[7]
    account = account_of(tmp_path, "".join(lines))
    assert [(s.reason, s.bytes, s.line_number) for s in account.skipped] == [("byte_order_mark", 3, 8)]
    assert records(tmp_path) == ROWS


@pytest.mark.parametrize(
    ("data", "skipped"),
    [
        ("sep=;\n" + text_of(ROWS, delimiter=";"), {"separator_line": 6}),
        (text_of(ROWS) + "\x1a", {"end_of_file_mark": 1}),
        (text_of(ROWS).replace("\n", "\n\n"), {"blank_line": 41}),
        (text_of(ROWS).replace("\n", "\r"), {}),
        ("\ufeff" + text_of(ROWS), {"byte_order_mark": 3}),
    ],
)
def test_skipped_files_have_a_reason(tmp_path: Path, data: str, skipped: dict[str, int]):
    account = account_of(tmp_path, data)
    found: dict[str, int] = {}
    for span in account.skipped:
        found[span.reason] = found.get(span.reason, 0) + span.bytes
    assert found == skipped
    assert records(tmp_path) == ROWS


def test_a_footer_a_form_feed_and_mixed_line_ends_are_accounted(tmp_path: Path):
    lines = text_of(ROWS).splitlines()
    data = "\r\n".join(lines[:20]) + "\r" + "\n".join(lines[20:]) + "\n\f\nTotal,40\n"
    account = account_of(tmp_path, data)
    assert account.accepted == 40
    assert [r.raw_text for r in account.rejects] == ["Total,40"]


# --------------------------------------------------------------------------------------- quotes


def test_a_long_quoted_field_is_one_record_beside_a_short_line(tmp_path: Path):
    inside = "\n".join(f"x{i},bolt,{i}.5,Graz" for i in range(5_100))
    data = text_of([*ROWS[:3], ("B1", inside, "1.5", "Linz"), *ROWS[3:]]) + "B2,short\n"
    account = account_of(tmp_path, data)
    assert (account.records, account.accepted) == (42, 41)
    assert records(tmp_path)[3] == ("B1", inside, "1.5", "Linz")


@pytest.mark.parametrize("tail", ["", "surplus"])
def test_an_ambiguous_span_gives_no_phantom_records(tmp_path: Path, tail: str):
    """The value has lines like records and a quote that is not doubled."""
    inside = "".join(f'7,7,7,7\n8,"8 inch",8,8\n{i},9,9,9\n' for i in range(60))
    data = text_of(ROWS[:5]) + f'B1,"list\n{inside}",1.5,Linz{"," + tail if tail else ""}\n' + text_of(ROWS[5:], None)
    account = account_of(tmp_path, data)
    assert not {r[0] for r in records(tmp_path)} - {r[0] for r in ROWS}
    assert account.accepted >= 35


def test_a_field_with_many_line_ends_is_one_record(tmp_path: Path):
    value = "line of some words\n" * 120_000
    account = account_of(tmp_path, text_of([("B1", value, "1", "Linz"), ROWS[0]]))
    assert (account.records, account.accepted) == (2, 2)


def test_two_records_that_a_pair_of_stray_quotes_joins_are_not_accepted_as_one(tmp_path: Path):
    lines = [f"A{i},bolt,{i},Graz\n" for i in range(20)]
    lines[8] = 'A8,"bolt,8,Graz\n'
    lines[9] = 'A9,bolt",9,Graz\n'
    account = account_of(tmp_path, text_of([]) + "".join(lines))
    assert [r.reason for r in account.rejects] == ["ambiguous_quote"]
    assert account.accepted == 18


def test_an_endless_quoted_field_is_held_and_not_read_whole(tmp_path: Path):
    path = tmp_path / "t.csv"
    with open(path, "w") as out:
        out.write(text_of(ROWS) + 'B1,"')
        for _ in range(48):
            out.write("free text without an end\n" * 42_000)
    reading = Reading(columns=tuple(COLUMNS), max_record_chars=1 << 20)
    tracemalloc.start()
    account = account_file(path, reading=reading)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert account.reason == "record_too_long"
    assert path.stat().st_size > 48 << 20
    assert peak < 24 << 20


MEASURED = """
import resource, sys
from tests.python.malformed import staged
def peak():
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss >> 10
conn = staged.connect()
conn.execute("select 1 from read_csv(?, all_varchar = true)", [sys.argv[2]]).fetchall()
before = peak()
row = staged.build(conn, staged.spec(sys.argv[1], ["sku", "label", "weight", "place"], max_record_chars=1 << 20)).files[0]
print(row["reason"], peak() - before)
"""


def test_a_long_quoted_field_takes_bounded_memory_in_a_build(tmp_path: Path):
    """The field is closed, so that the file looks clean; DuckDB takes many times its size for it."""
    (tmp_path / "in").mkdir()
    (tmp_path / "small.csv").write_text(text_of(ROWS))
    with open(tmp_path / "in" / "t.csv", "w") as out:
        out.write(text_of(ROWS) + 'B1,"')
        for _ in range(64):
            out.write("free text without an end\n" * 42_000)
        out.write('",1.5,Linz\n')
    place = [str(tmp_path / "in"), str(tmp_path / "small.csv")]
    done = subprocess.run(
        [sys.executable, "-c", MEASURED, *place], capture_output=True, text=True, check=True, cwd=ROOT
    )
    reason, grown = done.stdout.splitlines()[-1].split()
    assert reason == "record_too_long"
    assert int(grown) < 200, f"{grown} MB more at the peak for a field of 67 MB"


# ---------------------------------------------------------------------------------------- shape


def test_an_extra_separator_in_the_middle_does_not_shift_values(tmp_path: Path):
    lines = text_of(ROWS).splitlines(keepends=True)
    lines[4] = "A3,,bolt,3.25,\n"
    account = account_of(tmp_path, "".join(lines))
    assert [r.reason for r in account.rejects] == ["too_many_fields"]


def test_blanks_behind_the_records_are_tolerated_where_the_header_has_them(tmp_path: Path):
    data = text_of(ROWS).replace("\n", ",,\n")
    assert account_of(tmp_path, data).accepted == 40
    assert records(tmp_path) == ROWS
    short = data.replace("sku,label,weight,place,,", "sku,label,weight,place")
    assert account_of(tmp_path, short).reason == "no_record_fits_the_header"


def test_a_header_one_cell_short_holds_the_file(tmp_path: Path):
    data = text_of(ROWS).replace("sku,label,", "skulot,", 1)
    assert account_of(tmp_path, data, None).reason == "no_record_fits_the_header"
    assert account_of(tmp_path, data, ["skulot", "weight", "place"]).reason == "no_record_fits_the_header"


# ------------------------------------------------------------------------------- damaged headers


def damaged_headers() -> dict[str, str]:
    """Header texts that say the same as the clean one, by the kind of damage."""
    clean = ",".join(COLUMNS)
    cases = {
        "other delimiter": clean.replace(",", ";"),
        "quoted whole": f'"{clean}"',
        "other quotes": "'" + clean.replace(",", "','") + "'",
    }
    for i in range(len(COLUMNS)):
        cells = list(COLUMNS)
        cases[f"stray empty cell {i}"] = ",".join([*cells[:i], "", *cells[i:]])
        cases[f"quote before {i}"] = ",".join([*cells[:i], '"' + cells[i], *cells[i + 1 :]])
        cases[f"quote behind {i}"] = ",".join([*cells[:i], cells[i] + '"', *cells[i + 1 :]])
        cases[f"escape before {i}"] = ",".join([*cells[:i], "\\" + cells[i], *cells[i + 1 :]])
        cases[f"lost cell {i}"] = ",".join([*cells[:i], *cells[i + 1 :]])
        if i:
            cases[f"lost separator {i}"] = ",".join([*cells[: i - 1], cells[i - 1] + cells[i], *cells[i + 1 :]])
            cases[f"one letter off {i}"] = ",".join([*cells[:i], cells[i][:-1] + "x", *cells[i + 1 :]])
        cases[f"line end in {i}"] = ",".join([*cells[:i], f'"{cells[i]}\n"', *cells[i + 1 :]])
    for n in (1, 7, 30):
        cases[f"preamble of {n}"] = "a line of the report\n" * n + clean
    cases["doubled"] = clean + "\n" + clean
    return cases


@pytest.mark.parametrize("kind", damaged_headers())
def test_a_damaged_header_is_repaired_and_reported_or_the_file_is_held(tmp_path: Path, kind: str):
    header = damaged_headers()[kind]
    account = account_of(tmp_path, header + "\n" + text_of(ROWS, None))
    if account.state == "held":
        assert account.message
        return
    assert records(tmp_path)[: len(ROWS)] == ROWS, account.changes
    assert not [c for c in account.changes if c.change == "added"]


def test_damaged_headers_keep_the_records(tmp_path: Path):
    """Mean F1 of records by column name over all kinds of damage; a file that is held counts 0."""
    scores = []
    zero = []
    for kind, header in damaged_headers().items():
        account = account_of(tmp_path, header + "\n" + text_of(ROWS, None))
        found = records(tmp_path) if account.state == "loaded" else []
        right = len(set(found) & set(ROWS))
        scores.append(2 * right / (len(found) + len(ROWS)))
        if scores[-1] < 0.9:
            zero.append((kind, account.reason))
    assert sum(scores) / len(scores) >= 0.99, zero


def test_a_missing_header_and_a_renamed_column_are_never_guessed(tmp_path: Path):
    assert account_of(tmp_path, text_of(ROWS, None)).reason == "header_mismatch"
    renamed = account_of(tmp_path, text_of(ROWS, ["sku", "label", "weight", "warehouse"]))
    assert sorted(c.change for c in renamed.changes) == ["added", "missing"]


# ---------------------------------------------------------------------------------------- large files

MEASURES = ["id", "measured_at", "station", "value"]
MEASURED_ROWS = [
    (str(i), f"2026-01-01 00:{i // 60 % 60:02d}:{i % 60:02d}", f"S{i % 7}", f"{i}.5") for i in range(4_000)
]


def fast_account(
    tmp_path: Path, data: str, monkeypatch: pytest.MonkeyPatch, columns: list[str] = MEASURES
) -> tuple[FileAccount, bool]:
    """The account of a large file, and whether the build read it fast."""
    carefully = []
    read_file = staging.read_file

    def watched(*arguments: object) -> object:
        carefully.append(arguments)
        return read_file(*arguments)  # type: ignore[arg-type]

    monkeypatch.setattr(staging, "read_file", watched)
    assert len(data) > 2 * sniff.HEAD
    account = account_of(tmp_path, data, columns)
    return account, not carefully


@pytest.mark.parametrize(
    "line",
    [
        "id,measured_at,station,value\n", "ID,Measured At,x,y\n", "station,value,id,measured_at\n",
        ' id ,"MEASURED-AT",station,VALUE\n', "'id','measuredAt',9,9\n", "x,y,station,#value\n",
    ],
)  # fmt: skip
def test_a_header_among_records_that_begin_with_digits_is_found(
    tmp_path: Path, line: str, monkeypatch: pytest.MonkeyPatch
):
    data = text_of(MEASURED_ROWS[:3_500], MEASURES) + line + text_of(MEASURED_ROWS[3_500:], None)
    account, fast = fast_account(tmp_path, data, monkeypatch)
    told = [r.reason for r in account.rejects] + [c.change for c in account.changes]
    assert not fast
    assert {"repeated_header", "another_header"} & set(told), told


PAGES = ["id", "hash", "path", "kind"]
PAGE_ROWS = [(str(i), f"{i * 2654435761 % 2**32:08x}", f"/P{i}/oo", "ab"[i % 2]) for i in range(6_000)]


@pytest.mark.parametrize(
    ("line", "found"),
    [
        ("id,hash,path,kind\n", True),
        ("KIND,Path, HASH ,Id\n", True),
        ("x,'hash',\"PATH\",9\n", True),
        ("1,2,Path,Kind\n", True),
        ("id,ab,/P1/oo,a\n", False),
        ("9,high,/with/paths,kinds\n", False),
    ],
)
def test_a_header_among_records_without_its_letters_is_found(
    tmp_path: Path, line: str, found: bool, monkeypatch: pytest.MonkeyPatch
):
    head = text_of(PAGE_ROWS[:500], PAGES)
    plan = sniff.sniff_text(head, complete=False, name="a.csv", reading=Reading(columns=tuple(PAGES)))
    inspecting.learn(plan, head, Reading(columns=tuple(PAGES)))
    assert sorted(letters != "" for _, letters in plan.header_places) == [False, True, True]
    data = text_of(PAGE_ROWS[:5_500], PAGES) + line + text_of(PAGE_ROWS[5_500:], None)
    account, fast = fast_account(tmp_path, data, monkeypatch, PAGES)
    told = {r.reason for r in account.rejects} | {c.change for c in account.changes}
    assert fast == (not found)
    assert bool({"repeated_header", "another_header"} & told) == found, told
    assert account.records == 6_000 + (not found or "repeated_header" in told)


def test_the_condition_of_a_header_is_not_computed_for_all_rows():
    names = [f"column_{c}" for c in "abcdefghijklmnop"]
    condition = HeaderNames({n: n for n in names}).row_condition(names, [(0, ""), (1, "xy")])
    with duckdb.connect() as conn:
        conn.execute(f"create table t ({', '.join(f'{n} varchar' for n in names)})")
        ((_, plan),) = conn.execute(f"explain select {condition} from t").fetchall()
    assert "JOIN" not in plan


@pytest.mark.parametrize("size", [1, 2, 3, 5, 100])
def test_a_mark_is_seen_wherever_the_chunks_end(size: int):
    def odd(data: bytes, header: int = 0) -> bool:
        counter = Counter(header_bytes=header)
        for at in range(0, len(data), size):
            counter.feed(data[at : at + size])
        return counter.finish().odd

    assert odd(b"a,b\n1,\xef\xbb\xbf2\n")
    assert odd(b"a,b\n1,\x1a2\n")
    assert not odd(b"a,b\n1,\xef\xbb\xbe2\xef\xbb\n")
    assert not odd(b"a\xef\xbb\xbf,b\n1,2\n", header=7)


@pytest.mark.parametrize("line", ["n/a,,S1,value\n", "id,2026-01-01,S1,1\n", "-5,–,value,\n"])
def test_a_record_that_only_resembles_a_header_is_read_fast(tmp_path: Path, line: str, monkeypatch: pytest.MonkeyPatch):
    data = text_of(MEASURED_ROWS[:3_500], MEASURES) + line + text_of(MEASURED_ROWS[3_500:], None)
    account, fast = fast_account(tmp_path, data, monkeypatch)
    assert fast
    assert (account.accepted, account.rejected) == (4_001, 0)


def test_repeats_are_told_by_all_values(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    """The first records have different ids; later ones have equal ids with other values, and one is a repeat."""
    later = [("17", "2026-01-01 00:00:17", "S0", "1"), MEASURED_ROWS[17], ("17", "2026-01-01 00:00:17", "S3", "1")]
    account, fast = fast_account(tmp_path, text_of(MEASURED_ROWS + later, MEASURES), monkeypatch)
    assert fast
    assert account.records == 4_003
    row = staged.build(staged.connect(), staged.spec(tmp_path / "in", MEASURES))
    assert [r["_record_number"] for r in row.records if r["is_duplicate_in_file"]] == [4_002]
    assert (row.files[0]["accepted"], row.files[0]["repeats"]) == (4_002, 1)
