{{ lakeweave.one_row_per_key('web', 'events', key='event_id') }}

with

newest as (

    select * from {{ lakeweave.newest_records('web', 'events', key='event_id') }}

),

typed as (

    select
        {{ lakeweave.to_integer('event_id') }} as event_id,
        {{ lakeweave.to_integer('user_id') }} as user_id,
        page,
        {{ lakeweave.account_columns() }}
    from newest

)

select * from typed
