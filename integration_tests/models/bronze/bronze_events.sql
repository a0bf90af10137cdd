{{ lakeweave.ingestion('web', 'events') }}

with

delivered as (

    select * from {{ lakeweave.delivered_records('web', 'events') }}

),

cleaned as (

    select
        {{ lakeweave.clean_text('event_id') }} as event_id,
        {{ lakeweave.clean_text('user_id') }} as user_id,
        {{ lakeweave.clean_text('page') }} as page,
        {{ lakeweave.record_columns() }}
    from delivered

)

select * from cleaned
