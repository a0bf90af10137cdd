{{ lakeweave.one_row_per_key('grocery', 'transactions', key='id', keep_if='not ' ~ lakeweave.is_deletion()) }}

with

newest as (

    select * from {{ lakeweave.newest_records('grocery', 'transactions', key='id', keep_if='not ' ~ lakeweave.is_deletion()) }}

),

typed as (

    select
        {{ lakeweave.to_integer('id') }} as id,
        {{ lakeweave.to_integer('member_number') }} as member_number,
        {{ lakeweave.regexp_replace('item_description', ' {2,}', ' ') }} as item,
        cast({{ lakeweave.parse_timestamp('purchased_on', ['%d-%m-%Y']) }} as date) as purchased_on,
        {{ lakeweave.parse_timestamp('updated_at') }} as updated_at,
        {{ lakeweave.account_columns() }}
    from newest

),

dated as (

    select
        ---------- ids
        id,
        member_number,
        cast(member_number as {{ dbt.type_string() }}) || '/' || cast(purchased_on as {{ dbt.type_string() }}) as basket_id,

        ---------- text
        item,

        ---------- numbers
        cast(extract(year from purchased_on) as {{ dbt.type_bigint() }}) as purchase_year,
        cast(extract(month from purchased_on) as {{ dbt.type_bigint() }}) as purchase_month,
        cast(extract(day from purchased_on) as {{ dbt.type_bigint() }}) as purchase_day,
        cast({{ lakeweave.iso_week('purchased_on') }} as {{ dbt.type_bigint() }}) as purchase_week,

        ---------- dates
        purchased_on,
        updated_at,
        silver_loaded_at,

        ---------- record
        untyped_values,
        _content_hash,
        _record_number

    from typed

)

select * from dated
