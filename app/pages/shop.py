"""Sales, customers and products of the shop over time."""

from __future__ import annotations

import pandas as pd
import streamlit as st

from app.look import GREEN, IN_URL, ORANGE, bars, figures, in_short, lines, or_stop, page, percent, plain, show, table
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
    span = ask("select min(ordered_at) as first, max(ordered_at) as last from {gold.orders_enriched}")
    if span["first"].isna().all():
        or_stop(span.iloc[:0], "No order has been delivered yet. Put order files into the inbox and run `dbt build`.")
    years = list(range(span["first"][0].year, span["last"][0].year + 1))

    with st.expander("Filters", icon=":material/filter_alt:"):
        left, middle, right = st.columns(3)
        period = (
            left.select_slider("Years", years, (years[0], years[-1]), key="years", **IN_URL)
            if years[1:]
            else (years[0],) * 2
        )
        countries = middle.multiselect("Country", choices("user_country"), key="country", **IN_URL)
        categories = right.multiselect("Category", choices("product_category"), key="category", **IN_URL)

    of_country, country = among("user_country", countries, "country")
    of_category, category = among("product_category", categories, "category")
    # An order without a date counts as long as no year is asked for.
    whole_span = tuple(period) == (years[0], years[-1])
    of_years = "true" if whole_span else "extract(year from ordered_at) between :first_year and :last_year"
    where = f"where {of_years} and {of_country} and {of_category}"
    given = {**country, **category}
    if not whole_span:
        given |= {"first_year": int(period[0]), "last_year": int(period[1])}

    whole = ask(f"select {MEASURES} from {{gold.orders_enriched}} {where}", **given).iloc[0]
    if not whole["units"] or pd.isna(whole["units"]):
        or_stop(span.iloc[:0], "Nothing was sold with these filters. Take one away.")
    figures(
        {
            "Revenue": in_short(whole["revenue"], "$"),
            "Orders": in_short(whole["orders"]),
            "Customers": in_short(whole["customers"]),
            "Units": in_short(whole["units"]),
            "Returned": percent(whole["return_rate"]),
        }
    )

    left_out = ask(
        "select count(distinct case when ordered_at is null then order_id end) as undated_orders,"
        " sum(case when ordered_at is null and is_sold then sale_price_usd end) as undated_revenue,"
        " sum(case when is_sold and sale_price_usd is null then 1 else 0 end) as unpriced_items"
        f" from {{gold.orders_enriched}} {where}",
        **given,
    ).iloc[0]
    if left_out["undated_orders"]:
        undated = (
            f"{left_out['undated_orders']:,.0f} orders without a date, {in_short(left_out['undated_revenue'], '$')}"
        )
        st.caption(plain(f"{undated} of revenue, count in these figures and are in no month."))
    if left_out["unpriced_items"]:
        st.caption(
            f"{left_out['unpriced_items']:,.0f} sold units have no price in US dollars and add nothing to revenue."
        )

    monthly = ask(
        f"select {MONTH} as month, {MEASURES} from {{gold.orders_enriched}} {where} and ordered_at is not null"
        f" group by {MONTH} order by 1",
        **given,
    )
    monthly["month"] = pd.to_datetime(monthly["month"].astype(int).astype(str), format="%Y%m")
    tabs = st.tabs(["Revenue", "Customers and orders", "Returns"])
    with tabs[0]:
        show(lines(monthly, "month", "revenue", "revenue, $"), "Line chart: revenue by month")
    with tabs[1]:
        both = monthly.melt("month", ["customers", "orders"], "what", "number")
        show(lines(both, "month", "number", "per month", "what"), "Line chart: customers and orders by month")
    with tabs[2]:
        show(
            lines(monthly, "month", "return_rate", "share returned"),
            "Line chart: share of returned units by month",
        )

    left, right = st.columns(2)
    with left:
        st.subheader("Categories")
        by_category = ask(
            "select coalesce(product_category, 'unknown') as category, sum(sale_price_usd) as revenue, count(*) as units"
            f" from {{gold.orders_enriched}} {where} and is_sold group by product_category order by 2 desc, 1 limit 12",
            **given,
        )
        show(
            bars(by_category, "category", "revenue", "revenue, $", GREEN),
            "Bar chart: revenue of the best twelve categories",
            360,
        )
    with right:
        st.subheader("Countries")
        by_country = ask(
            "select coalesce(user_country, 'unknown') as country, sum(sale_price_usd) as revenue,"
            " count(distinct user_id) as customers"
            f" from {{gold.orders_enriched}} {where} and is_sold group by user_country order by 2 desc, 1 limit 12",
            **given,
        )
        show(
            bars(by_country, "country", "revenue", "revenue, $", ORANGE),
            "Bar chart: revenue of the best twelve countries",
            360,
        )

    st.subheader("Products")
    table(
        ask(
            "select product_name, product_category, product_brand, sum(sale_price_usd) as revenue, count(*) as units"
            f" from {{gold.orders_enriched}} {where} and is_sold"
            " group by product_id, product_name, product_category, product_brand order by 4 desc, 1 limit 50",
            **given,
        ),
        product_name="product",
        product_category="category",
        product_brand="brand",
        revenue=st.column_config.NumberColumn("revenue", format="$%.0f"),
    )
