with

customers as (

    select * from {{ ref('customer_metrics') }}

),

by_country as (

    select
        coalesce(country, 'not delivered') as country,
        count(*) as customers,
        sum(case when churn_flag then 1 else 0 end) as churned,
        sum(case when churn_flag then total_spend else 0 end) as spend_of_churned_usd,
        sum(total_spend) as spend_usd
    from customers
    where churn_flag is not null
    group by 1

),

rates as (

    select
        country,
        customers,
        churned,
        round(100.0 * churned / customers, 2) as churn_pct,
        spend_of_churned_usd,
        spend_usd
    from by_country

)

select * from rates
order by customers desc, country asc
