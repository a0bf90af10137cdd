with

lines as (

    select * from {{ ref('silver_sale_lines') }}

),

by_state as (

    select
        ---------- text
        coalesce(state, 'unknown') as state,

        ---------- numbers
        {{ lakeweave.revenue_measures() }}

    from lines
    group by 1

)

select * from by_state
