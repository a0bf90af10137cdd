with

lines as (

    select * from {{ ref('silver_sale_lines') }}

),

by_category as (

    select
        ---------- text
        coalesce(category, 'unknown') as category,

        ---------- numbers
        {{ lakeweave.revenue_measures() }}

    from lines
    group by 1

)

select * from by_category
