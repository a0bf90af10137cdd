"""Retention: who came back, by the month of the first order and by what brought them."""

from __future__ import annotations

import streamlit as st

from app.look import IN_URL, figures, heat_map, lines, or_stop, page, percent, show
from app.warehouse import ask

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
    source = left.selectbox("What brought them", options, key="source", **IN_URL)
    shown = right.slider("Months to show", 3, 36, 12, key="months", **IN_URL)

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
    as_of = ask("select as_of from {gold.reporting_date}")["as_of"]
    if len(as_of):
        st.caption(f"As of {as_of[0]:%Y-%m-%d}. The month that is not over by then is left out.")
    figures(
        {
            "Customers": f"{sizes['cohort_size'].sum():,.0f}",
            "Cohorts": f"{sizes.shape[0]:,}",
            "Back in a month, of the first three": percent(
                later["active_customers"].sum() / later["cohort_size"].sum() if later["cohort_size"].sum() else None
            ),
        }
    )
    returning = latest[latest["months_since_first_order"] > 0]
    or_stop(returning, "All customers are in their first month; look again when there are later ones.")
    st.subheader("By cohort, the last 24")
    show(
        heat_map(
            returning, "months_since_first_order", "cohort", "retention_rate", ".0%",
            ("months since the first order", "month of the first order"), shown <= 12,
        ),
        "Heat map: share of each monthly cohort that ordered in later months",
        24 * returning["cohort"].nunique() + 60,
    )  # fmt: skip

    st.subheader("What brings those who stay")
    compared = ask(
        "select traffic_source, months_since_first_order, sum(active_customers) * 1.0 / sum(cohort_size) as retention_rate"
        " from {gold.cohort_retention} where traffic_source <> 'all' and months_since_first_order between 1 and :months"
        " and month_is_over"
        " group by traffic_source, months_since_first_order order by 1, 2",
        months=shown,
    )
    show(
        lines(compared, "months_since_first_order", "retention_rate", "share that ordered", "traffic_source", kind="O"),
        "Line chart: retention by months since the first order, one line for each traffic source",
    )
