{% macro create_scratch(relation, sql) -%}
    {{ return(adapter.dispatch('create_scratch', 'lakeweave')(relation, sql)) }}
{%- endmacro %}

{% macro default__create_scratch(relation, sql) -%}
    {%- do lakeweave.raise_unsupported('create_scratch', ['duckdb', 'spark', 'databricks', 'bigquery']) -%}
{%- endmacro %}
