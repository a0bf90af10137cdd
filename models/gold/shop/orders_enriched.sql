{# What the app and dashboards filter by, so that they read little. #}
{%- if target.type == 'bigquery' -%}
    {{ config(
        partition_by={'field': 'ordered_at', 'data_type': 'timestamp', 'granularity': 'month'},
        cluster_by=['user_country', 'product_category']
    ) }}
{%- elif target.type == 'databricks' -%}
    {{ config(liquid_clustered_by=['user_country', 'product_category']) }}
{%- endif %}

with

items as (

    select * from {{ ref('silver_order_items') }}

),

orders as (

    select * from {{ ref('silver_orders') }}

),

users as (

    select * from {{ ref('silver_users') }}

),

products as (

    select * from {{ ref('silver_products') }}

),

/* An item is priced on the day of its order; where that was not delivered, on the day that the item itself names. */
ordered_items as (

    select
        items.*,
        orders.status as order_status,
        orders.created_at as ordered_at,
        coalesce(orders.created_at, items.created_at, items.shipped_at) as priced_at
    from items
    left join orders on items.order_id = orders.order_id

),

priced_items as (

    select *
    from {{ lakeweave.convert_to_usd(
        'ordered_items',
        price='sale_price',
        value_type='sale_price_value_type',
        on_date='priced_at',
        default_value_type=lakeweave.setting('shop_default_currency')
    ) }} as converted

),

enriched as (

    select
        ---------- ids
        cast(priced_items.id as {{ dbt.type_bigint() }}) as order_item_id,
        cast(priced_items.order_id as {{ dbt.type_bigint() }}) as order_id,
        cast(priced_items.user_id as {{ dbt.type_bigint() }}) as user_id,
        cast(priced_items.product_id as {{ dbt.type_bigint() }}) as product_id,
        cast(priced_items.inventory_item_id as {{ dbt.type_bigint() }}) as inventory_item_id,

        ---------- text
        cast(priced_items.order_status as {{ dbt.type_string() }}) as order_status,
        cast(users.gender as {{ dbt.type_string() }}) as user_gender,
        cast(users.city as {{ dbt.type_string() }}) as user_city,
        cast(users.state as {{ dbt.type_string() }}) as user_state,
        cast(users.country as {{ dbt.type_string() }}) as user_country,
        cast(users.traffic_source as {{ dbt.type_string() }}) as user_traffic_source,
        cast(products.name as {{ dbt.type_string() }}) as product_name,
        cast(products.category as {{ dbt.type_string() }}) as product_category,
        cast(products.brand as {{ dbt.type_string() }}) as product_brand,
        cast(products.department as {{ dbt.type_string() }}) as product_department,
        cast(priced_items.sale_price_value_type as {{ dbt.type_string() }}) as sale_price_value_type,

        ---------- numbers
        cast(users.age as {{ dbt.type_bigint() }}) as user_age,
        cast(priced_items.sale_price as {{ dbt.type_numeric() }}) as sale_price,
        cast(priced_items.sale_price_usd as {{ dbt.type_numeric() }}) as sale_price_usd,

        ---------- booleans
        coalesce(priced_items.order_status not in ('Cancelled', 'Returned'), true) as is_sold,
        coalesce(priced_items.order_status = 'Returned', false) as is_returned,

        ---------- timestamps
        cast(priced_items.ordered_at as {{ dbt.type_timestamp() }}) as ordered_at,
        cast(priced_items.priced_at as {{ dbt.type_timestamp() }}) as priced_at,
        cast(priced_items.shipped_at as {{ dbt.type_timestamp() }}) as shipped_at,
        cast(priced_items.delivered_at as {{ dbt.type_timestamp() }}) as delivered_at,
        cast(priced_items.returned_at as {{ dbt.type_timestamp() }}) as returned_at

    from priced_items
    left join users on priced_items.user_id = users.id
    left join products on priced_items.product_id = products.id

)

select * from enriched
