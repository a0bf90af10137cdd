with

inventory as (

    select * from {{ ref('silver_inventory_items') }}

),

by_category as (

    select
        product_category,
        count(*) as units_stocked,
        count(sold_at) as units_sold
    from inventory
    where product_category is not null
    group by product_category

),

rates as (

    select
        product_category,
        units_stocked,
        units_sold,
        round(1.0 * units_sold / units_stocked, 4) as turnover_ratio
    from by_category

)

select * from rates
order by turnover_ratio, product_category
