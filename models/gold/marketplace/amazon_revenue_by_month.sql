with

lines as (

    select * from {{ ref('silver_sale_lines') }}

),

by_month as (

    select
        ---------- dates
        cast({{ dbt.date_trunc('month', 'order_date') }} as date) as sale_month,
        min(order_date) as first_order_date,
        max(order_date) as last_order_date,

        ---------- numbers
        {{ lakeweave.revenue_measures() }}

    from lines
    group by 1

)

select * from by_month
