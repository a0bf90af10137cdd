"""The project in integration_tests/ installs Lakeweave as the README describes, and builds twice."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
import zipfile
from collections.abc import Iterator
from pathlib import Path

import duckdb
import pytest

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

    def query(self, sql: str) -> list[tuple]:
        with duckdb.connect(str(self.root / "warehouse.duckdb"), read_only=True) as connection:
            return connection.execute(sql).fetchall()

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

    (installed.root / "deliveries" / "web" / "users" / "users_2.csv").write_text(
        "id,email,created_at\n2,robert@example.com,2024-01-04 00:00:00\n3,cy@example.com,2024-01-05 00:00:00\n"
    )
    installed.dbt("build")
    assert installed.query("select email from users order by id") == [
        ("ann@example.com",),
        ("robert@example.com",),
        ("cy@example.com",),
    ]
    assert installed.query("select count(*) from ledger.model_responses") == calls, "a second build sends nothing again"


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
