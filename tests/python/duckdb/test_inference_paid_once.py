"""P6: a question is paid for once. The fake server counts what it is asked."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.python.duckdb.inference_project import GEMINI, InferenceProject, asking, openai
from tests.python.fakes import model_server

ROWS, DISTINCT = 400, 100
SOURCE = f"""
select
    range as id,
    'question ' || (range % {DISTINCT})
        || case when range % {DISTINCT} < {{{{ var('edited', 0) }}}} then ' edited' else '' end as question
from range({ROWS})
"""


@pytest.fixture
def project(tmp_path: Path, server: model_server.Client) -> InferenceProject:
    server.reset()
    made = InferenceProject(tmp_path, openai(server.base_url))
    made.write("questions", SOURCE)
    return made


def test_a_question_is_sent_once(project: InferenceProject, server: model_server.Client) -> None:
    project.write("first", asking("select id, 'A: ' || question as prompt from {{ ref('questions') }}", batch_size=30))
    project.write("gemini_two", GEMINI)
    project.write(
        "second", asking("select id, 'B: ' || question as prompt from {{ ref('questions') }}", model="gemini_two")
    )

    def build(*arguments: str) -> int:
        """Requests of one build; every row is answered, and no answer is anyone else's."""
        server.reset()
        project.build(*arguments)
        for model in ("first", "second"):
            assert project.states(model) == {"ok": ROWS}
            assert project.query(f"select count(*) from {model} where response <> 'echo: ' || prompt") == [(0,)]
        asked = server.stats()
        assert asked["answered_twice"] == []
        return asked["requests"]

    assert build() == 2 * DISTINCT
    assert build() == 0
    assert build("--full-refresh") == 0

    # Fifty edited rows of the source are fifty new questions in each of the two models.
    project.variables["edited"] = 50
    assert build() == 2 * 50
    project.variables["edited"] = 0
    assert build() == 0, "going back to what was asked before is free"

    # A changed prompt sends that model's questions and no other's.
    project.write("first", asking("select id, 'A2: ' || question as prompt from {{ ref('questions') }}"))
    assert build() == DISTINCT
    assert set(prompt[:4] for prompt in server.stats()["order"]) == {"A2: "}

    # A changed option, too; options are compared by what they say, not by how they are written.
    body = "select id, 'A2: ' || question as prompt from {{ ref('questions') }}"
    project.write("first", asking(body, options={"temperature": 1, "seed": 1}))
    assert build() == DISTINCT
    project.write("first", asking(body, options={"seed": 1, "temperature": 1.0}))
    assert build() == 0

    # A new version of one model sends its questions again, and not those of the other.
    project.write("gemini_two", "{{ lakeweave.remote_model(function='generate_text', version='2') }}")
    assert build() == DISTINCT
    assert {prompt[:3] for prompt in server.stats()["order"]} == {"B: "}

    # Another name of the dbt model is the same question; so is a clean project.
    project.write("renamed", (project.root / "models" / "first.sql").read_text())
    project.remove("first")
    project.write("first", "select * from {{ ref('renamed') }}")
    assert build() == 0
    assert project.dbt("clean").success
    assert not (project.root / "target").exists()
    assert build() == 0

    paid = 100 + 100 + 50 + 50 + 100 + 100 + 100
    ledger = "select count(*), count(distinct fingerprint), min(state), max(state) from ledger.model_responses"
    assert project.query(ledger) == [(paid, paid, "ok", "ok")]


def test_models_with_the_same_prompt_pay_once(project: InferenceProject, server: model_server.Client) -> None:
    """Four threads, four models, the same questions at the same time."""
    project.threads = 4
    server.set(latency=0.02)
    body = "select id, question as prompt from {{ ref('questions') }} order by {order}"
    for number, order in enumerate(("id", "id desc", "hash(id)", "hash(-id)")):
        project.write(f"asker_{number}", asking(body.replace("{order}", order), batch_size=20))
    project.build()
    server.set(latency=0.0)
    asked = server.stats()
    assert asked["requests"] == DISTINCT, asked["answered_twice"]
    for number in range(4):
        assert project.states(f"asker_{number}") == {"ok": ROWS}
    ledger = project.query("select count(*), count(distinct fingerprint) from ledger.model_responses")
    assert ledger == [(DISTINCT, DISTINCT)]
    calls = project.query("select sum(calls), sum(answered_before), sum(input_count) from ledger.inference_runs")
    assert calls == [(DISTINCT, 3 * DISTINCT, 4 * DISTINCT)]


def test_an_answered_call_is_not_sent_by_a_later_model(project: InferenceProject, server: model_server.Client) -> None:
    """The ledger is shared: a model that is added later sends only new questions."""
    project.write("first", asking("select id, question as prompt from {{ ref('questions') }} where id < 60"))
    project.build()
    server.reset()
    project.write("second", asking("select id, question as prompt from {{ ref('questions') }} where id < 90"))
    project.build()
    assert server.stats()["requests"] == 30
    assert project.states("second") == {"ok": 90}
