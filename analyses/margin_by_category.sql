with

products as (

    select * from {{ ref('product_performance') }}

),

/* Products weigh in with their revenue; one without a margin (unknown cost, or nothing sold) does not. */
by_category as (

    select
        department,
        category,
        count(*) as products,
        sum(units_sold) as units_sold,
        sum(total_revenue) as revenue_usd,
        sum(avg_margin_pct * total_revenue) / nullif(sum(case when avg_margin_pct is not null then total_revenue end), 0) as margin
    from products
    group by department, category

),

rates as (

    select
        department,
        category,
        products,
        units_sold,
        revenue_usd,
        round(100.0 * margin, 2) as margin_pct
    from by_category

)

select * from rates
order by revenue_usd desc, department asc, category asc
