"""Every figure on the app's pages and in the notebook, against the same figure computed from silver by SQL of this file's own.

A page shows figures by `figures`, `show` and `table` of `app.look`; all three are recorded, so a new chart without a line in
`EXPECTED` fails.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from decimal import Decimal
from typing import Any

import pandas as pd
import pytest

import app.look
from app.names import in_short, percent
from tests.python.support import Workspace

AS_OF = "timestamp '2026-03-01 00:00:00'"
SURE = 0.6

ITEMS = """
    select
        items.id, items.order_id, items.user_id, items.product_id, orders.created_at as ordered_at, users.country,
        products.category, products.name, products.brand, coalesce(orders.status, '') not in ('Cancelled', 'Returned') as sold,
        coalesce(orders.status, '') = 'Returned' as returned,
        case
            when coalesce(items.sale_price_value_type, 'dollars') = 'dollars' then items.sale_price
            else round(items.sale_price * (
                select rates.usd_per_unit::decimal(18, 9) from seeds.exchange_rates as rates
                where rates.value_type = items.sale_price_value_type
                    and coalesce(orders.created_at, items.created_at, items.shipped_at)::date >= rates.valid_from
                    and coalesce(orders.created_at, items.created_at, items.shipped_at)::date < rates.valid_to
            ), 6)
        end::decimal(28, 6) as usd
    from silver.order_items as items
    left join silver.orders as orders on orders.order_id = items.order_id
    left join silver.users as users on users.id = items.user_id
    left join silver.products as products on products.id = items.product_id
"""
# One row for each customer, month with an order and what brought them; months counted from year 0.
MONTHS = """
    select distinct orders.user_id, coalesce(users.traffic_source, 'Unknown') as source,
        year(orders.created_at) * 12 + month(orders.created_at) - 1 as month,
        min(year(orders.created_at) * 12 + month(orders.created_at) - 1) over (partition by orders.user_id) as cohort
    from silver.orders as orders inner join silver.users as users on users.id = orders.user_id
    where orders.created_at is not null
"""
FIRST_OPEN = f"(year({AS_OF}) * 12 + month({AS_OF}) - 1)"
# Each cohort and each month after its first one that is over: how many came, and how many there are.
RETENTION = f"""
    select sizes.source, sizes.cohort, steps.step, sizes.size, count(months.user_id) as active
    from (select source, cohort, count(distinct user_id) as size from ({MONTHS}) group by all) as sizes
    cross join range(1, 200) as steps (step)
    left join ({MONTHS}) as months
        on months.source = sizes.source and months.cohort = sizes.cohort and months.month = sizes.cohort + steps.step
    where sizes.cohort + steps.step < {FIRST_OPEN}
    group by all
"""
COHORT = "(cohort // 12)::varchar || '-' || lpad((cohort % 12 + 1)::varchar, 2, '0')"
# The picture that a listing is judged by: the first that is recognised.
LOOKS = """
    select listings.product_id, listings.units_sold, seen.category, seen.pattern, seen.background, seen.color
    from silver.listings as listings
    inner join (
        select pictures.product_id,
            (select value from labels where labels.uri = pictures.uri and characteristic = 'category') as category,
            (select value from labels where labels.uri = pictures.uri and characteristic = 'pattern') as pattern,
            (select value from labels where labels.uri = pictures.uri and characteristic = 'background') as background,
            (
                select color from silver.product_image_colors as colors where colors.uri = pictures.uri
                group by color order by round(sum(score), 6) desc, color limit 1
            ) as color
        from silver.product_image_annotations as pictures
        where pictures.response_state = 'ok' and category is not null
        qualify row_number() over (partition by pictures.product_id order by picture_number, uri) = 1
    ) as seen on seen.product_id = listings.product_id
"""
LABELS = f"""
    with labels as materialized (
        select uri, characteristic, value from silver.product_image_labels where characteristic is not null and score >= {SURE}
        qualify row_number() over (partition by uri, characteristic order by score desc, place) = 1
    )
"""
POSES = f"""
    select predictions.folder_pose,
        coalesce((
            select label from silver.yoga_pose_scores as scores
            where scores.uri = predictions.uri and label <> 'none' and score >= {SURE} order by score desc limit 1
        ), 'none') as seen
    from silver.yoga_pose_predictions as predictions where response_state = 'ok'
"""
LINES = """
    select *, case when is_realised then amount end as revenue, case when stage = 'cancelled' then amount end as cancelled,
        case when stage = 'returned' then amount end as returned
    from silver.sale_lines
"""


class Recorded:
    """What a page showed: figures by label, rows of charts by their words, tables in their order."""

    def __init__(self) -> None:
        self.figures: dict[str, str] = {}
        self.charts: dict[str, pd.DataFrame] = {}
        self.tables: list[pd.DataFrame] = []

    def parts(self) -> set[str]:
        return {*self.figures, *self.charts, *(f"table {place}" for place in range(len(self.tables)))}


@pytest.fixture
def record(open_page: Callable[..., Any], monkeypatch: pytest.MonkeyPatch) -> Callable[..., Recorded]:
    """Opens a page and records what it shows."""
    found = Recorded()
    page, figures, show, table = app.look.page, app.look.figures, app.look.show, app.look.table

    def noted_page(title: str, question: str, *parameters: str) -> Any:
        # The harness opens the first page before the one that is asked for, and a page again when the address changes.
        found.figures, found.charts, found.tables = {}, {}, []
        return page(title, question, *parameters)

    def noted_figures(values: dict[str, str], *rest: Any) -> None:
        found.figures |= values
        figures(values, *rest)

    def noted_show(chart: Any, alt_text: str, *rest: Any) -> None:
        data = chart.data if isinstance(chart.data, pd.DataFrame) else chart.layer[-1].data
        found.charts[alt_text] = data if isinstance(data, pd.DataFrame) else chart.layer[1].data
        show(chart, alt_text, *rest)

    def noted_table(frame: pd.DataFrame, **columns: Any) -> None:
        found.tables.append(frame)
        table(frame, **columns)

    monkeypatch.setattr(app.look, "page", noted_page)
    monkeypatch.setattr(app.look, "figures", noted_figures)
    monkeypatch.setattr(app.look, "show", noted_show)
    monkeypatch.setattr(app.look, "table", noted_table)

    def opened(page: str, **address: Any) -> Recorded:
        assert not open_page(page, **address).exception
        return found

    return opened


def rows(frame: pd.DataFrame, columns: str) -> list[tuple]:
    return [tuple(row) for row in frame[columns.split(", ")].itertuples(index=False)]


def one(demo: Workspace, sql: str) -> Any:
    ((value,),) = demo.query(sql)
    return float(value) if isinstance(value, Decimal) else value


def ratio(value: Any) -> float | None:
    return None if value is None else float(value)


# By part of a page what silver says of it: a text for a figure, columns and rows for a chart or table.
Expected = dict[str, Any]
MONTH_TEXT = "strftime(date_trunc('month', {}), '%Y-%m-01')"


def shop(demo: Workspace, where: str) -> Expected:
    month = MONTH_TEXT.format("ordered_at")
    kept = f"select * from ({ITEMS}) where {where}"
    rate = "count(*) filter (returned) / nullif(count(*) filter (sold or returned), 0)"
    return {
        "Revenue": in_short(one(demo, f"select sum(usd) filter (sold) from ({kept})"), "$"),
        "Orders": in_short(one(demo, f"select count(distinct order_id) from ({kept})")),
        "Customers": in_short(one(demo, f"select count(distinct user_id) from ({kept})")),
        "Units": in_short(one(demo, f"select count(*) filter (sold) from ({kept})")),
        "Returned": percent(ratio(one(demo, f"select {rate} from ({kept})"))),
        "Line chart: revenue by month": (
            "month, revenue",
            demo.query(
                f"select {month}, sum(case when sold then usd else 0 end) from ({kept}) where ordered_at is not null group by 1"
            ),
        ),
        "Line chart: customers and orders by month": (
            "month, what, number",
            demo.query(
                f"unpivot (select {month} as month, count(distinct user_id) as customers, count(distinct order_id) as orders"
                f" from ({kept}) where ordered_at is not null group by 1) on customers, orders into name what value number"
            ),
        ),
        "Line chart: share of returned units by month": (
            "month, return_rate",
            demo.query(f"select {month}, {rate} from ({kept}) where ordered_at is not null group by 1"),
        ),
        "Bar chart: revenue of the best twelve categories": (
            "category, revenue, units",
            demo.query(
                f"select coalesce(category, 'unknown'), sum(usd), count(*) from ({kept}) where sold group by category"
                " order by 2 desc, 1 limit 12"
            ),
        ),
        "Bar chart: revenue of the best twelve countries": (
            "country, revenue, customers",
            demo.query(
                f"select coalesce(country, 'unknown'), sum(usd), count(distinct user_id) from ({kept}) where sold"
                " group by country order by 2 desc, 1 limit 12"
            ),
        ),
        "table 0": (
            "product_name, product_category, product_brand, revenue, units",
            demo.query(
                f"select name, category, brand, sum(usd), count(*) from ({kept}) where sold"
                " group by product_id, name, category, brand order by 4 desc, 1 limit 50"
            ),
        ),
    }


def cohorts(demo: Workspace, source: str) -> Expected:
    of = "true" if source == "all" else f"source = '{source}'"
    chosen = f"select cohort, step, sum(size) as size, sum(active) as active from ({RETENTION}) where {of} group by all"
    return {
        "Customers": f"{one(demo, f'select count(distinct user_id) from ({MONTHS}) where {of}'):,.0f}",
        "Cohorts": f"{one(demo, f'select count(distinct cohort) from ({MONTHS}) where {of}'):,}",
        "Back in a month, of the first three": percent(
            ratio(one(demo, f"select sum(active) / sum(size) from ({chosen}) where step <= 3"))
        ),
        "Heat map: share of each monthly cohort that ordered in later months": (
            "cohort, months_since_first_order, cohort_size, active_customers, retention_rate",
            demo.query(
                f"select {COHORT}, step, size, active, active / size from ({chosen}) where step <= 12 and cohort in"
                f" (select distinct cohort from ({MONTHS}) where {of} order by 1 desc limit 24)"
            ),
        ),
        "Line chart: retention by months since the first order, one line for each traffic source": (
            "traffic_source, months_since_first_order, retention_rate",
            demo.query(
                f"select source, step, sum(active) / sum(size) from ({RETENTION}) where step <= 12 group by 1, 2"
            ),
        ),
    }


def pictures(demo: Workspace) -> Expected:
    seen = f"{LABELS} {LOOKS}"
    effects = demo.query(
        f"""
        {LABELS}, looks as ({LOOKS}),
        long as (unpivot (from looks) on category, pattern, background, color into name characteristic value value)
        select here.characteristic, here.value, count(*) as products,
            exp(avg(ln(case when here.units_sold > 0 then here.units_sold else 0.5 end)) - (
                select avg(ln(case when units_sold > 0 then units_sold else 0.5 end)) from long as others
                where others.characteristic = here.characteristic and others.value <> here.value
                    and others.units_sold is not null
            )) as effect
        from long as here where here.units_sold is not null
        group by here.characteristic, here.value
        having count(*) >= 5 and (
            select count(*) from long as others where others.characteristic = here.characteristic and others.value <> here.value
                and others.units_sold is not null
        ) >= 5
        """
    )
    return {
        "Listings": f"{one(demo, 'select count(*) from silver.listings'):,}",
        "Recognised": f"{len(demo.query(seen)):,}",
        "Description disagrees": None,  # against what the generator planted: test_pictures.py
        "Each look with the factor on sales and its 95 % interval": (
            "characteristic, value, products, effect",
            effects,
        ),
    }


def yoga(demo: Workspace) -> Expected:
    return {
        "Pictures": f"{one(demo, 'select count(*) from silver.yoga_pose_predictions'):,}",
        "Poses": f"{one(demo, 'select count(distinct folder_pose) from silver.yoga_pose_predictions')}",
        "Seen as the folder says": percent(one(demo, f"select avg((seen = folder_pose)::int) from ({POSES})")),
        "Heat map: number of pictures by the folder's pose and the predicted pose": (
            "folder_pose, predicted_pose, pictures",
            demo.query(f"select folder_pose, seen, count(*) from ({POSES}) group by all"),
        ),
    }


def fulfilment(demo: Workspace) -> list[tuple]:
    """Lines by channel, service and stage; a stage that a channel never has is `not reported`."""
    stages = ("delivered", "returned", "cancelled", "lost")
    known = set(demo.query(f"select distinct fulfilment, stage from ({LINES})"))
    counts = ", ".join(f"count(*) filter (stage = '{each}')" for each in stages)
    sent = "count(*) filter (stage in ('shipped', 'delivered', 'returned', 'lost'))"
    found = []
    for channel, service, lines, sent_lines, *of in demo.query(
        f"select fulfilment, service_level, count(*), {sent}, {counts} from ({LINES}) group by all"
    ):
        by = dict(zip(stages, of, strict=True))
        told = [f"{by[each]:,}" if (channel, each) in known else "not reported" for each in stages]
        cancelled = percent(by["cancelled"] / lines) if (channel, "cancelled") in known else "not reported"
        returned = percent(by["returned"] / sent_lines) if (channel, "returned") in known else "not reported"
        found.append((channel, service, lines, *told, cancelled, returned))
    return found


def marketplace(demo: Workspace, measure: str) -> Expected:
    column = {"revenue": "revenue", "booked": "amount", "cancelled": "cancelled", "returned": "returned"}[measure]
    shown = {"revenue": "total_revenue"}.get(measure, f"{measure}_revenue")
    figures = (
        "coalesce(sum(revenue), 0), coalesce(sum(amount), 0), coalesce(sum(cancelled), 0), coalesce(sum(returned), 0),"
    )
    figures += "count(distinct order_id) filter (is_realised), coalesce(sum(quantity) filter (is_realised), 0)"
    columns = "total_revenue, booked_revenue, cancelled_revenue, returned_revenue, order_count, units_sold"
    month = MONTH_TEXT.format("order_date")
    assert shown in columns
    return {
        "Revenue": in_short(one(demo, f"select sum(revenue) from ({LINES})"), "₹"),
        "Booked": in_short(one(demo, f"select sum(amount) from ({LINES})"), "₹"),
        "Cancelled": percent(ratio(one(demo, f"select sum(cancelled) / sum(amount) from ({LINES})"))),
        "Returned": percent(ratio(one(demo, f"select sum(returned) / sum(amount) from ({LINES})"))),
        f"Line chart: {measure} by month": (
            f"sale_month, {columns}", demo.query(f"select {month}, {figures} from ({LINES}) group by 1"),
        ),
        f"Bar chart: {measure} by category": (
            f"category, {columns}",
            demo.query(f"select coalesce(category, 'unknown'), {figures} from ({LINES}) group by 1"),
        ),
        f"Bar chart: {measure} of the first fifteen states": (
            f"state, {columns}",
            demo.query(
                f"select coalesce(state, 'unknown'), {figures} from ({LINES}) group by 1"
                f" order by coalesce(sum({column}), 0) desc, 1 limit 15"
            ),
        ),
        "table 0": (
            "fulfilment, service_level, line_count, delivered, returned, cancelled, lost, cancelled_percent, returned_percent",
            fulfilment(demo),
        ),
    }  # fmt: skip


def rules(demo: Workspace) -> Expected:
    baskets: dict[str, set[str]] = {}
    for basket, item in demo.query(
        "select distinct basket_id, item from silver.transactions where basket_id is not null"
    ):
        baskets.setdefault(basket, set()).add(item)
    columns = "antecedents, consequents, basket_count, support, confidence, lift"
    names = demo.query("select antecedents, consequents from gold.grocery_basket_rules")
    found = []
    for antecedents, consequents in names:
        first, second = set(antecedents.split(", ")), set(consequents.split(", "))
        n, both = len(baskets), sum(first | second <= items for items in baskets.values())
        with_first, with_second = (sum(part <= items for items in baskets.values()) for part in (first, second))
        found.append((antecedents, consequents, both, both / n, both / with_first, both * n / with_first / with_second))
    return {
        "Scatter plot: each rule by support and confidence; the size is its lift": (columns, found),
        "table 0": (columns, found),
    }


def grocery_items(demo: Workspace) -> Expected:
    month = MONTH_TEXT.format("purchased_on")
    return {
        "Line chart: items and baskets by month": (
            "sale_date, what, number",
            demo.query(
                f"unpivot (select {month} as day, count(*) as items, count(distinct basket_id) as baskets"
                " from silver.transactions where purchased_on is not null group by 1)"
                " on items, baskets into name what value number"
            ),
        ),
        "Bar chart: the twenty items that sell most": (
            "item, items_sold, basket_count, support",
            demo.query(
                "select item, count(*), count(distinct basket_id), count(distinct basket_id) /"
                " (select count(distinct basket_id) from silver.transactions)"
                " from silver.transactions where item is not null group by 1 order by 2 desc, 1 limit 20"
            ),
        ),
    }


EXPECTED: list[tuple[str, dict[str, Any], Callable[[Workspace], Expected]]] = [
    ("shop", {}, lambda demo: shop(demo, "true")),
    ("shop", {"country": "Brazil"}, lambda demo: shop(demo, "country = 'Brazil'")),
    ("shop", {"years": ["2024", "2025"]}, lambda demo: shop(demo, "year(ordered_at) between 2024 and 2025")),
    ("cohorts", {}, lambda demo: cohorts(demo, "all")),
    ("cohorts", {"source": "Search"}, lambda demo: cohorts(demo, "Search")),
    ("pictures", {}, pictures),
    ("yoga", {}, yoga),
    *(
        ("marketplace", {"measure": each}, lambda demo, each=each: marketplace(demo, each))
        for each in ("revenue", "booked", "cancelled", "returned")
    ),
    ("grocery", {}, rules),
    ("grocery", {"what": "items"}, grocery_items),
]  # fmt: skip


@pytest.mark.parametrize(("page", "address", "expected"), EXPECTED, ids=[f"{p} {a}" for p, a, _ in EXPECTED])
def test_figures_are_those_of_silver(
    record: Callable[..., Recorded],
    demo: Workspace,
    page: str,
    address: dict[str, Any],
    expected: Callable[[Workspace], Expected],
) -> None:
    shown, meant = record(page, **address), expected(demo)
    assert shown.parts() == set(meant), "the page shows other figures than this test knows"
    wrong = []
    for part, value in meant.items():
        if isinstance(value, str):
            if shown.figures[part] != value:
                wrong.append(f"{part}: {shown.figures[part]}, silver says {value}")
        elif value is not None:
            columns, found = value
            frame = shown.tables[int(part.split()[1])] if part.startswith("table ") else shown.charts[part]
            assert found, f"{part}: silver has no rows for it"
            on_page, of_silver = _texts(rows(frame, columns)), _texts(found)
            if len(on_page) != len(of_silver):
                wrong.append(f"{part}: the page has {len(on_page)} rows, silver {len(of_silver)}")
            wrong += [
                f"{part}: the page has {row}, silver {meant_row}"
                for row, meant_row in zip(on_page, of_silver, strict=False)
                if any(_differ(left, right) for left, right in zip(row, meant_row, strict=True))
            ][:3]
    assert not wrong, "\n".join(wrong)


def _texts(found: list[tuple]) -> list[tuple]:
    """Rows without the types of pandas and DuckDB, in an order that goes by texts first, so that no rounding changes it."""

    def bare(value: Any) -> str | float | None:
        if value is None or value is pd.NaT or (isinstance(value, float) and math.isnan(value)):
            return None
        if isinstance(value, pd.Timestamp):
            return value.strftime("%Y-%m-%d")
        return value if isinstance(value, str) else float(value)

    plain = [tuple(bare(each) for each in row) for row in found]
    return sorted(
        plain,
        key=lambda row: (
            tuple("" if isinstance(each, float | None) else each for each in row),
            tuple(round(each, 3) for each in row if isinstance(each, float)),
        ),
    )


def _differ(left: str | float | None, right: str | float | None) -> bool:
    if isinstance(left, float) and isinstance(right, float):
        return not math.isclose(left, right, rel_tol=1e-6, abs_tol=1e-6)
    return left != right


def test_neighbours_of_a_product_are_the_nearest_by_embedding(open_page: Callable[..., Any], demo: Workspace) -> None:
    nearest = demo.query(
        "select products.name, round(list_cosine_distance(others.embedding::double[], this.embedding::double[]), 3)"
        " from silver.product_embeddings as this cross join silver.product_embeddings as others"
        " inner join silver.products as products on products.id = others.product_id"
        " where this.product_id = 42 and others.product_id <> 42 order by 2 limit 5"
    )
    at = open_page("similar", product="42")
    told = [float(each.value.split()[1]) for each in at.caption if each.value.startswith("distance ")]
    assert told == pytest.approx([distance for _, distance in nearest], abs=1e-3)


def test_the_map_has_each_product_once(record: Callable[..., Recorded], demo: Workspace) -> None:
    shown = record("similar", what="map")
    (chart,) = shown.charts
    assert chart.startswith("Map: ")
    ((products,),) = demo.query("select count(*) from silver.product_embeddings where response_state = 'ok'")
    ((clustered,),) = demo.query("select count(distinct product_id) from gold.product_clusters")
    assert clustered == products


def test_customers_alike_are_the_nearest_by_embedding(record: Callable[..., Recorded], demo: Workspace) -> None:
    ((user,),) = demo.query("select min(user_id) from gold.customer_profiles")
    (table,) = record("similar", what="customers", customer=str(user)).tables
    distances = demo.query(
        "select round(list_cosine_distance(others.embedding::double[], this.embedding::double[]), 5)"
        " from gold.customer_embeddings as this cross join gold.customer_embeddings as others"
        f" where this.user_id = {user} and others.user_id <> {user} order by 1 limit 20"
    )
    assert list(table["distance"]) == pytest.approx([distance for (distance,) in distances], abs=1e-5)


def test_lookalikes_are_the_nearest_outside_of_the_audience(record: Callable[..., Recorded], demo: Workspace) -> None:
    (table,) = record("similar", what="customers").tables
    distances = demo.query(
        "select min(list_cosine_distance(others.embedding::double[], members.embedding::double[])) as distance"
        " from seeds.lookalike_seeds as audience"
        " inner join gold.customer_embeddings as members on members.user_id = audience.user_id"
        " cross join gold.customer_embeddings as others"
        " where audience.audience = (select min(audience) from seeds.lookalike_seeds) and others.user_id not in"
        " (select every.user_id from seeds.lookalike_seeds as every where every.audience = audience.audience)"
        " group by others.user_id order by 1 limit 50"
    )
    assert list(table["distance"]) == pytest.approx([distance for (distance,) in distances], abs=1e-5)
