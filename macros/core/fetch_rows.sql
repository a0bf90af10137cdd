{#
    The only macro that queries the warehouse and uses the result. Returns the rows (each a mapping by
    column name and by position), or `default` when nothing is executed or nothing came back. One place, because the
    offline proofs answer these questions from fixtures to reach both branches of a materialization.
#}
{% macro fetch_rows(sql, default=none) -%}
    {%- if not execute -%}
        {{ return(default) }}
    {%- endif -%}
    {%- set result = run_query(sql) -%}
    {%- if result is none or result is undefined or (result.rows | length) == 0 -%}
        {{ return(default) }}
    {%- endif -%}
    {{ return(result.rows) }}
{%- endmacro %}
