"""The project in integration_tests/ installs Lakeweave as the README describes, and builds twice."""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import sys
import zipfile
from collections.abc import Iterator
from pathlib import Path

import duckdb
import pytest
import yaml

from tests.python import forking
from tests.python.support import ROOT


class Installed:
    """A copy of the project with Lakeweave as a dbt package and as a Python package."""

    def __init__(self, root: Path, package: Path) -> None:
        self.root, self.package = root, package
        (root / "packages.yml").write_text(f"packages:\n  - local: {ROOT}\n")

    def dbt(self, *arguments: str) -> str:
        done = subprocess.run(
            [sys.executable, "-c", "from dbt.cli.main import cli; cli()", "--no-use-colors", *arguments],
            cwd=self.root,
            # Not the repository: what is imported is what the wheel holds.
            env={**os.environ, "PYTHONPATH": str(self.package), "DBT_SEND_ANONYMOUS_USAGE_STATS": "false"},
            capture_output=True,
            text=True,
            check=False,
        )
        assert done.returncode == 0, done.stdout[-6000:] + done.stderr[-2000:]
        return done.stdout

    def quick(self, *arguments: str, target: str = "duckdb", succeeds: bool = True) -> str:
        """As :meth:`dbt`, in a process that has imported dbt already: with the repository's Python package."""
        environment = {
            **os.environ,
            "DBT_SEND_ANONYMOUS_USAGE_STATS": "false",
            "LAKEWEAVE_TARGET": target,
            "PYTHONPATH": str(ROOT),
        }
        done = forking.run(["--no-use-colors", *arguments], self.root, environment)
        assert (done.returncode == 0) == succeeds, done.stdout[-6000:] + done.stderr[-2000:]
        return done.stdout

    def query(self, sql: str, warehouse: str = "warehouse") -> list[tuple]:
        with duckdb.connect(str(self.root / f"{warehouse}.duckdb"), read_only=True) as connection:
            if warehouse == "dev":
                connection.execute(f"attach '{self.root / 'warehouse.duckdb'}' (read_only)")
            return connection.execute(sql).fetchall()

    def deliver_second_users(self) -> None:
        """A later file with one changed and one new user. The project has the first file only."""
        (self.root / "deliveries" / "gcp" / "web" / "users" / "users_2.csv").write_text(
            "id,email,created_at\n2,robert@example.com,2024-01-04 00:00:00\n3,cy@example.com,2024-01-05 00:00:00\n"
        )

    def manifest(self) -> dict:
        return json.loads((self.root / "target" / "manifest.json").read_text())


@pytest.fixture(scope="module")
def installed(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Installed]:
    folder = tmp_path_factory.mktemp("installed")
    # The wheel is built from a copy, because a build leaves files beside its sources.
    source = folder / "source"
    source.mkdir()
    for name in ("pyproject.toml", "README.md", "LICENSE"):
        shutil.copy(ROOT / name, source)
    shutil.copytree(ROOT / "lakeweave", source / "lakeweave", ignore=shutil.ignore_patterns("__pycache__"))
    build = "from setuptools import build_meta; print(build_meta.build_wheel('..'))"
    done = subprocess.run([sys.executable, "-c", build], cwd=source, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr[-3000:]
    with zipfile.ZipFile(next(folder.glob("*.whl"))) as wheel:
        wheel.extractall(folder / "package")
    ignored = shutil.ignore_patterns("target", "logs", "dbt_packages", "*.duckdb*", "package-lock.yml")
    shutil.copytree(ROOT / "integration_tests", folder / "project", ignore=ignored)
    made = Installed(folder / "project", folder / "package")
    try:
        made.dbt("deps")
        yield made
    finally:
        # The link points into this repository: it is removed before anything walks through it.
        (made.root / "dbt_packages" / "lakeweave").unlink(missing_ok=True)
        shutil.rmtree(made.root / "dbt_packages", ignore_errors=True)


def test_it_builds_twice(installed: Installed) -> None:
    first = installed.dbt("build")
    assert "web.orders: 1 of 3 records are rejected" in first
    assert installed.query("select id, email from users order by id") == [
        (1, "ann@example.com"),
        (2, "bob@example.com"),
    ]
    assert installed.query("select order_id, user_id from orders order by 1") == [(10, 1), (11, 2)]
    assert installed.query("select event_id, page from events order by 1") == [(1, "/"), (2, "/cart")]
    assert installed.query("select sku, pieces from stock_of_products order by 1") == [
        ("A-1", 4),
        ("A-2", 0),
        ("B-1", None),
    ]
    assert installed.query("select similar_sku from similar_products where sku = 'A-1'") == [("A-2",)]
    calls = installed.query("select count(*) from ledger.model_responses")
    assert calls > [(0,)]

    installed.deliver_second_users()
    second = installed.dbt("build")
    assert installed.query("select email from users order by id") == [
        ("ann@example.com",),
        ("robert@example.com",),
        ("cy@example.com",),
    ]
    assert installed.query("select count(*) from ledger.model_responses") == calls, "a second build sends nothing again"
    unchanged, relations = re.findall(r"Unchanged: (\d+) of (\d+) relations", second)[-1]
    assert 0 < int(unchanged) < int(relations), "one feed has a new file, the others have nothing new"


def test_nothing_of_the_demo_comes_along(installed: Installed) -> None:
    installed.dbt("parse")
    manifest = installed.manifest()
    foreign = [
        unique_id
        for kind in ("nodes", "sources", "exposures", "metrics", "semantic_models", "unit_tests")
        for unique_id in manifest[kind]
        if unique_id.split(".")[1] == "lakeweave" and not unique_id.startswith(("seed.", "operation."))
    ]
    assert foreign == []
    # Of the seeds those that macros read, with a prefix.
    seeds = {each["alias"] for each in manifest["nodes"].values() if each["unique_id"].startswith("seed.lakeweave.")}
    assert seeds == {
        "lakeweave_currency_symbols",
        "lakeweave_exchange_rates",
        "lakeweave_model_prices",
        "lakeweave_null_sentinels",
        "lakeweave_standard_spellings",
    }
    assert "WARNING" not in installed.dbt("parse", "--no-partial-parse", "--show-all-deprecations")


# The other commands and flags of dbt, on the project that is built. `dev` is another target: another DuckDB file, to which
# the first is attached.

STATE = ("--state", "state")
ACCOUNTS = """
    select 'files', count(*) from ledger.files union all select 'silver_records', sum(typed) from ledger.silver_records
    union all select 'bronze_orders', count(*) from bronze_orders union all select 'orders', count(*) from orders
    union all select 'users', count(*) from users union all select 'responses', count(*) from ledger.model_responses
    order by 1
"""


@pytest.fixture(scope="module")
def built(installed: Installed) -> Installed:
    """The project with all deliveries, built; whatever other tests of this module ran before."""
    installed.deliver_second_users()
    profiles = installed.root / "profiles.yml"
    profile = yaml.safe_load(profiles.read_text())
    outputs = profile["integration_tests"]["outputs"]
    attached = [{"path": "warehouse.duckdb", "read_only": True}]
    outputs["dev"] = {**outputs["duckdb"], "path": "dev.duckdb", "attach": attached}
    profiles.write_text(yaml.safe_dump(profile))
    installed.quick("build")
    (installed.root / "state").mkdir()
    shutil.copy(installed.root / "target" / "manifest.json", installed.root / "state")
    return installed


def test_empty_creates_every_relation_and_reads_no_delivery(built: Installed) -> None:
    said = built.quick("build", "--empty", target="dev")
    assert "ERROR=0" in said
    for relation in ("bronze_orders", "bronze_events", "orders", "users", "product_sentences", "stock_of_products"):
        assert built.query(f"select count(*) from {relation}", "dev") == [(0,)], relation
    for table in ("files", "rejected_records", "silver_records", "model_responses"):
        assert built.query(f"select count(*) from ledger.{table}", "dev") == [(0,)], table
    # What comes after it is the same as without it.
    built.quick("build", "-s", "+orders", target="dev")
    assert built.query("select * exclude (silver_loaded_at) from orders order by 1", "dev") == built.query(
        "select * exclude (silver_loaded_at) from orders order by 1"
    )


def test_defer_reads_the_other_environment_or_says_what_it_lacks(built: Installed) -> None:
    said = built.quick(
        *("build", "-s", "stock_of_products", "similar_products", "--defer", "--favor-state", *STATE), target="dev"
    )
    assert "ERROR=0" in said
    for relation in ("stock_of_products", "similar_products"):
        assert built.query(f"select * from {relation} order by all", "dev") == built.query(
            f"select * from {relation} order by all"
        )
    # A silver model needs the account of its files, which is in the ledger of the other environment.
    said = built.quick("build", "-s", "users", "--defer", "--favor-state", *STATE, target="dev", succeeds=False)
    # As many files as were delivered so far.
    (files,) = built.query("select count(*) from ledger.files where source = 'web.users' and state = 'loaded'")[0]
    assert (
        '`users` reads the deferred bronze table "warehouse"."main"."bronze_users", and the ledger of this target'
        f' ("dev"."ledger"."files") does not know {files} file(s) of web.users in it.'
    ) in " ".join(said.split())
    assert "Build bronze in this target: `-s +users`." in said


def test_clone_and_a_build_on_the_clones(built: Installed) -> None:
    (built.root / "dev.duckdb").unlink()
    # dbt loads no seed over a view, which is what a clone is on DuckDB.
    built.quick("clone", "--exclude", "resource_type:seed", *STATE, target="dev")
    for relation in ("bronze_orders", "orders", "product_sentences"):
        assert built.query(f"from {relation} order by all", "dev") == built.query(f"from {relation} order by all")
    said = built.quick("build", target="dev")
    assert "web.orders: main.bronze_orders is a view, as `dbt clone` makes it." in said
    same = "select * exclude (silver_loaded_at) from users order by all"
    assert built.query(same, "dev") == built.query(same)
    assert built.query("select count(*) from bronze_users", "dev") == built.query("select count(*) from bronze_users")


def test_sample_begins_behind_silver(built: Installed) -> None:
    model = built.root / "models" / "gold" / "new_users.sql"
    model.write_text("select id from {{ ref('users') }}\n")
    before = built.query(ACCOUNTS)
    days = "{'start': '2024-01-04', 'end': '2024-01-05'}"
    built.quick("build", "--sample", days, "-s", "+users", "new_users")
    assert built.query("select id from new_users") == [(2,)]
    assert built.query(ACCOUNTS) == before
    # A new silver table is complete too.
    built.quick("build", "--sample", days, "--full-refresh", "-s", "users", "new_users")
    assert built.query(ACCOUNTS) == before
    model.unlink()


def test_retry_after_an_empty_build(built: Installed) -> None:
    """After `--empty` on built tables nothing of the accounts is lost, and `retry` builds what failed."""
    before = built.query(ACCOUNTS)
    built.quick("build", "--empty")
    assert built.query(ACCOUNTS) == before
    assert built.query("select count(*) from stock_of_products") == [(0,)]
    model = built.root / "models" / "gold" / "stock_of_products.sql"
    right = model.read_text()
    model.write_text(right.replace("products.title", "products.titel"))
    built.quick("build", succeeds=False)
    model.write_text(right)
    built.quick("retry")
    ran = json.loads((built.root / "target" / "run_results.json").read_text())["results"]
    models = [each["unique_id"] for each in ran if each["unique_id"].startswith("model.")]
    assert models == ["model.integration_tests.stock_of_products"]
    assert built.query("select count(*) from stock_of_products") == [(3,)]
    assert built.query(ACCOUNTS) == before


def test_freshness_is_that_of_the_ledger(built: Installed) -> None:
    said = built.quick("source", "freshness")
    assert said.count("PASS freshness of web.") == 4
