{# A text as an SQL literal of the engine. #}
{% macro text_literal(text) -%}
    {{ return(adapter.dispatch('text_literal', 'lakeweave')(text)) }}
{%- endmacro %}

{% macro default__text_literal(text) -%}
    {{ return("'" ~ (text | string | replace("'", "''")) ~ "'") }}
{%- endmacro %}

{# https://cloud.google.com/bigquery/docs/reference/standard-sql/lexical#escape_sequences #}
{% macro bigquery__text_literal(text) -%}
    {{ return("'" ~ (text | string | replace("\\", "\\\\") | replace("'", "\\'") | replace("\n", "\\n") | replace("\r", "\\r")) ~ "'") }}
{%- endmacro %}

{# https://spark.apache.org/docs/latest/sql-ref-literals.html#string-literal #}
{% macro spark__text_literal(text) -%}
    {{ return(lakeweave.bigquery__text_literal(text)) }}
{%- endmacro %}
