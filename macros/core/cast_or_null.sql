{#
    A cast that gives NULL where the value does not fit. Not dbt's `safe_cast`: that raises on DuckDB and Spark, where its
    default form is a plain cast; and a macro of that name here would be taken for dbt's own wherever dbt calls it.
#}
{% macro cast_or_null(expression, type) -%}
    {{ return(adapter.dispatch('cast_or_null', 'lakeweave')(expression, type)) }}
{%- endmacro %}

{% macro default__cast_or_null(expression, type) -%}
    {{ lakeweave.raise_unsupported('cast_or_null', ['duckdb', 'bigquery', 'spark', 'databricks']) }}
{%- endmacro %}
