"""Spark with Delta ends where the embedded target ends, table by table, at each of four deliveries and in a rerun."""

from __future__ import annotations

import json
import os
from collections.abc import Callable
from pathlib import Path

import pytest

from lakeweave.landing.grocery import DATABASE, rows, write_sqlite
from tests.python.spark.parity import LEDGER, NOT_COMPARED, Both
from tests.python.support import deliver_batch

pytestmark = pytest.mark.needs_spark
NO_TESTS = ("--exclude-resource-type", "test", "--exclude-resource-type", "unit_test")


# Gold is made anew of silver at every build, so it is built at the last delivery and in the rerun, unless there is time.
LONG = os.environ.get("LAKEWEAVE_SPARK_LONG") == "1"
HISTORY = ("bronze", "silver", "resource_type:snapshot")
FIRST = ("resource_type:seed", "ml", *HISTORY)
# What data tests say of the same rows is the same; of these it is seen that Spark takes their SQL.
CORE = (
    "test_type:singular",
    "test_name:reconciles",
    "test_name:unique_combination",
    "silver_orders",
    "silver_user_addresses",
)


def _selected(batch: int) -> tuple[str, ...]:
    if LONG or batch == 3:
        return ()
    return ("--select", *(FIRST if batch == 0 else HISTORY))


@pytest.mark.parametrize("batch", range(4))
def test_each_delivery(both: Both, complete: Path, batch: int, record_property: Callable[[str, object], None]) -> None:
    """The first delivery, then three increments."""
    assert deliver_batch(complete, both.landing, batch)
    # The grocer's database moves on with the batches; the embedded build reads it first, and Spark finds nothing new in it.
    write_sqlite(both.landing / DATABASE, rows(0.002, 42, min(batch, 2)))
    selected = _selected(batch)
    both.build("build", *selected, *NO_TESTS)
    gold_is_built = not selected
    compared = both.compare(
        *(name for name in both.tables() if gold_is_built or not name.startswith(("gold.", "main.")))
    )
    for each in compared:
        record_property(f"delivery {batch}", str(each))
    assert [each.name for each in compared if each.problems] == []
    # An empty table would compare as well: what the demo fills is not empty.
    assert {each.name for each in compared if not each.rows} <= {"ledger.rejected_records", "ledger.layout_changes"}


def test_every_table_is_compared(both: Both) -> None:
    """A list of what is not compared may not outlive its tables, and all others are compared."""
    manifest = json.loads((both.spark.root / "target" / "manifest.json").read_text())
    built = {
        f"{node['schema']}.{node['alias']}"
        for node in manifest["nodes"].values()
        if node["resource_type"] in ("model", "seed", "snapshot")
    }
    assert {name for name in NOT_COMPARED if not name.startswith("ledger.")} <= built
    assert built <= set(both.tables())
    ledger = both.embedded.query("select table_name from information_schema.tables where table_schema = 'ledger'")
    assert {name for (name,) in ledger} - {"models", "inference_runs"} == set(LEDGER)


def test_a_rerun_changes_nothing(both: Both) -> None:
    both.spark.here("build", *NO_TESTS)
    assert [str(each) for each in both.compare() if each.problems] == []
    answers = both.spark.rows("select count(*), count(distinct fingerprint), max(attempt) from ledger.model_responses")[
        0
    ]
    assert answers[0] == answers[1]


def test_data_tests_pass_on_spark(both: Both) -> None:
    """The tests of keys, sums and accounts; all data and unit tests by `make test-spark-long`."""
    both.spark.here("test", *(() if LONG else ("--select", *CORE)))


def test_analyses_are_valid(both: Both) -> None:
    """Each analysis is analyzed by Spark against the tables that it reads."""
    both.spark.here("compile", "--select", "resource_type:analysis")
    compiled = sorted((both.spark.root / "target" / "compiled" / "lakeweave" / "analyses").glob("*.sql"))
    assert len(compiled) >= 10
    for path in compiled:
        assert both.spark.session.sql(path.read_text()).columns, path.name
