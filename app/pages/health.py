"""Pipeline health: deliveries, rejected records, model calls, their cost, and freshness."""

from __future__ import annotations

import altair as alt
import streamlit as st

from app.look import EVERY_LABEL, GREY, IN_URL, ORANGE, PALETTE, by_currency, figures, or_stop, page, show, table
from app.warehouse import ask

with page(
    "Pipeline health",
    "What was delivered and what became of it, what models were asked, what it cost, how fresh is it?",
):
    sources = or_stop(
        ask(
            "select source, sum(case when state = 'held' then 1 else 0 end) as held, count(*) as files, sum(records) as records,"
            " sum(accepted) as accepted, sum(rejected) as rejected, sum(repeats) as repeats, max(delivered_at) as last_delivery,"
            " max(processed_at) as last_load from {ledger.files} group by source order by source"
        ),
        "The ledger is empty: nothing was delivered yet.",
    )
    total = sources[["files", "held", "records", "accepted", "rejected", "repeats"]].sum()
    figures(
        {
            "Files": f"{total['files']:,.0f}",
            "Held back": f"{total['held']:,.0f}",
            "Records": f"{total['records']:,.0f}",
            "Accepted": f"{total['accepted']:,.0f}",
            "Rejected": f"{total['rejected']:,.0f}",
            "Repeats": f"{total['repeats']:,.0f}",
        }
    )
    parts = st.segmented_control(
        "Part", ["files", "rejected", "models"], default="files", key="part", label_visibility="collapsed", **IN_URL
    )
    if parts == "rejected":
        rejected = ask(
            "select source, reason, file_name, line_number, column_name, message from {ledger.rejected_records}"
            " order by processed_at desc, source, file_name, line_number limit 500"
        )
        held = ask("select source, file_name, reason, message from {ledger.files} where state = 'held' order by 1, 2")
        untyped = ask(
            "select model_name as model, column_name, reason, untyped, records, example_1, example_2, example_3, first_file"
            " from {ledger.untyped_values} order by untyped desc, model_name, column_name, reason"
        )
        layouts = ask(
            "select source, file_name, change, column_name, action, message from {ledger.layout_changes}"
            " where change in ('missing', 'added', 'duplicate', 'empty_name')"
            " order by processed_at desc, source, file_name, column_name limit 500"
        )
        places = ask(
            "select model_name as model, sum(delivered) as delivered, sum(typed) as typed,"
            " sum(with_untyped_values) as with_untyped_values, sum(untyped_keys) as untyped_keys,"
            " sum(missing_keys) as missing_keys, sum(superseded) as superseded, sum(filtered) as filtered,"
            " sum(repeats) as repeats, sum(unaccounted) as unaccounted"
            " from {ledger.silver_records} group by model_name order by model_name"
        )
        if rejected.empty and held.empty:
            st.success("No record was rejected and no file is held back.")
        if len(layouts):
            st.subheader("Files with another layout, the latest 500")
            table(layouts)
        if len(untyped):
            st.subheader("Untyped values")
            table(untyped)
            st.caption(
                "Delivered values that silver could not type: NULL there, counted here. Personal values show their form alone."
            )
        if len(places):
            st.subheader("Records of bronze in silver")
            table(places)
            st.caption("Each delivered record is in one of these places: typed to repeats add up to delivered.")
        if len(held):
            st.subheader("Files that are held back")
            table(held)
        if len(rejected):
            st.subheader("Rejected records, the latest 500")
            table(rejected)
    elif parts == "models":
        usage = ask(
            "select used_on, model, model_version, node_id, currency, calls, answered_from_ledger, failed_calls, retryable_calls,"
            " input_tokens, output_tokens, cost, cost_saved from {gold.model_usage} order by used_on desc, model, node_id"
        )
        if usage.empty:
            st.info("No model has been asked yet.")
        else:
            figures(
                {
                    "Calls": f"{usage['calls'].sum():,.0f}",
                    "Answered by the ledger": f"{usage['answered_from_ledger'].sum():,.0f}",
                    "Cost": by_currency(usage, "cost"),
                    "Saved": by_currency(usage, "cost_saved"),
                    "Failed": f"{usage['failed_calls'].sum():,.0f}",
                }
            )
            usage["question"] = usage["node_id"].str.split(".").str[-1]
            asked = usage.groupby("question", as_index=False)[["calls", "answered_from_ledger"]].sum()
            asked = asked.rename(columns={"calls": "asked", "answered_from_ledger": "from the ledger"})
            asked = asked.melt("question", ["asked", "from the ledger"], "how", "answers")
            chart = (
                alt.Chart(asked)
                .mark_bar()
                .encode(
                    y=alt.Y("question:N", title=None, axis=EVERY_LABEL),
                    x=alt.X("answers:Q", stack=True),
                    color=alt.Color(
                        "how:N", scale=alt.Scale(domain=["asked", "from the ledger"], range=[ORANGE, GREY])
                    ),
                    tooltip=list(asked.columns),
                )
            )
            show(
                chart,
                "Bar chart: answers by question, from new calls and from the ledger",
                40 * asked["question"].nunique() + 60,
            )
            table(usage.drop(columns=["node_id"]))
    else:
        counted = sources.melt("source", ["accepted", "rejected", "repeats"], "became", "number")
        chart = (
            alt.Chart(counted)
            .mark_bar()
            .encode(
                y=alt.Y("source:N", title=None, axis=EVERY_LABEL),
                x=alt.X("number:Q", title="records", stack=True),
                color=alt.Color("became:N", scale=alt.Scale(domain=["accepted", "rejected", "repeats"], range=PALETTE)),
                tooltip=list(counted.columns),
            )
        )
        show(chart, "Bar chart: records by source: accepted, rejected, repeats", 26 * len(sources) + 60)
        table(sources)
        st.caption(
            "Freshness: `last_delivery` is when the newest file came, `last_load` when a build last took one in."
        )
