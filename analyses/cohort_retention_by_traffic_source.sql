{%- set months = range(1, 7) -%}
with

retention as (

    select * from {{ ref('cohort_retention') }}

),

cohorts as (

    select
        traffic_source,
        cohort_year,
        cohort_month,
        {%- for month in months %}
        sum(case when months_since_first_order = {{ month }} then active_customers else 0 end) as active_in_month_{{ month }},
        {%- endfor %}
        max(cohort_size) as cohort_size
    from retention
    group by traffic_source, cohort_year, cohort_month

),

newest_month as (

    select max(12 * cohort_year + cohort_month + months_since_first_order) as number_of_month
    from retention
    where month_is_over

),

/* Cohorts younger than the last month that is looked at would pull it down, so they are left out. */
old_enough as (

    select cohorts.*
    from cohorts
    inner join newest_month
        on 12 * cohorts.cohort_year + cohorts.cohort_month + {{ months | last }} <= newest_month.number_of_month

),

by_source as (

    select
        traffic_source,
        {%- for month in months %}
        round(100.0 * sum(active_in_month_{{ month }}) / sum(cohort_size), 2) as month_{{ month }}_pct,
        {%- endfor %}
        count(*) as cohorts,
        sum(cohort_size) as customers
    from old_enough
    group by traffic_source

)

select * from by_source
order by customers desc, traffic_source asc
