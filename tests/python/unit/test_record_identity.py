"""A record is identified by its file and its number in the file, in every statement that joins or numbers records."""

from __future__ import annotations

import re

import pytest

from tests.python.support import ROOT

SQL_FILES = [
    path for folder in ("macros", "models", "tests/generic") for path in sorted((ROOT / folder).rglob("*.sql"))
]

#: The number is compared with the number of another relation, or windows and groups are made by it.
JOINED = re.compile(r"\b_?record_number\s*=\s*\w+\.", re.IGNORECASE)
GROUPED = re.compile(r"\b(?:partition|group)\s+by\s+(?P<columns>[^)]*?)(?:\border\s+by\b|\)|\n\s*\n)", re.IGNORECASE)
FILE = re.compile(r"\b(?:_content_hash|_?file_id|_?file_name|text_file|field_file|content_hash)\b", re.IGNORECASE)


def record_number_alone(sql: str) -> list[str]:
    """The conditions and groups of ``sql`` that use a record's number without its file."""
    found = []
    for match in JOINED.finditer(sql):
        # The condition of a join: from its `on` (or `when`, `where`) to its end.
        begin = max(sql.rfind(word, 0, match.start()) for word in (" on ", "\non ", " when ", " where "))
        condition = sql[max(begin, 0) : sql.find("\n", match.end())]
        if not FILE.search(condition):
            found.append(condition.strip())
    for match in GROUPED.finditer(sql):
        columns = match["columns"]
        if re.search(r"\b_?record_number\b", columns, re.IGNORECASE) and not FILE.search(columns):
            found.append(match[0].strip())
    return found


def test_a_record_is_never_identified_by_its_number_alone() -> None:
    found = {str(path.relative_to(ROOT)): record_number_alone(path.read_text()) for path in SQL_FILES}
    assert {path: uses for path, uses in found.items() if uses} == {}


@pytest.mark.parametrize(
    ("sql", "count"),
    [
        ("select * from a inner join b on a._record_number = b._record_number\n", 1),
        (
            "select * from a inner join b\n    on a._content_hash = b._content_hash and a._record_number = b._record_number\n",
            0,
        ),
        ("select row_number() over (partition by _record_number order by place)", 1),
        ("select row_number() over (partition by _content_hash, _record_number order by place)", 0),
        ("select row_number() over (partition by id order by file_sequence desc, _record_number desc)", 0),
    ],
)
def test_the_rule_finds_its_mistake(sql: str, count: int) -> None:
    assert len(record_number_alone(sql)) == count
