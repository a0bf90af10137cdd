{#
    A test for text that holds nothing to ask: only spaces of any script, control characters and characters of no width. The classes
    Z, Cc and Cf of Unicode, which every engine's regular expressions know.
#}
{% macro is_blank(expression) -%}
    {{ return(adapter.dispatch('is_blank', 'lakeweave')(expression)) }}
{%- endmacro %}

{# https://duckdb.org/docs/stable/sql/functions/regular_expressions #}
{% macro default__is_blank(expression) -%}
    not regexp_matches({{ expression }}, '[^\s\p{Z}\p{Cc}\p{Cf}]')
{%- endmacro %}
