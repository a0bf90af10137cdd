"""Workspaces that several embedded tests share: each is built once in a session."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from lakeweave.landing import LandingConfig, generate
from tests.python.support import Workspace, deliver_batch


def make_landing(folder: Path, scale: float) -> Path:
    """A landing zone of the demo's form."""
    generate(LandingConfig(scale=scale, batches=3, seed=42, out=folder))
    return folder


@pytest.fixture(scope="session")
def demo_landing(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The demo's landing zone with all batches."""
    return make_landing(tmp_path_factory.mktemp("demo") / "landing", 0.01)


@pytest.fixture(scope="session")
def demo(tmp_path_factory: pytest.TempPathFactory, demo_landing: Path) -> Workspace:
    """The demo, built once with everything delivered: for tests that only read."""
    workspace = Workspace.create(tmp_path_factory.mktemp("demo_build"), demo_landing)
    workspace.dbt("build")
    return workspace


@pytest.fixture
def deliver() -> Callable[[Path, Path, int], list[str]]:
    """A function that delivers one batch of a complete landing zone into another folder."""

    return deliver_batch
