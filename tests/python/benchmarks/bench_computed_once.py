"""Benchmark of what is computed once: a build with nothing new, and a build after one new file, beside a project of one model.

    python -m tests.python.benchmarks.bench_computed_once [--scale 0.01] [--folder /tmp]

Promised: a build with nothing new takes at most 3 times the project of one model, writes no relation and reads no row outside
of the ledger; after one new file the nodes work at most a quarter of the first build. Each build is a process of its own, dbt's
start included.
"""

from __future__ import annotations

import argparse
import json
import os
import re
import resource
import subprocess
import sys
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path

from demo.landing import LandingConfig, generate
from tests.python.support import Workspace

NOW = "2026-03-01 00:00:00"
NEW_FILE = "gcp/inbox/users"


@dataclass
class Measured:
    """One dbt process."""

    clock: float
    processor: float
    work: float
    """Seconds that the nodes took, by dbt."""
    unchanged: str
    written: list[str]
    """Relations that were built."""
    read: int
    """Checksums of whole tables."""


def run(root: Path, environment: dict[str, str], *words: str) -> Measured:
    """Run `dbt build` in ``root``."""
    before, began = resource.getrusage(resource.RUSAGE_CHILDREN), time.monotonic()
    done = subprocess.run(
        [sys.executable, "-m", "dbt.cli.main", "--no-use-colors", "build", *words],
        cwd=root,
        env={**os.environ, **environment, "DBT_SEND_ANONYMOUS_USAGE_STATS": "false", "LAKEWEAVE_AS_OF": NOW},
        capture_output=True,
        text=True,
        check=False,
    )
    clock, after = time.monotonic() - began, resource.getrusage(resource.RUSAGE_CHILDREN)
    assert done.returncode == 0, done.stdout[-3000:]
    results = json.loads((root / "target" / "run_results.json").read_text())["results"]
    log = root / "logs" / "dbt.log"
    told = re.findall(r"Unchanged: .*", done.stdout)
    text = log.read_text() if log.exists() else ""
    log.unlink(missing_ok=True)
    return Measured(
        clock,
        after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime,
        sum(result["execution_time"] for result in results),
        told[-1] if told else "",
        sorted(
            result["unique_id"].split(".")[2]
            for result in results
            if result["unique_id"].split(".")[0] in ("model", "seed", "snapshot")
            and (result["adapter_response"] or {}).get("code") != "UNCHANGED"
        ),
        text.count("sum(hash(lakeweave_row))"),
    )


def one_model(root: Path) -> Path:
    """A project with one trivial model."""
    (root / "models").mkdir(parents=True)
    (root / "models" / "one.sql").write_text("select 1 as one\n")
    (root / "dbt_project.yml").write_text("name: one\nversion: '1.0.0'\nprofile: one\nmodels: {+materialized: table}\n")
    (root / "profiles.yml").write_text(
        "one: {target: dev, outputs: {dev: {type: duckdb, path: one.duckdb, threads: 2}}}\n"
    )
    return root


def main() -> None:
    """Measure, and print a line for each build."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--scale", type=float, default=0.01)
    parser.add_argument("--folder", type=Path)
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory(dir=arguments.folder) as scratch:
        folder = Path(scratch)
        trivial = one_model(folder / "one")
        run(trivial, {})
        generate(LandingConfig(scale=arguments.scale, batches=3, out=folder / "landing"))
        new = sorted((folder / "landing" / NEW_FILE).rglob("*.*"))[-1]
        held = new.rename(folder / new.name)
        workspace = Workspace.create(folder / "project", folder / "landing")
        variables = ("--vars", "{computed_once: true}")
        beside = run(trivial, {})
        measured = {"first": run(workspace.root, workspace.env(), *variables)}
        measured["second"] = run(workspace.root, workspace.env(), *variables)
        measured["nothing new"] = run(workspace.root, workspace.env(), *variables)
        held.rename(new)
        measured["one new file"] = run(workspace.root, workspace.env(), *variables)
    print(f"{'one model':13s} {beside.clock:6.1f} s {beside.processor:6.1f} s of processor")
    for name, each in measured.items():
        share = each.work / measured["first"].work
        print(
            f"{name:13s} {each.clock:6.1f} s {each.processor:6.1f} s of processor   {each.clock / beside.clock:5.1f} and "
            f"{each.processor / beside.processor:.1f} times one model   nodes {each.work:6.1f} s, "
            f"{share:4.0%} of the first   {len(each.written)} built, {each.read} checksums   {each.unchanged}"
        )
    print("built with nothing new:", ", ".join(measured["nothing new"].written))


if __name__ == "__main__":
    main()
