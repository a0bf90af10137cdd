with

items as (

    select * from {{ ref('orders_enriched') }}

),

by_category as (

    select
        product_category,
        sum(case when is_sold or is_returned then 1 else 0 end) as items_bought,
        sum(case when is_returned then 1 else 0 end) as items_returned
    from items
    where product_category is not null
    group by product_category

),

rates as (

    select
        product_category,
        items_bought,
        items_returned,
        round(100.0 * items_returned / nullif(items_bought, 0), 2) as return_rate_pct
    from by_category

)

select * from rates
order by return_rate_pct desc, product_category asc
