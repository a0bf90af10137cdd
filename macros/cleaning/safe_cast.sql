{#
    A cast that gives NULL where the value does not fit. dbt's own `safe_cast` raises on DuckDB and Spark: its default form
    is a plain cast.
#}
{% macro safe_cast(expression, type) -%}
    {{ return(adapter.dispatch('safe_cast', 'lakeweave')(expression, type)) }}
{%- endmacro %}

{% macro default__safe_cast(expression, type) -%}
    {{ dbt.safe_cast(expression, type) }}
{%- endmacro %}

{# https://duckdb.org/docs/stable/sql/expressions/cast#try_cast #}
{% macro duckdb__safe_cast(expression, type) -%}
    try_cast({{ expression }} as {{ type }})
{%- endmacro %}

{# https://spark.apache.org/docs/latest/sql-ref-ansi-compliance.html#cast #}
{% macro spark__safe_cast(expression, type) -%}
    try_cast({{ expression }} as {{ type }})
{%- endmacro %}
