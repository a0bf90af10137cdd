"""Delivered text cannot move a cursor, begin a line or hide a letter where it is printed; pages hold no tag of a delivery."""

from __future__ import annotations

import re
import unicodedata
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import duckdb
import pytest

from lakeweave import profile
from lakeweave.printable import printable
from lakeweave.summary import summarize
from tests.python.security.macros import Macros

HOSTILE = [
    "\x1b[2J\x1b[1;1H", "\x1b]0;title\x07", "a\r\nERROR: all is lost", "\u202egpj.exe", "\x9b31m", "zero\u200bwidth", "\x00", "\udcff\udc80",
    "\u2028line", "tab\tbed", "\u2066x\u2069", "\x7f", "\ufeffmark", "\U000e0041tag",
]  # fmt: skip


@pytest.mark.parametrize("text", HOSTILE)
def test_printed_text_has_visible_characters_only(text: str) -> None:
    shown = printable(text)
    assert all(unicodedata.category(char) not in ("Cc", "Cf", "Cs", "Co", "Cn", "Zl", "Zp") for char in shown)
    assert shown.encode()
    assert "\\" in shown


COUNTS = ("untyped", "records", "files", "accepted", "rejected", "repeats")


class _Row(list):
    def values(self) -> _Row:
        return self


class _Ledger:
    """Stands in for dbt: every query answers with rows of one hostile text, and keeps the messages."""

    def __init__(self) -> None:
        self.told: list[str] = []
        self.text = ""

    def macros(self, *files: str) -> Macros:
        made = Macros(
            "duckdb", *files, exceptions=SimpleNamespace(warn=self.told.append, raise_compiler_error=self.told.append),
            log=lambda said, info=False: self.told.append(said), invocation_id="1", model=SimpleNamespace(name="m"),
            flags=SimpleNamespace(WHICH="build"), execute=True, config={"severity": "warn"},
        )  # fmt: skip
        made._macros |= {
            "fetch_rows": self._rows, "ledger_relation": lambda name: name, "shown_relation": str, "execute_statement": lambda sql: None,
        }  # fmt: skip
        return made

    def _rows(self, sql: str, default: object = None) -> list[_Row]:
        """What a delivery decides is the text, what is counted is 3, the rest are words of Lakeweave."""
        columns = sql.removeprefix("select ").partition(" from ")[0].split(", ")
        delivered = r"file_name|column_name|message|example_.|first_file|delivered_."
        return [
            _Row(
                self.text if re.fullmatch(delivered, each) else "word" if each.isalpha() and each not in COUNTS else 3
                for each in columns
            )
        ]


@pytest.mark.parametrize(
    ("file", "call"),
    [
        ("ingestion/ledger_summary.sql", lambda macros: macros.ledger_summary()),
        ("ingestion/_warn_layout_changes.sql", lambda macros: macros._warn_layout_changes("a.b")),
        ("ingestion/_account_for_silver.sql", lambda macros: macros._warn_of_untyped_values()),
        (
            "ingestion/_warn_held_files.sql",
            lambda macros: macros._warn_held_files(
                "a.b",
                [{"file_name": macros.text, "reason": "word", "message": macros.text}],
                1,
                1,
                [macros.text],
                [macros.text],
            ),
        ),
        ("ingestion/release_held_files.sql", lambda macros: macros.release_held_files("a.b", macros.text)),
        ("ingestion/replay_file.sql", lambda macros: macros.replay_file("a.b", macros.text)),
        (
            "core/explain_failure.sql",
            lambda macros: macros.explain_failure("select delivered_1, delivered_2 from t", "what", "remedy"),
        ),
    ],
)
def test_what_dbt_logs_of_a_delivery_is_visible(file: str, call: Any) -> None:
    ledger = _Ledger()
    macros = ledger.macros(file, "ingestion/_shown_name.sql", "ingestion/_warn_held_files.sql", "core/text_literal.sql")
    for text in HOSTILE:
        ledger.text = vars(macros)["text"] = text
        ledger.told.clear()
        call(macros)
        assert ledger.told
        for said in ledger.told:
            assert said.isprintable(), said


def test_the_summary_shows_names_of_a_delivery_as_text(tmp_path: Path) -> None:
    path = tmp_path / "a.duckdb"
    with duckdb.connect(str(path)) as connection:
        connection.execute(
            "create schema ledger; create table ledger.layout_changes (source text, file_name text, change text, column_name text)"
        )
        connection.executemany(
            "insert into ledger.layout_changes values ('a.b', ?, 'added', ?)",
            [(text, text) for text in HOSTILE if text.isascii()],
        )
    said = summarize(path, tmp_path / "none.json")
    assert "have another layout" in said
    assert all(line.isprintable() for line in said.split("\n"))


def test_plain_text_stays_as_it_is() -> None:
    for text in ("sales report (May) – Übergröße.csv", "日本語.csv", "it's 100 %", "😀"):
        assert printable(text) == text
    assert printable("a\nb\x1b", lines=True) == "a\nb\\x1b"
    assert printable("x" * 600) == "x" * 500 + "… (600 characters)"


def test_the_profile_page_shows_delivered_text_and_executes_none() -> None:
    attack = "<script>alert(1)</script><img src=x onerror=alert(1)>\"'&"
    column = {
        "name": attack, "type": attack, "most_frequent": [{"value": attack, "count": 1}], "least": attack, "greatest": attack, "notes": [attack],
        "row_count": 1, "null_count": 0, "distinct_count": 1, "shortest": 1, "longest": 9,
    }  # fmt: skip
    page = profile.page([{"name": attack, "columns": [column]}], attack)
    assert "alert(1)" in page
    assert "<script>alert" not in page
    assert "<img" not in page
