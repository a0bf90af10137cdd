with

orders as (

    select
        {{ lakeweave.to_integer('order_id') }} as order_id,
        is_duplicate_in_file
    from {{ ref('bronze_orders') }}

),

by_key as (

    select
        order_id,
        sum(case when is_duplicate_in_file then 0 else 1 end) as times_delivered,
        sum(case when is_duplicate_in_file then 1 else 0 end) as copies_in_files
    from orders
    where order_id is not null
    group by order_id

),

distribution as (

    select
        times_delivered,
        count(*) as orders,
        sum(copies_in_files) as copies_in_files
    from by_key
    group by times_delivered

)

select * from distribution
order by times_delivered
