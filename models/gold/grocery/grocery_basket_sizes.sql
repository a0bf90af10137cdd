with

baskets as (

    select * from {{ ref('silver_baskets') }}

),

sizes as (

    select
        ---------- numbers
        rows_sold as basket_size,
        cast(count(*) as {{ dbt.type_bigint() }}) as basket_count,
        cast(count(distinct member_number) as {{ dbt.type_bigint() }}) as member_count,
        cast(count(*) as {{ lakeweave.type_double() }}) / sum(count(*)) over () as basket_share

    from baskets
    group by rows_sold

)

select * from sizes
