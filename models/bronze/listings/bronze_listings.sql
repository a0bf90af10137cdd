{{ lakeweave.ingestion('listings', 'listings') }}

with

delivered as (

    select * from {{ lakeweave.delivered_records('listings', 'listings') }}

),

cleaned as (

    select
        ---------- ids
        {{ lakeweave.clean_text('product_id') }} as product_id,

        ---------- text
        {{ lakeweave.clean_text('op') }} as op,
        {{ lakeweave.clean_text('title') }} as title,
        {{ lakeweave.clean_text('brand') }} as brand,
        {{ lakeweave.clean_text('category') }} as category,
        {{ lakeweave.clean_text('color') }} as color,
        {{ lakeweave.clean_text('description') }} as description,

        ---------- numbers
        {{ lakeweave.clean_text('price') }} as price,
        {{ lakeweave.clean_text('units_sold') }} as units_sold,

        ---------- timestamps
        {{ lakeweave.clean_text('dms_commit_ts') }} as dms_commit_ts,

        ---------- record
        {{ lakeweave.record_columns() }}

    from delivered

)

select * from cleaned
