"""Fixtures of the BigQuery proof: the project is recorded once for all tests."""

from __future__ import annotations

import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from . import demo, gate
from .recorder import ROOT, Recorder, Recording, record
from .warehouse import Warehouse

_LINES: list[str] = []
_DEMO: list[tuple[Path, subprocess.Popen[str]]] = []


def _start_demo(request: pytest.FixtureRequest) -> None:
    """Starts the demo build, unless it runs already."""
    if not _DEMO:
        folder = request.config._tmp_path_factory.mktemp("demo")
        _DEMO.append((folder, demo.start(folder)))


def pytest_sessionfinish() -> None:
    """Leaves no process behind."""
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
    if any("demo_build" in getattr(item, "fixturenames", ()) for item in request.session.items):
        _start_demo(request)
    made = record(ROOT)
    _LINES.extend(gate.counts(made))
    return made


@pytest.fixture
def recorder(tmp_path) -> Iterator[type[Recorder]]:
    """The class `Recorder`; whoever makes one closes it."""
    return Recorder


@pytest.fixture
def empty() -> Warehouse:
    """A project `p` with a dataset `d` and nothing in it."""
    return Warehouse("p", datasets={"p.d"})


def pytest_terminal_summary(terminalreporter) -> None:
    """Says what was proved, also when all is well."""
    for line in _LINES:
        terminalreporter.write_line(f"bigquery: {line}")
