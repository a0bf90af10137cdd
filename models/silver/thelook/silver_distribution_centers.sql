{{ lakeweave.one_row_per_key('thelook', 'distribution_centers', key='id') }}

with

newest as (

    select * from {{ lakeweave.newest_records('thelook', 'distribution_centers', key='id') }}

),

/* The name ends in the state: two letters, or two states with a slash between them. */
located as (

    select
        *,
        {{ lakeweave.regexp_extract('name', ' [A-Za-z][A-Za-z](?:/[A-Za-z][A-Za-z])?$') }} as state_at_end
    from newest

),

split as (

    select
        *,
        substring(name, 1, length(name) - length(coalesce(state_at_end, ''))) as city,
        upper({{ lakeweave.trim_text('state_at_end') }}) as state
    from located

),

standardized as (

    select
        ---------- ids
        {{ lakeweave.to_integer('id') }} as id,

        ---------- text
        case when state is null then city else concat(city, ' ', state) end as name,
        city,
        state,

        ---------- numbers
        {{ lakeweave.to_float('latitude') }} as latitude,
        {{ lakeweave.to_float('longitude') }} as longitude,

        ---------- record
        {{ lakeweave.account_columns() }}

    from split

)

select * from standardized
