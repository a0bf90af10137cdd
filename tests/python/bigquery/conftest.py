"""Fixtures of the BigQuery proof: the project is recorded once for all tests."""

from __future__ import annotations

import multiprocessing
import subprocess
from collections.abc import Iterator
from concurrent.futures import Future, ProcessPoolExecutor
from pathlib import Path

import pytest

from . import checks, demo
from .recorder import ROOT, Recorder, Recording, record
from .test_seeded_mistakes import Good, Seeded, judge
from .warehouse import Warehouse

_LINES: list[str] = []
_DEMO: list[tuple[Path, subprocess.Popen[str]]] = []
_SEEDED: list[Future[dict[str, Seeded]]] = []
_BESIDE = ProcessPoolExecutor(1, mp_context=multiprocessing.get_context("spawn"))


def _start_demo(request: pytest.FixtureRequest) -> None:
    """Starts the demo build, unless it runs already."""
    if not _DEMO:
        folder = request.config._tmp_path_factory.mktemp("demo")
        _DEMO.append((folder, demo.start(folder)))


def pytest_sessionfinish() -> None:
    """Leaves no process behind."""
    _BESIDE.shutdown(cancel_futures=True)
    for _, process in _DEMO:
        if process.poll() is None:
            process.terminate()
            process.wait(timeout=30)


@pytest.fixture(scope="session")
def demo_build(request: pytest.FixtureRequest) -> Path:
    """The folder of the demo build, once it is done."""
    _start_demo(request)
    folder, process = _DEMO[0]
    said, _ = process.communicate()
    if process.returncode:
        pytest.fail(f"the demo build on DuckDB failed:\n{said[-4000:]}", pytrace=False)
    return folder


@pytest.fixture(scope="session")
def recording(request: pytest.FixtureRequest) -> Recording:
    """Everything that the project sends to BigQuery, on all kinds of run. The demo is built beside it, where a test wants it."""
    used = {name for item in request.session.items for name in getattr(item, "fixturenames", ())}
    if "demo_build" in used:
        _start_demo(request)

    def judge_seeded(first: Recording) -> None:
        good = Good(first.snapshots["first run"], first.parsed)
        _SEEDED.append(_BESIDE.submit(judge, good, request.config._tmp_path_factory.mktemp("mistakes")))

    made = record(ROOT, after_first=judge_seeded if "seeded" in used else None)
    _LINES.extend(checks.counts(made))
    return made


@pytest.fixture(scope="session")
def seeded(recording: Recording) -> dict[str, Seeded]:
    """What the gate says of copies with mistakes; they are recorded beside the good project, in a process of their own."""
    return _SEEDED[0].result()


@pytest.fixture
def recorder(tmp_path) -> Iterator[type[Recorder]]:
    """The class `Recorder`. The test that creates one closes it."""
    return Recorder


@pytest.fixture
def empty() -> Warehouse:
    """A project `p` with a dataset `d` and nothing in it."""
    return Warehouse("p", datasets={"p.d"})


def pytest_terminal_summary(terminalreporter) -> None:
    """Says what was proved, also when all is well."""
    for line in _LINES:
        terminalreporter.write_line(f"bigquery: {line}")
