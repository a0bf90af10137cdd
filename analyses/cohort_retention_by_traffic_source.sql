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
        max(cohort_size) as cohort_size
        {%- for month in months %},
        sum(case when months_since_first_order = {{ month }} then active_customers else 0 end) as active_in_month_{{ month }}
        {%- endfor %}
    from retention
    group by traffic_source, cohort_year, cohort_month

),

/* Cohorts too young for six months would pull the later months down, so they are left out. */
old_enough as (

    select cohorts.*
    from cohorts
    where 12 * cohorts.cohort_year + cohorts.cohort_month <= (
        select max(12 * retention.cohort_year + retention.cohort_month + retention.months_since_first_order) - {{ months | last }}
        from retention
    )

),

by_source as (

    select
        traffic_source,
        count(*) as cohorts,
        sum(cohort_size) as customers
        {%- for month in months %},
        round(100.0 * sum(active_in_month_{{ month }}) / sum(cohort_size), 2) as month_{{ month }}_pct
        {%- endfor %}
    from old_enough
    group by traffic_source

)

select * from by_source
order by customers desc, traffic_source
