with

lines as (

    select * from {{ ref('silver_sale_lines') }}

),

counted as (

    select
        fulfilment,
        service_level,
        count(*) as line_count,
        sum(case when stage = 'pending' then 1 else 0 end) as pending_lines,
        sum(case when stage = 'shipped' then 1 else 0 end) as shipped_lines,
        sum(case when stage = 'delivered' then 1 else 0 end) as delivered_lines,
        sum(case when stage = 'returned' then 1 else 0 end) as returned_lines,
        sum(case when stage = 'cancelled' then 1 else 0 end) as cancelled_lines,
        sum(case when stage = 'lost' then 1 else 0 end) as lost_lines,
        sum(case when is_contradicted_by_courier then 1 else 0 end) as contradicted_lines
    from lines
    group by fulfilment, service_level

),

performance as (

    select
        ---------- text
        fulfilment,
        service_level,

        ---------- numbers
        cast(line_count as {{ dbt.type_bigint() }}) as line_count,
        cast(pending_lines as {{ dbt.type_bigint() }}) as pending_lines,
        cast(shipped_lines as {{ dbt.type_bigint() }}) as shipped_lines,
        cast(delivered_lines as {{ dbt.type_bigint() }}) as delivered_lines,
        cast(returned_lines as {{ dbt.type_bigint() }}) as returned_lines,
        cast(cancelled_lines as {{ dbt.type_bigint() }}) as cancelled_lines,
        cast(lost_lines as {{ dbt.type_bigint() }}) as lost_lines,
        cast(contradicted_lines as {{ dbt.type_bigint() }}) as contradicted_lines,
        cast(cancelled_lines as {{ lakeweave.type_double() }}) / line_count as cancelled_share,
        case
            when sum(delivered_lines + returned_lines + lost_lines) over (partition by fulfilment) > 0
                then
                    cast(returned_lines as {{ lakeweave.type_double() }})
                    / nullif(shipped_lines + delivered_lines + returned_lines + lost_lines, 0)
        end as returned_share

    from counted

)

select * from performance
