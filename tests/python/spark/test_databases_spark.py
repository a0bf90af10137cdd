"""The grocery feed by JDBC: Spark reads a real PostgreSQL server, and has the rows that DuckDB has."""

from __future__ import annotations

import contextlib
import dataclasses
import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import duckdb
import pytest

from demo.landing.grocery import rows
from lakeweave.spark import adapter
from lakeweave.spark.session import credentials
from tests.python import postgres
from tests.python.fakes.breaking_proxy import BreakingProxy
from tests.python.left_behind import in_files, in_spark
from tests.python.spark.parity import Both, compare
from tests.python.spark.session import SparkWorkspace
from tests.python.support import Workspace

# In CI a server has to be there: a proof that is skipped is none.
pytestmark = [
    pytest.mark.needs_spark,
    pytest.mark.skipif(
        postgres.absent() is not None and not os.environ.get("CI"), reason=f"no database server: {postgres.absent()}"
    ),
]
SCALE, SEED = 0.05, 42
PHRASE = postgres.PASSWORD[:13]
"""The part of the password that no escape changes."""
READS = (0, 1, 2) if os.environ.get("LAKEWEAVE_SPARK_LONG") == "1" else (0, 2)
SEEDS = ("null_sentinels", "standard_spellings")
FEED = ("bronze.grocery", "silver.grocery", "grocery_item_sales")
TABLES = ("bronze.transactions", "silver.transactions", "silver.baskets", "gold.grocery_item_sales")
# The files of a read carry names of the engine's own, so their contents have other hashes.
OF_THE_FILE = frozenset({"_content_hash", "_file_name"})


@pytest.fixture(scope="module")
def database() -> Iterator[postgres.Server]:
    running = postgres.Server()
    yield running
    running.stop()


@pytest.fixture
def spark(both: Both, database: postgres.Server, tmp_path: Path) -> SparkWorkspace:
    """The session's workspace, which has forgotten the grocer, with an empty landing zone and the server's address."""
    workspace = dataclasses.replace(both.spark, landing=tmp_path / "landing")
    workspace.environment = {**both.spark.environment, **database.environment()}
    workspace.landing.mkdir()
    workspace.here("seed", "--select", *SEEDS)
    for table in ("bronze.transactions", "silver.transactions"):
        workspace.session.sql(f"drop table if exists {table}")
    for name in ("files", "rejected_records", "layout_changes"):
        workspace.session.sql(f"delete from ledger.{name} where source = 'grocery.transactions'")
    return workspace


def _run(workspace: SparkWorkspace, *selected: str) -> str:
    return workspace.here("run", "--select", *selected).stdout


def _fails(workspace: SparkWorkspace) -> str:
    """What a build says that fails; it delivers nothing, and says no password."""
    done = workspace.here("run", "--select", "bronze.grocery", check=False)
    assert not done.success
    said = " ".join([done.stdout, *(str(each.message) for each in done.results)])
    assert [file for file in workspace.landing.rglob("*.csv") if file.parent.name != "_reads"] == []
    assert PHRASE not in said
    assert "Traceback" not in said
    return " ".join(said.split())


def test_the_same_rows_as_on_duckdb(spark: SparkWorkspace, database: postgres.Server, tmp_path: Path) -> None:
    # Its history begins with the first read of this test.
    spark.session.sql("drop table if exists gold.grocery_item_sales")
    on_duckdb = Workspace.create(tmp_path / "duckdb", tmp_path / "files")
    on_duckdb.landing.mkdir()
    on_duckdb.environment.update(database.environment())
    on_duckdb.dbt("seed", "--quiet", "--select", *SEEDS)
    for batch in READS:
        database.fill(rows(SCALE, SEED, batch))
        on_duckdb.dbt("run", "--quiet", "--select", *FEED)
        assert "new," in _run(spark, *FEED)
        with duckdb.connect(str(on_duckdb.warehouse), read_only=True) as connection:
            compared = [compare(connection, table, spark.table(table), OF_THE_FILE) for table in TABLES]
        assert [str(each) for each in compared if each.problems] == []
        assert all(each.rows for each in compared)
    counts = "select read_number, op, count(*) from bronze.transactions group by read_number, op order by 1, 2"
    assert spark.rows(counts) == on_duckdb.query(counts)
    accounts = (
        "select records, accepted, state from ledger.files where source = 'grocery.transactions' order by file_name"
    )
    assert spark.rows(accounts) == on_duckdb.query(accounts)

    # What a schedule pays for when nothing came: no file, no row.
    before = spark.rows(counts)
    assert "0 new, 0 changed, 0 deleted rows" in _run(spark, "bronze.grocery")
    assert spark.rows(counts) == before

    # Time travel: the sales of the first read beside those of now.
    spark.here("compile", "--select", "grocery_sales_as_they_were")
    path = spark.root / "target" / "compiled" / "lakeweave" / "analyses" / "grocery_sales_as_they_were.sql"
    changes = spark.rows(path.read_text())
    assert any(row[-1] for row in changes)

    # A row that was committed late, with a moment long before the watermark.
    database.execute(
        """insert into "Transactions" values (9999999, 1001, '01-01-2015', 'late tea', '2020-01-01 00:00:00')"""
    )
    assert "1 new, 0 changed, 0 deleted rows" in _run(spark, *FEED[:2])
    assert spark.rows("select item from silver.transactions where id = 9999999") == [("late tea",)]

    # No statement held the password: they name a setting of the session.
    logged = "".join(each.read_text() for each in (spark.root / "logs").glob("*.log*"))
    assert "${spark.lakeweave.grocery.phrase}" in logged
    assert PHRASE not in logged


def test_a_connection_that_breaks_in_the_middle_leaves_nothing(
    spark: SparkWorkspace, database: postgres.Server
) -> None:
    database.fill(rows(SCALE, SEED, 0))
    proxy = BreakingProxy(database.port, break_after=15_000)
    spark.environment.update(database.environment(proxy.port))
    said = _fails(spark)
    assert "broke while it was read" in said
    assert "Nothing of this read is kept; run again." in said
    assert spark.rows("select count(*) from ledger.files where source = 'grocery.transactions'") == [(0,)]
    proxy.close()
    spark.environment.update(database.environment())
    _run(spark, *FEED[:2])
    meant = [(row.id, row.member, row.day.astype(object), row.name) for row in rows(SCALE, SEED, 0)]
    assert spark.rows("select id, member_number, purchased_on, item from silver.transactions order by id") == meant


@pytest.mark.parametrize(
    ("environment", "statement", "expected"),
    [
        (
            {"LAKEWEAVE_GROCERY_PASSWORD": "wrong"},
            None,
            ["does not let user `lakeweave_reader` in", "Check LAKEWEAVE_GROCERY_USER and LAKEWEAVE_GROCERY_PASSWORD"],
        ),
        (
            {"LAKEWEAVE_GROCERY_URL": "postgresql://127.0.0.1:1/shop"},
            None,
            ["cannot be reached", "Check LAKEWEAVE_GROCERY_URL"],
        ),
        (
            {"LAKEWEAVE_GROCERY_URL": "postgresql://reader:word@127.0.0.1/shop"},
            None,
            ["holds a password", "_PASSWORD instead"],
        ),
        ({}, 'alter table "Transactions" rename to "Sales"', ["has no such table", "Correct `database.table`"]),
        (
            {},
            'alter table "Transactions" alter column "Member_number" type text',
            ["column `Member_number` is string in the database, declared is integer", "or update the declared columns"],
        ),
    ],
    ids=["wrong password", "unreachable", "password in the URL", "no table", "changed type"],
)
def test_errors_for_bad_connections_and_tables_have_a_remedy(
    spark: SparkWorkspace,
    database: postgres.Server,
    environment: dict[str, str],
    statement: str | None,
    expected: list[str],
) -> None:
    database.execute('drop table if exists "Sales"')
    database.fill(rows(0.01, SEED, 0))
    if statement:
        database.execute(statement)
    spark.environment.update(environment)
    said = _fails(spark)
    for words in expected:
        assert words in said


def test_no_password_is_left_by_a_read_that_succeeds_or_fails(
    spark: SparkWorkspace, database: postgres.Server, monkeypatch: pytest.MonkeyPatch
) -> None:
    database.fill(rows(0.01, SEED, 0))
    seen = []

    @contextlib.contextmanager
    def watched(session: Any, *arguments: Any) -> Iterator[None]:
        with credentials(session, *arguments):
            seen.extend(in_spark(session, [], [PHRASE]))
            yield

    monkeypatch.setattr(adapter, "credentials", watched)
    assert "new," in _run(spark, "bronze.grocery")
    monkeypatch.undo()
    # The settings are there while the view is made: the search finds what is there.
    assert "setting spark.lakeweave.grocery.phrase" in seen
    assert in_spark(spark.session, ["bronze", "ledger"], [PHRASE]) == []
    for change in ('alter table "Transactions" rename column "Date" to "When"', 'drop table "Transactions"'):
        database.execute(change)
        done = spark.here("--debug", "run", "--select", "bronze.grocery", check=False)
        assert not done.success
        assert PHRASE not in " ".join([done.stdout, *(str(each.message) for each in done.results)])
        assert in_spark(spark.session, ["bronze", "ledger"], [PHRASE]) == []
    assert in_files(spark.root, [PHRASE]) == []
    assert in_files(spark.landing, [PHRASE]) == []
