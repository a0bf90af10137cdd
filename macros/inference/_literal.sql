{# A text as an SQL literal of the engine. #}
{% macro _literal(text) -%}
    {{ return(adapter.dispatch('_literal', 'lakeweave')(text)) }}
{%- endmacro %}

{% macro default___literal(text) -%}
    {{ return("'" ~ (text | string | replace("'", "''")) ~ "'") }}
{%- endmacro %}

{# https://cloud.google.com/bigquery/docs/reference/standard-sql/lexical#escape_sequences #}
{% macro bigquery___literal(text) -%}
    {{ return("'" ~ (text | string | replace("\\", "\\\\") | replace("'", "\\'") | replace("\n", "\\n") | replace("\r", "\\r")) ~ "'") }}
{%- endmacro %}

{# https://spark.apache.org/docs/latest/sql-ref-literals.html#string-literal #}
{% macro spark___literal(text) -%}
    {{ return(lakeweave.bigquery___literal(text)) }}
{%- endmacro %}
