{# The week of a date as ISO 8601 counts it: from Monday on, week 1 has the year's first Thursday. #}
{% macro iso_week(expression) -%}
    {{ return(adapter.dispatch('iso_week', 'lakeweave')(expression)) }}
{%- endmacro %}

{# DuckDB and Spark: `week` is ISO's. https://duckdb.org/docs/stable/sql/functions/datepart #}
{% macro default__iso_week(expression) -%}
    extract(week from {{ expression }})
{%- endmacro %}
