{{ lakeweave.keyed_sync(key='user_id') }}
{{ lakeweave.vector_index(column='embedding', distance_type='COSINE', index_type='TREE_AH', storing=['user_id', 'country']) }}

with

metrics as (

    select * from {{ ref('customer_metrics') }}

),

embeddings as (

    select * from {{ ref('customer_embeddings') }}
    where response_state = 'ok'

),

profiles as (

    select
        ---------- ids
        metrics.user_id,

        ---------- text
        metrics.email,
        metrics.country,
        embeddings.behavior_summary,
        embeddings.embedding_model,

        ---------- numbers
        embeddings.embedding

    from metrics
    inner join embeddings on metrics.user_id = embeddings.user_id

)

select * from profiles
