"""The demo's questions, and the account of what was asked."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from demo.offline_answers import ADDRESS_INSTRUCTIONS, CHURN_INSTRUCTIONS
from tests.python.duckdb.inference_project import ROOT, InferenceProject, asking, openai
from tests.python.fakes import model_server
from tests.python.support import Workspace


def test_every_user_is_enriched(demo: Workspace) -> None:
    """One row per user; what the offline rules could not answer has a reason."""
    assert demo.query("select count(*), count(distinct user_id) from gold.users_enriched") == demo.query(
        "select count(*), count(distinct id) from silver.users"
    )
    lines = demo.query("select standardized_address, state from gold.users_enriched where address_state = 'ok'")
    assert len(lines) > 100
    for line, _ in lines:
        assert re.fullmatch(r"[A-Z0-9 #/-]+, [A-Z0-9 -]+, [A-Z]{2} \d{5}(-\d{4})?", line), line
    asked = dict(
        demo.query(
            "select address_state, count(*) from gold.users_enriched where address_state <> 'not_asked' group by 1"
        )
    )
    assert set(asked) <= {"ok", "failed"}
    assert asked["ok"] > 0.85 * sum(asked.values())
    assert demo.query(
        "select count(*) from gold.users_enriched where address_state = 'failed' and address_status = ''"
    ) == [(0,)]
    assert demo.query(
        "select count(*) from gold.users_enriched where country <> 'United States' and address_state <> 'not_asked'"
    ) == [(0,)]

    risks = dict(
        demo.query(
            "select churn_risk, min(days_since_last_order) from gold.users_enriched where churn_risk <> '' group by 1"
        )
    )
    assert set(risks) == {"low", "medium", "high"}
    assert risks["high"] >= 90, "a high risk is only told of who stayed away"
    assert demo.query("select count(*) from gold.users_enriched where churn_state <> 'ok'") == [(0,)]


def test_like_customers_are_one_question(demo: Workspace) -> None:
    users, questions = demo.query("select count(*), count(distinct fingerprint) from gold.customer_churn_risk")[0]
    assert questions < users / 4
    assert demo.query("select count(*) from ledger.model_responses where node_id like '%customer_churn_risk'") == [
        (questions,)
    ]


def test_the_prompts_begin_with_texts_of_the_rules(demo: Workspace) -> None:
    for table, instructions in (
        ("silver.user_addresses", ADDRESS_INSTRUCTIONS),
        ("gold.customer_churn_risk", CHURN_INSTRUCTIONS),
    ):
        assert demo.query(f"select count(*) from {table} where not starts_with(prompt, ?)", instructions) == [(0,)]


def test_addresses_have_typed_fields(demo: Workspace) -> None:
    (row,) = demo.query(
        "select count(*), count(street_line), count(city), count(state_code), count(zip_code) from silver.user_addresses "
        "where response_state = 'ok'"
    )
    assert row[0] > 100
    assert set(row) == {row[0]}
    assert demo.query(
        "select count(*) from silver.user_addresses where not regexp_full_match(zip_code, '[0-9]{5}(-[0-9]{4})?') "
        "or not regexp_full_match(state_code, '[A-Z]{2}') or (response_state <> 'ok' and street_line is not null)"
    ) == [(0,)]


def test_descriptions_are_classified_from_examples(demo: Workspace) -> None:
    """The delivered category, which is the golden answer here, is not asked about."""
    golden = {
        "top": ("Sweaters", "Tops & Tees", "Fashion Hoodies & Sweatshirts"),
        "bottom": ("Jeans", "Shorts", "Pants", "Skirts"),
        "whole body": ("Dresses", "Suits & Sport Coats"),
        "outerwear": ("Outerwear & Coats", "Blazers & Jackets"),
        "underwear": ("Intimates", "Underwear", "Socks", "Sleep & Lounge"),
        "swimwear": ("Swim",),
        "accessory": ("Accessories",),
    }
    expected = {category: kind for kind, categories in golden.items() for category in categories}
    rows = demo.query(
        "select category, kind from silver.listings as listings inner join silver.listing_kinds as kinds using (product_id)"
    )
    judged = [(expected[category], kind) for category, kind in rows if category in expected]
    assert len(judged) > 100
    assert sum(wanted == kind for wanted, kind in judged) > 0.9 * len(judged)
    assert demo.query(
        "select distinct served_model from ledger.model_responses where node_id like '%listing_kinds'"
    ) == [("offline-classifier-1",)]


def test_usage_has_calls_and_cost(tmp_path: Path) -> None:
    with model_server.running() as server:
        project = InferenceProject(tmp_path, openai(server.base_url))
        prices = project.root / "seeds" / "model_prices.csv"
        prices.write_text(
            prices.read_text() + "fake-1,2020-01-01,,any,USD,0.5,1000000,,0,,2026-11-21,made up for this test\n"
        )
        body = (
            "select range as id, case range when 7 then 'ALWAYS-400' else 'four' || range end as prompt from range(10)"
        )
        project.write("asked", asking(body))
        usage = (ROOT / "models" / "gold" / "operations" / "model_usage.sql").read_text()
        for name in ("silver_user_addresses", "silver_listing_kinds", "customer_churn_risk"):
            usage = usage.replace(name, "asked")
        project.write("model_usage", "{{ config(materialized='table') }}\n" + usage)
        for _ in range(3):
            project.build()
        (row,) = project.query(
            "select runs, calls, distinct_inputs, answered_calls, retryable_calls, failed_calls, answered_from_ledger, "
            "input_tokens, output_tokens, cost, cost_saved, currency, requests, cost_estimated from model_usage"
        )
        # Nine prompts of five letters are one token each; the refused call was made, too. The two later runs had nine
        # answers each from the ledger.
        assert row[:9] == (3, 10, 10, 9, 0, 1, 18, 9, 18)
        # The refused call has no usage, so its estimate of three tokens is used.
        assert row[9] == pytest.approx(10 * 0.5 + 9 * 1 + 3)
        assert row[10] == pytest.approx(18 * row[9] / 10)
        assert row[11:13] == ("USD", 10)
        assert row[13] == pytest.approx(0.5 + 3)
        assert project.query("select sum(calls), sum(failed), sum(pending) from ledger.inference_runs") == [(10, 3, 0)]
