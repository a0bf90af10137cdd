"""P6, P7 and P8 on Spark: a ledger that is asked first, states with reasons, a budget; and all of it as on DuckDB.

Both engines ask the same fake of a model server, through a model of the tests' own (the fixture `asking`).
"""

from __future__ import annotations

import pytest
import yaml

from tests.python import worked_examples
from tests.python.fakes import model_server
from tests.python.spark.parity import Both

pytestmark = pytest.mark.needs_spark
ASK = ("run", "--vars")
LEDGER = (
    "select fingerprint, response, status, state, attempt, input_tokens, output_tokens from ledger.model_responses"
    " where model = 'extra_fake' order by fingerprint, attempt, state"
)
STATES = "select response_state, count(*) from main.extra_asked group by 1 order by 1"


def _ask(asking: Both, server: model_server.Client, variables: str = "") -> tuple[int, int]:
    """Run the question on both engines; how often each asked the server."""
    asked = []
    for run in (asking.duckdb.dbt, asking.spark.here):
        server.reset()
        run(*ASK, f"{{{variables}}}")
        asked.append(server.stats()["requests"])
    return asked[0], asked[1]


def _same(asking: Both) -> None:
    different = [str(each) for each in asking.compare("main.extra_asked") if each.problems]
    assert not different, "\n".join(different)
    assert asking.spark.rows(LEDGER) == asking.duckdb.query(LEDGER)


def test_budget_then_the_rest_then_nothing(asking: Both, server: model_server.Client) -> None:
    # Of twelve months one is no question, one is refused for good, one fails at each of its two attempts, nine are answered.
    assert _ask(asking, server, "extra_calls: 5") == (5, 5)
    assert {"ok", "failed", "retryable", "pending"} == set(dict(asking.spark.rows(STATES)))
    _same(asking)
    # The budget of the whole run, of all models together, cuts as finely: the second attempt, and one question more.
    assert _ask(asking, server, "inference_max_calls_per_run: 2") == (2, 2)
    _same(asking)
    assert _ask(asking, server) == (5, 5)
    assert {"ok", "failed"} == set(dict(asking.spark.rows(STATES)))
    _same(asking)
    assert _ask(asking, server) == (0, 0)
    _same(asking)


def test_retry_failed_offers_them_once_more(asking: Both, server: model_server.Client) -> None:
    for run in (asking.duckdb.dbt, asking.spark.here):
        run("run-operation", "retry_failed", "--args", "{model: extra_fake}")
    assert _ask(asking, server) == (2, 2)
    _same(asking)


def test_a_server_that_is_away_costs_nothing(asking: Both, server: model_server.Client) -> None:
    server.set(status=401)
    try:
        done = asking.spark.here(*ASK, "{extra_word: another}")
    finally:
        server.set(status=None)
    assert "questions were left pending" in done.stdout
    assert asking.spark.rows("select count(*) from main.extra_asked where response_state = 'ok'") == [(0,)]
    assert (
        "401"
        in asking.spark.rows("select max(response_status) from main.extra_asked where response_state = 'pending'")[0][0]
    )


def test_inference_plan_calls_nothing(asking: Both, server: model_server.Client) -> None:
    server.reset()
    arguments = ("run-operation", "inference_plan", "--args", "{models: [extra_asked]}")
    done = asking.spark.here(*arguments, "--vars", "{extra_word: third}")
    assert "extra_asked" in done.stdout
    assert server.stats()["requests"] == 0


TWIN = """{{ lakeweave.inference(function='generate_text', model='extra_fake', input='prompt', batch_size=4) }}
select valid_from, concat('twin ', cast(extract(month from valid_from) as integer)) as prompt from {{ ref('exchange_rates') }}
"""


def test_a_schema_gives_the_same_typed_columns(asking: Both, server: model_server.Client) -> None:
    typed = "mood, stars, share, is_new, since, tags, place.city, place.floors"
    first, second = _ask(asking, server, "extra_typed: true")
    assert first == second > 12
    assert [str(each) for each in asking.compare("main.extra_typed") if each.problems] == []
    query = f"select prompt, response_state, {typed} from main.extra_typed order by prompt, id, valid_from"
    on_spark, on_duckdb = asking.spark.rows(query), asking.duckdb.query(query)
    assert on_spark == on_duckdb
    assert {state for _, state, *_ in on_spark} == {"ok", "failed"}
    kinds = dict(asking.spark.session.table("main.extra_typed").dtypes)
    assert {name: kinds[name] for name in ("mood", "stars", "share", "is_new", "since", "tags", "place")} == {
        "mood": "string",
        "stars": "bigint",
        "share": "double",
        "is_new": "boolean",
        "since": "date",
        "tags": "array<string>",
        "place": "struct<city:string,floors:array<bigint>>",
    }
    assert asking.spark.rows(LEDGER) == asking.duckdb.query(LEDGER)
    # Another model of these tests may have an attempt left.
    _ask(asking, server, "extra_typed: true")
    assert not any("typed" in prompt for prompt in server.stats()["asked"])


def test_each_worked_example_is_the_same_on_both_engines(asking: Both, server: model_server.Client) -> None:
    """Built once on each engine; that nothing is asked again is what the tests above and those of DuckDB show."""
    (asking.spark.root / "label.png").write_bytes(b"\x89PNG\r\n\x1a\n and no more")
    variables = ("--vars", f"{{worked: true, worked_folder: '{asking.spark.root}'}}")
    asked = []
    (asking.spark.root / "models" / "worked.yml").write_text(yaml.safe_dump(worked_examples.PROPERTIES))
    try:
        for run in (asking.duckdb.dbt, asking.spark.here):
            server.reset()
            run("run", "--select", *worked_examples.MODELS, *variables)
            asked.append(server.stats()["requests"])
        # The data tests of answers are SQL of every engine, too.
        arguments = ("--args", "{model: worked_classify, column: category}")
        asking.spark.here("run-operation", "accept_answers", *arguments, *variables)
        asking.spark.here("test", "--select", "worked_classify", "worked_score", *variables)
    finally:
        (asking.spark.root / "models" / "worked.yml").unlink()
    assert asked[0] == asked[1] > 18
    for name, columns in {
        "worked_classify": "id, category, response_state",
        "worked_filter": "id, matches, response_state",
        "worked_score": "id, score, response_state",
        "worked_extract": "id, part, weeks, response_state",
        "worked_pictures": "uri, material, is_washable, response_state, response_status",
        "worked_documents": "uri, pages",
        "worked_summaries": "product_id, row_count, rows_without_text, rows_left_out, comment_text, summary, response_state",
        "worked_expression": "product_id, row_count, rows_left_out, faults",
        "worked_pairs": "left_key, right_key, pair, matches, response_state",
        "worked_matches": "left_key, right_key, is_same",
        "worked_matrix": "expected_answer, given_answer, row_count, is_right",
    }.items():
        query = f"select {columns} from main.{name} order by 1, 2"
        assert asking.spark.rows(query) == asking.duckdb.query(query), name


def test_two_concurrent_models_with_the_same_prompt_pay_once(asking: Both, server: model_server.Client) -> None:
    """dbt runs them in two threads; what one of them has asked the other finds in the ledger."""
    for name in ("twin_one", "twin_other"):
        (asking.spark.root / "models" / f"{name}.sql").write_text(TWIN)
    server.reset()
    server.set(latency=0.2)
    try:
        done = asking.spark.here("run", "--select", "twin_one", "twin_other")
    finally:
        server.set(latency=0.0)
    assert len({each.thread_id for each in done.results if each.node.name.startswith("twin_")}) == 2
    assert server.stats()["requests"] == 12
    for name in ("twin_one", "twin_other"):
        assert asking.spark.rows(f"select distinct response_state from main.{name}") == [("ok",)]
    # The first of them asked all, or each asked a part: in the ledger a question stands once.
    asked = "select count(*), count(distinct fingerprint) from ledger.model_responses where node_id like '%twin_o%'"
    assert asking.spark.rows(asked) == [(12, 12)]
