"""Distributes the tests over processes (`make test` starts two). Tests that share a build stay together."""

from __future__ import annotations

import os
from functools import cache
from pathlib import Path
from typing import Any

import pytest

from tests.python import dbt_speedups

dbt_speedups.find_callers_sooner()

# The clock of every build of the tests: the data of the demo ends before it.
os.environ["LAKEWEAVE_AS_OF"] = "2026-03-01 00:00:00"

ROOT = Path(__file__).resolve().parents[2]

TOGETHER = {
    "recording: Recording": "bigquery",
    "demo: Workspace": "demo",
    # The Spark tests that share deliveries. All others on Spark run in the other process.
    "both: Both, complete: Path": "spark",
}
"""Fixtures of a session that take long to make, as an argument of a test says them, and the group of such files."""


@cache
def _group(file: str) -> str:
    text = (ROOT / file).read_text()
    return next((group for argument, group in TOGETHER.items() if argument in text), file)


@pytest.hookimpl(tryfirst=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Sort the longest to the front: a process that begins one of them last would make the other one wait."""
    items.sort(key=lambda item: (_group(item.nodeid.split("::")[0]) != "spark", "/reliability/" not in item.nodeid))


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_make_scheduler(config: pytest.Config, log: Any) -> Any:
    """Hands out whole files, and those of a group to one process."""
    from xdist.scheduler import LoadScopeScheduling

    class ByGroup(LoadScopeScheduling):
        def _split_scope(self, nodeid: str) -> str:
            return _group(nodeid.split("::")[0])

    return ByGroup(config, log)
