{{ lakeweave.ingestion('thelook', 'orders') }}

with

delivered as (

    select * from {{ lakeweave.delivered_records('thelook', 'orders') }}

),

cleaned as (

    select
        ---------- ids
        {{ lakeweave.clean_text('order_id') }} as order_id,
        {{ lakeweave.clean_text('user_id') }} as user_id,

        ---------- text
        {{ lakeweave.clean_text('status') }} as status,
        {{ lakeweave.clean_text('gender') }} as gender,

        ---------- numbers
        {{ lakeweave.clean_text('num_of_item') }} as num_of_item,

        ---------- timestamps
        {{ lakeweave.clean_text('created_at') }} as created_at,
        {{ lakeweave.clean_text('returned_at') }} as returned_at,
        {{ lakeweave.clean_text('shipped_at') }} as shipped_at,
        {{ lakeweave.clean_text('delivered_at') }} as delivered_at,

        ---------- record
        {{ lakeweave.record_columns() }}

    from delivered

)

select * from cleaned
