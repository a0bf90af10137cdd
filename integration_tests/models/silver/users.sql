{{ lakeweave.one_row_per_key('web', 'users', key='id') }}

with

newest as (

    select * from {{ lakeweave.newest_records('web', 'users', key='id') }}

),

typed as (

    select
        {{ lakeweave.to_integer('id') }} as id,
        email,
        {{ lakeweave.parse_timestamp('created_at') }} as created_at,
        {{ lakeweave.account_columns() }}
    from newest

)

select * from typed
