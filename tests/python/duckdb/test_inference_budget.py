"""P8: spending stays within the budget; the rest waits, and the plan shows this before a run."""

from __future__ import annotations

from tests.python.duckdb.inference_project import InferenceProject, asking
from tests.python.fakes import model_server

BODY = "select range as id, 'q' || lpad((range % 100)::varchar, 3, '0') as prompt from range(200)"


def test_calls_stay_within_the_budget_and_the_rest_waits(
    project: InferenceProject, server: model_server.Client
) -> None:
    project.write("asked", asking(BODY, max_calls_per_run=30, batch_size=7))
    outcome = project.build()
    assert "max_calls_per_run = 30" in outcome.said
    assert "30 of 100 questions fit" in outcome.said
    # The order is fixed: the budget cuts at the end of it, wherever it is run.
    assert sorted(server.stats()["asked"]) == [f"q{n:03d}" for n in range(30)]
    assert project.states("asked") == {"ok": 60, "pending": 140}
    assert project.query("select distinct response_status from asked where response_state = 'pending'") == [
        ("not asked yet",)
    ]
    for asked in (60, 90, 100):
        project.build()
        assert server.stats()["requests"] == asked
    assert project.states("asked") == {"ok": 200}

    # A budget of zero sends nothing and keeps the answers.
    project.write(
        "asked", asking(BODY.replace("range(200)", "range(400)").replace("% 100", "% 150"), max_calls_per_run=0)
    )
    outcome = project.build()
    assert "0 of 50 questions fit" in outcome.said
    assert server.stats()["requests"] == 100
    states = project.states("asked")
    assert sum(states.values()) == 400
    assert set(states) == {"ok", "pending"}

    # An error where the model says so, before anything is asked, and the relation stays as it was.
    new = BODY.replace("'q'", "'r'")
    project.write("asked", asking(new, max_calls_per_run=99, on_over_budget="error"))
    outcome = project.dbt("build")
    assert not outcome.success
    assert "99 of 100 questions fit. Nothing was asked." in outcome.said
    assert server.stats()["requests"] == 100
    assert project.states("asked") == states

    # The budget of the whole run holds for all models together, whatever the threads do.
    project.threads = 3
    project.variables["inference_max_calls_per_run"] = 40
    for name in ("asked", "asked_too", "asked_also"):
        project.write(name, asking(BODY.replace("'q'", f"'{name} '"), batch_size=8))
    server.reset()
    outcome = project.build()
    assert server.stats()["requests"] == 40
    assert "inference_max_calls_per_run" in outcome.said
    total = [sum(project.states(name).values()) for name in ("asked", "asked_too", "asked_also")]
    assert total == [200, 200, 200]


def test_cost_stays_within_the_budget(project: InferenceProject, server: model_server.Client) -> None:
    budget = asking(BODY, max_cost_per_run=0.25, batch_size=10, options={"max_output_tokens": 10})
    project.write("asked", budget)
    outcome = project.dbt("build")
    assert not outcome.success
    assert "has no price for `fake-1`" in outcome.said
    assert server.stats()["requests"] == 0

    prices = project.root / "seeds" / "model_prices.csv"
    prices.write_text(prices.read_text() + "fake-1,2020-01-01,,any,USD,0.01,0,,0,,2026-11-21,made up for this test\n")
    outcome = project.build()
    assert server.stats()["requests"] == 25
    assert "25 of 100 questions fit" in outcome.said

    # Tokens that were counted, not those that were estimated, decide whether the next batch is sent.
    prices.write_text(prices.read_text().replace("USD,0.01,0,,0", "USD,0,0,,1000"))
    project.write("asked", budget.replace("0.25", "0.05").replace("'max_output_tokens': 10", "'max_output_tokens': 1"))
    server.reset()
    outcome = project.build()
    # The estimate allows 50 calls of one token; each answer has two, and the first batch of five tells it.
    assert server.stats()["requests"] == 25
    assert "the cost reached max_cost_per_run = 0.05" in outcome.said


def test_the_plan_lists_what_a_run_would_send(project: InferenceProject, server: model_server.Client) -> None:
    project.write("source_rows", BODY)
    body = "select id, prompt from {{ ref('source_rows') }}"
    project.write("asked", asking(body, max_calls_per_run=30, options={"max_output_tokens": 10}))
    project.write("hidden", "{{ config(materialized='ephemeral') }} select 1 as id, 'x' as prompt")
    project.write("over_ephemeral", asking("select id, prompt from {{ ref('hidden') }}"))
    outcome = project.dbt("run-operation", "inference_plan")
    assert "asked: cannot be planned before these are built: source_rows" in outcome.said
    assert "over_ephemeral: cannot be planned, because its parent hidden is ephemeral" in outcome.said

    project.build("-s", "gemini", "source_rows", "model_prices")
    outcome = project.dbt("run-operation", "inference_plan", "--args", "{models: [asked]}")
    assert outcome.success, outcome.said
    line = next(line for line in outcome.said.splitlines() if line.startswith("asked "))
    #       model    asks      rows   distinct answered given up to ask tokens         cost        budget
    assert line.split() == ["asked", "fake-1", "200", "100", "0", "0", "100", "1100", "no", "price", "30", "calls"]
    assert server.stats()["requests"] == 0

    project.build("-s", "asked")
    outcome = project.dbt("run-operation", "inference_plan", "--args", "{models: [asked]}")
    line = next(line for line in outcome.said.splitlines() if line.startswith("asked "))
    assert line.split()[:8] == ["asked", "fake-1", "200", "100", "30", "0", "70", "770"]
    assert server.stats()["requests"] == 30
