{# The type of a vector's column. Its length is not part of the type: one ledger holds the vectors of all models. #}
{% macro type_embedding() -%}
    {{ return(adapter.dispatch('type_embedding', 'lakeweave')()) }}
{%- endmacro %}

{% macro default__type_embedding() -%}
    {%- do lakeweave.raise_unsupported('type_embedding', ['duckdb', 'spark', 'databricks', 'bigquery']) -%}
{%- endmacro %}
