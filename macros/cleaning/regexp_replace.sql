{# Every match of a regular expression replaced, in the syntax that RE2 and Java share; `\1` is the first group. #}
{% macro regexp_replace(expression, pattern, replacement) -%}
    {{ return(adapter.dispatch('regexp_replace', 'lakeweave')(expression, pattern, replacement)) }}
{%- endmacro %}

{# https://duckdb.org/docs/stable/sql/functions/regular_expressions#regexp_replace #}
{% macro default__regexp_replace(expression, pattern, replacement) -%}
    regexp_replace({{ expression }}, '{{ pattern }}', '{{ replacement }}', 'g')
{%- endmacro %}

{# https://cloud.google.com/bigquery/docs/reference/standard-sql/string_functions#regexp_replace #}
{% macro bigquery__regexp_replace(expression, pattern, replacement) -%}
    regexp_replace({{ expression }}, r'{{ pattern }}', r'{{ replacement }}')
{%- endmacro %}

{# Java writes a group as $1 where RE2 writes \1. https://spark.apache.org/docs/latest/api/sql/index.html#regexp_replace #}
{% macro spark__regexp_replace(expression, pattern, replacement) -%}
    regexp_replace({{ expression }}, r'{{ pattern }}', '{{ replacement | replace("\\", "$") }}')
{%- endmacro %}
