"""Workspaces that several DuckDB tests share. Each is built once per session."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from demo.landing import LandingConfig, generate
from tests.python.duckdb.inference_project import InferenceProject, openai
from tests.python.fakes import model_server
from tests.python.support import ROOT, Workspace, deliver_batch


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


@pytest.fixture
def use(monkeypatch: pytest.MonkeyPatch, demo: Workspace) -> Callable[[Path], None]:
    """Lets the app read the warehouse at a path."""

    def point(path: Path) -> None:
        monkeypatch.setenv("DBT_PROFILES_DIR", str(demo.root))
        monkeypatch.setenv("LAKEWEAVE_TARGET", "duckdb")
        monkeypatch.setenv("LAKEWEAVE_WAREHOUSE", str(path))
        monkeypatch.setenv("LAKEWEAVE_LANDING", str(demo.landing))

    return point


@pytest.fixture
def open_page(use: Callable[[Path], None], demo: Workspace) -> Callable[..., Any]:
    """Opens a page of the demo, with its filters as the address gives them."""

    from streamlit.testing.v1 import AppTest

    def opened(page: str, path: Path | None = None, /, **address: str) -> Any:
        use(path or demo.warehouse)
        at = AppTest.from_file(str(ROOT / "app" / "main.py"), default_timeout=60)
        if page != "shop":
            at.run().switch_page(f"views/{page}.py")
        for name, value in address.items():
            at.query_params[name] = value
        return at.run()

    return opened


@pytest.fixture(scope="module")
def server() -> Iterator[model_server.Client]:
    """A fake of a model server, for the inference tests of a module."""
    with model_server.running(hang=1.0) as running:
        yield running


@pytest.fixture
def project(tmp_path: Path, server: model_server.Client) -> InferenceProject:
    """A small project whose model `gemini` is the fake, which has no faults yet."""
    server.reset()
    server.set(factor=1, usage=True, faults={}, status=None, latency=0.0)
    return InferenceProject(tmp_path, openai(server.base_url))
