with

items as (

    select * from {{ ref('orders_enriched') }}

),

by_currency as (

    select
        coalesce(sale_price_value_type, 'without a symbol') as delivered_in,
        count(*) as items,
        sum(sale_price) as amount,
        sum(sale_price_usd) as amount_usd,
        sum(case when sale_price is not null and sale_price_usd is null then 1 else 0 end) as items_without_a_rate
    from items
    where sale_price is not null
    group by 1

)

select * from by_currency
order by items desc
