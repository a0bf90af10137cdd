{{ lakeweave.ingestion('thelook', 'inventory_items') }}

with

delivered as (

    select * from {{ lakeweave.delivered_records('thelook', 'inventory_items') }}

),

cleaned as (

    select
        ---------- ids
        {{ lakeweave.clean_text('id') }} as id,
        {{ lakeweave.clean_text('product_id') }} as product_id,
        {{ lakeweave.clean_text('product_distribution_center_id') }} as product_distribution_center_id,

        ---------- text
        {{ lakeweave.clean_text('product_category') }} as product_category,
        {{ lakeweave.clean_text('product_name') }} as product_name,
        {{ lakeweave.clean_text('product_brand') }} as product_brand,
        {{ lakeweave.clean_text('product_department') }} as product_department,
        {{ lakeweave.clean_text('product_sku') }} as product_sku,

        ---------- numbers
        {{ lakeweave.clean_text('cost') }} as cost,
        {{ lakeweave.money_value_type('cost') }} as cost_value_type,
        {{ lakeweave.clean_text('product_retail_price') }} as product_retail_price,
        {{ lakeweave.money_value_type('product_retail_price') }} as product_retail_price_value_type,

        ---------- timestamps
        {{ lakeweave.clean_text('created_at') }} as created_at,
        {{ lakeweave.clean_text('sold_at') }} as sold_at,

        ---------- record
        {{ lakeweave.record_columns() }}

    from delivered

)

select * from cleaned
