with

retention as (

    select * from {{ ref('cohort_retention') }}

),

counted as (

    select
        cohort_year,
        cohort_month,
        months_since_first_order,
        sum(case when traffic_source = 'all' then active_customers else 0 end) as active_in_all,
        sum(case when traffic_source <> 'all' then active_customers else 0 end) as active_in_sources,
        sum(case when traffic_source = 'all' then cohort_size else 0 end) as size_in_all,
        sum(case when traffic_source <> 'all' then cohort_size else 0 end) as size_in_sources,
        sum(case when months_since_first_order = 0 and active_customers <> cohort_size then 1 else 0 end) as incomplete_cohorts
    from retention
    group by cohort_year, cohort_month, months_since_first_order

)

select * from counted
where
    active_in_all <> active_in_sources
    or size_in_all <> size_in_sources
    or incomplete_cohorts > 0
