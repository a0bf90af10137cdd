with

items as (

    select * from {{ ref('orders_enriched') }}

),

orders as (

    select
        order_id,
        cast({{ dbt.date_trunc('month', 'ordered_at') }} as date) as month,
        sum(sale_price_usd) as order_value_usd,
        count(*) as items
    from items
    where is_sold and ordered_at is not null
    group by 1, 2

),

by_month as (

    select
        month,
        count(*) as orders,
        round(cast(sum(order_value_usd) / count(*) as {{ dbt.type_numeric() }}), 2) as average_order_value_usd,
        round(avg(1.0 * items), 2) as average_basket_size
    from orders
    group by month

)

select * from by_month
order by month
