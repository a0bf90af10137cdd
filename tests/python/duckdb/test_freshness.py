"""`dbt source freshness` goes by the file ledger."""

from __future__ import annotations

import json
from pathlib import Path

import duckdb
import pytest

from tests.python.support import Workspace

SOURCES = {
    *(
        f"thelook.{table}"
        for table in ("users", "products", "orders", "order_items", "inventory_items", "events", "distribution_centers")
    ),
    "listings.listings",
    "marketplace.sale_lines",
    "grocery.transactions",
}


@pytest.fixture(scope="module")
def delivered(demo: Workspace, tmp_path_factory: pytest.TempPathFactory) -> Workspace:
    workspace = Workspace.create(tmp_path_factory.mktemp("freshness") / "build", demo.landing)
    demo.copy_warehouse(workspace.warehouse)
    return workspace


def freshness(workspace: Workspace, **days: int) -> tuple[int, dict[str, str]]:
    """The exit code and each source's status, with the newest file of some tables as many days old."""
    with duckdb.connect(str(workspace.warehouse)) as connection:
        connection.execute(
            "update ledger.files set delivered_at = (now() at time zone 'UTC')::timestamp - interval 1 hour"
        )
        for table, age in days.items():
            connection.execute(
                "update ledger.files set delivered_at = delivered_at - to_days(?) where source = ? and state = 'loaded'",
                [age, f"thelook.{table}"],
            )
    done = workspace.dbt("source", "freshness", check=False)
    written = json.loads((workspace.root / "target" / "sources.json").read_text())["results"]
    return done.returncode, {".".join(each["unique_id"].split(".")[-2:]): each["status"] for each in written}


def test_sources_are_as_fresh_as_their_newest_loaded_file(delivered: Workspace) -> None:
    code, found = freshness(delivered)
    assert (code, found) == (0, dict.fromkeys(SOURCES, "pass"))
    # The repeated file of orders arrived an hour ago and makes nothing fresher.
    code, found = freshness(delivered, orders=3, users=10)
    assert code == 1
    assert found == {**dict.fromkeys(SOURCES, "pass"), "thelook.orders": "warn", "thelook.users": "error"}


def test_a_source_that_never_delivered_is_stale(delivered: Workspace, tmp_path: Path) -> None:
    with duckdb.connect(str(delivered.warehouse)) as connection:
        connection.execute("delete from ledger.files where source = 'thelook.events'")
    code, found = freshness(delivered)
    assert (code, found["thelook.events"]) == (1, "error")
