"""The metrics of the semantic layer say what gold says."""

from __future__ import annotations

import json

import pytest

from tests.python.support import Workspace


def test_metrics_are_those_of_gold(demo: Workspace) -> None:
    manifest = json.loads((demo.root / "target" / "semantic_manifest.json").read_text())
    assert {metric["name"] for metric in manifest["metrics"]} >= {"revenue", "orders", "customers", "return_rate"}
    (items,) = manifest["semantic_models"]
    forms = {"sum": "sum({})", "count_distinct": "count(distinct {})"}
    measured = {
        each["name"]: demo.query(
            f"select {forms[each['agg']].format(each['expr'])} from {items['node_relation']['relation_name']}"
        )[0][0]
        for each in items["measures"]
    }
    # What has no date is in no day's sales, and an order without an item is in no item's.
    ((revenue, orders),) = demo.query("select sum(total_revenue), sum(order_count) from gold.daily_sales")
    ((undated,),) = demo.query(
        "select coalesce(sum(sale_price_usd), 0) from gold.orders_enriched where is_sold and ordered_at is null"
    )
    assert measured["revenue"] == revenue + undated > 0
    ((undated_orders, empty_orders),) = demo.query(
        "select count(*) filter (created_at is null), count(*) filter (order_id not in (select order_id from silver.order_items"
        " where order_id is not null)) from silver.orders"
    )
    assert measured["orders"] == orders + undated_orders - empty_orders
    ((customers, returned, bought),) = demo.query(
        "select count(distinct user_id), count(*) filter (is_returned), count(*) filter (is_sold or is_returned)"
        " from gold.orders_enriched"
    )
    assert measured["customers"] == customers
    assert (measured["returned_items"], measured["bought_items"]) == (returned, bought)
    (rate,) = [metric for metric in manifest["metrics"] if metric["name"] == "return_rate"]
    assert rate["type_params"]["numerator"]["name"] == "returned_items"


def test_the_calendar_has_every_day(demo: Workspace) -> None:
    ((days, first, last),) = demo.query("select count(*), min(calendar_day), max(calendar_day) from gold.calendar")
    assert days == (last - first).days + 1 == 10000
    ((outside,),) = demo.query(
        "select count(*) from gold.daily_sales where sale_date not in (select calendar_day from gold.calendar)"
    )
    assert outside == 0


@pytest.mark.parametrize("metric", ["revenue", "orders", "customers", "return_rate"])
def test_each_metric_is_described(demo: Workspace, metric: str) -> None:
    manifest = json.loads((demo.root / "target" / "manifest.json").read_text())
    assert manifest["metrics"][f"metric.lakeweave.{metric}"]["description"]
