with

values_of_columns as (

    select
        'users.age' as column_name,
        age as delivered,
        case when {{ lakeweave.to_integer('age') }} is null then 1 else 0 end as is_lost
    from {{ ref('bronze_users') }}
    union all
    select
        'users.created_at' as column_name,
        created_at as delivered,
        case when {{ lakeweave.parse_timestamp('created_at') }} is null then 1 else 0 end as is_lost
    from {{ ref('bronze_users') }}
    union all
    select
        'orders.num_of_item' as column_name,
        num_of_item as delivered,
        case when {{ lakeweave.to_integer('num_of_item') }} is null then 1 else 0 end as is_lost
    from {{ ref('bronze_orders') }}
    union all
    select
        'orders.created_at' as column_name,
        created_at as delivered,
        case when {{ lakeweave.parse_timestamp('created_at') }} is null then 1 else 0 end as is_lost
    from {{ ref('bronze_orders') }}
    union all
    select
        'order_items.sale_price' as column_name,
        bronze.sale_price as delivered,
        case when silver.sale_price is null then 1 else 0 end as is_lost
    from {{ ref('bronze_order_items') }} as bronze
    inner join {{ ref('silver_order_items') }} as silver
        on bronze._content_hash = silver._content_hash
        and bronze._record_number = silver._record_number
    union all
    select
        'products.cost' as column_name,
        bronze.cost as delivered,
        case when silver.cost is null then 1 else 0 end as is_lost
    from {{ ref('bronze_products') }} as bronze
    inner join {{ ref('silver_products') }} as silver
        on bronze._content_hash = silver._content_hash
        and bronze._record_number = silver._record_number

),

lost as (

    select
        column_name,
        count(*) as values_delivered,
        sum(is_lost) as values_lost,
        min(case when is_lost = 1 then delivered end) as example
    from values_of_columns
    where delivered is not null
    group by column_name

)

select * from lost
order by values_lost desc, column_name asc
