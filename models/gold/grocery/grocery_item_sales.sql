with

transactions as (

    select * from {{ ref('silver_transactions') }}

),

totals as (

    select count(distinct basket_id) as all_baskets
    from transactions

),

sold as (

    select
        item,
        count(*) as items_sold,
        count(distinct basket_id) as basket_count,
        count(distinct member_number) as member_count,
        min(purchased_on) as first_sold_on,
        max(purchased_on) as last_sold_on
    from transactions
    where item is not null
    group by item

),

ranked as (

    select
        ---------- text
        sold.item,

        ---------- numbers
        cast(row_number() over (order by sold.items_sold desc, sold.item asc) as {{ dbt.type_bigint() }}) as sales_rank,
        cast(sold.items_sold as {{ dbt.type_bigint() }}) as items_sold,
        cast(sold.basket_count as {{ dbt.type_bigint() }}) as basket_count,
        cast(sold.member_count as {{ dbt.type_bigint() }}) as member_count,
        cast(sold.basket_count as {{ lakeweave.type_double() }}) / nullif(totals.all_baskets, 0) as support,

        ---------- dates
        sold.first_sold_on,
        sold.last_sold_on

    from sold
    cross join totals

)

select * from ranked
