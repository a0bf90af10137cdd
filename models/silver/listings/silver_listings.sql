{%- set order_by = lakeweave.change_order() -%}
{{ lakeweave.one_row_per_key('listings', 'listings', key='product_id', keep_if='not ' ~ lakeweave.is_deletion(), order_by=order_by) }}

with

newest as (

    select *
    from {{ lakeweave.newest_records(
        'listings', 'listings', key='product_id', keep_if='not ' ~ lakeweave.is_deletion(), order_by=order_by
    ) }}

),

typed as (

    select
        ---------- ids
        {{ lakeweave.to_integer('product_id') }} as product_id,

        ---------- text
        title,
        brand,
        category,
        color,
        description,

        ---------- numbers
        {{ lakeweave.to_money('price') }} as price,
        {{ lakeweave.to_integer('units_sold') }} as units_sold,

        ---------- timestamps
        {{ lakeweave.parse_timestamp('dms_commit_ts') }} as committed_at,

        ---------- record
        {{ lakeweave.account_columns() }}

    from newest

)

select * from typed
