"""Accounted ingestion on Spark with Delta ends where the embedded target ends, from the same landing zone."""

from __future__ import annotations

import csv
import os
import shutil
from dataclasses import dataclass
from pathlib import Path

import duckdb
import pytest

from lakeweave.landing import LandingConfig, generate
from tests.python.spark.session import SparkWorkspace, absent
from tests.python.support import VOLATILE, Workspace

pytestmark = pytest.mark.skipif(absent() is not None, reason=f"Spark with Delta cannot run here: {absent()}")

FEEDS = {
    "thelook": ("distribution_centers", "events", "inventory_items", "order_items", "orders", "products", "users"),
    "listings": ("listings",),
    "marketplace": ("sale_lines",),
}
TABLES = [f"{layer}.{table}" for tables in FEEDS.values() for table in tables for layer in ("bronze", "silver")]
SEEDS = ("null_sentinels", "currency_symbols", "standard_spellings", "marketplace_statuses")
NO_TESTS = ("--exclude-resource-type", "test", "--exclude-resource-type", "unit_test")
# What the engines describe in their own words, and what only one of them detects.
WORDS = {"message", "format", "encoding", "delimiter"}


@dataclass
class Both:
    """The same landing zone, built on Spark and on DuckDB."""

    landing: Path
    spark: SparkWorkspace
    embedded: Workspace
    folder: Path

    def build(self, *selected: str) -> None:
        """Build ``selected`` on both engines."""
        for workspace in (self.embedded, self.spark):
            workspace.dbt("build", "--select", *selected, *NO_TESTS)

    def compare(self, *tables: str) -> dict[str, tuple[int, list[tuple]]]:
        """For each table its number of rows on DuckDB, and up to six rows that only one engine has, which goes first."""
        self.spark.export(self.folder, *tables)
        result = {}
        with duckdb.connect(str(self.embedded.warehouse), read_only=True) as connection:
            for table in tables:
                exported = f"read_parquet('{self.folder}/{table}.parquet/*.parquet')"
                columns = connection.execute(f"select column_name, column_type from (describe {table})").fetchall()
                row = ", ".join(
                    f'"{name}"::double::varchar' if kind.startswith("DECIMAL") else f'"{name}"::varchar'
                    for name, kind in columns
                    if name not in VOLATILE | WORDS
                )
                count = connection.execute(f"select count(*) from {table}").fetchone()
                only = [
                    (engine, *values)
                    for engine, one, other in (("duckdb", table, exported), ("spark", exported, table))
                    for values in connection.execute(
                        f"select {row} from {one} except all select {row} from {other} limit 3"
                    ).fetchall()
                ]
                result[table] = (count[0] if count else 0, only)
        return result

    def spark_rows(self, sql: str, *tables: str) -> list[tuple]:
        """Rows of a DuckDB query over Spark's ``tables``, each called by its name without the schema."""
        self.spark.export(self.folder, *tables)
        with duckdb.connect() as connection:
            for table in tables:
                name = table.split(".")[1]
                connection.execute(
                    f"create view {name} as select * from read_parquet('{self.folder}/{table}.parquet/*.parquet')"
                )
            return connection.execute(sql).fetchall()


@pytest.fixture(scope="module")
def both(tmp_path_factory: pytest.TempPathFactory) -> Both:
    """A very small demo, built on both engines."""
    root = tmp_path_factory.mktemp("spark")
    landing = root / "landing"
    generate(LandingConfig(scale=0.002, batches=3, seed=42, out=landing))
    built = Both(
        landing,
        SparkWorkspace.on_spark(root / "spark", landing),
        Workspace.create(root / "embedded", landing),
        root / "exported",
    )
    built.build(*SEEDS, *(f"{layer}.{feed}" for feed in FEEDS for layer in ("bronze", "silver")))
    return built


def test_bronze_silver_and_ledger_are_those_of_the_embedded_target(both: Both) -> None:
    compared = both.compare(*TABLES, "ledger.files", "ledger.rejected_records", "ledger.layout_changes")
    assert {table: only for table, (_, only) in compared.items() if only} == {}
    assert all(compared[table][0] > 0 for table in TABLES)


def _rows(path: Path) -> list[list[str]]:
    with path.open(newline="", encoding="utf-8") as file:
        return list(csv.reader(file))


def _write(path: Path, rows: list[list[str]], *, ends: str = "") -> None:
    with path.open("w", newline="", encoding="utf-8") as file:
        csv.writer(file, lineterminator="\n").writerows(rows)
        file.write(ends)


def test_malformed_repeated_and_replaced_files(both: Both) -> None:
    users = both.landing / "gcp" / "inbox" / "users"
    header, *rows = _rows(users / "users_batch_000.csv")
    # A record of every kind that is rejected alone, among good ones; one of these has line ends, one comes twice.
    fresh = [[str(900_000 + i), *row[1:]] for i, row in enumerate(rows[:6])]
    fresh[1][7] = 'Two\n\nlines, and a "quote"'
    _write(
        users / "users_batch_010.csv",
        [header, fresh[0], fresh[1], fresh[0], fresh[2][:-1], [*fresh[3], "more"], header, [*fresh[4], ""]],
        ends='900005,"torn"name' + "," * (len(header) - 2) + "\n",
    )
    shutil.copy(users / "users_batch_001.csv", users / "users_batch_012.csv")
    replaced = _rows(users / "users_batch_003.csv")
    _write(users / "users_batch_003.csv", replaced[: len(replaced) // 2])
    # Another order and style of columns, one that is not declared, one that is missing.
    order = [
        header.index("email"),
        header.index("id"),
        *(i for i, name in enumerate(header) if name not in ("email", "id", "age")),
    ]
    names = [header[i].replace("_", " ").title() for i in order]
    _write(
        users / "users_batch_013.csv",
        [[*names, "loyaltyTier"], *([*(row[i] for i in order), "gold"] for row in fresh[2:4])],
    )

    both.build("bronze_users", "silver_users")
    tables = ("bronze.users", "silver.users", "ledger.files", "ledger.rejected_records", "ledger.layout_changes")
    compared = both.compare(*tables)
    assert {table: only for table, (_, only) in compared.items() if only} == {}
    assert both.spark_rows(
        "select record_number, reason from rejected_records where file_name = 'users_batch_010.csv' order by 1",
        "ledger.rejected_records",
    ) == [(4, "too_few_fields"), (5, "too_many_fields"), (6, "repeated_header"), (8, "malformed_quote")]


def test_a_run_with_nothing_new_changes_nothing(both: Both) -> None:
    summary = "select state, count(*), sum(records), max(processed_at) from files group by state order by state"
    before = both.spark_rows(summary, "ledger.files")
    both.spark.dbt("run", "--select", "bronze_users", "silver_users")
    assert both.spark_rows(summary, "ledger.files") == before


def test_a_file_without_account_is_taken_in_anew(both: Both) -> None:
    """What a kill leaves that came after a file's records and before its account."""
    both.spark.dbt(
        "run-operation",
        "_execute",
        "--args",
        """{sql: "delete from ledger.files where file_name = 'users_batch_010.csv'"}""",
    )
    both.spark.dbt("run", "--select", "bronze_users")
    compared = both.compare("bronze.users", "ledger.files", "ledger.rejected_records", "ledger.layout_changes")
    assert {table: only for table, (_, only) in compared.items() if only} == {}


def test_records_that_cannot_be_told_apart_hold_the_file(both: Both) -> None:
    users = both.landing / "gcp" / "inbox" / "users"
    header, *rows = _rows(users / "users_batch_000.csv")
    torn = [[str(910_000 + i), *row[1:]] for i, row in enumerate(rows[:4])]
    _write(users / "users_batch_014.csv", [header, *torn])
    text = (users / "users_batch_014.csv").read_text()
    (users / "users_batch_014.csv").write_text(text.replace("910001,", '910001,"'))
    os.utime(users / "users_batch_014.csv")

    done = both.spark.dbt("run", "--select", "bronze_users")
    assert "users_batch_014.csv is held back" in done.stdout
    assert both.spark_rows(
        "select f.state, f.reason, count(u.id) from files as f left join users as u on u._content_hash = f.file_id"
        " where f.file_name = 'users_batch_014.csv' group by all",
        "ledger.files",
        "bronze.users",
    ) == [("held", "counts_do_not_reconcile", 0)]
