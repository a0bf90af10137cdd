"""P3: a build that is killed at any moment and run again ends where an unbroken one ends. P1, P2 and P4 hold throughout."""

from __future__ import annotations

import os
import random
import re
import shutil
from pathlib import Path

import pytest

from demo.landing import LandingConfig, generate
from tests.python.reliability.worker import Worker
from tests.python.support import Workspace

KILLS = int(os.environ.get("LAKEWEAVE_KILLS", "1"))
# Everything that ingests, deduplicates and aggregates, and the pictures with the models that are called for them.
SELECT = (
    "run",
    "--select",
    "bronze silver.thelook silver.listings silver.yoga orders_enriched customer_metrics daily_sales",
)
PICTURES = ("silver.product_image_annotations", "silver.yoga_pose_predictions")
TEST = ("test", "--select", "test_name:reconciles")


STARTED = re.compile(r"START sql \w+ model")
ENDED = re.compile(r"(?:OK|ERROR) creat\w+ sql \w+ model")


def models_at_work(output: str) -> int:
    """How many models dbt's log has as started and not as ended."""
    return len(STARTED.findall(output)) - len(ENDED.findall(output))


def inference_account(workspace: Workspace) -> dict[str, dict[str, int]]:
    """For each inference model, the counts of its newest run, and its attempts in all runs."""
    columns = ("row_count", "input_count", "ok", "retryable", "failed", "pending", "attempts")
    rows = workspace.query(
        """
        select node_id, row_count, input_count, ok, retryable, failed, pending, (
            select count(*) from ledger.model_responses as responses
            where responses.node_id = runs.node_id and responses.state <> 'offered'
        )
        from ledger.inference_runs as runs
        qualify row_number() over (partition by node_id order by ran_at desc) = 1
        """
    )
    return {row[0]: dict(zip(columns, row[1:], strict=True)) for row in rows}


@pytest.fixture(scope="module")
def workspace(tmp_path_factory: pytest.TempPathFactory) -> Workspace:
    root = tmp_path_factory.mktemp("kill")
    generate(LandingConfig(scale=0.01, batches=2, seed=7, out=root / "landing"))
    return Workspace.create(root / "project", root / "landing")


def test_killed_at_any_moment(workspace: Workspace, tmp_path: Path) -> None:
    worker = Worker(workspace)
    try:
        assert worker.run("seed").code == 0
        # With its write-ahead log: a child ends without closing the warehouse, as a killed one does.
        empty = tmp_path / "empty"
        shutil.copytree(workspace.warehouse.parent, empty)

        unbroken = worker.run(*SELECT)
        assert unbroken.code == 0, unbroken.output[-3000:]
        assert len(STARTED.findall(unbroken.output)) >= 10
        # Kept beside the warehouse of a failure, so that their rows can be compared.
        shutil.copytree(workspace.warehouse.parent, tmp_path / "unbroken")
        expected: dict[str, object] = {**workspace.state()}
        rows = {table: count for table, (count, _) in workspace.state().items()}
        assert rows["silver.events"] > 1000
        assert all(rows[table] > 0 for table in PICTURES)
        asked = inference_account(workspace)
        assert len(asked) >= 2
        assert all(account["input_count"] > 0 for account in asked.values())
        expected["ledger.inference_runs"] = asked

        moments = random.Random(20261121)
        # A build that ended before it was struck says how long one takes by now.
        seconds, struck, rounds = unbroken.seconds, 0, 0
        while struck < KILLS:
            rounds += 1
            assert rounds <= 5 * KILLS, f"only {struck} of {rounds} builds were struck"
            shutil.rmtree(workspace.warehouse.parent)
            shutil.copytree(empty, workspace.warehouse.parent)
            # From the opening of the warehouse to the end; every third round strikes twice.
            for _ in range(2 if rounds % 3 == 2 else 1):
                outcome = worker.run(*SELECT, kill_after=moments.uniform(0.1, seconds))
                if outcome.code is None:
                    # A kill while dbt starts or ends proves nothing; the log says what was at work.
                    struck += models_at_work(outcome.output) > 0
                else:
                    assert outcome.code == 0, outcome.output[-3000:]
                    seconds = min(seconds, outcome.seconds)
            again = worker.run(*SELECT)
            assert again.code == 0, again.output[-3000:]
            found = workspace.state() | {"ledger.inference_runs": inference_account(workspace)}
            other = {t: (expected.get(t), found.get(t)) for t in expected | found if expected.get(t) != found.get(t)}
            assert not other, (
                f"round {rounds}, {struck} kills, as expected and as found: {other}\n{outcome.output[-2000:]}"
            )
            print(f"round {rounds}: {struck} kills, {len(expected)} tables are equal", flush=True)
        checked = worker.run(*TEST)
        assert checked.code == 0, checked.output[-3000:]
    finally:
        worker.close()
