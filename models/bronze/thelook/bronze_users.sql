{{ lakeweave.ingestion('thelook', 'users') }}

with

delivered as (

    select * from {{ lakeweave.delivered_records('thelook', 'users') }}

),

cleaned as (

    select
        ---------- ids
        {{ lakeweave.clean_text('id') }} as id,

        ---------- text
        {{ lakeweave.clean_text('first_name', keep=['null', 'none', 'na']) }} as first_name,
        {{ lakeweave.clean_text('last_name', keep=['null', 'none', 'na']) }} as last_name,
        {{ lakeweave.clean_text('email') }} as email,
        {{ lakeweave.clean_text('gender') }} as gender,
        {{ lakeweave.clean_text('state', keep=['na']) }} as state,
        {{ lakeweave.clean_text('street_address') }} as street_address,
        {{ lakeweave.clean_text('postal_code') }} as postal_code,
        {{ lakeweave.clean_text('city') }} as city,
        {{ lakeweave.clean_text('country') }} as country,
        {{ lakeweave.clean_text('traffic_source') }} as traffic_source,

        ---------- numbers
        {{ lakeweave.clean_text('age') }} as age,
        {{ lakeweave.clean_text('latitude') }} as latitude,
        {{ lakeweave.clean_text('longitude') }} as longitude,

        ---------- timestamps
        {{ lakeweave.clean_text('created_at') }} as created_at,

        ---------- record
        {{ lakeweave.record_columns() }}

    from delivered

)

select * from cleaned
