"""The marketplace: revenue by category and state, and the outcome of order lines."""

from __future__ import annotations

import pandas as pd
import streamlit as st

from app.look import GREEN, IN_URL, bars, figures, in_short, lines, or_stop, page, percent, show, table
from app.warehouse import ask

MEASURES = {
    "revenue": "total_revenue", "booked": "booked_revenue", "cancelled": "cancelled_revenue", "returned": "returned_revenue",
}  # fmt: skip
COLUMNS = "total_revenue, booked_revenue, cancelled_revenue, returned_revenue, order_count, units_sold"

with page(
    "Marketplace",
    "What do categories and states earn on the marketplace, in rupees, and how much of booked revenue is realised?",
):
    months = or_stop(
        ask(f"select sale_month, {COLUMNS} from {{gold.amazon_revenue_by_month}} order by sale_month"),
        "No sales report of the marketplace has been delivered yet.",
    )
    months["sale_month"] = pd.to_datetime(months["sale_month"])
    booked = months["booked_revenue"].sum()
    figures(
        {
            "Revenue": in_short(months["total_revenue"].sum(), "₹"),
            "Booked": in_short(booked, "₹"),
            "Cancelled": percent(months["cancelled_revenue"].sum() / booked if booked else None),
            "Returned": percent(months["returned_revenue"].sum() / booked if booked else None),
        }
    )
    measure = st.segmented_control("Measure", list(MEASURES), default="revenue", key="measure", **IN_URL) or "revenue"
    column = MEASURES[measure]
    show(lines(months, "sale_month", column, f"{measure}, ₹"), f"Line chart: {measure} by month", 240)
    undated = months.loc[months["sale_month"].isna(), column].sum()
    if undated:
        st.caption(f"{in_short(undated, '₹')} of it has no date and is in no month.")
    left, right = st.columns(2)
    with left:
        st.subheader("Categories")
        categories = ask(
            f"select category, {COLUMNS} from {{gold.amazon_revenue_by_category}} order by {column} desc, 1"
        )
        show(bars(categories, "category", column, f"{measure}, ₹"), f"Bar chart: {measure} by category", 320)
    with right:
        st.subheader("States")
        states = ask(
            f"select state, {COLUMNS} from {{gold.amazon_revenue_by_state}} order by {column} desc, 1 limit 15"
        )
        show(
            bars(states, "state", column, f"{measure}, ₹", GREEN),
            f"Bar chart: {measure} of the first fifteen states",
            320,
        )
    st.subheader("Fulfilment")
    table(
        ask(
            "select fulfilment, service_level, line_count, delivered_lines, returned_lines, cancelled_lines, lost_lines,"
            " 100 * cancelled_share as cancelled_percent, 100 * returned_share as returned_percent"
            " from {gold.amazon_fulfilment_performance} order by 1, 2"
        ),
        cancelled_percent=st.column_config.NumberColumn("cancelled", format="%.1f %%"),
        returned_percent=st.column_config.NumberColumn("returned", format="%.1f %%"),
    )
