"""Retention: who came back, by the month of the first order and by what brought them."""

from __future__ import annotations

import pandas as pd
import streamlit as st

from app import address
from app.charts import heat_map, lines
from app.look import as_of, figures, or_stop, page, show
from app.names import percent
from app.periods import Span
from app.warehouse import NotReadyError, ask


def left_out() -> tuple[Span | None, str]:
    """What the orders cover, and which customers of the shop are in no cohort."""
    try:
        ends = ask("select min(ordered_at) as first, max(ordered_at) as last from {gold.orders_enriched}").iloc[0]
        counts = ask(
            "select count(distinct user_id) as everyone,"
            " count(distinct case when ordered_at is not null then user_id end) as dated from {gold.orders_enriched}"
        ).iloc[0]
        inside = ask(
            "select sum(cohort_size) as n from {gold.cohort_retention}"
            " where traffic_source = 'all' and months_since_first_order = 0"
        )["n"][0]
    except NotReadyError:
        # The orders may not be built; the cohorts are.
        return None, ""
    undated, unknown = counts["everyone"] - counts["dated"], counts["dated"] - (inside or 0)
    told = [
        f"{undated:,.0f} have only orders without a date" if undated else "",
        f"{unknown:,.0f} are not among the delivered users" if unknown else "",
    ]
    reasons = " and ".join(each for each in told if each)
    span = Span.of(ends["first"], ends["last"])
    return (
        span,
        f"{undated + unknown:,.0f} of the shop's {counts['everyone']:,.0f} customers: {reasons}" if reasons else "",
    )


with page(
    "Who came back", "Of those who first ordered in a month, which share ordered again one, two, three … months later?"
):
    sources = ask("select distinct traffic_source as source from {gold.cohort_retention} order by 1")["source"]
    or_stop(
        sources.to_frame(),
        "There is no cohort yet: there are no orders. `dbt build` after the next delivery fills this page.",
    )
    options = ["all", *[each for each in sources if each != "all"]]
    left, right = st.columns(2)
    source = address.pick("Came by", options, "source", place=left, none="all")
    shown = address.slide("Months to show", 3, 36, 12, 1, "months", place=right)

    cohorts = ask(
        "select cohort_year, cohort_month, months_since_first_order, cohort_size, active_customers, retention_rate"
        " from {gold.cohort_retention} where traffic_source = :source and months_since_first_order <= :months"
        " and (month_is_over or months_since_first_order = 0)"
        " order by 1, 2, 3",
        source=source,
        months=shown,
    )
    or_stop(cohorts, f"Nobody who came by {source} has ordered yet.")
    cohorts.insert(
        0,
        "cohort",
        cohorts["cohort_year"].astype(int).astype(str) + "-" + cohorts["cohort_month"].map("{:02.0f}".format),
    )
    cohorts = cohorts.drop(columns=["cohort_year", "cohort_month"])
    latest = cohorts[cohorts["cohort"].isin(sorted(cohorts["cohort"].unique())[-24:])]
    sizes = cohorts[cohorts["months_since_first_order"] == 0]
    later = cohorts[cohorts["months_since_first_order"].between(1, 3)]
    span, outside = left_out()
    as_of("Orders", span, outside, "months that are not over at this date")
    figures(
        {
            "Customers": f"{sizes['cohort_size'].sum():,.0f}",
            "Cohorts": f"{sizes.shape[0]:,}",
            "Back in a month, of the first three": percent(
                later["active_customers"].sum() / later["cohort_size"].sum() if later["cohort_size"].sum() else None
            ),
        },
        {
            "Customers": "Those with a dated order and a delivered user.",
            "Cohorts": "Months in which someone ordered for the first time.",
            "Back in a month, of the first three": "Average share of a cohort that orders, over its first three later months.",
        },
    )
    returning = latest[latest["months_since_first_order"] > 0]
    or_stop(returning, "All customers are in their first month; look again when there are later ones.")
    st.header("By cohort, the last 24")
    # The month of a cell, and whether orders cover it in part only.
    months = (
        pd.PeriodIndex(returning["cohort"], freq="M") + returning["months_since_first_order"].astype(int).to_numpy()
    )
    incomplete = pd.Series([bool(span and span.missing(each.to_timestamp())) for each in months], index=returning.index)
    show(
        heat_map(
            returning, "months_since_first_order", "cohort", "retention_rate", ".0%",
            ("Months since the first order", "Month of the first order", "Share that ordered"), shown <= 12, incomplete,
        ),
        "Heat map: share of each monthly cohort that ordered in later months",
        24 * returning["cohort"].nunique() + 60,
    )  # fmt: skip

    if incomplete.any() and span:
        last = max(month for month, part in zip(months, incomplete, strict=True) if part).to_timestamp()
        st.caption(f"\\* Incomplete: {last:%b %Y} ({span.missing(last)}). Its shares are too low.")

    st.header("What brings those who stay")
    compared = ask(
        "select traffic_source, months_since_first_order, sum(active_customers) * 1.0 / sum(cohort_size) as retention_rate"
        " from {gold.cohort_retention} where traffic_source <> 'all' and months_since_first_order between 1 and :months"
        " and month_is_over"
        " group by traffic_source, months_since_first_order order by 1, 2",
        months=shown,
    )
    show(
        lines(
            compared,
            "months_since_first_order",
            "retention_rate",
            "Share that ordered",
            "traffic_source",
            unit="%",
            kind="O",
            x_title="Months since the first order",
        ),
        "Line chart: retention by months since the first order, one line for each traffic source",
    )
