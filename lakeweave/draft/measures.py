"""The measures that the planner knows, as the gold models of the shop define them.

A measure is an expression over parts, and each part is an aggregate over the rows of one relation. The order items are read by
``orders_enriched``, which has one row per item with its price in US dollars: prices of several currencies are never added up.
"""

from __future__ import annotations

from dataclasses import dataclass

ITEMS = "gold.orders_enriched"
_DOUBLE = "{{ lakeweave.type_double() }}"
_BIGINT = "{{ dbt.type_bigint() }}"
_NUMERIC = "{{ dbt.type_numeric() }}"
_TIMESTAMP = "{{ dbt.type_timestamp() }}"
_SINCE = "{{ dbt.datediff('orders.last_order_at', lakeweave.as_of(), 'day') }}"


@dataclass(frozen=True)
class Part:
    """An aggregate over the rows of a relation, which is read as ``source``."""

    source: str
    """``orders``, ``items``, ``inventory``, ``users`` or ``products``; ``first_orders`` has one row per customer."""
    sql: str


PARTS = {
    "order_count": Part("orders", "count(*)"),
    "first_order_at": Part("orders", "min(created_at)"),
    "last_order_at": Part("orders", "max(created_at)"),
    "unique_customers": Part("orders", "count(distinct user_id)"),
    "new_customers": Part("first_orders", "count(*)"),
    "user_count": Part("users", "count(*)"),
    "product_count": Part("products", "count(*)"),
    "revenue": Part("items", "sum(case when is_sold then sale_price_usd else 0 end)"),
    "sold_order_count": Part("items", "count(distinct case when is_sold then order_id end)"),
    "units_sold": Part("items", "sum(case when is_sold then 1 else 0 end)"),
    "units_priced": Part("items", "sum(case when is_sold and sale_price_usd is not null then 1 else 0 end)"),
    "return_count": Part("items", "sum(case when is_returned then 1 else 0 end)"),
    "bought_count": Part("items", "sum(case when is_sold or is_returned then 1 else 0 end)"),
    "units_stocked": Part("inventory", "count(*)"),
    "units_turned": Part("inventory", "count(sold_at)"),
}


@dataclass(frozen=True)
class Measure:
    """An expression over parts, each written ``{source.part}``, and its type in a contract."""

    sql: str
    type: str
    needs: tuple[str, ...]
    ratio: bool = False
    """Between 0 and 1."""
    cost: bool = False
    """Needs the cost of the product in US dollars."""


def _count(part: str) -> Measure:
    return Measure(f"cast(coalesce({PARTS[part].source}.{part}, 0) as {_BIGINT})", "bigint", (part,))


def _share(over: str, under: str, source: str, ratio: bool = False) -> Measure:
    return Measure(f"cast({source}.{over} as {_DOUBLE}) / nullif({source}.{under}, 0)", "double", (over, under), ratio)


MEASURES: dict[str, Measure] = {
    "order_count": _count("order_count"),
    "unique_customers": _count("unique_customers"),
    "new_customers": _count("new_customers"),
    "user_count": _count("user_count"),
    "product_count": _count("product_count"),
    "units_sold": _count("units_sold"),
    "return_count": _count("return_count"),
    "total_revenue": Measure(f"cast(coalesce(items.revenue, 0) as {_NUMERIC})", "numeric", ("revenue",)),
    "avg_order_value": _share("revenue", "sold_order_count", "items"),
    "avg_sale_price": _share("revenue", "units_priced", "items"),
    "avg_basket_size": _share("units_sold", "sold_order_count", "items"),
    "return_rate": _share("return_count", "bought_count", "items", ratio=True),
    "avg_margin_pct": Measure(
        f"(\n    cast(items.revenue as {_DOUBLE})\n    - cast(products.cost_usd as {_DOUBLE}) * items.units_priced\n"
        f") / nullif(cast(items.revenue as {_DOUBLE}), 0)",
        "double",
        ("revenue", "units_priced"),
        cost=True,
    ),
    "inventory_turnover_ratio": _share("units_turned", "units_stocked", "inventory", ratio=True),
    "first_order_at": Measure(f"cast(orders.first_order_at as {_TIMESTAMP})", "timestamp", ("first_order_at",)),
    "last_order_at": Measure(f"cast(orders.last_order_at as {_TIMESTAMP})", "timestamp", ("last_order_at",)),
    "days_since_last_order": Measure(
        f"cast(\n    case\n        when orders.last_order_at > {{{{ lakeweave.as_of() }}}} then 0\n        else {_SINCE}\n"
        f"    end as {_BIGINT}\n)",
        "bigint",
        ("last_order_at",),
    ),
}

SAME = {
    "lifetime_order_count": "order_count",
    "total_spend": "total_revenue",
    "revenue": "total_revenue",
    "spend": "total_revenue",
    "customer_count": "user_count",
    "units": "units_sold",
    "basket_size": "avg_basket_size",
    "average_order_value": "avg_order_value",
    "average_basket_size": "avg_basket_size",
    "average_sale_price": "avg_sale_price",
    "margin": "avg_margin_pct",
    "returns": "return_count",
    "turnover_ratio": "inventory_turnover_ratio",
}
"""Other names of the same measures. The column keeps the name that the sentence gives it."""


def measure(name: str) -> Measure:
    """The measure of a name or of one of its other names."""
    return MEASURES[SAME.get(name, name)]
