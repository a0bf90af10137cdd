{%- set columns = {
    'bronze_users': [
        'first_name', 'last_name', 'email', 'gender', 'state', 'street_address', 'postal_code', 'city', 'country', 'traffic_source',
        'age', 'latitude', 'longitude', 'created_at',
    ],
    'bronze_products': ['name', 'brand', 'category', 'department', 'sku', 'cost', 'retail_price', 'distribution_center_id'],
    'bronze_orders': ['user_id', 'status', 'gender', 'num_of_item', 'created_at', 'shipped_at', 'delivered_at', 'returned_at'],
    'bronze_order_items': ['order_id', 'user_id', 'product_id', 'inventory_item_id', 'status', 'sale_price', 'created_at'],
} -%}
with

counted as (

    {%- for model in columns %}
    {%- for column in columns[model] %}
    select
        '{{ model }}' as model_name,
        '{{ column }}' as column_name,
        count(*) as records,
        sum(case when {{ column }} is null then 1 else 0 end) as null_count
    from {{ ref(model) }}
    {{ 'union all' if not loop.last }}
    {%- endfor %}
    {{ 'union all' if not loop.last }}
    {%- endfor %}

),

shares as (

    select
        model_name,
        column_name,
        records,
        null_count,
        round(100.0 * null_count / nullif(records, 0), 2) as nulls_pct
    from counted

)

select * from shares
order by nulls_pct desc, model_name asc, column_name asc
