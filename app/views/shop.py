"""Sales, customers and products of the shop over time."""

from __future__ import annotations

import pandas as pd
import streamlit as st

from app import address
from app.charts import GREEN, ORANGE, bars, lines
from app.look import as_of, figures, or_stop, page, show, table
from app.names import counted, in_short, percent
from app.periods import Span
from app.warehouse import among, ask

MONTH = "extract(year from ordered_at) * 100 + extract(month from ordered_at)"
MEASURES = """
    sum(case when is_sold then sale_price_usd else 0 end) as revenue,
    count(distinct order_id) as orders,
    count(distinct user_id) as customers,
    sum(case when is_sold then 1 else 0 end) as units,
    sum(case when is_returned then 1.0 else 0.0 end)
    / nullif(sum(case when is_sold or is_returned then 1 else 0 end), 0) as return_rate
"""


def choices(column: str) -> list[str]:
    """The values that a filter offers."""
    found = ask(
        f"select distinct {column} as value from {{gold.orders_enriched}} where {column} is not null order by 1"
    )
    return [str(value) for value in found["value"]]


with page(
    "Shop", "How do sales, customers and products go? Revenue is in US dollars, without what was cancelled or returned."
):
    ends = ask("select min(ordered_at) as first, max(ordered_at) as last from {gold.orders_enriched}")
    if ends["first"].isna().all():
        or_stop(ends.iloc[:0], "No order has been delivered yet. Put order files into the inbox and run `dbt build`.")
    years = list(range(ends["first"][0].year, ends["last"][0].year + 1))
    span = Span.of(ends["first"][0], ends["last"][0])

    with st.expander("Filters", icon=":material/filter_alt:"):
        left, middle, right = st.columns(3)
        period = address.years("Years", years, "years", place=left)
        countries = address.pick_many("Country", choices("user_country"), "country", place=middle)
        categories = address.pick_many("Category", choices("product_category"), "category", place=right)

    of_country, country = among("user_country", countries, "country")
    of_category, category = among("product_category", categories, "category")
    # An order without a date counts as long as no year is asked for.
    whole_span = period == (years[0], years[-1])
    of_years = "true" if whole_span else "extract(year from ordered_at) between :first_year and :last_year"
    where = f"where {of_years} and {of_country} and {of_category}"
    given = {**country, **category}
    if not whole_span:
        given |= {"first_year": period[0], "last_year": period[1]}

    whole = ask(f"select {MEASURES} from {{gold.orders_enriched}} {where}", **given).iloc[0]
    if not whole["units"] or pd.isna(whole["units"]):
        or_stop(ends.iloc[:0], "Nothing was sold with these filters. Take one away.")
    left_out = ask(
        "select count(distinct case when ordered_at is null then order_id end) as undated_orders,"
        " sum(case when ordered_at is null and is_sold then sale_price_usd end) as undated_revenue,"
        " sum(case when is_sold and sale_price_usd is null then 1 else 0 end) as unpriced_items"
        f" from {{gold.orders_enriched}} {where}",
        **given,
    ).iloc[0]
    undated, unpriced = left_out["undated_orders"], left_out["unpriced_items"]
    as_of(
        "Orders",
        span,
        f"{counted(undated, 'order')} without a date ({in_short(left_out['undated_revenue'], '$')} of revenue), which count"
        " in the figures and are in no month"
        if undated
        else "",
        "orders without a date, because years are chosen" if not whole_span else "",
        f"from revenue {counted(unpriced, 'sold unit')} without a price in US dollars" if unpriced else "",
    )
    figures(
        {
            "Revenue": in_short(whole["revenue"], "$"),
            "Orders": in_short(whole["orders"]),
            "Customers": in_short(whole["customers"]),
            "Units": in_short(whole["units"]),
            "Returned": percent(whole["return_rate"]),
        },
        {
            "Revenue": "Sold units at their price in US dollars, without cancelled and returned ones.",
            "Orders": "All orders, cancelled and returned ones included.",
            "Customers": "All who ordered, at any time and with any outcome.",
            "Units": "Sold units, without cancelled and returned ones.",
            "Returned": "Returned units, of those sold or returned.",
        },
    )

    monthly = ask(
        f"select {MONTH} as month, {MEASURES} from {{gold.orders_enriched}} {where} and ordered_at is not null"
        f" group by {MONTH} order by 1",
        **given,
    )
    monthly["month"] = pd.to_datetime(monthly["month"].astype(int).astype(str), format="%Y%m")
    tabs = st.tabs(["Revenue", "Customers and orders", "Returns"])
    with tabs[0]:
        show(
            lines(monthly, "month", "revenue", "Revenue per month, $", unit="$", span=span),
            "Line chart: revenue by month",
        )
    with tabs[1]:
        both = monthly.melt("month", ["customers", "orders"], "what", "number")
        show(
            lines(both, "month", "number", "Per month", "what", span=span), "Line chart: customers and orders by month"
        )
    with tabs[2]:
        show(
            lines(monthly, "month", "return_rate", "Share of units returned", unit="%", span=span),
            "Line chart: share of returned units by month",
        )
    if span and (incomplete := span.sentence(monthly, "month")):
        st.caption(incomplete)

    left, right = st.columns(2)
    with left:
        st.header("Categories")
        by_category = ask(
            "select coalesce(product_category, 'unknown') as category, sum(sale_price_usd) as revenue, count(*) as units"
            f" from {{gold.orders_enriched}} {where} and is_sold group by product_category order by 2 desc, 1 limit 12",
            **given,
        )
        show(
            bars(by_category, "category", "revenue", "Revenue, $", GREEN, "$"),
            "Bar chart: revenue of the best twelve categories",
            360,
        )
    with right:
        st.header("Countries")
        by_country = ask(
            "select coalesce(user_country, 'unknown') as country, sum(sale_price_usd) as revenue,"
            " count(distinct user_id) as customers"
            f" from {{gold.orders_enriched}} {where} and is_sold group by user_country order by 2 desc, 1 limit 12",
            **given,
        )
        show(
            bars(by_country, "country", "revenue", "Revenue, $", ORANGE, "$"),
            "Bar chart: revenue of the best twelve countries",
            360,
        )

    st.header("Products")
    table(
        ask(
            "select product_name, product_category, product_brand, sum(sale_price_usd) as revenue, count(*) as units"
            f" from {{gold.orders_enriched}} {where} and is_sold"
            " group by product_id, product_name, product_category, product_brand order by 4 desc, 1 limit 50",
            **given,
        ),
        revenue=st.column_config.NumberColumn("Revenue", format="dollar"),
    )
