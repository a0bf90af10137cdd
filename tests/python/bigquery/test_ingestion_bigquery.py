"""Ingestion on BigQuery: what identifies a file, what is read, and what is held. From the statements that were recorded."""

from __future__ import annotations

import re
from typing import Any

import pytest

from . import reference
from .recorder import Recording
from .warehouse import Warehouse

LINES = re.compile(r"from\s+`[^`]*fresh__\w+__lines`|from\s+[^\s]*fresh__\w+__lines\b")


def of_bronze(recording: Recording, containing: str, node: str = r"\.bronze_") -> list[str]:
    """The statements of the ingestion models that hold a text."""
    found = [s.text for s in recording.statements if re.search(node, s.node) and containing in s.text]
    assert found, containing
    return found


def mark(recording: Recording) -> str:
    """The expression that identifies a file by its lines."""
    text = of_bronze(recording, "as marked")[0]
    found = re.search(r"select _FILE_NAME as path, (.*?) as file_id\s+from", text, re.DOTALL)
    assert found
    return found[1]


@pytest.mark.parametrize(
    ("one", "other"),
    [
        (["h", "X", "X"], ["h", "Y", "Y"]),
        (["h", "X", "X"], ["h"]),
        (["h", "X", "X"], ["h", "X", "X", "X", "X"]),
        (["h", "X", "X", "Y"], ["h", "X", "Y", "Y"]),
        (["h", "X", "Y", "Y", "Z", "Z"], ["h", "X", "Z", "Z", "Y", "Y", "Y", "Y"]),
        (["h", ""], ["h"]),
        (["h", "1,2"], ["h", "1", "2"]),
    ],
)
def test_different_lines_are_different_files(recording: Recording, one: list[str], other: list[str]) -> None:
    """Pairs of equal lines cancel in an exclusive or; here they do not."""
    assert identity(recording, one) != identity(recording, other)
    assert identity(recording, one) == identity(recording, list(one))


def identity(recording: Recording, lines: list[str | None]) -> Any:
    listed = ", ".join("cast(null as string)" if line is None else f"'{line}'" for line in lines)
    _, rows = reference.run(f"select {mark(recording)} as mark from unnest([{listed}]) as line", Warehouse("p"), {})
    return rows[0][0]


def test_many_lines_do_not_overflow(recording: Recording) -> None:
    query = f"select {mark(recording)} as mark from unnest(generate_array(1, 5000)) as n, unnest([cast(n as string)]) as line"
    _, rows = reference.run(query, Warehouse("p"), {})
    assert len(rows[0][0]) == 64


def test_files_are_read_by_constant_names(recording: Recording) -> None:
    """A join or a column in place of the constant reads every file of the table."""
    for text in of_bronze(recording, "_FILE_NAME"):
        if re.search(r"group by _FILE_NAME", text) and " where _FILE_NAME in (" not in text:
            assert "s3://" in str(recording) or "objects as (" in text  # S3 cannot be listed without being read
            continue
        for compared in re.findall(r"_FILE_NAME\s*(=|in)\s*(\S)(\S?)", text):
            assert compared[1] == "'" or compared[1:] == ("(", "'"), text
        assert not re.search(r"\bon\b[^()]*_FILE_NAME", text)


def test_a_file_is_read_once_for_its_records_and_once_for_its_lines(recording: Recording) -> None:
    for text in of_bronze(recording, "begin transaction"):
        assert len(re.findall(r"_FILE_NAME\s*=\s*'", text)) == 2, text
        inside = text[text.index("begin transaction") :]
        assert "_FILE_NAME" not in inside
        assert "lakeweave_delivered as raw" in inside


def test_no_marker_of_a_compiled_body_is_left(recording: Recording) -> None:
    for text in of_bronze(recording, "begin transaction"):
        for marker in ("path of the file", "content hash of the file", "name of the file"):
            assert marker not in text


def test_line_ends_are_counted_in_the_delivered_bytes(recording: Recording) -> None:
    """`12 Main St` with a line end inside, a backslash and an n: only the first is a line end, also in bronze."""
    text = of_bronze(recording, "begin transaction", r"\.bronze_users$")[0]
    counted = re.search(r"coalesce\(array_length\(regexp_extract_all\(cast\(id as string\), (r'[^']*')\)\), 0\)", text)
    assert counted
    before = text[: text.index("begin transaction")]
    assert "from lakeweave_delivered" in before[before.index(counted[0]) :]
    query = f"select array_length(regexp_extract_all(line, {counted[1]})) as n from unnest([r'C:\\new', 'a\\nb', 'a\\r\\nb\\rc', ' x\\n ']) as line"
    _, rows = reference.run(query, Warehouse("p"), {})
    assert sorted(r[0] for r in rows) == [0, 1, 1, 2]


def test_an_object_without_a_hash_gets_one_from_its_lines(recording: Recording) -> None:
    (text, *_) = of_bronze(recording, "as marked")
    assert "composite" in text
    assert "where _FILE_NAME in ('" in text
    (fallback, *_) = of_bronze(recording, "'generation:'")
    assert "where file_id is null" in fallback


@pytest.mark.parametrize(
    ("records", "held"),
    [
        ([("1", "a"), ("2", "a")], False),
        ([("1", "a"), ("1", "a")], False),  # exact repeats need no order
        ([("1", "a"), (" 1", "b")], True),
        ([("", "a"), ("", "b"), (" ", "c")], False),  # no key
    ],
)
def test_a_key_that_is_repeated_in_a_file_holds_it(
    recording: Recording, records: list[tuple[str, str]], held: bool
) -> None:
    (text, *_) = of_bronze(recording, "repeated_key", r"\.bronze_orders$")
    found = re.search(r"if exists \((.*?)\) then\s+raise using message = 'repeated_key", text, re.DOTALL)
    assert found
    rows = ", ".join(f"struct('{key}' as order_id, '{status}' as status)" for key, status in records)
    query = f"with lakeweave_delivered as (select * from unnest([{rows}])) select exists ({found[1]}) as held"
    assert reference.run(query, Warehouse("p"), {})[1] == [(held,)]


def test_the_declared_order_decides_between_records_of_one_key(recording: Recording) -> None:
    (text, *_) = of_bronze(recording, "repeated_key", r"\.bronze_listings$")
    grouped = text[text.index("if exists (") : text.index("having count(distinct")].partition("group by")[2]
    assert re.findall(r"delivered\.(\w+)", grouped) == ["product_id", "dms_commit_ts", "op"]


def test_the_table_of_lines_follows_its_bucket_and_has_a_connection(recording: Recording) -> None:
    for text in of_bronze(recording, "(line string)"):
        assert text.strip().startswith("create or replace external table")
        if "s3://" in text or "gs://" in text:
            assert "with connection" in text


def test_repeats_are_booked_after_the_files_that_they_repeat(recording: Recording) -> None:
    """A repeat of a file that was held is held: before, it was a repeat of nothing."""
    for name in {s.node for s in recording.statements if re.search(r"\.bronze_users$", s.node)}:
        texts = [s.text for s in recording.statements if s.node == name]
        loads = [i for i, t in enumerate(texts) if "begin transaction" in t]
        repeats = [i for i, t in enumerate(texts) if "where fresh.is_repeat" in t]
        assert loads
        assert any(r > max(x for x in loads if x < r) for r in repeats if any(x < r for x in loads))
        assert "if(known.is_loaded, 'repeat', 'held')" in texts[repeats[0]]


def test_the_lines_that_the_external_table_skips_are_no_records(recording: Recording) -> None:
    for text in of_bronze(recording, "begin transaction"):
        assert text.count("set lines = lines - 1;") == 1
        assert (
            text.index("if lines = 0 then") < text.index("set lines = lines - 1;") < text.index("if lines <> records")
        )


def test_a_column_without_a_value_is_noted_with_the_file(recording: Recording) -> None:
    """In the statement that counts the records."""
    (text, *_) = of_bronze(recording, "columns_without_value", r"\.bronze_orders$")
    found = re.search(r"(array_to_string\(\[if\(logical_and.*\], ', '\))\s+from lakeweave_delivered", text, re.DOTALL)
    assert found
    names = re.findall(r"'(\w+)', cast\(null as string\)\)", found[1])
    assert "returned_at" in names

    def noted(*rows: dict[str, str | None]) -> str | None:
        listed = ", ".join(
            "struct("
            + ", ".join(f"{'null' if value is None else repr(value)} as {name}" for name, value in row.items())
            + ")"
            for row in rows
        )
        source = (
            f"unnest([{listed}])"
            if rows
            else f"(select {', '.join(f'cast(null as string) as {n}' for n in names)}) where false"
        )
        return reference.run(f"select {found[1]} as noted from {source}", Warehouse("p"), {})[1][0][0]

    full: dict[str, str | None] = dict.fromkeys(names, "x")
    assert noted(full, full | {"returned_at": ""}) in ("", None)
    assert noted(full | {"returned_at": " ", "status": ""}, full | {"returned_at": ""}) == "returned_at"
    assert noted() in ("", None)  # a file without a record says nothing of its columns


def test_a_column_that_became_empty_is_compared_with_earlier_records(recording: Recording) -> None:
    asked = of_bronze(recording, "_content_hash not in", r"\.bronze_users$")
    assert all(
        re.match(r"\s*select count\(`age`\) as `age`, count\(`created_at`\) as `created_at`\s+from", text)
        for text in asked
    )
