{{ lakeweave.ingestion('web', 'orders') }}

with

delivered as (

    select * from {{ lakeweave.delivered_records('web', 'orders') }}

),

cleaned as (

    select
        {{ lakeweave.clean_text('order_id') }} as order_id,
        {{ lakeweave.clean_text('user_id') }} as user_id,
        {{ lakeweave.clean_text('amount') }} as amount,
        {{ lakeweave.clean_text('ordered_at') }} as ordered_at,
        {{ lakeweave.record_columns() }}
    from delivered

)

select * from cleaned
