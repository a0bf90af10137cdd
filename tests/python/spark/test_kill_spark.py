"""P3 on Spark: a build that is killed at any moment and run again ends where an unbroken one ends.

`make test-spark` kills once, in a slice of the project from the files to the answers of a model; LAKEWEAVE_SPARK_KILLS=20
kills it twenty times, and `make test-spark-long` kills all of the project as often, as tests/python/reliability does on the
embedded target. The killed dbt has a process and a session of its own, of which Python and Java die at once; the tables are
read by their folders.
"""

from __future__ import annotations

import contextlib
import os
import random
import shutil
import signal
import time
from pathlib import Path
from typing import Any

import pytest

from tests.python.spark.parity import WORDS, Both
from tests.python.spark.session import SparkWorkspace, processes_below
from tests.python.support import JOURNALS, VOLATILE

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


def strike(workspace: SparkWorkspace, after: float) -> bool:
    """Run and kill after ``after`` seconds, unless it ended before."""
    child = workspace.start(*RUN)
    end = time.monotonic() + after
    while time.monotonic() < end and child.poll() is None:
        time.sleep(0.05)
    struck = child.poll() is None
    for pid in [child.pid, *processes_below(child.pid)]:
        with contextlib.suppress(ProcessLookupError):
            os.kill(pid, signal.SIGKILL)
    child.communicate()
    return struck


def test_killed_at_any_moment(complete: Path, both: Both, tmp_path: Path) -> None:
    # The session of this process reads what the killed ones wrote.
    session = both.spark.open()
    workspace = SparkWorkspace.on_spark(tmp_path / "project", complete)
    warehouse = workspace.root / "warehouse"
    # So that the project is read for the first time before anything is timed.
    workspace.dbt("parse", "--quiet")

    began = time.monotonic()
    workspace.dbt(*RUN)
    seconds = time.monotonic() - began
    expected = state(workspace, session)
    assert expected["silver.users"][0] > 0
    assert expected["ledger.model_responses"][0] > 0

    moments = random.Random(20261121)
    struck = 0
    for number in range(KILLS):
        shutil.rmtree(warehouse)
        warehouse.mkdir()
        # Python's and Java's start-up are over by a third of the time; every third run is struck twice.
        for _ in range(2 if number % 3 == 2 else 1):
            struck += strike(workspace, moments.uniform(0.35, 1.0) * seconds)
        workspace.dbt(*RUN)
        assert state(workspace, session) == expected, f"kill {number}"
        print(f"kill {number + 1} of {KILLS}: {struck} struck, every table as in the unbroken build", flush=True)
    assert struck >= KILLS // 2
