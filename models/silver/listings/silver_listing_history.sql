{{ config(materialized='table') }}

with

ordered as (

    select * from {{ lakeweave.ordered_records('listings', 'listings', key='product_id', order_by=lakeweave.change_order()) }}

),

typed as (

    select
        {{ lakeweave.to_integer('product_id') }} as product_id,
        title,
        brand,
        category,
        color,
        description,
        {{ lakeweave.to_money('price') }} as price,
        {{ lakeweave.to_integer('units_sold') }} as units_sold,
        {{ lakeweave.is_deletion() }} as is_delete,
        {{ lakeweave.parse_timestamp('dms_commit_ts') }} as valid_from,
        {{ lakeweave.nanoseconds('dms_commit_ts') }} as valid_from_nanoseconds,
        _recency
    from ordered

),

/* Of several changes in one commit only the last was ever visible. */
last_of_commit as (

    select
        *,
        row_number() over (partition by product_id, valid_from, valid_from_nanoseconds order by _recency) as place_in_commit
    from typed

),

/* Engines disagree on where NULL sorts; a commit whose time cannot be read is the oldest, as for `change_order`. */
versions as (

    select
        *,
        lead(valid_from) over (partition by product_id order by valid_from nulls first, valid_from_nanoseconds) as valid_to,
        coalesce(lead(is_delete) over (partition by product_id order by valid_from nulls first, valid_from_nanoseconds), false) as is_deleted
    from last_of_commit
    where place_in_commit = 1

),

history as (

    select
        ---------- ids
        product_id,

        ---------- text
        title,
        brand,
        category,
        color,
        description,

        ---------- numbers
        price,
        units_sold,

        ---------- booleans
        is_deleted,
        valid_to is null as is_current,

        ---------- timestamps
        valid_from,
        valid_to

    from versions
    where not is_delete

)

select * from history
