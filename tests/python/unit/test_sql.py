"""Text and names as SQL: hostile input stays one string or one name, on every dialect."""

import re
import sqlite3
from pathlib import Path
from types import SimpleNamespace

import duckdb
import pytest
import sqlglot
from hypothesis import given, settings
from hypothesis import strategies as st

from lakeweave.sql import identifier, literal, literal_body
from tests.python.security.macros import Macros

ROOT = Path(__file__).resolve().parents[3]
HOSTILE = [
    "", "plain", "it's", "''", "'", "\\", "\\'", "\\\\'", "'; drop table users; --", "a\nb", "a\r\nb", "\t", '"', "`", "]", "[",
    "{{ x }}", "%s", "$$", "/* */", "--", "ärger 北京", "\\n", "?", ":name", "x' || 'y", "\u2019",
]  # fmt: skip
SQLGLOT = {
    "postgresql": "postgres", "mysql": "mysql", "sqlserver": "tsql", "spark": "spark", "bigquery": "bigquery",
    "databricks": "databricks",
}  # fmt: skip
TEXTS = st.text(st.characters(exclude_categories=["Cs"]), max_size=20) | st.text("'\"\\`][;-\n\0 a", max_size=8)


@given(TEXTS)
@settings(max_examples=200, deadline=None)
def test_a_literal_is_the_text_on_duckdb(text: str):
    assert duckdb.execute(f"select {literal(text)}").fetchone() == (text,)


@pytest.mark.parametrize("text", HOSTILE)
def test_a_literal_is_the_text_on_sqlite(text: str):
    assert sqlite3.connect(":memory:").execute(f"select {literal(text, 'sqlite')}").fetchone() == (text,)


@pytest.mark.parametrize("dialect", SQLGLOT)
def test_a_literal_is_one_string_in_every_dialect(dialect: str):
    for text in HOSTILE:
        query = sqlglot.parse_one(f"select {literal(text, dialect)}", dialect=SQLGLOT[dialect])
        (value,) = query.expressions
        assert isinstance(value, sqlglot.exp.Literal), text
        assert value.this == text


@given(TEXTS.filter(lambda name: name and "\0" not in name))
@settings(max_examples=200, deadline=None)
def test_an_identifier_is_the_name_on_duckdb(name: str):
    assert duckdb.sql(f"select 1 as {identifier(name)}").columns == [name]


@pytest.mark.parametrize("dialect", SQLGLOT)
def test_an_identifier_is_one_name_in_every_dialect(dialect: str):
    for name in HOSTILE[1:]:
        if dialect == "bigquery" and set(name) & {"`", "\\"}:
            continue  # sqlglot knows no escapes in a name of BigQuery; the test below has them
        (column,) = sqlglot.parse_one(f"select {identifier(name, dialect=dialect)}", SQLGLOT[dialect]).expressions
        assert column.name == name, (dialect, name)


def test_a_backtick_does_not_end_a_name_of_bigquery():
    """https://cloud.google.com/bigquery/docs/reference/standard-sql/lexical#quoted_identifiers"""
    assert identifier("a`b\\", dialect="bigquery") == r"`a\`b\\`"


def test_parts_of_a_name_are_joined_by_dots():
    assert identifier("staging", 'a"b.c') == '"staging"."a""b.c"'


@pytest.mark.parametrize("name", ["", "a\0b"])
def test_an_invalid_name_is_an_error(name: str):
    with pytest.raises(ValueError, match="is no name of a column or table"):
        identifier("schema", name)


def test_a_nul_is_an_error_where_no_text_can_hold_it():
    with pytest.raises(ValueError, match="NUL"):
        literal("a\0b", "mysql")


def test_a_body_is_what_is_between_the_quotes():
    assert f"'{literal_body('it' + chr(39) + 's', 'spark')}'" == literal("it's", "spark")


def test_nothing_else_quotes_sql():
    """Every other module quotes by these functions."""
    by_hand = re.compile(r"""replace\((['"])(['"`\]]|\\')\1, (['"])(\2\2|\\\\'|\\'\\')\3\)|chr\(39\)""")
    conninfo = 'lakeweave/databases/connection.py: replace("\'", "\\\\\'")'  # libpq's connection string is not SQL
    found = [
        each
        for folder in ("lakeweave", "app")
        for path in (ROOT / folder).rglob("*.py")
        if path != ROOT / "lakeweave/sql.py"
        for match in by_hand.finditer(path.read_text(encoding="utf-8"))
        if (each := f"{path.relative_to(ROOT)}: {match.group()}") != conninfo
    ]
    assert found == []


@pytest.mark.parametrize("engine", ["duckdb", "spark", "databricks", "bigquery"])
def test_macros_and_python_quote_alike(engine: str):
    """`text_literal` and `lakeweave.sql.literal` are one rule, written in two languages."""
    macros = quoting(engine)
    assert [macros.text_literal(text) for text in HOSTILE] == [literal(text, engine) for text in HOSTILE]
    assert macros.text_literal(None) == "cast(null as string)"


@pytest.mark.parametrize("engine", ["duckdb", "spark", "databricks", "bigquery"])
def test_a_file_with_any_name_is_released_and_replayed(engine: str):
    for name in HOSTILE[1:]:
        told: list[str] = []
        macros = quoting(
            engine, "ingestion/release_held_files.sql", "ingestion/replay_file.sql", "ingestion/_shown_name.sql",
            log=lambda said, info=False: None,
        )  # fmt: skip
        macros._macros |= {
            "ledger_relation": lambda table: table, "execute_statement": told.append,
            "fetch_rows": lambda sql, default, name=name: [["shop.lines", name, "unreadable"]],
        }  # fmt: skip
        macros.release_held_files("shop.lines", name)
        macros.replay_file("shop.lines", name)
        assert len(told) == 2
        for sql in told:
            values = sqlglot.parse_one(sql, SQLGLOT.get(engine, engine)).find_all(sqlglot.exp.Literal)
            assert name in {value.this for value in values}, (engine, name)


def quoting(engine: str, *files: str, **names: object) -> Macros:
    engines = {"duckdb": ["duckdb"], "databricks": ["bigquery", "spark", "databricks"], "spark": ["bigquery", "spark"]}
    return Macros(
        engine, "core/text_literal.sql", *(f"core/engines/{each}.sql" for each in engines.get(engine, [engine])),
        *files, dbt=SimpleNamespace(type_string=lambda: "string"), **names,
    )  # fmt: skip
