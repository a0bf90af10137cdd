"""A secret of the environment is in nothing that a run leaves behind: marked in every variable, and looked for everywhere."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.python.duckdb.inference_project import InferenceProject, asking, openai
from tests.python.fakes import model_server
from tests.python.left_behind import MARK, VARIABLES, in_files, marked


@pytest.fixture(scope="module")
def server() -> Iterator[model_server.Client]:
    with model_server.running() as running:
        yield running


def test_the_search_finds_the_matching_files(tmp_path: Path) -> None:
    (tmp_path / "a.log").write_text(f"key={MARK}-1")
    assert in_files(tmp_path) == ["a.log"]


def test_no_secret_is_left_by_a_run_that_succeeds_or_fails(
    tmp_path: Path, server: model_server.Client, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    server.reset()
    for name, value in marked().items():
        monkeypatch.setenv(name, value)
    monkeypatch.setenv("LAKEWEAVE_GROCERY_URL", "postgresql://127.0.0.1:1/shop")
    monkeypatch.setenv("LAKEWEAVE_GROCERY_USER", "reader")
    project = InferenceProject(tmp_path, openai(server.base_url, api_key_env="LAKEWEAVE_TEXT_KEY"))
    project.write(
        "asked",
        asking(
            "select range as id, case when range < 3 then 'p' || range else 'ALWAYS-400 ' || range end as prompt from range(5)"
        ),
    )
    said = [project.dbt("--debug", "build").said]
    assert server.stats()["requests"] > 0
    # A database that is not there, a server that is not there, SQL that is wrong.
    project.write("asked", asking("select nothing_of_the_kind as prompt"))
    said.append(project.dbt("--debug", "build").said)
    project.text = openai("http://127.0.0.1:1/v1", api_key_env="LAKEWEAVE_TEXT_KEY")
    project.write("asked", asking("select 1 as id, 'new question' as prompt"))
    said.append(project.dbt("--debug", "build").said)
    said.append(project.dbt("docs", "generate").said)
    spoken = capfd.readouterr()
    said += [spoken.out, spoken.err]
    for text in said:
        for name in VARIABLES:
            assert os.environ[name] not in text, name
    assert not any(MARK in text for text in said)
    assert in_files(tmp_path) == []
    assert (tmp_path / "target" / "manifest.json").is_file()
    assert (tmp_path / "inference.duckdb").is_file()
