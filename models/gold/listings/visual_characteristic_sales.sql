{#
    Sales are compared as logarithms, because they multiply rather than add up: the effect is a factor. The interval is
    Welch's, with the quantile of Student's distribution for the smaller group (`widened` approximates it to a hundredth
    from 4 degrees of freedom on). It is for one comparison: of forty, one or two miss by chance.
#}
{%- set fewest = 5 -%}

with

performance as (

    select * from {{ ref('product_visual_performance') }}
    where picture_state = 'recognised' and units_sold is not null

),

products as (

    select
        product_id,
        shown_category,
        shown_pattern,
        shown_background,
        shown_color,
        units_sold,
        ln(case when units_sold > 0 then units_sold else 0.5 end) as log_units
    from performance

),

looks as (

    {%- for characteristic in ['category', 'pattern', 'background', 'color'] %}
    select
        '{{ characteristic }}' as characteristic,
        shown_{{ characteristic }} as value,
        units_sold,
        log_units
    from products
    where shown_{{ characteristic }} is not null
    {%- if not loop.last %}
    union all
    {%- endif %}
    {%- endfor %}

),

by_value as (

    select
        characteristic,
        value,
        count(*) as products,
        avg(units_sold) as mean_units_sold,
        sum(log_units) as log_sum,
        sum(log_units * log_units) as log_squares
    from looks
    group by characteristic, value

),

/* Those with the characteristic beside all that are without. */
beside_others as (

    select
        *,
        cast(sum(products) over (partition by characteristic) - products as {{ dbt.type_bigint() }}) as other_products,
        sum(log_sum) over (partition by characteristic) - log_sum as other_sum,
        sum(log_squares) over (partition by characteristic) - log_squares as other_squares
    from by_value

),

means as (

    select
        *,
        log_sum / products as log_mean,
        other_sum / other_products as other_mean,
        (log_squares - log_sum * log_sum / products) / (products - 1) as variance,
        (other_squares - other_sum * other_sum / other_products) / (other_products - 1) as other_variance,
        1 + 1.21 / (products - 1) + 1.7 / ((products - 1) * (products - 1)) as widened
    from beside_others
    where products >= {{ fewest }} and other_products >= {{ fewest }}

),

effects as (

    select
        characteristic,
        value,
        log_mean - other_mean as log_effect,
        1.96 * widened * sqrt(
            (case when variance > 0 then variance else 0 end) / products
            + (case when other_variance > 0 then other_variance else 0 end) / other_products
        ) as margin
    from means

),

sales as (

    select
        ---------- ids
        beside_others.characteristic,
        beside_others.value,

        ---------- text
        case
            when effects.log_effect is null then 'too few products'
            when effects.log_effect - effects.margin > 0 then 'sells better'
            when effects.log_effect + effects.margin < 0 then 'sells worse'
            else 'no clear difference'
        end as verdict,

        ---------- numbers
        beside_others.products,
        beside_others.other_products,
        beside_others.mean_units_sold,
        /* Rounded, because a sum of floats depends on the order in which an engine adds. */
        round(exp(effects.log_effect), 6) as effect,
        round(exp(effects.log_effect - effects.margin), 6) as effect_low,
        round(exp(effects.log_effect + effects.margin), 6) as effect_high

    from beside_others
    left join effects
        on beside_others.characteristic = effects.characteristic and beside_others.value = effects.value

)

select * from sales
