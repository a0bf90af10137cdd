{{ lakeweave.ingestion('web', 'users') }}

with

delivered as (

    select * from {{ lakeweave.delivered_records('web', 'users') }}

),

cleaned as (

    select
        {{ lakeweave.clean_text('id') }} as id,
        {{ lakeweave.clean_text('email') }} as email,
        {{ lakeweave.clean_text('created_at') }} as created_at,
        {{ lakeweave.record_columns() }}
    from delivered

)

select * from cleaned
