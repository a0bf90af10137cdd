{{ lakeweave.ingestion('marketplace', 'sale_lines') }}

with

delivered as (

    select * from {{ lakeweave.delivered_records('marketplace', 'sale_lines') }}

),

cleaned as (

    select
        ---------- ids
        {{ lakeweave.clean_text('order_id') }} || '/' || {{ lakeweave.clean_text('sku') }} as line_id,
        {{ lakeweave.clean_text('order_id') }} as order_id,
        {{ lakeweave.clean_text('sku') }} as sku,
        {{ lakeweave.clean_text('asin') }} as asin,
        {{ lakeweave.clean_text('index') }} as report_index,

        ---------- text
        {{ lakeweave.clean_text('status') }} as status,
        {{ lakeweave.clean_text('courier_status') }} as courier_status,
        {{ lakeweave.clean_text('fulfilment') }} as fulfilment,
        {{ lakeweave.clean_text('fulfilled_by') }} as fulfilled_by,
        {{ lakeweave.clean_text('sales_channel') }} as sales_channel,
        {{ lakeweave.clean_text('ship_service_level') }} as service_level,
        {{ lakeweave.clean_text('style') }} as style,
        {{ lakeweave.clean_text('category') }} as category,
        {{ lakeweave.clean_text('size') }} as size,
        {{ lakeweave.clean_text('currency') }} as currency_code,
        {{ lakeweave.clean_text('ship_city') }} as city,
        {{ lakeweave.clean_text('ship_state') }} as state,
        {{ lakeweave.clean_text('ship_postal_code') }} as postal_code,
        {{ lakeweave.clean_text('ship_country') }} as country_code,
        {{ lakeweave.clean_text('promotion_ids') }} as promotion_ids,
        {{ lakeweave.clean_text('unnamed_22') }} as unnamed_22,

        ---------- numbers
        {{ lakeweave.clean_text('qty') }} as quantity,
        {{ lakeweave.clean_text('amount') }} as amount,

        ---------- booleans
        {{ lakeweave.clean_text('b2_b') }} as is_business,

        ---------- dates
        {{ lakeweave.clean_text('date') }} as order_date,

        ---------- record
        {{ lakeweave.record_columns() }}

    from delivered

)

select * from cleaned
