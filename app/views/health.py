"""Pipeline health: deliveries, rejected records, model calls, their cost, and freshness."""

from __future__ import annotations

import streamlit as st

from app import address
from app.charts import BLUE, GREEN, GREY, ORANGE, stacked
from app.look import as_of, figures, or_stop, page, show, table
from app.names import by_currency, moment
from app.warehouse import ask

with page(
    "Pipeline health",
    "What was delivered and what became of it, what models were asked, what it cost, how fresh is it?",
):
    sources = or_stop(
        ask(
            "select source, count(*) as files, sum(records) as records,"
            " sum(accepted) as accepted, sum(rejected) as rejected, sum(repeats) as repeats,"
            " sum(case when state = 'held' then 1 else 0 end) as held,"
            " max(delivered_at) as last_delivery,"
            " max(processed_at) as last_load from {ledger.files} group by source order by source"
        ),
        "The ledger is empty: nothing was delivered yet.",
    )
    as_of(
        f"The newest file came on {moment(sources['last_delivery'].max())} (UTC), the last load was on"
        f" {moment(sources['last_load'].max())}"
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
        },
        {
            "Held back": "Files that wait for a person, none of whose records is loaded.",
            "Rejected": "Records that could not be read; the part `rejected` has each with its reason.",
            "Repeats": "Records that were delivered before, word for word.",
        },
    )
    parts = address.part("Part", ["files", "rejected", "models"], "part")
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
            st.header("Files with another layout, the latest 500")
            table(layouts)
        if len(untyped):
            st.header("Untyped values")
            table(untyped)
            st.caption(
                "Delivered values that silver could not type: NULL there, counted here. Personal values show their form alone."
            )
        if len(places):
            st.header("Records of bronze in silver")
            table(places)
            st.caption("Each delivered record is in one of these places: typed to repeats add up to delivered.")
        if len(held):
            st.header("Files that are held back")
            table(held)
        if len(rejected):
            st.header("Rejected records, the latest 500")
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
            show(
                stacked(asked, "question", "answers", "how", {"asked": ORANGE, "from the ledger": GREY}, "Answers"),
                "Bar chart: answers by question, from new calls and from the ledger",
                40 * asked["question"].nunique() + 60,
            )
            unpriced = usage["currency"].isna().sum()
            if unpriced:
                st.caption(
                    f"Costs leave out {unpriced:,} of {len(usage):,} rows: their model has no price in `model_prices`."
                )
            usage = usage[
                ["used_on", "question", "model", "calls", "answered_from_ledger", "failed_calls", "retryable_calls", "cost",
                 "cost_saved", "currency", "input_tokens", "output_tokens", "model_version"]
            ]  # fmt: skip
            table(
                usage,
                cost=st.column_config.NumberColumn("Cost", format="%.4f", help="In the currency of the row."),
                cost_saved=st.column_config.NumberColumn("Saved", format="%.4f", help="In the currency of the row."),
            )
    else:
        counted = sources.melt("source", ["accepted", "rejected", "repeats"], "became", "number")
        shades = {"accepted": BLUE, "rejected": ORANGE, "repeats": GREEN}
        show(
            stacked(counted, "source", "number", "became", shades, "Records"),
            "Bar chart: records by source: accepted, rejected, repeats",
            26 * len(sources) + 60,
        )
        table(sources)
        st.caption(
            "Last delivery: when the newest file came. Last load: when a build last took a file in. Both in UTC."
        )
