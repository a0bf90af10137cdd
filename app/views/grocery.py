"""Grocery: items that are bought together, with sliders for the limits of a rule; items over time."""

from __future__ import annotations

import altair as alt
import pandas as pd
import streamlit as st

from app import address
from app.charts import BLUE, ORANGE, axis, bars, lines, tips
from app.look import as_of, leave_out, or_stop, page, plain, show, table
from app.periods import Span
from app.warehouse import NotReadyError, ask

SUPPORT = "Support: the share of all baskets that hold all items of the rule."
CONFIDENCE = "Confidence: of the baskets with the items on the left, the share that also hold those on the right."
LIFT = (
    "Lift: how many times more often they are bought together than by chance. 1 is chance, below 1 is less than chance."
)


def covered() -> Span | None:
    """The days with a basket."""
    ends = ask("select min(sale_date) as first, max(sale_date) as last from {gold.grocery_daily_sales}").iloc[0]
    return Span.of(ends["first"], ends["last"])


def rule_figures(baskets: int, rules: int) -> str:
    """How much the rules stand on."""
    return f"{rules:,} rules from {baskets:,} baskets. A rule from few baskets may be chance."


def rules() -> None:
    """Basket rules above what the sliders say."""
    bounds = ask(
        "select min(support) as low, max(support) as high, max(lift) as lift, count(*) as n,"
        " max(round(basket_count / support, 0)) as baskets from {gold.grocery_basket_rules}"
    ).iloc[0]
    if not bounds["n"]:
        st.info("No rule is frequent enough yet: more baskets are needed.")
        return
    left, middle, right = st.columns(3)
    most_support, most_lift = round(float(bounds["high"]) * 100 + 0.05, 1), round(float(bounds["lift"]) + 0.05, 1)
    support = address.slide(
        "Support, at least", 0.0, most_support, 0.0, 0.1, "support", place=left, form="%.1f %%", tip=SUPPORT,
        filters_by="support of at least {} %",
    )  # fmt: skip
    confidence = address.slide(
        "Confidence, at least", 0, 100, 0, 5, "confidence", place=middle, form="%d %%", tip=CONFIDENCE,
        filters_by="confidence of at least {} %",
    )  # fmt: skip
    lift = address.slide(
        "Lift, at least",
        0.0,
        most_lift,
        0.0,
        0.1,
        "lift",
        place=right,
        form="%.1f",
        tip=LIFT,
        filters_by="lift of at least {}",
    )
    found = ask(
        "select antecedents, consequents, basket_count, support, confidence, lift from {gold.grocery_basket_rules}"
        " where support >= :support and confidence >= :confidence and lift >= :lift order by lift desc, antecedents, consequents"
        " limit 2000",
        support=support / 100,
        confidence=confidence / 100,
        lift=lift,
    )
    if found.empty:
        st.info("No rule is as strong as that. Move a slider to the left.")
        return
    chart = (
        alt.Chart(found)
        .mark_circle(color=BLUE, opacity=0.6)
        .encode(
            x=alt.X("support:Q", title="Support, share of all baskets", axis=alt.Axis(format=".1%")),
            y=alt.Y("confidence:Q", title="Confidence", axis=axis("%")),
            # By size alone: one legend for one meaning.
            size=alt.Size("lift:Q", title="Lift", scale=alt.Scale(range=[20, 400])),
            tooltip=tips(found, units={"support": "%", "confidence": "%"}),
        )
    )
    show(chart, "Scatter plot: each rule by support and confidence; the size is its lift")
    st.caption(rule_figures(int(bounds["baskets"]), len(found)))
    table(
        found,
        support=st.column_config.NumberColumn("Support", format="percent", help=SUPPORT),
        confidence=st.column_config.NumberColumn("Confidence", format="percent", help=CONFIDENCE),
        lift=st.column_config.NumberColumn("Lift", format="%.2f", help=LIFT),
    )


def items() -> None:
    """How items sell, and how the days went."""
    daily = ask("select sale_date, items_sold, basket_count from {gold.grocery_daily_sales} order by sale_date")
    daily["sale_date"] = pd.to_datetime(daily["sale_date"])
    span = Span.of(daily["sale_date"].min(), daily["sale_date"].max())
    monthly = daily.resample("MS", on="sale_date")[["items_sold", "basket_count"]].sum().reset_index()
    monthly = monthly.melt("sale_date", ["items_sold", "basket_count"], "what", "number").replace(
        {"items_sold": "items", "basket_count": "baskets"}
    )
    show(
        lines(monthly, "sale_date", "number", "Per month", "what", span=span), "Line chart: items and baskets by month"
    )
    if span and (incomplete := span.sentence(monthly, "sale_date")):
        st.caption(incomplete)
    try:
        undated = ask(
            "select without_key from {gold.sales_reconciliation}"
            " where feed = 'grocery' and measure = 'items' and breakdown = 'day' and without_key <> 0"
        )["without_key"]
    except NotReadyError:
        # It is of all feeds, which may not be built.
        undated = pd.Series(dtype=float)
    for items_without_day in undated:
        leave_out(f"{items_without_day:,.0f} items without a date, which are in no month")
    st.header("Items")
    words = address.words("Items whose name has", "item", "for example milk").lower()
    sold = ask(
        "select item, items_sold, basket_count, support from {gold.grocery_item_sales} where lower(item) like :words"
        " order by sales_rank limit 20",
        words=f"%{words}%",
    )
    if words:
        address.filtered("item", f"items with “{words}”", "")
    if sold.empty:
        st.info(f"No item has “{plain(words)}” in its name.")
    else:
        show(
            bars(sold, "item", "items_sold", "Items sold", ORANGE),
            "Bar chart: the twenty items that sell most",
            24 * len(sold) + 50,
        )


with page(
    "Grocery", "What is bought together, is that more than chance, and how do items sell?",
    "support", "confidence", "lift", "item",
):  # fmt: skip
    known = ask("select count(*) as n from {gold.grocery_item_sales}")
    or_stop(known[known["n"] > 0], "The grocer's database has not been read yet.")
    as_of("Baskets", covered())
    {"rules": rules, "items": items}[address.part("What", ["rules", "items"], "what")]()
