"""P3 on Spark: a build that is killed at any moment and run again ends where an unbroken one ends.

`make test-spark` kills once, in a slice of the project from the files to the answers of a model; LAKEWEAVE_SPARK_KILLS=20
kills it twenty times, and `make test-spark-long` kills all of the project as often, as tests/python/reliability does on the
DuckDB target. The killed dbt has a process and a session of its own, of which Python and Java die at once; the tables are
read by their folders.
"""

from __future__ import annotations

import os
import random
import shutil
import signal
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from tests.python.spark.parity import WORDS, Both
from tests.python.spark.session import SparkWorkspace
from tests.python.support import JOURNALS, ROOT, VOLATILE

pytestmark = pytest.mark.needs_spark
KILLS = int(os.environ.get("LAKEWEAVE_SPARK_KILLS", "1"))
SLICE = ("+silver_user_addresses",)
ALL = ("resource_type:seed", "gemini", "bronze", "silver", "orders_enriched", "customer_metrics", "daily_sales")
RUN = (
    *("build", "--quiet", "--exclude-resource-type", "test", "--exclude-resource-type", "unit_test"),
    *("--select", *(ALL if os.environ.get("LAKEWEAVE_SPARK_LONG") == "1" else SLICE)),
)


def state(workspace: SparkWorkspace, session: Any) -> dict[str, tuple]:
    """For each table its row count and an order-free hash of all that is not volatile."""
    found = {}
    for folder in sorted((workspace.root / "warehouse" / "delta").glob("*.db/*")):
        name = f"{folder.parent.name.removesuffix('.db')}.{folder.name}"
        if name in JOURNALS or not any((folder / "_delta_log").glob("*.json")):
            continue
        frame = session.read.format("delta").load(str(folder))
        columns = [c for c in frame.columns if c not in VOLATILE | WORDS.get(name, set())]
        hashed = f"sum(cast(xxhash64({', '.join(f'`{c}`' for c in columns)}) as decimal(38, 0)))"
        row = frame.selectExpr("count(*) as n", f"{hashed} as h").collect()[0]
        found[name] = (row.n, str(row.h))
    return found


def run(workspace: SparkWorkspace, number: int = 0, seconds: float = 0.0) -> int:
    """Run, and be killed within the statement with that number (0: never). How many statements were sent.

    A process and a session of its own; what it left is gone with it.
    """
    counted = workspace.root / "target" / "statements"
    command = [
        sys.executable,
        "-m",
        "tests.python.spark.kill_nth_statement",
        str(number),
        str(seconds),
        str(counted),
        *RUN,
    ]
    environment = {**workspace.env(), "PYTHONPATH": os.pathsep.join([str(workspace.root), str(ROOT)])}
    child = subprocess.run(
        command,
        cwd=workspace.root,
        env=environment,
        start_new_session=True,
        capture_output=True,
        text=True,
        check=False,
    )
    assert child.returncode == (-signal.SIGKILL if number else 0), (child.stdout + child.stderr)[-4000:]
    return int(counted.read_text())


def test_killed_at_any_moment(complete: Path, both: Both, tmp_path: Path) -> None:
    # The session of this process reads what the killed ones wrote.
    session = both.spark.open()
    workspace = SparkWorkspace.on_spark(tmp_path / "project", complete)
    warehouse = workspace.root / "warehouse"

    statements = run(workspace)
    expected = state(workspace, session)
    assert expected["silver.users"][0] > 0
    assert expected["ledger.model_responses"][0] > 0

    moments = random.Random(20261121)
    for kill in range(KILLS):
        shutil.rmtree(warehouse)
        warehouse.mkdir()
        # One moment in each of so many equal parts of the build; every third run is struck twice, the second time early on.
        moment = 1 + int((kill + moments.random()) * statements / KILLS)
        struck = [moment, *([moments.randint(1, moment // 3 + 1)] if kill % 3 == 2 else [])]
        for number in struck:
            run(workspace, number, moments.uniform(0.0, 0.5))
        run(workspace)
        assert state(workspace, session) == expected, f"killed within statement {struck} of {statements}"
        print(
            f"kill {kill + 1} of {KILLS}, within statement {' and '.join(map(str, struck))} of {statements}: "
            "every table as in the unbroken build",
            flush=True,
        )
