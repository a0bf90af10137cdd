"""Text and names as SQL, quoted for each dialect. All SQL that Python writes quotes with these two functions.

A backslash begins an escape in the strings of MySQL, Spark and BigQuery, so it is doubled there. The other dialects read it
as a backslash. DuckDB, PostgreSQL, SQLite and SQL Server double a quote; so does MySQL. Spark and BigQuery escape it.
"""

from __future__ import annotations

ESCAPED = ("spark", "databricks", "bigquery")
"""Dialects that escape a quote within a string."""

BACKSLASHES = (*ESCAPED, "mysql")
"""Dialects in whose strings a backslash begins an escape."""

_BACKTICKS = ("mysql", "spark", "databricks", "bigquery")


def literal(text: str, dialect: str = "duckdb") -> str:
    """``text`` as a string of SQL.

    Raises:
        ValueError: the text has a NUL character and the dialect is not DuckDB; no SQL text can hold one.
    """
    if dialect == "duckdb" and "\0" in text:
        return "(" + " || chr(0) || ".join(literal(part) for part in text.split("\0")) + ")"
    return f"'{literal_body(text, dialect)}'"


def literal_body(text: str, dialect: str = "duckdb") -> str:
    """``text`` as it is between the quotes of a string of SQL, for templates that have the quotes."""
    if "\0" in text:
        raise ValueError(f"{text!r} has a NUL character, which no SQL text can hold.")
    if dialect in BACKSLASHES:
        text = text.replace("\\", "\\\\")
    if dialect in ESCAPED:
        # A raw line break would end a string of BigQuery.
        return text.replace("'", "\\'").replace("\n", "\\n").replace("\r", "\\r")
    return text.replace("'", "''")


def identifier(*parts: str, dialect: str = "duckdb") -> str:
    """A name as SQL; several parts are joined by dots: ``identifier("staging", "users")``.

    Raises:
        ValueError: a part is empty or has a NUL character; no dialect has such a name.
    """
    return ".".join(_quoted(part, dialect) for part in parts)


def _quoted(name: str, dialect: str) -> str:
    if not name or "\0" in name:
        raise ValueError(f"{name!r} is no name of a column or table; expected at least one character, and no NUL.")
    if dialect == "sqlserver":
        return "[" + name.replace("]", "]]") + "]"
    if dialect == "bigquery":
        return "`" + name.replace("\\", "\\\\").replace("`", "\\`") + "`"
    if dialect in _BACKTICKS:
        return "`" + name.replace("`", "``") + "`"
    return '"' + name.replace('"', '""') + '"'
