"""Fixtures of the BigQuery proof: the project is recorded once for all tests."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from . import gate
from .recorder import ROOT, Recorder, Recording, record
from .warehouse import Warehouse

_LINES: list[str] = []


@pytest.fixture(scope="session")
def recording() -> Recording:
    """Everything that the project sends to BigQuery, on all kinds of run."""
    made = record(ROOT)
    _LINES.extend(gate.counts(made))
    return made


@pytest.fixture()
def recorder(tmp_path) -> Iterator[type[Recorder]]:
    """The class `Recorder`; whoever makes one closes it."""
    return Recorder


@pytest.fixture()
def empty() -> Warehouse:
    """A project `p` with a dataset `d` and nothing in it."""
    return Warehouse("p", datasets={"p.d"})


def pytest_terminal_summary(terminalreporter) -> None:
    """Says what was proved, also when all is well."""
    for line in _LINES:
        terminalreporter.write_line(f"bigquery: {line}")
