/* Customers of the same country who behave most like one of them: a filter on the base. */
with

neighbours as (

    select
        found.query.behavior_summary as behavior_sought,
        found.base.user_id,
        found.base.country,
        found.base.behavior_summary,
        found.distance
    from {{ lakeweave.vector_search(
        base="(select * from " ~ ref('customer_profiles') ~ " where country = 'United States' and user_id <> 1)",
        column='embedding',
        query="(select * from " ~ ref('customer_profiles') ~ " where user_id = 1)",
        top_k=10
    ) }} as found

)

select * from neighbours
order by distance asc, user_id asc
