{# Numbers about this run before anything is asked: `fit` questions fit the budget at the estimated cost. #}
{% macro _plan_of_run(staged, pending, call_config) -%}
    {%- set limits = call_config.limits -%}
    {%- set factor = (lakeweave._factor_of_history(call_config, lakeweave._prices_relation()) if lakeweave._has_money_limit(call_config) else none) or 1 -%}
    {%- set fits, named = [], [] -%}
    {%- if limits.calls is not none -%}
        {%- do fits.append('place <= ' ~ limits.calls) -%}
        {%- do named.append('max_calls_per_run = ' ~ limits.calls) -%}
    {%- endif -%}
    {%- if limits.cost is not none -%}
        {%- do fits.append('0 < ' ~ limits.cost ~ ' and round(cost_so_far * ' ~ factor ~ ', 9) <= ' ~ limits.cost) -%}
    {%- endif -%}
    {%- set rows = lakeweave.fetch_rows(
        "select (select count(*) from " ~ staged ~ ") as row_count, (select count(distinct fingerprint) from " ~ staged ~ ") as input_count, "
        ~ "count(*) as to_ask, count(case when " ~ (fits | join(' and ') or '1 = 1') ~ " then 1 end) as fit, coalesce(max(cost_so_far), 0) as cost"
        ~ " from (select place, sum(estimated_cost) over (order by place rows between unbounded preceding and current row) as cost_so_far from "
        ~ pending ~ ") as waiting",
        [[0, 0, 0, 0, 0]]
    ) -%}
    {%- set found = rows[0] -%}
    {%- if limits.cost is not none -%}
        {%- do named.append('max_cost_per_run = ' ~ limits.cost ~ ' of an estimated ' ~ '%.4f' | format((found[4] | float) * factor)) -%}
    {%- endif -%}
    {{ return({
        'rows': found[0] | int,
        'inputs': found[1] | int,
        'to_ask': found[2] | int,
        'fit': found[3] | int,
        'factor': factor,
        'limits': named | join(', '),
    }) }}
{%- endmacro %}
