{{ config(materialized='table') }}

with

transactions as (

    select * from {{ ref('silver_transactions') }}

),

/* A basket is what a member buys on a day; without a member or a day there is none. */
baskets as (

    select
        ---------- ids
        basket_id,
        member_number,

        ---------- numbers
        cast(count(*) as {{ dbt.type_bigint() }}) as rows_sold,
        cast(count(distinct item) as {{ dbt.type_bigint() }}) as different_items,

        ---------- dates
        purchased_on

    from transactions
    where basket_id is not null
    group by basket_id, member_number, purchased_on

)

select * from baskets
