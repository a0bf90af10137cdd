{{ lakeweave.one_row_per_key('web', 'products', key='sku', key_type='text') }}

with

newest as (

    select * from {{ lakeweave.newest_records('web', 'products', key='sku', key_type='text') }}

),

typed as (

    select
        sku,
        title,
        {{ lakeweave.account_columns() }}
    from newest

)

select * from typed
