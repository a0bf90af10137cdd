with

orders as (

    select * from {{ ref('silver_orders') }}

),

first_orders as (

    select
        user_id,
        min(created_at) as first_order_at
    from orders
    where created_at is not null
    group by user_id

),

customers_by_month as (

    select distinct
        cast({{ dbt.date_trunc('month', 'orders.created_at') }} as date) as month,
        orders.user_id,
        {{ dbt.date_trunc('month', 'orders.created_at') }} = {{ dbt.date_trunc('month', 'first_orders.first_order_at') }} as is_new
    from orders
    inner join first_orders on orders.user_id = first_orders.user_id
    where orders.created_at is not null

),

by_month as (

    select
        month,
        sum(case when is_new then 1 else 0 end) as new_customers,
        sum(case when is_new then 0 else 1 end) as returning_customers,
        round(100.0 * sum(case when is_new then 0 else 1 end) / count(*), 2) as returning_pct
    from customers_by_month
    group by month

)

select * from by_month
order by month
