{{ lakeweave.ingestion('thelook', 'order_items') }}

with

delivered as (

    select * from {{ lakeweave.delivered_records('thelook', 'order_items') }}

),

cleaned as (

    select
        ---------- ids
        {{ lakeweave.clean_text('id') }} as id,
        {{ lakeweave.clean_text('order_id') }} as order_id,
        {{ lakeweave.clean_text('user_id') }} as user_id,
        {{ lakeweave.clean_text('product_id') }} as product_id,
        {{ lakeweave.clean_text('inventory_item_id') }} as inventory_item_id,

        ---------- text
        {{ lakeweave.clean_text('status') }} as status,

        ---------- numbers
        {{ lakeweave.clean_text('sale_price') }} as sale_price,
        {{ lakeweave.money_value_type('sale_price') }} as sale_price_value_type,

        ---------- timestamps
        {{ lakeweave.clean_text('created_at') }} as created_at,
        {{ lakeweave.clean_text('shipped_at') }} as shipped_at,
        {{ lakeweave.clean_text('delivered_at') }} as delivered_at,
        {{ lakeweave.clean_text('returned_at') }} as returned_at,

        ---------- record
        {{ lakeweave.record_columns() }}

    from delivered

)

select * from cleaned
