{# Puts the finished relation in its place, as the adapter's own `table` does. #}
{% macro write_relation(existing, target_relation, sql) -%}
    {{ return(adapter.dispatch('write_relation', 'lakeweave')(existing, target_relation, sql)) }}
{%- endmacro %}

{% macro default__write_relation(existing, target_relation, sql) -%}
    {%- do lakeweave.raise_unsupported('write_relation', ['duckdb', 'spark', 'databricks', 'bigquery']) -%}
{%- endmacro %}
