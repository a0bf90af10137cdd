"""A workspace of its own for a test: the project, a landing zone, a warehouse, and dbt run against them."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
import tempfile
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path

import duckdb

from demo.landing import FEEDS
from tests.python import forking

ROOT = Path(__file__).resolve().parents[2]

# What differs between two builds of the same state: when they ran, and what the clock or the disk put down.
VOLATILE = {
    "processed_at",
    "silver_loaded_at",
    "invocation_id",
    "delivered_at",
    "stat_key",
    # When an object was put into the bucket, and as which generation: of a copied landing zone, when it was copied.
    "updated",
    "generation",
    "path",
    "dbt_scd_id",
    "dbt_updated_at",
    "dbt_valid_from",
    "dbt_valid_to",
    "requested_at",
    "responded_at",
}
# Journals of the runs themselves: they grow with every run, that is what they are for.
JOURNALS = {"ledger.inference_runs", "ledger.relations", "gold.model_usage"}
PROJECT = (
    "analyses",
    "demo",
    "docs",
    "lakeweave",
    "macros",
    "models",
    "seeds",
    "snapshots",
    "tests/generic",
    "tests/singular",
)


PARSED = "partial_parse.msgpack"
"""Dbt's name for what it remembers of the files that it parsed."""
RELATIVE = {"LAKEWEAVE_LANDING": "landing", "LAKEWEAVE_WAREHOUSE": "warehouse/lakeweave.duckdb"}
"""Places as seen from a workspace, the same in each: so what dbt remembers of the project is good for all of them."""


@cache
def _parsed() -> bytes:
    """What dbt remembers of the project, parsed once: digests show which files of a workspace differ.

    And so those that have changed since the tests before, which left theirs in pytest's cache.
    """
    kept = ROOT / ".pytest_cache" / PARSED
    with tempfile.TemporaryDirectory() as target:
        words = ("--quiet", "parse", "--profiles-dir", target, "--target-path", target, "--log-path", target)
        shutil.copy(ROOT / "profiles.example.yml", Path(target) / "profiles.yml")
        if kept.exists():
            shutil.copy(kept, target)
        done = forking.run(words, ROOT, {**os.environ, **Workspace(ROOT, ROOT / "landing").env(), **RELATIVE})
        assert done.returncode == 0, done.stdout[-6000:] + done.stderr[-2000:]
        parsed = Path(target) / PARSED
        kept.parent.mkdir(exist_ok=True)
        # Two processes of the tests may do so at once.
        shutil.copy(parsed, f"{kept}.{os.getpid()}")
        os.replace(f"{kept}.{os.getpid()}", kept)
        return parsed.read_bytes()


@dataclass
class Workspace:
    """One copy of the project at ``root`` with a warehouse and a landing zone beside it."""

    root: Path
    landing: Path
    environment: dict[str, str] = field(default_factory=dict)

    @classmethod
    def create(cls, root: Path, landing: Path | None = None, only: tuple[str, ...] = PROJECT) -> Workspace:
        """Link the project's folders into ``root``; files that dbt writes stay there."""
        root.mkdir(parents=True, exist_ok=True)
        for name in only:
            target = root / name
            target.parent.mkdir(parents=True, exist_ok=True)
            if target.parent != root and (ROOT / name).exists():
                # dbt follows a link to a folder of resources, and none below it.
                shutil.copytree(ROOT / name, target)
            elif (ROOT / name).exists():
                target.symlink_to(ROOT / name, target_is_directory=True)
        for name in ("dbt_project.yml", "vars.yml"):
            shutil.copy(ROOT / name, root)
        shutil.copy(ROOT / "profiles.example.yml", root / "profiles.yml")
        (root / "warehouse").mkdir(exist_ok=True)
        if landing is not None and landing != root / "landing":
            (root / "landing").symlink_to(landing, target_is_directory=True)
        (root / "target").mkdir(exist_ok=True)
        (root / "target" / PARSED).write_bytes(_parsed())
        return cls(root, landing or root / "landing")

    @property
    def warehouse(self) -> Path:
        """The DuckDB file."""
        return self.root / "warehouse" / "lakeweave.duckdb"

    def copy_warehouse(self, path: Path) -> Path:
        """A copy of the DuckDB file, with what its log holds: a forked dbt may end without writing that into the file."""
        for suffix in ("", ".wal"):
            file = Path(f"{self.warehouse}{suffix}")
            if file.exists():
                shutil.copy(file, f"{path}{suffix}")
        return path

    def env(self) -> dict[str, str]:
        """The environment of a dbt process of this workspace."""
        return {
            **os.environ,
            "LAKEWEAVE_LANDING": str(self.landing),
            "LAKEWEAVE_WAREHOUSE": str(self.warehouse),
            "LAKEWEAVE_TARGET": "duckdb",
            "DBT_SEND_ANONYMOUS_USAGE_STATS": "false",
            "PYTHONPATH": str(self.root),
            **self.environment,
        }

    def command(self, *arguments: str) -> list[str]:
        """The words of a dbt call with this Python."""
        return [sys.executable, "-m", "dbt.cli.main", *arguments]

    def start(self, *arguments: str) -> subprocess.Popen[str]:
        """A dbt process in its own group, so that a test can kill all of it."""
        return subprocess.Popen(
            self.command(*arguments),
            cwd=self.root,
            env=self.env(),
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            start_new_session=True,
        )

    def dbt(self, *arguments: str, check: bool = True) -> subprocess.CompletedProcess[str]:
        """Run dbt to its end; with ``check``, a failure is an AssertionError with dbt's output."""
        # dbt's log needs `--debug`.
        unlogged = {} if "--debug" in arguments else {"DBT_LOG_LEVEL_FILE": "none"}
        environment = {**self.env(), **RELATIVE, **unlogged, **self.environment}
        if any((Path(path) / "sitecustomize.py").exists() for path in environment["PYTHONPATH"].split(os.pathsep)):
            # The test changes Python itself, which takes a Python of its own.
            done = subprocess.run(
                self.command(*arguments), cwd=self.root, env=environment, capture_output=True, text=True, check=False
            )
        else:
            done = forking.run(arguments, self.root, environment)
        if check:
            assert done.returncode == 0, (
                f"dbt {' '.join(arguments)} failed:\n{done.stdout[-6000:]}\n{done.stderr[-2000:]}"
            )
        return done

    def results(self) -> list[dict[str, object]]:
        """The results of dbt's last run, node by node."""
        return json.loads((self.root / "target" / "run_results.json").read_text())["results"]

    def query(self, sql: str, *parameters: object) -> list[tuple]:
        """Rows of a query, read-only."""
        with duckdb.connect(str(self.warehouse), read_only=True) as connection:
            return connection.execute(sql, list(parameters)).fetchall()

    def state(self, schemas: tuple[str, ...] = ("bronze", "silver", "gold", "ledger", "snapshots")) -> dict[str, tuple]:
        """For each table its row count and an order-free hash of all that is not volatile; bronze without record times."""
        state: dict[str, tuple] = {}
        with duckdb.connect(str(self.warehouse), read_only=True) as connection:
            columns: dict[tuple[str, str], list[str]] = {}
            for schema, table, column in connection.execute(
                "select table_schema, table_name, column_name from information_schema.columns order by all"
            ).fetchall():
                if schema in schemas and column not in VOLATILE and f"{schema}.{table}" not in JOURNALS:
                    columns.setdefault((schema, table), []).append(column)
            for (schema, table), names in sorted(columns.items()):
                row = ", ".join(f'"{name}"' for name in names)
                state[f"{schema}.{table}"] = (
                    connection.execute(
                        f'select count(*), coalesce(sum(hash({row})::hugeint), 0)::varchar from "{schema}"."{table}"'
                    ).fetchone()
                    or ()
                )
        return state


def deliver_batch(complete: Path, inbox: Path, batch: int) -> list[str]:
    """Deliver one batch of the complete landing zone at ``complete`` into another folder; the paths of its files."""
    delivered = []
    for feed in FEEDS:
        files = complete / "truth" / feed / "files.parquet"
        if not files.exists():
            continue
        for (path,) in duckdb.sql(f"select path from '{files}' where batch = {batch} order by path").fetchall():
            target = inbox / path
            target.parent.mkdir(parents=True, exist_ok=True)
            shutil.copy(complete / path, target)
            os.utime(target)
            delivered.append(path)
    return delivered


def add_models(workspace: Workspace, models: dict[str, str]) -> None:
    """Models of a test's own, by name, beside the project's, which are copied for it: dbt follows no links below a folder."""
    folder = workspace.root / "models"
    if folder.is_symlink():
        project = folder.resolve()
        folder.unlink()
        shutil.copytree(project, folder)
    for name, sql in models.items():
        (folder / f"{name}.sql").write_text(sql)
