{#
    What marketplace lines amount to, as columns of an aggregation: revenue is what is realised, beside what was booked, cancelled
    and returned. One definition for every breakdown.
#}
{% macro revenue_measures() -%}
        cast(sum(case when is_realised then amount else 0 end) as {{ dbt.type_numeric() }}) as total_revenue,
        cast(count(distinct case when is_realised then order_id end) as {{ dbt.type_bigint() }}) as order_count,
        cast(sum(case when is_realised then quantity else 0 end) as {{ dbt.type_bigint() }}) as units_sold,
        cast(sum(coalesce(amount, 0)) as {{ dbt.type_numeric() }}) as booked_revenue,
        cast(sum(case when amount is not null then 1 else 0 end) as {{ dbt.type_bigint() }}) as booked_line_count,
        cast(sum(case when stage = 'cancelled' then coalesce(amount, 0) else 0 end) as {{ dbt.type_numeric() }}) as cancelled_revenue,
        cast(sum(case when stage = 'returned' then coalesce(amount, 0) else 0 end) as {{ dbt.type_numeric() }}) as returned_revenue
{%- endmacro %}
