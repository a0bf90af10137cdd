with

orders as (

    select * from {{ ref('silver_orders') }}

)

select * from orders
where shipped_at < created_at
    or delivered_at < shipped_at
    or returned_at < delivered_at
