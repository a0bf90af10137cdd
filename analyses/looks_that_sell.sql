with

sales as (

    select * from {{ ref('visual_characteristic_sales') }}

),

measured as (

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

)

/* What is clear comes first; what is not stays in sight, with the number of products that it would take more of. */
select * from measured
order by case when verdict in ('sells better', 'sells worse') then 0 else 1 end asc, effect desc, characteristic asc, value asc
