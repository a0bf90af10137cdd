"""The project in integration_tests/ installs Lakeweave, and builds twice on Spark with the rows that it has on DuckDB."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.python.spark.session import JARS, SparkWorkspace
from tests.python.support import ROOT

pytestmark = pytest.mark.needs_spark


@pytest.fixture(scope="module")
def installed(tmp_path_factory: pytest.TempPathFactory) -> Iterator[SparkWorkspace]:
    root = tmp_path_factory.mktemp("integration") / "project"
    ignored = shutil.ignore_patterns("target", "logs", "dbt_packages", "*.duckdb*", "package-lock.yml")
    shutil.copytree(ROOT / "integration_tests", root, ignore=ignored)
    # Spark loads CSV and TSV, and holds JSON lines back.
    events = root / "deliveries" / "gcp" / "web" / "events"
    (events / "events_1.jsonl").unlink()
    (events / "events_1.csv").write_text("event_id,user_id,page\n1,1,/\n2,2,/cart\n")
    (root / "packages.yml").write_text(f"packages:\n  - local: {ROOT}\n")
    profile = (ROOT / "profiles.example.yml").read_text()
    (root / "profiles.yml").write_text(profile.replace("\nlakeweave:", "\nintegration_tests:", 1))
    for name in ("requirements", "lakeweave"):
        (root / name).symlink_to(ROOT / name, target_is_directory=True)
    workspace = SparkWorkspace(root, root / "deliveries")
    workspace.environment |= {"LAKEWEAVE_TARGET": "spark", "LAKEWEAVE_SPARK_JARS": str(JARS)}
    try:
        workspace.here("deps")
        yield workspace
    finally:
        # The link points into this repository: it is removed before anything walks through it.
        (root / "dbt_packages" / "lakeweave").unlink(missing_ok=True)


def test_it_builds_twice(installed: SparkWorkspace) -> None:
    landing = f"{{landing_path: {installed.landing}}}"
    installed.here("build", "--vars", landing)
    assert installed.rows("select id, email from main.users order by id") == [
        (1, "ann@example.com"),
        (2, "bob@example.com"),
    ]
    assert installed.rows("select order_id, user_id from main.orders order by 1") == [(10, 1), (11, 2)]
    assert installed.rows("select event_id, page from main.events order by 1") == [(1, "/"), (2, "/cart")]
    assert installed.rows("select sku, pieces from main.stock_of_products order by 1") == [
        ("A-1", 4),
        ("A-2", 0),
        ("B-1", None),
    ]
    assert installed.rows("select similar_sku from main.similar_products where sku = 'A-1'") == [("A-2",)]
    asked = "select count(*) from ledger.model_responses where node_id like '%.product_%'"
    calls = installed.rows(asked)
    assert calls > [(0,)]

    users = Path(installed.root) / "deliveries" / "gcp" / "web" / "users" / "users_2.csv"
    users.write_text(
        "id,email,created_at\n2,robert@example.com,2024-01-04 00:00:00\n3,cy@example.com,2024-01-05 00:00:00\n"
    )
    installed.here("build", "--vars", landing)
    assert installed.rows("select email from main.users order by id") == [
        ("ann@example.com",),
        ("robert@example.com",),
        ("cy@example.com",),
    ]
    assert installed.rows(asked) == calls, "a second build sends nothing again"


def test_empty_keeps_the_accounts_and_creates_what_is_missing(installed: SparkWorkspace) -> None:
    installed.here("build", "--empty", "--vars", f"{{landing_path: {installed.landing}}}")
    assert installed.rows("select count(*) from main.bronze_orders") == [(2,)]
    assert installed.rows("select count(*) from main.orders") == [(2,)]
    assert installed.rows("select count(*) from main.stock_of_products") == [(0,)]
    installed.session.sql("drop table main.bronze_events")
    installed.session.sql("delete from ledger.files where source = 'web.events'")
    installed.here("run", "--empty", "-s", "bronze_events", "--vars", f"{{landing_path: {installed.landing}}}")
    assert installed.rows("select count(*) from main.bronze_events") == [(0,)]
