{{ lakeweave.one_row_per_key('thelook', 'order_items', key='id') }}

with

newest as (

    select * from {{ lakeweave.newest_records('thelook', 'order_items', key='id') }}

),

standardized as (

    select
        ---------- ids
        {{ lakeweave.to_integer('id') }} as id,
        {{ lakeweave.to_integer('order_id') }} as order_id,
        {{ lakeweave.to_integer('user_id') }} as user_id,
        {{ lakeweave.to_integer('product_id') }} as product_id,
        {{ lakeweave.to_integer('inventory_item_id') }} as inventory_item_id,

        ---------- text
        {{ lakeweave.standardize('status', 'order_status') }} as status,

        ---------- numbers
        {{ lakeweave.to_money('sale_price') }} as sale_price,
        sale_price_value_type,

        ---------- timestamps
        {{ lakeweave.parse_timestamp('created_at') }} as created_at,
        {{ lakeweave.parse_timestamp('shipped_at') }} as shipped_at,
        {{ lakeweave.parse_timestamp('delivered_at') }} as delivered_at,
        {{ lakeweave.parse_timestamp('returned_at') }} as returned_at,

        ---------- record
        {{ lakeweave.account_columns() }}

    from newest

)

select * from standardized
