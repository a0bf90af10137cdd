{{ lakeweave.ingestion('thelook', 'distribution_centers') }}

with

delivered as (

    select * from {{ lakeweave.delivered_records('thelook', 'distribution_centers') }}

),

cleaned as (

    select
        ---------- ids
        {{ lakeweave.clean_text('id') }} as id,

        ---------- text
        {{ lakeweave.clean_text('name') }} as name,

        ---------- numbers
        {{ lakeweave.clean_text('latitude') }} as latitude,
        {{ lakeweave.clean_text('longitude') }} as longitude,

        ---------- record
        {{ lakeweave.record_columns() }}

    from delivered

)

select * from cleaned
