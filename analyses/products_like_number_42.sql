/* The five products that are most like one of them, and how like: the number is the only thing to change. */
with

neighbours as (

    select
        found.query.name as source_product,
        found.base.product_id,
        found.base.name as similar_product,
        found.base.category,
        found.base.brand,
        found.distance
    from {{ lakeweave.vector_search(
        base=ref('product_catalog'),
        column='embedding',
        query="(select * from " ~ ref('product_catalog') ~ " where product_id = 42)",
        top_k=6
    ) }} as found

),

others as (

    select * from neighbours
    where product_id <> 42

)

select * from others
order by distance asc, product_id asc
