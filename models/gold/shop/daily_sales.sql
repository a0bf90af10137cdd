with

orders as (

    select * from {{ ref('silver_orders') }}

),

items as (

    select * from {{ ref('orders_enriched') }}

),

first_orders as (

    select
        user_id,
        min(created_at) as first_order_at
    from orders
    group by user_id

),

orders_by_day as (

    select
        cast(created_at as date) as sale_date,
        count(*) as order_count,
        count(distinct user_id) as unique_customers
    from orders
    where created_at is not null
    group by 1

),

revenue_by_day as (

    select
        cast(ordered_at as date) as sale_date,
        sum(case when is_sold then sale_price_usd else 0 end) as total_revenue,
        count(distinct case when is_sold then order_id end) as sold_order_count,
        sum(case when is_sold then 1 else 0 end) as sold_item_count
    from items
    where ordered_at is not null
    group by 1

),

new_customers_by_day as (

    select
        cast(first_order_at as date) as sale_date,
        count(*) as new_customers
    from first_orders
    where first_order_at is not null
    group by 1

),

daily as (

    select
        ---------- dates
        cast(orders_by_day.sale_date as date) as sale_date,

        ---------- numbers
        cast(orders_by_day.order_count as {{ dbt.type_bigint() }}) as order_count,
        cast(coalesce(revenue_by_day.total_revenue, 0) as {{ dbt.type_numeric() }}) as total_revenue,
        cast(orders_by_day.unique_customers as {{ dbt.type_bigint() }}) as unique_customers,
        cast(coalesce(new_customers_by_day.new_customers, 0) as {{ dbt.type_bigint() }}) as new_customers,
        cast(revenue_by_day.sold_item_count as {{ lakeweave.type_double() }})
        / nullif(revenue_by_day.sold_order_count, 0) as avg_basket_size

    from orders_by_day
    left join revenue_by_day on orders_by_day.sale_date = revenue_by_day.sale_date
    left join new_customers_by_day on orders_by_day.sale_date = new_customers_by_day.sale_date

)

select * from daily
