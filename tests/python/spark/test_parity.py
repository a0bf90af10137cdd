"""Spark with Delta ends where DuckDB ends, table by table, at each of four deliveries and in a rerun."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path

import duckdb
import pytest

from demo.landing.grocery import DATABASE, rows, write_sqlite
from tests.python.spark.parity import LEDGER, LEDGER_NOT_COMPARED, LEDGER_TABLES, NOT_COMPARED, Both
from tests.python.support import deliver_batch

pytestmark = pytest.mark.needs_spark
NO_TESTS = ("--exclude-resource-type", "test", "--exclude-resource-type", "unit_test")


# An increment builds what depends on files that came, as a build that starts by itself does: the first two take a source or
# two, the third all that came since, and gold with it. `make test-spark-long` builds everything each time, and
# `make test-spark-sample` has one increment, of a source or two and all of gold.
LONG = os.environ.get("LAKEWEAVE_SPARK_LONG") == "1"
SAMPLE = os.environ.get("LAKEWEAVE_SPARK_SAMPLE") == "1"
HISTORY = ("bronze", "silver", "resource_type:snapshot")
FIRST = ("resource_type:seed", "ml", *HISTORY)
AGAIN = ("bronze", "silver.thelook", "silver.inference")
CORE = (
    "test_type:singular",
    "test_name:reconciles",
    "test_name:unique_combination",
    "silver_orders",
    "silver_user_addresses",
)


def _selected(both: Both, batch: int, delivered: list[str]) -> tuple[str, ...]:
    if LONG:
        return ()
    if batch == 0 or (batch == 3 and not SAMPLE):
        return ("--select", *(FIRST if batch == 0 else (*HISTORY, "gold")))
    sources = sorted(both.manifest()["sources"].values(), key=lambda source: source["unique_id"])
    came = [
        f"source:{source['source_name']}.{source['name']}+"
        for source in sources
        if source["source_name"] == "grocery"
        or any(path.startswith(f"{source['config']['meta'].get('folder')}/") for path in delivered)
    ]
    assert came
    increment = (f"{each},{layer}" for each in came[batch::6] for layer in HISTORY)
    return ("--select", *increment, *(("gold",) if batch == 3 else ()))


@pytest.mark.parametrize("batch", (0, 3) if SAMPLE else range(4))
def test_each_delivery(both: Both, complete: Path, batch: int, record_property: Callable[[str, object], None]) -> None:
    """The first delivery, then three increments."""
    delivered = deliver_batch(complete, both.landing, batch)
    assert delivered
    # The grocer's database moves on with the batches; the DuckDB build reads it first, and Spark finds nothing new in it.
    write_sqlite(both.landing / DATABASE, rows(0.05, 42, min(batch, 2)))
    selected = _selected(both, batch, delivered)
    built = both.build("build", *selected, *NO_TESTS)
    both.selected = tuple(word for word in selected if word != "gold")
    compared = both.compare(*(both.tables() if batch == 3 else [*built, *LEDGER_TABLES]))
    for each in compared:
        record_property(f"delivery {batch}", str(each))
    assert [each.name for each in compared if each.problems] == []
    # An empty table would compare as well: what the demo fills is not empty.
    empty = {each.name for each in compared if not each.rows}
    assert empty <= {"ledger.rejected_records", "ledger.layout_changes", "ledger.untyped_values"}


def test_every_table_is_compared(both: Both) -> None:
    """A list of what is not compared may not outlive its tables, and all others are compared."""
    built = {
        f"{node['schema']}.{node['alias']}"
        for node in both.manifest()["nodes"].values()
        if node["resource_type"] in ("model", "seed", "snapshot")
    }
    assert {name for name in NOT_COMPARED if not name.startswith("ledger.")} <= built
    assert built <= set(both.tables())
    ledger = both.duckdb.query("select table_name from information_schema.tables where table_schema = 'ledger'")
    assert {name for (name,) in ledger} - {"models", "inference_runs"} - LEDGER_NOT_COMPARED == set(LEDGER)


def test_a_rerun_changes_nothing(both: Both) -> None:
    """Other tables of silver, and gold, are created again each time, which the last delivery showed.

    What the sample has not built yet would be no rerun there.
    """
    both.spark.here("build", *(() if LONG else both.selected if SAMPLE else ("--select", *AGAIN)), *NO_TESTS)
    assert [str(each) for each in both.compare() if each.problems] == []
    answers = both.spark.rows("select count(*), count(distinct fingerprint), max(attempt) from ledger.model_responses")[
        0
    ]
    assert answers[0] == answers[1]


def test_published_tables_are_those_of_gold(both: Both) -> None:
    """The Parquet files that the manifest lists, read by another reader, hold the rows of the table."""
    published = [
        source["name"] for source in both.manifest()["sources"].values() if source["source_name"] == "published"
    ]
    assert len(published) == 4
    for name in published:
        folder = both.spark.root / "warehouse" / "gold" / name
        lists = list((folder / "_symlink_format_manifest").rglob("manifest"))
        files = [line.removeprefix("file:") for each in lists for line in each.read_text().split()]
        read = duckdb.read_parquet(files, hive_partitioning=True)
        columns = [f'"{column}"' for column in both.spark.table(f"gold.{name}").column_names]
        rows = read.project(", ".join(columns)).fetchall()
        assert sorted(map(str, rows)) == sorted(map(str, both.spark.rows(f"select * from gold.{name}"))), name


def test_data_tests_have_the_same_results(both: Both) -> None:
    """The tests of keys, sums and accounts; all data and unit tests by `make test-spark-long`."""
    words = ("test", *(() if LONG else ("--select", *CORE)))
    done = both.spark.here(*words, check=False)
    both.duckdb.dbt(*words, check=False)
    on_spark = {each.node.unique_id: str(each.status) for each in done.results}
    assert on_spark == {str(each["unique_id"]): each["status"] for each in both.duckdb.results()}
    # So small a demo has too few products for the test of what searches find.
    failed = {name for name, status in on_spark.items() if status not in ("pass", "warn", "success")}
    assert failed <= {"test.lakeweave.searches_find_what_they_should"}
    assert len(on_spark) > 20


def test_unit_tests_over_amounts_run(both: Both) -> None:
    """They read the currencies by a variable that their materialization declares; all others in `make test-spark-long`."""
    tests = ("bronze_inventory_items_every_column", "silver_products_types")
    done = both.spark.here("test", "--select", *tests)
    assert {each.node.name: str(each.status) for each in done.results if each.node.name in tests} == dict.fromkeys(
        tests, "pass"
    )


def test_analyses_are_valid(both: Both) -> None:
    """Each analysis is analyzed by Spark against the tables that it reads."""
    both.spark.here("compile", "--select", "resource_type:analysis")
    compiled = sorted((both.spark.root / "target" / "compiled" / "lakeweave" / "analyses").glob("*.sql"))
    assert len(compiled) >= 10
    for path in compiled:
        assert both.spark.session.sql(path.read_text()).columns, path.name
