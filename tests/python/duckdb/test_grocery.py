"""The grocery feed out of a database: a real PostgreSQL server, and the demo's SQLite file."""

from __future__ import annotations

import json
import os
import sqlite3
from collections.abc import Iterator
from pathlib import Path

import duckdb
import pytest

from demo.landing import LandingConfig, generate
from demo.landing.grocery import Row, rows, write_sqlite
from lakeweave import databases
from tests.python import postgres
from tests.python.fakes.breaking_proxy import BreakingProxy
from tests.python.support import Workspace

SCALE, SEED = 0.1, 42
FEED = ("bronze.grocery", "silver.grocery", "gold.grocery")
# In CI a server has to be there: a proof that is skipped is none.
NO_SERVER = pytest.mark.skipif(
    postgres.absent() is not None and not os.environ.get("CI"), reason=f"no database server: {postgres.absent()}"
)


@pytest.fixture(scope="module")
def server() -> Iterator[postgres.Server]:
    """A server whose table is as the first batch leaves it."""
    running = postgres.Server()
    running.fill(rows(SCALE, SEED, 0))
    yield running
    running.stop()


def _workspace(folder: Path, environment: dict[str, str] | None = None) -> Workspace:
    workspace = Workspace.create(folder, folder / "landing")
    workspace.landing.mkdir(exist_ok=True)
    workspace.environment.update(environment or {})
    workspace.dbt("seed", "--quiet", "--select", "null_sentinels", "standard_spellings")
    return workspace


def _meant(table: list[Row]) -> list[tuple]:
    return [(row.id, row.member, row.day.astype(object), row.name) for row in table]


def _made(workspace: Workspace) -> list[tuple]:
    return workspace.query("select id, member_number, purchased_on, item from silver.transactions order by id")


@NO_SERVER
def test_new_changed_and_deleted_rows_are_seen_and_accounted_for(tmp_path: Path, server: postgres.Server) -> None:
    server.fill(rows(SCALE, SEED, 0))
    workspace = _workspace(tmp_path / "build", server.environment())
    workspace.dbt("build", "--quiet", "--select", *FEED)
    assert _made(workspace) == _meant(rows(SCALE, SEED, 0))

    # A read that finds nothing changes nothing, and delivers nothing.
    before = workspace.state()
    workspace.dbt("run", "--quiet", "--select", *FEED)
    assert workspace.state() == before

    for batch in (1, 2):
        server.fill(rows(SCALE, SEED, batch))
        workspace.dbt("build", "--quiet", "--select", *FEED)
        assert _made(workspace) == _meant(rows(SCALE, SEED, batch))
    ledger = workspace.query(
        "select file_name, state, records, accepted from ledger.files where source = 'grocery.transactions' order by 1"
    )
    assert [row[:2] for row in ledger] == [(f"read_{n:06d}.csv", "loaded") for n in (1, 2, 3)]
    operations = workspace.query("select read_number, op, count(*) from bronze.transactions group by all order by 1, 2")
    assert [(number, op) for number, op, _ in operations] == [
        ("1", "I"), *((number, op) for number in "23" for op in "DIU"),
    ]  # fmt: skip
    assert sum(count for *_, count in operations) == sum(row[2] for row in ledger)
    # Only what changed was read and delivered.
    assert all(count < 100 for number, _, count in operations if number != "1")


@NO_SERVER
def test_late_rows_and_rows_with_an_earlier_watermark_are_read(tmp_path: Path, server: postgres.Server) -> None:
    server.fill(rows(SCALE, SEED, 0))
    workspace = _workspace(tmp_path / "build", server.environment())
    workspace.dbt("run", "--quiet", "--select", *FEED[:2])
    item = "select item from silver.transactions where id = 1"
    original = workspace.query(item)[0][0]
    for name, moment in (
        ("tea", "2026-03-01 00:00:00"),
        (original, "2026-03-02 00:00:00"),
        ("tea", "2026-03-03 00:00:00"),
    ):
        server.execute(
            f"""update "Transactions" set "itemDescription" = '{name}', updated_at = '{moment}' where id = 1"""
        )
        workspace.dbt("run", "--quiet", "--select", *FEED[:2])
        assert workspace.query(item) == [(name,)]
    # Committed late, with a moment long before the watermark.
    server.execute(
        """insert into "Transactions" values (9999999, 1001, '01-01-2015', 'late tea', '2020-01-01 00:00:00')"""
    )
    workspace.dbt("run", "--quiet", "--select", *FEED[:2])
    assert workspace.query("select item from silver.transactions where id = 9999999") == [("late tea",)]


@NO_SERVER
def test_a_connection_that_breaks_in_the_middle_leaves_nothing(tmp_path: Path, server: postgres.Server) -> None:
    server.fill(rows(SCALE, SEED, 0))
    proxy = BreakingProxy(server.port, break_after=250_000)
    workspace = _workspace(tmp_path / "build", server.environment(proxy.port))
    done = workspace.dbt("run", "--select", *FEED[:2], check=False)
    said = " ".join((done.stdout + done.stderr).split())
    assert done.returncode != 0
    assert "broke while `Transactions` was read" in said
    assert "Nothing of this read is kept; run again." in said
    assert not [path for path in workspace.landing.rglob("*") if path.is_file()]
    assert workspace.query("select count(*) from ledger.files where source = 'grocery.transactions'") == [(0,)]
    proxy.close()

    workspace.environment.update(server.environment())
    workspace.dbt("run", "--quiet", "--select", *FEED[:2])
    assert _made(workspace) == _meant(rows(SCALE, SEED, 0))


@NO_SERVER
@pytest.mark.parametrize(
    ("environment", "statement", "expected"),
    [
        (
            {"LAKEWEAVE_GROCERY_PASSWORD": "wrong-secret-word"},
            None,
            ["does not let user `lakeweave_reader` in", "Check LAKEWEAVE_GROCERY_USER and LAKEWEAVE_GROCERY_PASSWORD"],
        ),
        (
            {"LAKEWEAVE_GROCERY_URL": "postgresql://127.0.0.1:1/shop"},
            None,
            ["cannot be reached", "Check LAKEWEAVE_GROCERY_URL"],
        ),
        (
            {"LAKEWEAVE_GROCERY_URL": "postgresql://reader:wrong-secret-word@127.0.0.1/shop"},
            None,
            ["holds a password", "set LAKEWEAVE_GROCERY_PASSWORD instead"],
        ),
        ({"LAKEWEAVE_GROCERY_URL": "oracle://host/shop"}, None, ["begins with `oracle:`; expected postgresql://"]),
        ({}, 'alter table "Transactions" rename to "Sales"', ["has no table `Transactions`", "Correct `database.table`"]),
        (
            {},
            'alter table "Transactions" alter column "Member_number" type text',
            ["column `Member_number` is text in the database, declared is integer", "or update the declared columns"],
        ),
        (
            {},
            'alter table "Transactions" rename column "Date" to day_of_sale',
            ["column `date` is not in the table, which has id, Member_number, day_of_sale"],
        ),
    ],
    ids=["wrong password", "unreachable", "password in the URL", "unknown kind", "no table", "changed type", "no column"],
)  # fmt: skip
def test_errors_for_bad_connections_and_tables_have_a_remedy(
    tmp_path: Path,
    server: postgres.Server,
    monkeypatch: pytest.MonkeyPatch,
    environment: dict[str, str],
    statement: str | None,
    expected: list[str],
) -> None:
    server.execute('drop table if exists "Sales"')
    server.fill(rows(0.01, SEED, 0))
    if statement:
        server.execute(statement)
    for name, value in {**server.environment(), **environment}.items():
        monkeypatch.setenv(name, value)
    with duckdb.connect() as connection:
        databases.register(connection)
        connection.execute("create table files (source varchar, file_name varchar)")
        spec = json.dumps(
            {
                "source": "grocery.transactions",
                "database": {"connection": "grocery", "table": "Transactions", "key": "id", "watermark": "updated_at"},
                "columns": [
                    {"name": "id", "database_type": "integer"},
                    {"name": "member_number", "database_type": "integer"},
                    {"name": "date", "database_type": "text"},
                    {"name": "updated_at", "database_type": "timestamp"},
                ],
                "folder": str(tmp_path / "reads"),
                "landing": str(tmp_path),
                "ledger": "files",
            }
        )
        answer = json.loads(connection.execute("select lakeweave_read_database(?)", [spec]).fetchall()[0][0])
    said = answer["error"]
    for words in expected:
        assert words in said
    for secret in ("wrong-secret-word", postgres.PASSWORD, "battery"):
        assert secret not in said
    assert not list(tmp_path.rglob("*.csv"))


@NO_SERVER
def test_a_wrong_password_ends_the_build_and_is_in_no_log(tmp_path: Path, server: postgres.Server) -> None:
    environment = {**server.environment(), "LAKEWEAVE_GROCERY_PASSWORD": "wrong-secret-word"}
    workspace = _workspace(tmp_path / "build", environment)
    done = workspace.dbt("--debug", "run", "--select", "bronze.grocery", check=False)
    logged = "".join(path.read_text() for path in (workspace.root / "logs").glob("*.log"))
    assert done.returncode != 0
    assert "does not let user `lakeweave_reader` in" in " ".join(done.stdout.split())
    assert "lakeweave_read_database" in logged
    assert "wrong-secret-word" not in done.stdout + done.stderr + logged


def test_the_demo_reads_a_sqlite_file_and_an_impossible_date_is_reported(tmp_path: Path) -> None:
    workspace = _workspace(tmp_path / "build")
    generate(LandingConfig(scale=SCALE, batches=2, seed=SEED, out=workspace.root / "made", feeds=("grocery",)))
    workspace.landing.rmdir()
    (workspace.root / "made").rename(workspace.landing)
    workspace.dbt("build", "--quiet", "--select", *FEED)
    truth = duckdb.sql(f"from read_parquet('{workspace.landing}/truth/grocery/transactions.parquet')").fetchall()
    assert _made(workspace) == truth == _meant(rows(SCALE, SEED, 2))

    spoiled = rows(SCALE, SEED, 2)
    write_sqlite(workspace.landing / "sql" / "grocery.sqlite", spoiled)
    with sqlite3.connect(workspace.landing / "sql" / "grocery.sqlite") as connection:
        connection.execute(
            "update \"Transactions\" set \"Date\" = '31-02-2015', updated_at = '2026-04-01 00:00:00' where id = 7"
        )
    done = workspace.dbt("build", "--select", *FEED[:2])
    said = " ".join(done.stdout.split())
    assert "WARN=0" not in said
    assert "is no date in the format %d-%m-%Y (value, records): '31-02-2015' 1." in said
    assert workspace.query("select purchased_on, basket_id from silver.transactions where id = 7") == [(None, None)]


def test_lost_bronze_is_rebuilt_from_the_reads(tmp_path: Path) -> None:
    workspace = _workspace(tmp_path / "build")
    for batch in (0, 1):
        write_sqlite(workspace.landing / "sql" / "grocery.sqlite", rows(SCALE, SEED, batch))
        workspace.dbt("run", "--quiet", "--select", *FEED[:2])
    workspace.warehouse.unlink()
    write_sqlite(workspace.landing / "sql" / "grocery.sqlite", rows(SCALE, SEED, 2))
    workspace.dbt("seed", "--quiet", "--select", "null_sentinels", "standard_spellings")
    workspace.dbt("run", "--quiet", "--select", *FEED[:2])
    assert _made(workspace) == _meant(rows(SCALE, SEED, 2))
    workspace.dbt("run", "--quiet", "--full-refresh", "--select", *FEED[:2])
    assert _made(workspace) == _meant(rows(SCALE, SEED, 2))


def test_gold_counts_sold_items(tmp_path: Path) -> None:
    workspace = _workspace(tmp_path / "build")
    write_sqlite(workspace.landing / "sql" / "grocery.sqlite", rows(SCALE, SEED, 0))
    workspace.dbt("run", "--quiet", "--select", *FEED)
    table = rows(SCALE, SEED, 0)
    sold: dict[str, int] = {}
    baskets: dict[tuple, int] = {}
    for row in table:
        sold[row.name] = sold.get(row.name, 0) + 1
        baskets[(row.member, row.day)] = baskets.get((row.member, row.day), 0) + 1
    assert dict(workspace.query("select item, items_sold from gold.grocery_item_sales")) == sold
    sizes = {size: list(baskets.values()).count(size) for size in set(baskets.values())}
    assert dict(workspace.query("select basket_size, basket_count from gold.grocery_basket_sizes")) == sizes
    assert workspace.query("select sum(items_sold), sum(basket_count) from gold.grocery_daily_sales") == [
        (len(table), len(baskets))
    ]
