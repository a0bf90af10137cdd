with

transactions as (

    select * from {{ ref('silver_transactions') }}

),

daily as (

    select
        ---------- dates
        purchased_on as sale_date,

        ---------- numbers
        purchase_year,
        purchase_month,
        purchase_week,
        cast(count(*) as {{ dbt.type_bigint() }}) as items_sold,
        cast(count(distinct basket_id) as {{ dbt.type_bigint() }}) as basket_count,
        cast(count(distinct member_number) as {{ dbt.type_bigint() }}) as member_count,
        cast(count(distinct item) as {{ dbt.type_bigint() }}) as different_items

    from transactions
    where purchased_on is not null
    group by purchased_on, purchase_year, purchase_month, purchase_week

)

select * from daily
