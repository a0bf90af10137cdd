"""The grocer: what is bought together, with sliders for what counts as a rule; items over time."""

from __future__ import annotations

import altair as alt
import pandas as pd
import streamlit as st

from app.look import IN_URL, ORANGE, SCALE, bars, lines, or_stop, page, plain, show, table
from app.warehouse import NotReadyError, ask


def rules() -> None:
    """Basket rules above what the sliders say."""
    bounds = ask(
        "select min(support) as low, max(support) as high, max(lift) as lift, count(*) as n from {gold.grocery_basket_rules}"
    ).iloc[0]
    if not bounds["n"]:
        st.info("No rule is frequent enough yet: more baskets are needed.")
        return
    left, middle, right = st.columns(3)
    support = left.slider(
        "Support, at least, %", 0.0, round(float(bounds["high"]) * 100 + 0.05, 1), 0.0, 0.1, key="support", **IN_URL
    )
    confidence = middle.slider("Confidence, at least, %", 0, 100, 0, 5, key="confidence", **IN_URL)
    lift = right.slider("Lift, at least", 0.0, round(float(bounds["lift"]) + 0.05, 1), 0.0, 0.1, key="lift", **IN_URL)
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
        .mark_circle(size=90, opacity=0.8)
        .encode(
            x=alt.X("support:Q", axis=alt.Axis(format=".1%")),
            y=alt.Y("confidence:Q", axis=alt.Axis(format=".0%")),
            color=alt.Color("lift:Q", scale=alt.Scale(scheme=SCALE), legend=alt.Legend(title="lift")),
            size=alt.Size("lift:Q", legend=None),
            tooltip=list(found.columns),
        )
    )
    show(chart, "Scatter plot: each rule by support and confidence; colour and size say its lift")
    table(
        found,
        antecedents="who buys",
        consequents="also buys",
        basket_count="baskets",
        support=st.column_config.NumberColumn("support", format="percent"),
        confidence=st.column_config.NumberColumn("confidence", format="percent"),
        lift=st.column_config.NumberColumn("lift", format="%.2f"),
    )


def items() -> None:
    """How items sell, and how the days went."""
    daily = ask("select sale_date, items_sold, basket_count from {gold.grocery_daily_sales} order by sale_date")
    daily["sale_date"] = pd.to_datetime(daily["sale_date"])
    weekly = daily.resample("MS", on="sale_date")[["items_sold", "basket_count"]].sum().reset_index()
    weekly = weekly.melt("sale_date", ["items_sold", "basket_count"], "what", "number").replace(
        {"items_sold": "items", "basket_count": "baskets"}
    )
    show(lines(weekly, "sale_date", "number", "per month", "what"), "Line chart: items and baskets by month")
    try:
        undated = ask(
            "select without_key from {gold.sales_reconciliation}"
            " where feed = 'grocery' and measure = 'items' and breakdown = 'day' and without_key <> 0"
        )["without_key"]
    except NotReadyError:
        # It is of all feeds, which may not be built.
        undated = pd.Series(dtype=float)
    for items_without_day in undated:
        st.caption(f"{items_without_day:,.0f} items have no date and are in no month.")
    st.subheader("Items")
    words = (
        st.text_input("Items whose name has", "", key="item", placeholder="for example milk", **IN_URL).strip().lower()
    )
    sold = ask(
        "select item, items_sold, basket_count, support from {gold.grocery_item_sales} where lower(item) like :words"
        " order by sales_rank limit 20",
        words=f"%{words}%",
    )
    if sold.empty:
        st.info(f"No item has “{plain(words)}” in its name.")
    else:
        show(
            bars(sold, "item", "items_sold", "sold", ORANGE),
            "Bar chart: the twenty items that sell most",
            24 * len(sold) + 50,
        )


with page("Grocery", "What is bought together, is that more than chance, and how do items sell?"):
    known = ask("select count(*) as n from {gold.grocery_item_sales}")
    or_stop(known[known["n"] > 0], "The grocer's database has not been read yet.")
    kind = st.segmented_control(
        "What", ["rules", "items"], default="rules", key="what", label_visibility="collapsed", **IN_URL
    )
    {"rules": rules, "items": items}[kind or "rules"]()
