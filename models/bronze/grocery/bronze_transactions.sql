{{ lakeweave.ingestion('grocery', 'transactions') }}

with

delivered as (

    select * from {{ lakeweave.delivered_records('grocery', 'transactions') }}

),

cleaned as (

    select
        ---------- ids
        {{ lakeweave.clean_text('id') }} as id,
        {{ lakeweave.clean_text('member_number') }} as member_number,

        ---------- text
        {{ lakeweave.clean_text('op') }} as op,
        {{ lakeweave.clean_text('item_description') }} as item_description,

        ---------- dates
        {{ lakeweave.clean_text('date') }} as purchased_on,
        {{ lakeweave.clean_text('updated_at') }} as updated_at,

        ---------- read
        {{ lakeweave.clean_text('row_hash') }} as row_hash,
        {{ lakeweave.clean_text('read_number') }} as read_number,

        ---------- record
        {{ lakeweave.record_columns() }}

    from delivered

)

select * from cleaned
