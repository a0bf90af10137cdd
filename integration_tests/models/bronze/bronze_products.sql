{{ lakeweave.ingestion('web', 'products') }}

with

delivered as (

    select * from {{ lakeweave.delivered_records('web', 'products') }}

),

cleaned as (

    select
        {{ lakeweave.clean_text('sku') }} as sku,
        {{ lakeweave.clean_text('title') }} as title,
        {{ lakeweave.record_columns() }}
    from delivered

)

select * from cleaned
