"""P6 and P8 in money: what a call costs, what a budget holds, and what is never paid for again."""

from __future__ import annotations

import json
import os
import random
import shutil
from pathlib import Path
from typing import Any

import duckdb
import pytest

from tests.python.duckdb.inference_project import ROOT, InferenceProject, asking, openai
from tests.python.duckdb.test_inference_fingerprint import reference
from tests.python.fakes import model_server

BODY = "select range as id, 'q' || lpad(range::varchar, 3, '0') as prompt from range(100)"
SEEDS = int(os.environ.get("LAKEWEAVE_MONEY_SEEDS", "1"))


def row(version: str, per_call: float = 0, per_input: float = 0, per_output: float = 0, **more: Any) -> str:
    """A row of the price list."""
    given = {"since": "2020-01-01", "until": "", "billing": "any", "currency": "USD", "cached": "", "dbu": "", **more}
    first = f"{version},{given['since']},{given['until']},{given['billing']},{given['currency']}"
    return (
        f"{first},{per_call},{per_input},{given['cached']},{per_output},{given['dbu']},2026-11-21,made up for this test"
    )


def usage_model(project: InferenceProject, *asks: str) -> None:
    """gold.model_usage, as a model of the test's project."""
    sql = (ROOT / "models" / "gold" / "operations" / "model_usage.sql").read_text()
    first, last = asks[0], asks[-1]
    sql = (
        sql.replace("silver_user_addresses", first)
        .replace("silver_listing_kinds", first)
        .replace("customer_churn_risk", last)
    )
    project.write("model_usage", "{{ config(materialized='table') }}\n" + sql)


# ---- the budget ----


def test_a_hundredfold_bill_passes_the_budget_by_the_first_small_batch_only(
    project: InferenceProject, server: model_server.Client
) -> None:
    server.set(factor=100)
    project.price(row("fake-1", per_input=1000, per_output=1000))
    # Estimated are one token of input and one of output, 0.002; billed are 100 and 200, 0.3.
    project.write("asked", asking(BODY, max_cost_per_run="0.10", options={"max_output_tokens": 1}))
    outcome = project.build()
    assert server.stats()["requests"] == 5
    assert "the cost reached max_cost_per_run = 0.1 USD (1.5000 was spent)" in outcome.said
    assert "5 of 100 questions fit" in outcome.said
    assert project.states("asked") == {"ok": 5, "pending": 95}

    # The next run knows what a question costs, so that not even its first one fits.
    project.build()
    assert server.stats()["requests"] == 5
    project.write("asked", asking(BODY, max_cost_per_run=3.1, options={"max_output_tokens": 1}))
    project.build()
    assert server.stats()["requests"] == 15
    # With an honest server nothing is left over that another question would fit in.
    assert server.stats()["billed"]["fake-1"] == [15, 1500, 3000]


def test_limits_are_numbers_or_refused(project: InferenceProject, server: model_server.Client) -> None:
    project.price(row("fake-1", per_call=0.01))
    for limit, words in (("'ten'", '"ten"'), ("'-1'", '"-1"'), ("'nan'", '"nan"'), ("'1e999'", '"1e999"')):
        project.write("asked", asking(BODY).replace("input=", f"max_cost_per_run={limit}, input="))
        outcome = project.dbt("build")
        assert not outcome.success
        assert f"`max_cost_per_run` is {words}; expected an amount of at least 0" in outcome.said, outcome.said[-2000:]
    project.write("asked", asking(BODY, max_calls_per_run="a few", batch_size="3.5", max_attempts="0"))
    outcome = project.dbt("build")
    for name in ("max_calls_per_run", "batch_size", "max_attempts"):
        assert f"`{name}` is " in outcome.said
    project.write("asked", asking(BODY))
    project.variables.update({"inference_max_cost_per_run": "much", "inference_max_calls_per_run": "1.5"})
    outcome = project.dbt("build")
    assert '`inference_max_cost_per_run` is "much"' in outcome.said
    assert '`inference_max_calls_per_run` is "1.5"' in outcome.said
    assert server.stats()["requests"] == 0

    project.variables.update({"inference_max_cost_per_run": "0.20", "inference_max_calls_per_run": "30"})
    project.write("asked", asking(BODY, max_calls_per_run="25"))
    project.build()
    assert server.stats()["requests"] == 20

    # A limit of exactly 0 sends nothing, in this and any later run.
    project.variables.clear()
    for limit in ({"max_cost_per_run": 0}, {"max_calls_per_run": 0}):
        project.write("asked", asking(BODY, **limit))
        outcome = project.build()
        assert "0 of 80 questions fit" in outcome.said
        assert "A limit of 0 sends nothing in any run" in outcome.said
        assert "next run" not in outcome.said
    for limit in ("inference_max_cost_per_run", "inference_max_calls_per_run"):
        project.write("asked", asking(BODY))
        project.variables = {limit: 0}
        outcome = project.build()
        assert "A limit of 0 sends nothing in any run" in outcome.said
        assert "next run" not in outcome.said
    assert server.stats()["requests"] == 20


def test_retries_are_requests(project: InferenceProject, server: model_server.Client) -> None:
    project.text.update({"tries": 5, "timeout": 0.15, "concurrency": 8})
    project.price(row("fake-1", per_call=0.01, per_output=10000))
    hanging = BODY.replace("'q'", "'ALWAYS-HANG '")
    project.write("asked", asking(hanging, max_calls_per_run=20, options={"max_output_tokens": 10}))
    usage_model(project, "asked")
    project.build()
    assert server.stats()["requests"] <= 20
    assert project.query("select count(*), sum(requests) from ledger.model_responses") == [(20, 20)]
    # The replies have no usage, so the estimate is used: ten tokens of output each.
    cost = project.query("select requests, cost, cost_estimated from model_usage")
    assert cost == [(20, pytest.approx(20 * 0.11), pytest.approx(20 * 0.11))]

    # Where requests are left over, they are used for retries, and no further.
    server.reset()
    project.write("asked", asking(hanging.replace("range(100)", "range(4)"), max_calls_per_run=10))
    project.build("-s", "asked")
    made = project.query("select sum(requests) from ledger.model_responses where options like '{\"temperature\": 0}'")
    assert made == [(10,)]
    assert server.stats()["requests"] <= 10

    # The same for the run, over two models.
    server.reset()
    project.threads = 2
    project.variables["inference_max_calls_per_run"] = 12
    for name in ("asked", "asked_too"):
        project.write(name, asking(hanging.replace("ALWAYS-HANG", f"ALWAYS-HANG {name}")))
    project.build("-s", "asked", "asked_too")
    assert server.stats()["requests"] <= 12
    where = "where invocation_id = (select max_by(invocation_id, requested_at) from ledger.model_responses)"
    assert project.query(f"select sum(requests) from ledger.model_responses {where}") == [(12,)]


def test_a_budget_in_money_needs_a_price(project: InferenceProject, server: model_server.Client) -> None:
    project.write("asked", asking(BODY))
    project.variables["inference_max_cost_per_run"] = 1
    outcome = project.dbt("build")
    assert not outcome.success
    assert "has a budget in money (inference_max_cost_per_run)" in outcome.said
    assert "no price for `fake-1`" in outcome.said
    # A price of another time, or for batches only, is none.
    project.price(row("fake-1", until="2021-01-01"), row("fake-1", since="2022-01-01", billing="batch"))
    outcome = project.dbt("build")
    assert "no price for `fake-1`" in outcome.said
    assert server.stats()["requests"] == 0
    # What has no usage costs its estimate, not nothing.
    server.set(usage=False)
    project.price(row("fake-1", per_output=10000))
    project.write("asked", asking(BODY, options={"max_output_tokens": 10}))
    project.build()
    assert server.stats()["requests"] == 10
    assert project.query("select count(input_tokens), count(output_tokens) from ledger.model_responses") == [(0, 0)]


def test_each_model_has_its_own_cost_limit_of_a_run(project: InferenceProject, server: model_server.Client) -> None:
    """A cheap and a dear model in one run, in any number of threads; then two currencies."""
    served = {name: openai(server.base_url, model=name) for name in ("cheap", "dear", "foreign")}
    project.config["models"] = served
    for name in served:
        project.write(name, "{{ lakeweave.remote_model(function='generate_text') }}")
        project.write(f"asked_{name}", asking(BODY.replace("'q'", f"'{name} '"), model=name))
    project.price(row("cheap", per_call=0.001), row("dear", per_call=1), row("foreign", per_call=0.5, currency="EUR"))
    project.threads = 3
    project.variables["inference_max_cost_per_run"] = {"USD": 3.05, "EUR": 10}
    outcome = project.build()
    billed = {name: counts[0] for name, counts in server.stats()["billed"].items()}
    assert billed["dear"] + billed["cheap"] * 0.001 <= 3.05
    assert billed["dear"] >= 2
    assert billed["foreign"] == 20
    assert "inference_max_cost_per_run = 10 EUR" in outcome.said

    usage_model(project, *(f"asked_{name}" for name in ("cheap", "dear")))
    project.build("-s", "model_usage")
    rows = project.query("select model, currency, cost from model_usage order by model")
    assert [row[:2] for row in rows] == [("cheap", "USD"), ("dear", "USD"), ("foreign", "EUR")]
    assert [row[2] for row in rows] == [pytest.approx(billed["cheap"] * 0.001), billed["dear"], 10]

    project.variables["inference_max_cost_per_run"] = {"USD": 3}
    outcome = project.dbt("build", "-s", "asked_foreign")
    assert not outcome.success
    assert "is paid in EUR, for which `inference_max_cost_per_run` has no amount; it has: USD" in outcome.said


@pytest.mark.parametrize("seed", range(SEEDS))
def test_spending_never_passes_a_budget_by_more_than_a_batch(
    seed: int, project: InferenceProject, server: model_server.Client
) -> None:
    """Random prices, bills, limits, batches and threads. LAKEWEAVE_MONEY_SEEDS sets how many."""
    drawn = random.Random(seed)
    project.threads = drawn.choice([1, 4])
    names = [f"model_{n}" for n in range(drawn.randint(1, 3))]
    prices, limits = {}, {}
    project.config["models"] = {name: openai(server.base_url, model=name) for name in names}
    for name in names:
        prices[name] = [drawn.choice([0, 0.01]), drawn.choice([0, 10, 1000]), drawn.choice([1, 100, 3000])]
        limits[name] = drawn.choice([None, round(drawn.uniform(0.001, 1), 3)])
        dearest = drawn.choice([1, 20, 2000])
        prompt = f"'{name} OUT-' || (1 + hash(range * 7 + {seed}) % {dearest}) || ' #' || range"
        body = f"select range as id, {prompt} as prompt from range(150)"
        project.write(name, "{{ lakeweave.remote_model(function='generate_text') }}")
        more = {} if limits[name] is None else {"max_cost_per_run": limits[name]}
        options = {"max_output_tokens": drawn.choice([1, 100])}
        project.write(
            f"asked_{name}", asking(body, model=name, options=options, batch_size=drawn.choice([7, 60]), **more)
        )
    project.price(*(row(name, *prices[name]) for name in names))
    run_limit = drawn.choice([None, round(drawn.uniform(0.01, 2), 3)])
    if run_limit is not None:
        project.variables["inference_max_cost_per_run"] = run_limit
    project.build()

    def cost(name: str, requests: int, inputs: int, outputs: int) -> float:
        call, per_input, per_output = prices[name]
        return requests * call + inputs * per_input / 1e6 + outputs * per_output / 1e6

    batches = [
        (at, name, cost(name, *counts))
        for at, name, *counts in project.query(
            "select requested_at, model, count(*), sum(input_tokens), sum(output_tokens) from ledger.model_responses "
            "group by all order by 1"
        )
    ]
    billed = {name: cost(name, *counts) for name, counts in server.stats()["billed"].items()}
    for name in billed:
        mine = [spent for _, asker, spent in batches if asker == name]
        assert sum(mine) == pytest.approx(billed[name]), "the ledger has what the server billed"
        if limits[name] is not None:
            assert sum(mine[:-1]) <= limits[name] + 1e-9, (seed, name)
    if run_limit is not None:
        assert sum(spent for *_, spent in batches[:-1]) <= run_limit + 1e-9, seed


# ---- prices ----


def test_a_call_has_the_price_of_its_day(project: InferenceProject, server: model_server.Client) -> None:
    project.write("asked", asking(BODY.replace("range(100)", "range(4)")))
    usage_model(project, "asked")
    project.price(
        row("fake-1", per_input=1e6, per_output=2e6, until="2025-06-30"),
        row("fake-1", per_input=3e6, per_output=5e6, cached=1e6, since="2025-07-01", currency="EUR"),
        row("dbus", per_input=1e6, per_output=2e6, dbu=0.5, since="2025-01-01"),
    )
    project.build()
    ledger = "ledger.model_responses"
    ranked = f"(select fingerprint, row_number() over (order by fingerprint) as n from {ledger})"
    for number, (day, changed) in enumerate(
        (
            ("2025-06-30 23:59:59", "output_tokens = 1"),
            ("2025-07-01 00:00:00", "output_tokens = 1, cached_input_tokens = 4, reasoning_tokens = 1"),
            ("2025-07-01 10:00:00", "output_tokens = null, requests = 3, estimated_output_tokens = 7"),
            ("2025-07-01 10:00:00", "output_tokens = 1, model_version = 'dbus#2', requests = null"),
        ),
        1,
    ):
        project.query(
            f"update {ledger} set requested_at = '{day}', input_tokens = 10, {changed} "
            f"where fingerprint = (select fingerprint from {ranked} where n = {number})"
        )
    project.query("delete from ledger.inference_runs")
    project.build("-s", "model_usage")
    rows = project.query(
        "select used_on::varchar, model_version, currency, cost, cost_estimated, requests from model_usage "
        "order by 1, 2"
    )
    assert rows == [
        ("2025-06-30", "fake-1", "USD", 10 * 1 + 1 * 2, 0, 1),
        ("2025-07-01", "dbus#2", "USD", (10 * 1 + 1 * 2) * 0.5, 0, 1),
        ("2025-07-01", "fake-1", "EUR", (6 * 3 + 4 * 1 + 1 * 5) + (10 * 3 + 3 * 7 * 5), 10 * 3 + 3 * 7 * 5, 4),
    ]


def test_overlapping_prices_are_refused(project: InferenceProject, server: model_server.Client) -> None:
    wrong = {
        "open end": (row("fake-1", per_call=1), row("fake-1", per_call=2, since="2026-01-01")),
        "a day": (row("fake-1", until="2026-01-02"), row("fake-1", since="2026-01-01", until="2026-12-31")),
        "other billing": (row("fake-1"), row("fake-1", since="2026-01-01", billing="batch")),
        "other currency": (row("fake-1"), row("fake-1", currency="EUR")),
    }
    project.write("asked", asking(BODY, max_calls_per_run=1, max_cost_per_run=1))
    for name, rows in wrong.items():
        project.price(*rows)
        assert project.dbt("seed").success
        outcome = project.dbt("run")
        assert not outcome.success, name
        assert "Two prices of `fake-1` hold at the same time" in outcome.said, (name, outcome.said[-2000:])
        assert server.stats()["requests"] == 0
    outcome = project.dbt("build")
    assert "one_price_at_a_time" in outcome.said
    project.price(row("fake-1", until="2020-01-01", since="2021-01-01"), row("fake-1", billing="weekly"))
    project.dbt("seed")
    outcome = project.dbt("run")
    assert "ends before it begins" in outcome.said
    assert "The `billing` of `fake-1` is 'weekly'; expected any, batch or interactive." in outcome.said
    # A period may begin on the last day of the one before.
    project.price(row("fake-1", per_call=5, until="2026-01-01"), row("fake-1", per_call=1, since="2026-01-01"))
    assert project.dbt("build").success
    assert server.stats()["requests"] == 1


# ---- what is never paid for again ----


def old_ledger(
    project: InferenceProject, options: dict[str, Any], prompts: str = "'q' || lpad(range::varchar, 3, '0')"
) -> None:
    """Turn the ledger into one of before the defaults were filled in: other fingerprints for the same answers."""
    constants = json.dumps(["lakeweave-1", "generate_text", "gemini", "fake-1", json.dumps(options, sort_keys=True)])
    project.query(
        "update ledger.model_responses as old set fingerprint = sha256(? || prompt), options = ? from asked "
        "where asked.fingerprint = old.fingerprint",
        constants,
        json.dumps(options, sort_keys=True),
    )


def test_the_same_request_is_the_same_call_and_old_answers_stay_valid(
    project: InferenceProject, server: model_server.Client
) -> None:
    project.write("asked", asking(BODY))
    project.build()
    assert server.stats()["requests"] == 100
    same = ({"temperature": 0}, {"temperature": 0.0, "response_format": "text"}, {"response_format": "text"}, {})
    for options in same:
        project.write("asked", asking(BODY, options=options))
        project.build()
        assert server.stats()["requests"] == 100, options
    for options in ({}, {"response_format": "text"}, {"response_format": "text", "temperature": 0}):
        old_ledger(project, options)
        for now in same:
            project.write("asked", asking(BODY, options=now))
            project.build()
            assert server.stats()["requests"] == 100, (options, now)
            assert project.states("asked") == {"ok": 100}
        assert project.query("select count(*) from asked where response <> 'echo: ' || prompt") == [(0,)]
    # New questions beside old answers have the new fingerprint, and an idle run still changes nothing.
    project.write("asked", asking(BODY.replace("range(100)", "range(110)")))
    project.build()
    assert server.stats()["requests"] == 110
    (new,) = project.query("select fingerprint from asked where id = 105")[0]
    assert new == reference("generate_text", "gemini", "fake-1", {}, "q105")
    assert "UNCHANGED" in project.build().said
    # Another request is another call: one without a temperature, or one that lets the model think.
    for number, options in enumerate(({"temperature": None}, {"reasoning_effort": "low"}), 2):
        server.reset()
        project.write("asked", asking(BODY, options=options).replace("None", "none"))
        project.build()
        assert server.stats()["requests"] == 100, number


def test_a_failure_under_an_old_fingerprint_keeps_its_attempts(
    project: InferenceProject, server: model_server.Client
) -> None:
    project.text["tries"] = 1
    failing = "select range as id, 'ALWAYS-500 ' || range as prompt from range(3)"
    project.write("asked", asking(failing, max_attempts=2))
    project.build()
    old_ledger(project, {})
    for _ in range(3):
        project.build()
    assert server.stats()["requests"] == 6
    assert project.states("asked") == {"failed": 3}


def test_developers_share_answers(project: InferenceProject, server: model_server.Client, tmp_path: Path) -> None:
    body = "select range as id, 'q' || range as prompt from range({{ var('rows', 50) }})"
    project.write("asked", asking(body + " union all select 99, 'ALWAYS-400'"))
    project.build()
    assert server.stats()["requests"] == 51
    before = project.query("from ledger.model_responses order by fingerprint")

    (tmp_path / "dev").mkdir()
    developer = InferenceProject(tmp_path / "dev", project.text)
    developer.write("asked", (project.root / "models" / "asked.sql").read_text())
    developer.attach = [{"path": str(project.warehouse), "alias": "production", "read_only": True}]
    developer.variables["shared_response_ledger"] = "production.ledger"
    developer.build()
    assert server.stats()["requests"] == 51, "what production has, failures included, is not paid for again"
    assert developer.states("asked") == {"ok": 50, "failed": 1}
    assert developer.query("select count(*) from ledger.model_responses") == [(0,)]
    assert developer.query("select answered_before, calls from ledger.inference_runs") == [(50, 0)]

    developer.variables["rows"] = 60
    developer.variables["shared_response_ledger"] = ["production.ledger"]
    developer.build()
    assert server.stats()["requests"] == 61
    assert developer.states("asked") == {"ok": 60, "failed": 1}
    assert developer.query("select count(*) from ledger.model_responses") == [(10,)]
    outcome = developer.dbt("run-operation", "inference_plan")
    line = next(line for line in outcome.said.splitlines() if line.startswith("asked "))
    assert line.split()[2:7] == ["61", "61", "60", "1", "0"]
    shutil.copy(project.warehouse, tmp_path / "copy.duckdb")  # this process has the other one open
    with duckdb.connect(str(tmp_path / "copy.duckdb")) as copy:
        assert copy.execute("from ledger.model_responses order by fingerprint").fetchall() == before

    for name, words in (
        ("production.nowhere", "has no table `model_responses`"),
        ("a.b.c", "expected database.schema"),
    ):
        developer.variables["shared_response_ledger"] = name
        outcome = developer.dbt("build", "-s", "asked")
        assert not outcome.success
        assert words in outcome.said, outcome.said[-2000:]


# ---- warnings before a call, and refusals ----


def test_the_plan_lists_what_a_change_of_the_profile_affects(
    project: InferenceProject, server: model_server.Client
) -> None:
    project.write("source_rows", BODY)
    project.write("other", "{{ lakeweave.remote_model(function='generate_text') }}")
    project.write("asked", asking("select id, prompt from {{ ref('source_rows') }}"))
    project.write("asked_other", asking("select id, prompt from {{ ref('source_rows') }} where id < 7", model="other"))
    project.price(row("fake-1", per_call=0.25), row("fake-2", per_output=1000, currency="EUR"))
    project.build()
    old_ledger(project, {})

    def plan() -> str:
        outcome = project.dbt("run-operation", "inference_plan", "--args", "{count_tokens: true}")
        assert outcome.success, outcome.said
        return outcome.said

    assert "asked again" not in plan()
    assert "`count_tokens` needs BigQuery" in plan()
    project.text["model"] = "fake-2"
    said = plan()
    assert (
        "asked: 100 of its questions would be asked again, because model_version changed from fake-1 to fake-2." in said
    )
    assert (
        "asked_other: 7 of its questions would be asked again, because model_version changed from fake-1 to fake-2."
        in said
    )
    line = next(line for line in said.splitlines() if line.startswith("asked "))
    assert line.split()[-3:] == ["102.4000", "EUR", "none"]
    # The setting of one model leaves the others alone.
    project.text["model"] = "fake-1"
    project.config["models"] = {"other": {**project.text, "model": "fake-2"}}
    said = plan()
    assert "asked: " not in said
    assert "asked_other: 7 of its questions would be asked again" in said
    assert server.stats()["requests"] == 107


def test_thinking_is_sent_and_checked(project: InferenceProject, server: model_server.Client) -> None:
    project.write("asked", asking(BODY.replace("100", "1"), options={"reasoning_effort": "low"}))
    project.build()
    assert server.stats()["bodies"][-1]["reasoning_effort"] == "low"
    project.write("asked", asking(BODY.replace("100", "1"), options={"thinking_config": {"thinking_budget": 0}}))
    project.build()
    assert server.stats()["bodies"][-1]["extra_body"] == {"google": {"thinking_config": {"thinking_budget": 0}}}
    assert server.stats()["requests"] == 2
    wrong = {"reasoning_effort": "huge", "thinking_config": {"thinking_budget": "many"}}
    project.write("asked", asking(BODY, options=wrong))
    outcome = project.dbt("parse")
    assert '`options.reasoning_effort` is "huge"; expected one of: none, minimal, low, medium, high' in outcome.said
    assert "expected as thinking_budget a whole number from -1 to 65536" in outcome.said
    assert "both `reasoning_effort` and `thinking_config`" in outcome.said


def test_features_that_are_not_documented_are_refused(project: InferenceProject) -> None:
    for feature in ("CROP_HINTS", "SAFE_SEARCH_DETECTION"):
        options = {"features": ["LABEL_DETECTION", feature]}
        project.write(
            "asked",
            asking("select 'a' as prompt, 'b' as h", function="annotate_image", options=options, content_hash="h"),
        )
        outcome = project.dbt("parse")
        assert not outcome.success
        assert f"{feature}" in outcome.said
        assert "ML.ANNOTATE_IMAGE knows" in outcome.said


BLANKS = (0x20, 0x09, 0x0A, 0x0B, 0x0C, 0x0D, 0x85, 0xA0, 0x1680, 0x180E, 0x2000, 0x200A, 0x200B, 0x200C, 0x200D, 0x2028,
          0x2029, 0x202F, 0x205F, 0x2060, 0x3000, 0xFEFF)  # fmt: skip


def test_blanks_of_any_script_are_no_calls(project: InferenceProject, server: model_server.Client) -> None:
    rows = [f"select {code} as code, repeat(chr({code}), 3) as prompt" for code in BLANKS]
    rows += [f"select {code} + 2000000 as code, chr({code}) || 'x' || chr({code}) as prompt" for code in BLANKS]
    project.write("asked", asking("\nunion all\n".join(rows)))
    project.build()
    assert server.stats()["requests"] == len(BLANKS)
    found = project.query("select response_state, response_status, count(*) from asked group by all order by all")
    assert found == [("failed", "empty input", len(BLANKS)), ("ok", "", len(BLANKS))]
