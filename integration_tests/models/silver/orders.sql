{{ lakeweave.one_row_per_key('web', 'orders', key='order_id') }}

with

newest as (

    select * from {{ lakeweave.newest_records('web', 'orders', key='order_id') }}

),

typed as (

    select
        {{ lakeweave.to_integer('order_id') }} as order_id,
        {{ lakeweave.to_integer('user_id') }} as user_id,
        {{ lakeweave.to_money('amount') }} as amount,
        {{ lakeweave.money_value_type('amount') }} as amount_value_type,
        {{ lakeweave.parse_timestamp('ordered_at') }} as ordered_at,
        {{ lakeweave.account_columns() }}
    from newest

)

select * from typed
