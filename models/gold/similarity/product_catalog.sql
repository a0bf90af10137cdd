{#
    Only products that have a vector: BigQuery's index takes no table with a row that has none. What could not be embedded is
    in silver.product_embeddings, with the reason.
#}
{{ lakeweave.keyed_sync(key='product_id') }}
{{ lakeweave.vector_index(
    column='embedding',
    distance_type='COSINE',
    index_type='IVF',
    storing=['product_id', 'category', 'brand', 'department']
) }}

with

products as (

    select * from {{ ref('silver_products') }}

),

embeddings as (

    select * from {{ ref('silver_product_embeddings') }}
    where response_state = 'ok'

),

catalog as (

    select
        ---------- ids
        products.id as product_id,

        ---------- text
        products.name,
        products.category,
        products.brand,
        products.department,
        products.retail_price_value_type,
        embeddings.description,
        embeddings.embedding_model,

        ---------- numbers
        products.retail_price,
        embeddings.embedding

    from products
    inner join embeddings on products.id = embeddings.product_id

)

select * from catalog
