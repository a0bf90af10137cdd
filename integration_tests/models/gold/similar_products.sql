{{ config(materialized='table') }}

with

found as (

    select
        found.query.sku,
        found.base.sku as similar_sku,
        found.distance
    from {{ lakeweave.vector_search(
        base=ref('product_embeddings'), column='embedding', query=ref('product_embeddings'), top_k=2, distance_type='COSINE'
    ) }} as found

)

select * from found
where sku <> similar_sku
