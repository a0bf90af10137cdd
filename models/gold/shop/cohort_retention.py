"""Retention by cohort and traffic source, written once for every engine with narwhals data frames."""

from datetime import UTC, datetime, timedelta

import narwhals as nw


def months_at(moment: datetime):
    """The month of the last moment before ``moment``, and the first month that is not over by then, counted from year 0."""
    moment = moment.astimezone(UTC) if moment.tzinfo else moment
    before = moment - timedelta(microseconds=1)
    return before.year * 12 + before.month - 1, moment.year * 12 + moment.month - 1


def model(dbt, session):
    """One row per traffic source ('all' included), cohort and month from the first order up to ``as_of``, orders or not."""
    dbt.config(materialized="table")
    clock = nw.from_native(dbt.ref("reporting_date")).select("as_of").collect(backend="pyarrow").to_native()
    last_month, first_open_month = months_at(clock["as_of"][0].as_py())
    orders = nw.from_native(dbt.ref("silver_orders"))
    users = nw.from_native(dbt.ref("silver_users"))

    def month_number(column):
        return nw.col(column).dt.year().cast(nw.Int64) * 12 + nw.col(column).dt.month().cast(nw.Int64) - 1

    ordered = (
        orders.filter(~nw.col("created_at").is_null())
        .join(users.select(nw.col("id").alias("user_id"), "traffic_source"), on="user_id", how="inner")
        .with_columns(month_number("created_at").alias("order_month"))
    )
    first = ordered.group_by("user_id").agg(nw.col("order_month").min().alias("cohort"))
    active = (
        ordered.join(first, on="user_id", how="inner")
        .select("user_id", "traffic_source", "cohort", "order_month")
        .unique()
    )
    by_source = active.with_columns(nw.coalesce(nw.col("traffic_source"), nw.lit("Unknown")).alias("traffic_source"))
    overall = active.with_columns(nw.lit("all").alias("traffic_source"))
    both = nw.concat([by_source, overall])

    sizes = (
        both.filter(nw.col("order_month") == nw.col("cohort"))
        .group_by("traffic_source", "cohort")
        .agg(nw.len().alias("cohort_size"))
    )
    counts = both.group_by("traffic_source", "cohort", "order_month").agg(nw.len().alias("active_customers"))
    # A cohort's rows reach from month 0 to the month of as_of. A month with an order is always a row.
    days = nw.from_native(dbt.ref("calendar")).select(month_number("calendar_day").alias("order_month"))
    numbers = days.select((nw.col("order_month") - 2010 * 12).alias("months_since_first_order")).unique()
    lived = (
        sizes.join(numbers, how="cross")
        .with_columns((nw.col("cohort") + nw.col("months_since_first_order")).alias("order_month"))
        .filter(nw.col("order_month") <= last_month)
        .select("traffic_source", "cohort", "order_month")
    )
    months = nw.concat([lived, counts.select("traffic_source", "cohort", "order_month")]).unique()
    retention = (
        months.join(sizes, on=["traffic_source", "cohort"], how="inner")
        .join(counts, on=["traffic_source", "cohort", "order_month"], how="left")
        .with_columns(nw.coalesce(nw.col("active_customers"), nw.lit(0)).alias("active_customers"))
    ).select(
        nw.col("traffic_source"),
        ((nw.col("cohort") // 12).cast(nw.Int64)).alias("cohort_year"),
        ((nw.col("cohort") % 12 + 1).cast(nw.Int64)).alias("cohort_month"),
        (nw.col("order_month") - nw.col("cohort")).cast(nw.Int64).alias("months_since_first_order"),
        (nw.col("order_month") < first_open_month).alias("month_is_over"),
        nw.col("cohort_size").cast(nw.Int64),
        nw.col("active_customers").cast(nw.Int64),
        (nw.col("active_customers").cast(nw.Float64) / nw.col("cohort_size").cast(nw.Float64)).alias("retention_rate"),
    )
    return retention.to_native()
