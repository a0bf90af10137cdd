{# Every match of a regular expression replaced, in the syntax that RE2 and Java share; `\1` is the first group. #}
{% macro regexp_replace(expression, pattern, replacement) -%}
    {{ return(adapter.dispatch('regexp_replace', 'lakeweave')(expression, pattern, replacement)) }}
{%- endmacro %}

{# https://duckdb.org/docs/stable/sql/functions/regular_expressions#regexp_replace #}
{% macro default__regexp_replace(expression, pattern, replacement) -%}
    regexp_replace({{ expression }}, '{{ pattern }}', '{{ replacement }}', 'g')
{%- endmacro %}
