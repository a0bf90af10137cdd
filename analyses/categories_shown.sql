with

performance as (

    select * from {{ ref('product_visual_performance') }}

),

counted as (

    select
        category,
        picture_state,
        shown_category,
        count(*) as listings,
        sum(units_sold) as units_sold
    from performance
    group by category, picture_state, shown_category

)

select * from counted
order by category asc, listings desc, picture_state asc, shown_category asc
