with

sales as (

    select * from {{ ref('visual_characteristic_sales') }}

),

clear as (

    select
        characteristic,
        value,
        verdict,
        products,
        round(mean_units_sold, 1) as mean_units_sold,
        round(effect, 2) as effect,
        round(effect_low, 2) as effect_low,
        round(effect_high, 2) as effect_high
    from sales
    where verdict in ('sells better', 'sells worse')

)

select * from clear
order by effect desc, characteristic asc, value asc
