with

performance as (

    select * from {{ ref('product_visual_performance') }}

),

disagreeing as (

    select
        product_id,
        title,
        disagreement,
        uri,
        description
    from performance
    where disagreement is not null

)

select * from disagreeing
order by product_id asc
