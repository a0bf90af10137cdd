{%- set order_by = lakeweave.change_order() -%}
{{ lakeweave.one_row_per_version(
    'listings', 'listings',
    key='product_id',
    version=order_by[:2],
    keep_if='not ' ~ lakeweave.is_deletion(),
    order_by=order_by
) }}

with

ordered as (

    select * from {{ lakeweave.ordered_records('listings', 'listings', key='product_id', order_by=order_by) }}

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
        _recency,
        {{ lakeweave.account_columns() }}
    from ordered

),

/*
    Of several changes in one commit only the last was ever visible. Changes without a readable time are not known to be of one commit,
    so each of them is a version.
*/
last_of_commit as (

    select
        *,
        row_number() over (partition by product_id, valid_from, valid_from_nanoseconds order by _recency) as place_in_commit
    from typed

),

/* `_recency` counts from the newest: it orders what the time does not, and a change without a time is the oldest, as for `change_order`. */
versions as (

    select
        *,
        row_number() over (partition by product_id order by _recency desc) as version,
        lead(valid_from) over (partition by product_id order by _recency desc) as valid_to,
        lead(_recency) over (partition by product_id order by _recency desc) is null as is_last,
        coalesce(lead(is_delete) over (partition by product_id order by _recency desc), false) as is_deleted
    from last_of_commit
    where place_in_commit = 1 or valid_from is null

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
        cast(version as {{ dbt.type_bigint() }}) as version,

        ---------- booleans
        is_deleted,
        is_last as is_current,

        ---------- timestamps
        valid_from,
        valid_to,

        ---------- record
        silver_loaded_at,
        untyped_values,
        _content_hash,
        _record_number

    from versions
    where not is_delete

)

select * from history
