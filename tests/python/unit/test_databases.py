"""Addresses of databases, and what is said when they cannot be reached: every kind, as far as its driver goes alone."""

from __future__ import annotations

import duckdb
import pytest

from lakeweave.databases.connection import Connection, address
from lakeweave.databases.reading import TableSpec
from lakeweave.errors import UserError
from lakeweave.spark.databases import explain

SECRET = "s3cret wörd"


def _environment(url: str) -> dict[str, str]:
    return {"LAKEWEAVE_SHOP_URL": url, "LAKEWEAVE_SHOP_USER": "reader", "LAKEWEAVE_SHOP_PASSWORD": SECRET}


@pytest.mark.parametrize("kind", ["postgresql", "mysql", "mariadb", "sqlserver"])
def test_every_driver_reports_an_unreachable_server_without_the_password(kind: str) -> None:
    where = address("shop", None, "", _environment(f"{kind}://127.0.0.1:1/sales"))
    with pytest.raises(UserError) as told:
        Connection(where)
    message = str(told.value)
    assert "127.0.0.1:1/sales cannot be reached" in message
    assert "Check LAKEWEAVE_SHOP_URL" in message
    assert SECRET not in message
    assert SECRET not in repr(where)


@pytest.mark.parametrize(
    ("url", "expected"),
    [
        ("", "LAKEWEAVE_SHOP_URL is empty or no URL; expected postgresql://"),
        ("oracle://host/db", "begins with `oracle:`"),
        ("postgresql://reader:hidden@host/db", "holds a password"),
        ("postgresql://host", "names no database"),
        ("mysql:///db", "names no host"),
    ],
)
def test_addresses_that_cannot_be_followed(url: str, expected: str) -> None:
    with pytest.raises(UserError) as told:
        address("shop", None, "", _environment(url))
    assert expected in str(told.value)
    assert "hidden" not in str(told.value)


def test_the_user_has_to_be_named() -> None:
    with pytest.raises(UserError, match="LAKEWEAVE_SHOP_USER is not set"):
        address("shop", "postgresql://host/db", "", {})


@pytest.mark.parametrize(("kind", "expected"), [("mysql", "`a``b`"), ("sqlserver", "[a`b]"), ("postgresql", '"a`b"')])
def test_identifiers_and_moments_are_written_as_the_kind_has_them(kind: str, expected: str) -> None:
    connection = Connection.__new__(Connection)
    connection.where = address("shop", None, "", _environment(f"{kind}://host/db"))
    assert connection.quote("a`b") == expected
    moment = "cast('2026-01-01 00:00:00' as datetime2)" if kind == "sqlserver" else "timestamp '2026-01-01 00:00:00'"
    assert connection.moment("2026-01-01 00:00:00") == moment
    with pytest.raises(UserError, match="is no timestamp"):
        connection.moment("2026-01-01'; drop table x --")


def test_a_file_that_is_not_there() -> None:
    with pytest.raises(UserError, match="cannot be read: no such file"):
        Connection(address("shop", "sqlite:nowhere.sqlite", "/tmp", {}))


def test_all_problems_of_a_source_are_reported_at_once() -> None:
    given = {
        "source": "shop.sales",
        "database": {"connection": "shop", "key": "number", "overlap_seconds": -1},
        "columns": [{"name": "id", "database_type": "whole"}],
        "folder": "x",
        "landing": "x",
        "ledger": "x",
    }
    with pytest.raises(UserError) as told:
        TableSpec.parse(given)
    for expected in (
        "`database.table` is missing",
        "overlap_seconds",
        "'whole'",
        "none of the declared columns",
        "4 problem(s)",
    ):
        assert expected in str(told.value)


def test_duckdb_needs_no_extension() -> None:
    """SQLite is read by Python: DuckDB's own reader is an extension that has to be downloaded."""
    loaded = duckdb.sql("select extension_name from duckdb_extensions() where loaded").fetchall()
    assert ("sqlite_scanner",) not in loaded


def test_another_address_in_the_environment_does_not_hide_why_a_read_broke() -> None:
    """A webhook's address is no database's; the password is taken out in any encoding."""
    environment = {
        "LAKEWEAVE_GROCERY_URL": "postgresql://db.example:5432/shop",
        "LAKEWEAVE_GROCERY_USER": "reader",
        "LAKEWEAVE_GROCERY_PASSWORD": "correct horse's battery",
        "LAKEWEAVE_NOTIFY_URL": "https://hooks.example/abc",
    }
    said = explain(
        "org.postgresql.util.PSQLException: An I/O error occurred for correct%20horse%27s%20battery", environment
    )
    assert said is not None
    assert "broke while it was read" in said
    assert "db.example" in said
    assert "***" in said
    assert "horse" not in said
