{{ lakeweave.ingestion('thelook', 'events') }}

with

delivered as (

    select * from {{ lakeweave.delivered_records('thelook', 'events') }}

),

cleaned as (

    select
        ---------- ids
        {{ lakeweave.clean_text('id') }} as id,
        {{ lakeweave.clean_text('user_id') }} as user_id,
        {{ lakeweave.clean_text('session_id') }} as session_id,

        ---------- text
        {{ lakeweave.clean_text('ip_address') }} as ip_address,
        {{ lakeweave.clean_text('city') }} as city,
        {{ lakeweave.clean_text('state') }} as state,
        {{ lakeweave.clean_text('postal_code') }} as postal_code,
        {{ lakeweave.clean_text('browser') }} as browser,
        {{ lakeweave.clean_text('traffic_source') }} as traffic_source,
        {{ lakeweave.clean_text('uri') }} as uri,
        {{ lakeweave.clean_text('event_type') }} as event_type,

        ---------- numbers
        {{ lakeweave.clean_text('sequence_number') }} as sequence_number,

        ---------- timestamps
        {{ lakeweave.clean_text('created_at') }} as created_at,

        ---------- record
        {{ lakeweave.record_columns() }}

    from delivered

)

select * from cleaned
