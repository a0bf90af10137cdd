"""P6, P7 and P8 on Spark: a ledger that is asked first, states with reasons, a budget; and all of it as on DuckDB.

Both engines ask the same fake of a model server, through a model of the tests' own (`extra_models` of the workspaces).
"""

from __future__ import annotations

import pytest

from tests.python.fakes import model_server
from tests.python.spark.parity import Both

pytestmark = pytest.mark.needs_spark
ASK = ("run", "--select", "extra_fake", "extra_asked", "--vars")
LEDGER = (
    "select fingerprint, response, status, state, attempt, input_tokens, output_tokens from ledger.model_responses"
    " where model = 'extra_fake' order by fingerprint, attempt, state"
)
STATES = "select response_state, count(*) from main.extra_asked group by 1 order by 1"


@pytest.fixture(autouse=True)
def _built(both: Both) -> None:
    """The extra models read the seeds; alone, these tests build them."""
    if not both.embedded.warehouse.exists():
        both.build("seed")


def _ask(both: Both, server: model_server.Client, variables: str = "") -> tuple[int, int]:
    """Run the question on both engines; how often each asked the server."""
    asked = []
    for run in (both.embedded.dbt, both.spark.here):
        server.reset()
        run(*ASK, f"{{with_extra_models: true{variables}}}")
        asked.append(server.stats()["requests"])
    return asked[0], asked[1]


def _same(both: Both) -> None:
    assert [str(each) for each in both.compare("main.extra_asked") if each.problems] == []
    assert both.spark.rows(LEDGER) == both.embedded.query(LEDGER)


def test_budget_then_the_rest_then_nothing(both: Both, server: model_server.Client) -> None:
    # Of twelve months one is no question, one is refused for good, one fails at each of its two attempts, nine are answered.
    assert _ask(both, server, ", extra_calls: 5") == (5, 5)
    assert {"ok", "failed", "retryable", "pending"} == set(dict(both.spark.rows(STATES)))
    _same(both)
    # The budget of the whole run, of all models together, cuts as finely: the second attempt, and one question more.
    assert _ask(both, server, ", inference_max_calls_per_run: 2") == (2, 2)
    _same(both)
    assert _ask(both, server) == (5, 5)
    assert {"ok", "failed"} == set(dict(both.spark.rows(STATES)))
    _same(both)
    assert _ask(both, server) == (0, 0)
    _same(both)


def test_retry_failed_offers_them_once_more(both: Both, server: model_server.Client) -> None:
    for run in (both.embedded.dbt, both.spark.here):
        run("run-operation", "retry_failed", "--args", "{model: extra_fake}", "--vars", "{with_extra_models: true}")
    assert _ask(both, server) == (2, 2)
    _same(both)


def test_a_server_that_is_away_costs_nothing(both: Both, server: model_server.Client) -> None:
    server.set(status=401)
    try:
        done = both.spark.here(*ASK, "{with_extra_models: true, extra_word: another}")
    finally:
        server.set(status=None)
    assert "questions were left pending" in done.stdout
    assert both.spark.rows("select count(*) from main.extra_asked where response_state = 'ok'") == [(0,)]
    assert (
        "401"
        in both.spark.rows("select max(response_status) from main.extra_asked where response_state = 'pending'")[0][0]
    )


def test_inference_plan_calls_nothing(both: Both, server: model_server.Client) -> None:
    server.reset()
    arguments = ("run-operation", "inference_plan", "--args", "{models: [extra_asked]}")
    done = both.spark.here(*arguments, "--vars", "{with_extra_models: true, extra_word: third}")
    assert "extra_asked" in done.stdout
    assert server.stats()["requests"] == 0
