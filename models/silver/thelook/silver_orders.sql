{{ lakeweave.one_row_per_key('thelook', 'orders', key='order_id') }}

with

newest as (

    select * from {{ lakeweave.newest_records('thelook', 'orders', key='order_id') }}

),

standardized as (

    select
        ---------- ids
        {{ lakeweave.to_integer('order_id') }} as order_id,
        {{ lakeweave.to_integer('user_id') }} as user_id,

        ---------- text
        {{ lakeweave.standardize('status', 'order_status') }} as status,
        {{ lakeweave.standardize('gender', 'gender') }} as gender,

        ---------- numbers
        {{ lakeweave.to_integer('num_of_item') }} as num_of_item,

        ---------- timestamps
        {{ lakeweave.parse_timestamp('created_at') }} as created_at,
        {{ lakeweave.parse_timestamp('shipped_at') }} as shipped_at,
        {{ lakeweave.parse_timestamp('delivered_at') }} as delivered_at,
        {{ lakeweave.parse_timestamp('returned_at') }} as returned_at,

        ---------- record
        {{ lakeweave.account_columns() }}

    from newest

)

select * from standardized
