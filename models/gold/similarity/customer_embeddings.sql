{#
    In gold, because it reads gold.customer_metrics, and data flows to the right. The figures go in as bands: customers who
    behave alike are then one question, and a purchase that changes no band costs nothing.
#}
{{ lakeweave.inference(function='generate_embedding', model='text_embedding', input='behavior_summary') }}

with

metrics as (

    select * from {{ ref('customer_metrics') }}

),

items as (

    select * from {{ ref('orders_enriched') }}
    where is_sold and product_category is not null

),

counted as (

    select
        user_id,
        product_category,
        count(*) as bought
    from items
    group by user_id, product_category

),

ranked as (

    select
        user_id,
        product_category,
        row_number() over (partition by user_id order by bought desc, product_category asc) as preference
    from counted

),

favourites as (

    select
        user_id,
        max(case when preference = 1 then product_category end) as first_category,
        max(case when preference = 2 then product_category end) as second_category
    from ranked
    group by user_id

),

banded as (

    select
        metrics.user_id,
        case
            when metrics.lifetime_order_count = 0 then 'no orders'
            when metrics.lifetime_order_count = 1 then 'one order'
            when metrics.lifetime_order_count < 4 then 'two or three orders'
            else 'four or more orders'
        end as orders,
        case
            when metrics.total_spend = 0 then 'nothing spent'
            when metrics.total_spend < 50 then 'up to 50 dollars spent'
            when metrics.total_spend < 200 then '50 to 199 dollars spent'
            else '200 or more dollars spent'
        end as spend,
        case
            when metrics.return_rate is null then 'nothing bought to return'
            when metrics.return_rate = 0 then 'no returns'
            when metrics.return_rate < 0.5 then 'some returns'
            else 'frequent returns'
        end as returns,
        case
            when metrics.churn_flag is null then 'never active'
            when metrics.churn_flag then 'churned'
            else 'active'
        end as activity,
        case
            when favourites.first_category is null then 'no favourite category'
            when favourites.second_category is null then {{ dbt.concat(["'buys '", 'favourites.first_category']) }}
            else {{ dbt.concat(["'buys '", 'favourites.first_category', "', '", 'favourites.second_category']) }}
        end as favourites
    from metrics
    left join favourites on metrics.user_id = favourites.user_id

),

described as (

    select
        user_id,
        {{ dbt.concat([
            "'Customer with '", 'orders', "', '", 'spend', "', '", 'returns', "', '", 'activity', "', '", 'favourites',
        ]) }} as behavior_summary
    from banded

)

select * from described
