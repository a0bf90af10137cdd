with

users as (

    select * from {{ ref('silver_users') }}

),

orders as (

    select * from {{ ref('silver_orders') }}

),

items as (

    select * from {{ ref('orders_enriched') }}

),

order_counts as (

    select
        user_id,
        count(*) as lifetime_order_count,
        min(created_at) as first_order_at,
        max(created_at) as last_order_at
    from orders
    group by user_id

),

spend as (

    select
        user_id,
        sum(case when is_sold then sale_price_usd else 0 end) as total_spend,
        count(distinct case when is_sold then order_id end) as sold_order_count,
        sum(case when is_returned then 1 else 0 end) as returned_item_count,
        sum(case when is_sold or is_returned then 1 else 0 end) as bought_item_count
    from items
    group by user_id

),

metrics as (

    select
        ---------- ids
        cast(users.id as {{ dbt.type_bigint() }}) as user_id,

        ---------- text
        cast(users.email as {{ dbt.type_string() }}) as email,
        cast(users.country as {{ dbt.type_string() }}) as country,

        ---------- numbers
        cast(coalesce(order_counts.lifetime_order_count, 0) as {{ dbt.type_bigint() }}) as lifetime_order_count,
        cast(coalesce(spend.total_spend, 0) as {{ dbt.type_numeric() }}) as total_spend,
        cast(spend.total_spend as {{ lakeweave.type_double() }}) / nullif(spend.sold_order_count, 0) as avg_order_value,
        cast(spend.returned_item_count as {{ lakeweave.type_double() }}) / nullif(spend.bought_item_count, 0) as return_rate,
        cast(
            case
                when order_counts.last_order_at > {{ lakeweave.as_of() }} then 0
                else {{ dbt.datediff('order_counts.last_order_at', lakeweave.as_of(), 'day') }}
            end as {{ dbt.type_bigint() }}
        ) as days_since_last_order,

        ---------- booleans
        {{ dbt.datediff('order_counts.last_order_at', lakeweave.as_of(), 'day') }}
        > {{ lakeweave.setting('churn_after_days') }} as churn_flag,

        ---------- timestamps
        cast(order_counts.first_order_at as {{ dbt.type_timestamp() }}) as first_order_at,
        cast(order_counts.last_order_at as {{ dbt.type_timestamp() }}) as last_order_at

    from users
    left join order_counts on users.id = order_counts.user_id
    left join spend on users.id = spend.user_id

)

select * from metrics
