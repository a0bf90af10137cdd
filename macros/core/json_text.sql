{# One text value of a JSON object that is kept as text; NULL where the text is no JSON or lacks the key. #}
{% macro json_text(column, key) -%}
    {{ return(adapter.dispatch('json_text', 'lakeweave')(column, key)) }}
{%- endmacro %}

{% macro default__json_text(column, key) -%}
    {%- do lakeweave.raise_unsupported('json_text', ['duckdb', 'spark', 'databricks', 'bigquery']) -%}
{%- endmacro %}
