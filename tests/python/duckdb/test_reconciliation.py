"""Gold's totals against silver, by SQL of this file's own, with records that lack a date, a customer, a product or a price."""

from __future__ import annotations

import re
from decimal import Decimal

import duckdb
import pytest

from tests.python.support import Workspace

GOLD = (
    "orders_enriched daily_sales customer_metrics product_performance cohort_retention gold.marketplace gold.grocery"
    " silver_baskets sales_reconciliation"
)
LAST_DAY = "timestamp '2026-02-27 12:00:00'"
FILL = {
    # Orders: without a date, of a customer who is not there, without a customer.
    "orders": f"""
        insert into silver.orders (order_id, user_id, status, created_at)
        select 9000000 + n, case n % 4 when 0 then 1 when 1 then null when 2 then 99999999 else 2 end, 'Complete',
            case when n % 3 = 0 then null else {LAST_DAY} end
        from range(24) as numbers (n)
    """,
    # Items: of these orders and of one that is not there; without a product, of one that is not there; without a price.
    "order_items": """
        insert into silver.order_items (id, order_id, user_id, product_id, sale_price, sale_price_value_type)
        select 9000000 + n, case when n % 5 = 0 then 88888888 when n % 7 = 0 then null else 9000000 + n % 24 end,
            case n % 4 when 0 then 1 when 1 then null when 2 then 99999999 else 2 end,
            case n % 3 when 0 then 1 when 1 then null else 99999999 end,
            case when n % 11 = 0 then null else 10 + n / 100 end, case when n % 13 = 0 then 'chf' when n % 2 = 0 then 'euros' end
        from range(120) as numbers (n)
    """,
    "sale_lines": """
        insert into silver.sale_lines
            (line_id, order_id, amount, quantity, is_realised, stage, fulfilment, category, state, order_date)
        select 'dirt-' || n, 'order-' || n, case when n % 13 = 0 then null else 100 + n end, 1, n % 11 <> 0,
            case n % 4 when 0 then null when 1 then 'returned' when 2 then 'cancelled' else 'shipped' end,
            case when n % 9 = 0 then null else 'Amazon' end, case when n % 5 = 0 then null else 'Kurta' end,
            case when n % 7 = 0 then null else 'GOA' end, case when n % 3 = 0 then null else date '2022-05-01' end
        from range(40) as numbers (n)
    """,
    "transactions": """
        insert into silver.transactions
            (id, member_number, basket_id, item, purchased_on, purchase_year, purchase_month, purchase_week)
        select 9000000 + n, 1, case when n % 2 = 0 then '1/2014-03-0' || (1 + n % 5) end,
            case when n % 3 = 0 then null else 'soda' end,
            case when n % 4 = 1 then null else date '2014-03-01' + (n % 5)::int end, case when n % 4 = 1 then null else 2014 end,
            case when n % 4 = 1 then null else 3 end, case when n % 4 = 1 then null else 9 end
        from range(30) as numbers (n)
    """,
}
SOLD = """
    select items.*, orders.order_id is not null as is_known, orders.created_at as ordered_at
    from silver.order_items as items left join silver.orders as orders using (order_id)
    where orders.status is null or orders.status not in ('Cancelled', 'Returned')
"""
USD = f"""
    select sold.*, case
        when coalesce(sale_price_value_type, 'dollars') = 'dollars' then sale_price
        else (
            select round(sold.sale_price * rates.usd_per_unit::decimal(18, 9), 6) from seeds.exchange_rates as rates
            where rates.value_type = sold.sale_price_value_type
                and coalesce(sold.ordered_at, sold.created_at, sold.shipped_at)::date >= rates.valid_from
                and coalesce(sold.ordered_at, sold.created_at, sold.shipped_at)::date < rates.valid_to
        ) end::decimal(28, 6) as usd
    from ({SOLD}) as sold
"""


@pytest.fixture(scope="module")
def dirty(demo: Workspace, tmp_path_factory: pytest.TempPathFactory) -> Workspace:
    """The demo's warehouse with dirt in silver, and gold built of it."""
    workspace = Workspace.create(tmp_path_factory.mktemp("reconciliation") / "build", demo.landing)
    demo.copy_warehouse(workspace.warehouse)
    with duckdb.connect(str(workspace.warehouse)) as connection:
        for statement in FILL.values():
            connection.execute(statement)
    workspace.dbt("run", "--quiet", "--select", *GOLD.split())
    return workspace


def rows(workspace: Workspace) -> dict[tuple[str, str, str], tuple[Decimal, ...]]:
    return {
        (feed, measure, breakdown): tuple(figures)
        for feed, measure, breakdown, *figures in workspace.query(
            "select feed, measure, breakdown, total, in_breakdown, without_key, with_unknown_key, difference"
            " from gold.sales_reconciliation"
        )
    }


@pytest.mark.parametrize(
    ("key", "total", "gold", "without", "unknown"),
    [
        (
            ("shop", "revenue", "day"),
            f"select sum(usd) from ({USD})",
            "select sum(total_revenue) from gold.daily_sales",
            f"select sum(usd) from ({USD}) where ordered_at is null and (is_known or order_id is null)",
            f"select sum(usd) from ({USD}) where order_id not in (select order_id from silver.orders)",
        ),
        (
            ("shop", "revenue", "customer"),
            f"select sum(usd) from ({USD})",
            "select sum(total_spend) from gold.customer_metrics",
            f"select sum(usd) from ({USD}) where user_id is null",
            f"select sum(usd) from ({USD}) where user_id not in (select id from silver.users)",
        ),
        (
            ("shop", "revenue", "product"),
            f"select sum(usd) from ({USD})",
            "select sum(total_revenue) from gold.product_performance",
            f"select sum(usd) from ({USD}) where product_id is null",
            f"select sum(usd) from ({USD}) where product_id not in (select id from silver.products)",
        ),
        (
            ("shop", "sold items", "price in US dollars"),
            f"select count(*) from ({SOLD})",
            "select count(*) from gold.orders_enriched where is_sold and sale_price_usd is not null",
            f"select count(*) from ({SOLD}) where sale_price is null",
            f"select count(*) from ({USD}) where sale_price is not null and usd is null",
        ),
        (
            ("shop", "orders", "day"),
            "select count(*) from silver.orders",
            "select sum(order_count) from gold.daily_sales",
            "select count(*) from silver.orders where created_at is null",
            "select 0",
        ),
        (
            ("shop", "orders", "customer"),
            "select count(*) from silver.orders",
            "select sum(lifetime_order_count) from gold.customer_metrics",
            "select count(*) from silver.orders where user_id is null",
            "select count(*) from silver.orders where user_id not in (select id from silver.users)",
        ),
        (
            ("shop", "customers", "cohort"),
            "select count(distinct user_id) from silver.orders",
            "select sum(cohort_size) from gold.cohort_retention where traffic_source = 'all' and months_since_first_order = 0",
            "select count(*) from silver.users where id in (select user_id from silver.orders)"
            " and id not in (select user_id from silver.orders where created_at is not null and user_id is not null)",
            "select count(distinct user_id) from silver.orders where user_id not in (select id from silver.users)",
        ),
        *(
            (
                ("marketplace", measure, breakdown),
                f"select sum({amount}) from silver.sale_lines where {condition}",
                f"select sum({column}) from gold.amazon_revenue_by_{breakdown} where {key} is distinct from {rest}",
                f"select sum({amount}) from silver.sale_lines where {condition} and {in_silver} is null",
                "select 0",
            )
            for breakdown, key, rest, in_silver in (
                ("month", "sale_month", "null", "order_date"),
                ("category", "category", "'unknown'", "category"),
                ("state", "state", "'unknown'", "state"),
            )
            for measure, column, amount, condition in (
                ("revenue", "total_revenue", "amount", "is_realised"),
                ("booked revenue", "booked_revenue", "amount", "true"),
                ("cancelled revenue", "cancelled_revenue", "amount", "stage = 'cancelled'"),
                ("returned revenue", "returned_revenue", "amount", "stage = 'returned'"),
                ("sold units", "units_sold", "quantity", "is_realised"),
            )
        ),
        (
            ("marketplace", "realised lines", "amount"),
            "select count(*) from silver.sale_lines where is_realised",
            "select count(*) from silver.sale_lines where is_realised and amount is not null",
            "select count(*) from silver.sale_lines where is_realised and amount is null",
            "select 0",
        ),
        (
            ("marketplace", "lines", "stage"),
            "select count(*) from silver.sale_lines",
            "select sum(pending_lines + shipped_lines + delivered_lines + returned_lines + cancelled_lines + lost_lines)"
            " from gold.amazon_fulfilment_performance",
            "select 0",
            "select count(*) from silver.sale_lines where stage is null",
        ),
        (
            ("grocery", "items", "day"),
            "select count(*) from silver.transactions",
            "select sum(items_sold) from gold.grocery_daily_sales",
            "select count(*) from silver.transactions where purchased_on is null",
            "select 0",
        ),
        (
            ("grocery", "items", "item"),
            "select count(*) from silver.transactions",
            "select sum(items_sold) from gold.grocery_item_sales",
            "select count(*) from silver.transactions where item is null",
            "select 0",
        ),
        (
            ("grocery", "items", "basket"),
            "select count(*) from silver.transactions",
            "select sum(rows_sold) from silver.baskets",
            "select count(*) from silver.transactions where basket_id is null",
            "select 0",
        ),
        (
            ("grocery", "items", "basket size"),
            "select count(*) from silver.transactions",
            "select sum(basket_size * basket_count) from gold.grocery_basket_sizes",
            "select count(*) from silver.transactions where basket_id is null",
            "select 0",
        ),
    ],
    ids=lambda value: "-".join(value) if isinstance(value, tuple) else "",
)
def test_a_total_is_its_parts(
    dirty: Workspace, key: tuple[str, str, str], total: str, gold: str, without: str, unknown: str
) -> None:
    parts = [dirty.query(sql)[0][0] or Decimal(0) for sql in (total, gold, without, unknown)]
    assert rows(dirty)[key] == (*parts, Decimal(0))
    assert parts[0] == sum(parts[1:]) > 0
    assert parts[2] or parts[3], "nothing is left out, so this shows nothing"


def test_left_out_settings_are_warnings_with_a_reason(dirty: Workspace) -> None:
    done = dirty.dbt("test", "--select", "gold_reconciles", "gold_leaves_nothing_out")
    assert "leave a part of the total out" in done.stdout
    assert "orders without a date" in done.stdout or "items without a member or a date" in done.stdout
    assert re.search(r"PASS=\d+ WARN=1 ERROR=0", done.stdout)


def test_few_keys_without_a_value_warn_and_many_are_an_error(
    dirty: Workspace, tmp_path_factory: pytest.TempPathFactory
) -> None:
    """A word for "no value" in a foreign key does not stop what is built of the table, and is never silent."""
    keys = ("silver_orders,test_name:present", "silver_order_items,test_name:present")
    few = dirty.dbt("test", "--select", *keys, check=False)
    assert few.returncode == 0
    assert {str(each["status"]) for each in dirty.results()} >= {"warn"}
    workspace = Workspace.create(tmp_path_factory.mktemp("many") / "build", dirty.landing)
    dirty.copy_warehouse(workspace.warehouse)
    with duckdb.connect(str(workspace.warehouse)) as connection:
        connection.execute("update silver.orders set user_id = null where order_id % 8 = 0")
    assert workspace.dbt("test", "--select", *keys, check=False).returncode == 1
    failed = {str(each["unique_id"]).split(".")[2] for each in workspace.results() if each["status"] == "fail"}
    assert failed == {"present_silver_orders_user_id"}


def test_a_row_that_gold_drops_or_doubles_is_an_error(dirty: Workspace) -> None:
    broken = {
        "delete from gold.daily_sales where total_revenue > 0": "revenue by day",
        "update gold.grocery_item_sales set items_sold = 2 * items_sold": "items by item",
        "delete from gold.amazon_revenue_by_month where sale_month is null": "booked lines by month",
        "delete from silver.baskets where rows_sold > 1": "items by basket",
    }
    with duckdb.connect(str(dirty.warehouse)) as connection:
        for spoil in broken:
            connection.execute(spoil)
    done = dirty.dbt("build", "--select", "sales_reconciliation", "--exclude", "test_type:unit", check=False)
    assert done.returncode == 1
    assert "A total of silver and its breakdown in gold differ" in done.stdout
    found = {
        f"{measure} by {breakdown}"
        for measure, breakdown in dirty.query(
            "select measure, breakdown from gold.sales_reconciliation where difference <> 0"
        )
    }
    assert set(broken.values()) <= found
    assert found & set(re.findall(r"'\w+: ([^']+) \(", done.stdout))
