"""The marketplace: revenue by category and state, and the outcome of order lines."""

from __future__ import annotations

import pandas as pd
import streamlit as st

from app import address
from app.charts import GREEN, bars, lines
from app.look import as_of, figures, or_stop, page, show, table
from app.names import in_short, percent
from app.periods import Span
from app.warehouse import ask

MEASURES = {
    "revenue": "total_revenue", "booked": "booked_revenue", "cancelled": "cancelled_revenue", "returned": "returned_revenue",
}  # fmt: skip
COLUMNS = "total_revenue, booked_revenue, cancelled_revenue, returned_revenue, order_count, units_sold"
MEANING = {
    "Revenue": "Amounts of lines that were sent and stayed.",
    "Booked": "Amounts of all lines, cancelled and returned ones included.",
    "Cancelled": "Share of the booked amount.",
    "Returned": "Share of the booked amount. Channels that report no returns count as if there were none.",
}
STATUSES = ("delivered", "returned", "cancelled", "lost")


def without_reports(performance: pd.DataFrame) -> dict[str, list[str]]:
    """For each channel the statuses that it has never reported, at any service level."""
    totals = performance.groupby("fulfilment")[[f"{each}_lines" for each in STATUSES]].sum()
    return {
        str(channel): [status for status in STATUSES if not row[f"{status}_lines"]]
        for channel, row in totals.iterrows()
    }


def as_reported(performance: pd.DataFrame) -> pd.DataFrame:
    """The table with `not reported` for a status that a channel does not have, and with shares in per cent."""
    missing = without_reports(performance)
    shown = performance[["fulfilment", "service_level", "line_count"]].copy()
    for status in STATUSES:
        shown[status] = [
            "not reported" if status in missing[channel] else f"{count:,}"
            for channel, count in zip(performance["fulfilment"], performance[f"{status}_lines"], strict=True)
        ]
    for status in ("cancelled", "returned"):
        shown[f"{status}_percent"] = [
            "not reported" if status in missing[channel] else percent(share)
            for channel, share in zip(performance["fulfilment"], performance[f"{status}_share"], strict=True)
        ]
    return shown


with page(
    "Marketplace",
    "What do categories and states earn on the marketplace, in rupees, and how much of booked revenue is realised?",
):
    months = or_stop(
        ask(
            f"select sale_month, first_order_date, last_order_date, {COLUMNS}"
            " from {gold.amazon_revenue_by_month} order by sale_month"
        ),
        "No sales report of the marketplace has been delivered yet.",
    )
    months["sale_month"] = pd.to_datetime(months["sale_month"])
    span = Span.of(pd.to_datetime(months["first_order_date"]).min(), pd.to_datetime(months["last_order_date"]).max())
    performance = ask(
        "select fulfilment, service_level, line_count, delivered_lines, returned_lines, cancelled_lines, lost_lines,"
        " cancelled_share, returned_share from {gold.amazon_fulfilment_performance} order by 1, 2"
    )
    silent = [channel for channel, missing in without_reports(performance).items() if "returned" in missing]
    as_of(
        "Order lines",
        span,
        f"returns of {', '.join(silent)}, because the reports of this channel have no such status" if silent else "",
    )
    booked = months["booked_revenue"].sum()
    figures(
        {
            "Revenue": in_short(months["total_revenue"].sum(), "₹"),
            "Booked": in_short(booked, "₹"),
            "Cancelled": percent(months["cancelled_revenue"].sum() / booked if booked else None),
            "Returned": percent(months["returned_revenue"].sum() / booked if booked else None),
        },
        MEANING,
    )
    measure = address.part("Measure", list(MEASURES), "measure", shown=True)
    column = MEASURES[measure]
    title = f"{measure.capitalize()}, ₹"
    dated = months.drop(columns=["first_order_date", "last_order_date"])
    show(lines(dated, "sale_month", column, title, unit="₹", span=span), f"Line chart: {measure} by month", 240)
    if span and (incomplete := span.sentence(months, "sale_month")):
        st.caption(incomplete)
    undated = months.loc[months["sale_month"].isna(), column].sum()
    if undated:
        st.caption(f"{in_short(undated, '₹')} of it has no date and is in no month.")
    left, right = st.columns(2)
    with left:
        st.header("Categories")
        categories = ask(
            f"select category, {COLUMNS} from {{gold.amazon_revenue_by_category}} order by {column} desc, 1"
        )
        show(bars(categories, "category", column, title, unit="₹"), f"Bar chart: {measure} by category", 320)
    with right:
        st.header("States")
        states = ask(
            f"select state, {COLUMNS} from {{gold.amazon_revenue_by_state}} order by {column} desc, 1 limit 15"
        )
        show(
            bars(states, "state", column, title, GREEN, "₹"),
            f"Bar chart: {measure} of the first fifteen states",
            320,
        )
        count = int(ask("select count(*) as n from {gold.amazon_revenue_by_state}")["n"][0])
        if count > len(states):
            st.caption(f"The first {len(states)} of {count} states.")
    st.header("Fulfilment")
    table(
        as_reported(performance),
        line_count=st.column_config.NumberColumn("Lines", format="localized"),
        cancelled_percent="Cancelled, %",
        returned_percent=st.column_config.Column("Returned, %", help="Share of the lines that were sent."),
    )
