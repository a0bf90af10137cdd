"""Retention by cohort and traffic source, written once for every engine with a data frame that narwhals knows."""

import narwhals as nw


def model(dbt, session):
    """One row per traffic source ('all' included), cohort and month since the first order, with an order in that month."""
    dbt.config(materialized="table")
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
    retention = counts.join(sizes, on=["traffic_source", "cohort"], how="inner").select(
        nw.col("traffic_source"),
        ((nw.col("cohort") // 12).cast(nw.Int64)).alias("cohort_year"),
        ((nw.col("cohort") % 12 + 1).cast(nw.Int64)).alias("cohort_month"),
        (nw.col("order_month") - nw.col("cohort")).cast(nw.Int64).alias("months_since_first_order"),
        nw.col("cohort_size").cast(nw.Int64),
        nw.col("active_customers").cast(nw.Int64),
        (nw.col("active_customers").cast(nw.Float64) / nw.col("cohort_size").cast(nw.Float64)).alias("retention_rate"),
    )
    return retention.to_native()
