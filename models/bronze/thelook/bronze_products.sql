{{ lakeweave.ingestion('thelook', 'products') }}

with

delivered as (

    select * from {{ lakeweave.delivered_records('thelook', 'products') }}

),

cleaned as (

    select
        ---------- ids
        {{ lakeweave.clean_text('id') }} as id,
        {{ lakeweave.clean_text('distribution_center_id') }} as distribution_center_id,

        ---------- text
        {{ lakeweave.clean_text('category') }} as category,
        {{ lakeweave.clean_text('name') }} as name,
        {{ lakeweave.clean_text('brand') }} as brand,
        {{ lakeweave.clean_text('department') }} as department,
        {{ lakeweave.clean_text('sku') }} as sku,

        ---------- numbers
        {{ lakeweave.clean_text('cost') }} as cost,
        {{ lakeweave.money_value_type('cost') }} as cost_value_type,
        {{ lakeweave.clean_text('retail_price') }} as retail_price,
        {{ lakeweave.money_value_type('retail_price') }} as retail_price_value_type,

        ---------- record
        {{ lakeweave.record_columns() }}

    from delivered

)

select * from cleaned
