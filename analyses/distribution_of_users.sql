with

users as (

    select * from {{ ref('silver_users') }}

),

counted as (

    select
        'gender' as attribute,
        coalesce(gender, 'not delivered') as attribute_value,
        count(*) as users
    from users
    group by 1, 2
    union all
    select
        'country' as attribute,
        coalesce(country, 'not delivered') as attribute_value,
        count(*) as users
    from users
    group by 1, 2
    union all
    select
        'traffic_source' as attribute,
        coalesce(traffic_source, 'not delivered') as attribute_value,
        count(*) as users
    from users
    group by 1, 2

),

shares as (

    select
        attribute,
        attribute_value,
        users,
        round(100.0 * users / sum(users) over (partition by attribute), 2) as users_pct
    from counted

)

select * from shares
order by attribute asc, users desc, attribute_value asc
