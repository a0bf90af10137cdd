"""The prompts of the source document: drafted, built beside the demo's warehouse, and compared with the models of the project.

Two of the six by default; all with LAKEWEAVE_DRAFT_PROMPTS=all.
"""

from __future__ import annotations

import hashlib
import json
import os

import pytest

from lakeweave.draft.catalog import catalog_of
from lakeweave.draft.checks import check, spellings_of
from lakeweave.draft.grammar import plan_of
from lakeweave.draft.writing import draft_of
from tests.python.support import Workspace
from tests.python.unit.test_draft_sentences import DOCUMENT

SAID = {
    "silver.users": {"id", "first_name", "last_name", "email", "gender", "street_address", "city", "age"},
    "silver.orders": {"order_id", "status", "created_at", "shipped_at", "delivered_at", "returned_at"},
    "silver.order_items": {"id", "created_at", "shipped_at", "delivered_at", "returned_at"},
    "gold.customer_metrics": None,
    "gold.product_performance": None,
    "gold.daily_sales": None,
}
"""Columns of which the prompt says what the model of the project does; None for all of the draft."""
SAMPLE = ("gold.customer_metrics",)
PROMPTS = {plan: sentence for plan, (sentence, _) in zip(SAID, DOCUMENT, strict=True)}


@pytest.mark.parametrize("target", SAID if os.environ.get("LAKEWEAVE_DRAFT_PROMPTS") == "all" else SAMPLE)
def test_the_rows_of_a_prompt_are_those_of_the_model_of_the_project(target, demo: Workspace, tmp_path, monkeypatch):
    for name, value in demo.env().items():
        monkeypatch.setenv(name, value)
    manifest = json.loads((demo.root / "target" / "manifest.json").read_text())
    catalog = catalog_of(manifest, spellings_of(demo.root))
    draft = draft_of(plan_of(PROMPTS[target], catalog), catalog)
    assert draft.plan.target == target
    assert draft.files, draft.problems
    before = hashlib.sha256(demo.warehouse.read_bytes()).hexdigest()
    checked = check(draft, catalog, demo.root, demo.warehouse, tmp_path / "scratch")
    assert [one for one in checked.checks if one.outcome == "failed"] == []
    assert {"build", "unit tests", "data tests", "compiled SQL is one select"} <= {
        one.name for one in checked.checks if one.outcome == "passed"
    }
    assert hashlib.sha256(demo.warehouse.read_bytes()).hexdigest() == before
    assert checked.compared
    said = SAID[target] or {column.name for column in draft.written.columns}
    differ = [line for line in checked.differences if line.partition(":")[0] in said or "rows are in" in line]
    assert differ == []
    assert checked.steps[-1][1] > 0
    personal = {column.name for column in draft.written.columns if column.personal}
    for row in checked.rows:
        values = dict(zip(checked.columns, row, strict=True))
        assert {values[name] for name in personal} <= {"(personal)"}


def test_explain_says_what_a_model_is_and_has(demo: Workspace):
    said = demo.dbt("run-operation", "explain", "--args", "{model: customer_metrics}").stdout
    rows = demo.query("select count(*) from gold.customer_metrics")[0][0]
    assert "It reads orders_enriched, silver_orders, silver_users." in said
    assert "Its data comes from thelook.order_items, thelook.orders, thelook.products, thelook.users." in said
    assert "Personal: email. Contract: enforced." in said
    assert f"It has {rows} rows." in said
    assert "It has asked no model" in said
    refused = demo.dbt("run-operation", "explain", "--args", "{model: nothing_of_this_name}", check=False)
    assert "expected the name of a model" in refused.stdout + refused.stderr
