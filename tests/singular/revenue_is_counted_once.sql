with

items as (

    select * from {{ ref('orders_enriched') }}

),

daily as (

    select coalesce(sum(total_revenue), 0) as revenue from {{ ref('daily_sales') }}

),

products as (

    select coalesce(sum(total_revenue), 0) as revenue from {{ ref('product_performance') }}

),

customers as (

    select coalesce(sum(total_spend), 0) as revenue from {{ ref('customer_metrics') }}

),

dated_items as (

    select coalesce(sum(sale_price_usd), 0) as revenue
    from items
    where is_sold and ordered_at is not null

),

product_items as (

    select coalesce(sum(items.sale_price_usd), 0) as revenue
    from items
    inner join {{ ref('silver_products') }} as silver_products on items.product_id = silver_products.id
    where items.is_sold

),

customer_items as (

    select coalesce(sum(items.sale_price_usd), 0) as revenue
    from items
    inner join {{ ref('silver_users') }} as silver_users on items.user_id = silver_users.id
    where items.is_sold

),

compared as (

    select
        'daily_sales' as model_name,
        daily.revenue as found,
        dated_items.revenue as expected
    from daily
    cross join dated_items
    union all
    select
        'product_performance' as model_name,
        products.revenue as found,
        product_items.revenue as expected
    from products
    cross join product_items
    union all
    select
        'customer_metrics' as model_name,
        customers.revenue as found,
        customer_items.revenue as expected
    from customers
    cross join customer_items

)

select * from compared
where found <> expected
