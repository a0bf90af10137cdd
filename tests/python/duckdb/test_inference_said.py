"""A run reports failed requests and another model, in its output and in the tables."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.python.duckdb.inference_project import InferenceProject, asking, openai
from tests.python.fakes.raw_server import RawServer, as_json, completion

ROWS = "select range as id, 'p' || range as prompt from range({})"
GOOD = as_json(completion("fine"))
BAD = as_json({"error": {"message": "the fake says 500"}}, 500)


@pytest.fixture(scope="module")
def server() -> Iterator[RawServer]:
    with RawServer(lambda prompt, attempt: [GOOD]) as running:
        yield running


@pytest.fixture
def project(tmp_path: Path, server: RawServer) -> InferenceProject:
    server.reset()
    server.script = lambda prompt, attempt: [GOOD]
    return InferenceProject(tmp_path, openai(server.base_url, tries=1, served_model="fake-1"))


def test_a_share_of_failed_rows_is_a_warning_or_an_error(project: InferenceProject, server: RawServer) -> None:
    server.script = lambda prompt, attempt: [BAD]
    project.write("asked", asking(ROWS.format(40), max_attempts=1))
    said = project.build().said
    assert 'asked": 40 of 40 requests failed: 500: the fake says 500' in said
    # Nothing is sent any more, and the warning is repeated: the column is as empty as before.
    server.reset()
    assert "40 of 40 requests failed: 500: the fake says 500" in project.build().said
    assert server.requests == 0

    # One of twenty is below the share for a warning; a model can set its own.
    server.script = lambda prompt, attempt: [BAD if prompt == "q0" else GOOD]
    body = "select range as id, 'q' || range as prompt from range(20)"
    project.write("asked", asking(body))
    assert "requests failed" not in project.build().said
    project.write("asked", asking(body, warn_if_failed_share=0.01))
    assert "1 of 20 requests failed: 500: the fake says 500" in project.build().said

    # Above fail_if_failed_share it is an error, and the relation stays as it was.
    before = project.query("from asked order by id")
    server.script = lambda prompt, attempt: [BAD if prompt in ("r0", "r1") else GOOD]
    project.write("asked", asking(body.replace("'q'", "'r'"), fail_if_failed_share=0.05))
    outcome = project.dbt("build")
    assert not outcome.success
    assert (
        "2 of 20 requests failed: 500: the fake says 500. That is more than fail_if_failed_share = 0.05" in outcome.said
    )
    assert project.query("from asked order by id") == before
    assert project.query("select count(*) from ledger.model_responses where response = 'fine'") == [(37,)]

    project.write("asked", asking(body, warn_if_failed_share=1.5, fail_if_failed_share="some"))
    outcome = project.dbt("build")
    assert not outcome.success
    assert "`warn_if_failed_share` is" in outcome.said
    assert "`fail_if_failed_share` is" in outcome.said


def test_another_model_is_reported_and_marked(project: InferenceProject, server: RawServer) -> None:
    other = as_json(completion("fine", top_model="fake-2-mini"))
    server.script = lambda prompt, attempt: [other if prompt in ("p1", "p2") else GOOD]
    project.write("asked", asking(ROWS.format(5)))
    said = project.build().said
    assert "2 answers came from the model 'fake-2-mini', but 'fake-1' was asked" in said
    marked = "select served_model, is_other_model, count(*) from ledger.model_responses group by all order by all"
    assert project.query(marked) == [("fake-1", False, 3), ("fake-2-mini", True, 2)]
    assert project.states("asked") == {"ok": 5}
    project.text["served_model"] = "fake-1, fake-2-mini"
    project.write("asked", asking(ROWS.format(9)))
    assert "came from the model" not in project.build().said


def test_a_fault_of_the_configuration_keeps_every_row_pending(project: InferenceProject, server: RawServer) -> None:
    for number, reply in enumerate(
        (
            as_json({"error": {"message": "Insufficient quota", "code": "insufficient_quota"}}, 429),
            as_json({"error": {"message": "never heard of it"}}, 400),
        )
    ):
        server.reset()
        server.script = lambda prompt, attempt, reply=reply: [reply]
        project.write(
            "asked", asking(f"select range as id, 'n{number} ' || range as prompt from range(40)", max_attempts=1)
        )
        project.text["concurrency"] = 4
        said = project.build().said
        assert "could not be asked" in said
        assert ("Insufficient quota", "never heard of it")[number] in said
        assert project.states("asked") == {"pending": 40}
        assert server.requests <= 5 + 4
        assert project.query("select count(*) from ledger.model_responses") == [(40 * number,)]
        server.script = lambda prompt, attempt: [GOOD]
        project.build()
        assert project.states("asked") == {"ok": 40}


def test_a_truncated_answer_is_final_until_its_limit_changes(project: InferenceProject, server: RawServer) -> None:
    def answered(prompt: str, attempt: int) -> list:
        most = server.bodies[-1].get("max_tokens", 0)
        return [GOOD if most > 10 else as_json(completion("fi", "length"))]

    server.script = answered
    for options in ({"max_output_tokens": 5}, {"max_output_tokens": 5, "response_format": "json"}):
        project.write("asked", asking(ROWS.format(1), options=options))
        for _ in range(2):
            said = project.build().said
            assert "1 of 1 requests failed: truncated: the answer was cut off at max_output_tokens" in said
        assert project.states("asked") == {"failed": 1}
    assert server.requests == 2, "asked once for each set of options, never again by itself"
    project.write(
        "asked", asking(ROWS.format(1), options={"max_output_tokens": 50, "temperature": None}).replace("None", "none")
    )
    project.build()
    assert project.states("asked") == {"ok": 1}
    assert "temperature" not in server.bodies[-1]


def test_the_first_column_of_the_readme_works_without_a_server(tmp_path: Path) -> None:
    readme = (Path(__file__).resolve().parents[3] / "README.md").read_text()
    start = readme.index("{{ lakeweave.inference(function='generate_text'")
    example = readme[start : readme.index("```", start)]
    project = InferenceProject(tmp_path, {"backend": "offline"})
    project.write("silver_products", "select 1 as id, 'Red socks. Warm.' as name union all select 2, 'Blue jeans'")
    project.write("described", example)
    said = project.build().said
    assert "requests failed" not in said
    assert project.query("select product_id, summary, response_state from described order by 1") == [
        (1, "Red socks.", "ok"),
        (2, "Blue jeans", "ok"),
    ]
    project.write("described", asking("select 1 as id, 'Write a poem.' as prompt"))
    said = project.build().said
    assert "1 of 1 requests failed: offline backend has no rule for this prompt" in said
    assert "base_url" in said, "it is said what to do"
