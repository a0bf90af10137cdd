{#
    The first match of a regular expression, NULL where there is none, in the syntax that RE2 and Java share. Groups are
    written (?:…), because BigQuery returns the group where there is one.
#}
{% macro regexp_extract(expression, pattern) -%}
    {{ return(adapter.dispatch('regexp_extract', 'lakeweave')(expression, pattern)) }}
{%- endmacro %}

{# An absent match is NULL everywhere. https://duckdb.org/docs/stable/sql/functions/regular_expressions #}
{% macro default__regexp_extract(expression, pattern) -%}
    nullif(regexp_extract({{ expression }}, '{{ pattern }}', 0), '')
{%- endmacro %}
