{#- One more than five, because a product is its own nearest neighbour. -#}

with

neighbours as (

    select
        found.query.product_id,
        found.base.product_id as similar_product_id,
        found.query.name,
        found.base.name as similar_name,
        found.query.category,
        found.base.category as similar_category,
        found.query.brand,
        found.base.brand as similar_brand,
        found.base.embedding_model,
        found.distance
    from {{ lakeweave.vector_search(
        base=ref('product_catalog'),
        column='embedding',
        query=ref('product_catalog'),
        top_k=6,
        distance_type='COSINE'
    ) }} as found

),

ranked as (

    select
        product_id,
        similar_product_id,
        name,
        similar_name,
        category,
        similar_category,
        brand,
        similar_brand,
        embedding_model,
        row_number() over (partition by product_id order by distance asc, similar_product_id asc) as similarity_rank,
        distance
    from neighbours
    where product_id <> similar_product_id

),

nearest as (

    select * from ranked
    where similarity_rank <= 5

)

select * from nearest
