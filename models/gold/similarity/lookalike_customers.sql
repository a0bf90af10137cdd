with

seeds as (

    select * from {{ ref('lookalike_seeds') }}

),

neighbours as (

    select
        found.query.audience,
        found.query.user_id as seed_user_id,
        found.base.user_id,
        found.base.country,
        found.base.behavior_summary,
        found.base.embedding_model,
        found.distance
    from {{ lakeweave.vector_search(
        base=ref('customer_profiles'),
        column='embedding',
        query="(select seeds.audience, profiles.* from " ~ ref('lookalike_seeds') ~ " as seeds inner join "
            ~ ref('customer_profiles') ~ " as profiles on seeds.user_id = profiles.user_id)",
        top_k=50,
        distance_type='COSINE'
    ) }} as found

),

candidates as (

    select
        neighbours.*,
        row_number() over (
            partition by neighbours.audience, neighbours.user_id
            order by neighbours.distance asc, neighbours.seed_user_id asc
        ) as seed_rank
    from neighbours
    left join seeds on neighbours.audience = seeds.audience and neighbours.user_id = seeds.user_id
    where seeds.user_id is null

),

lookalikes as (

    select
        audience,
        user_id,
        seed_user_id as nearest_seed_user_id,
        country,
        behavior_summary,
        embedding_model,
        row_number() over (partition by audience order by distance asc, user_id asc) as similarity_rank,
        distance
    from candidates
    where seed_rank = 1

)

select * from lookalikes
