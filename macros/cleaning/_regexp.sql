{# Regular expressions in the syntax that RE2 and Java share; the whole match, every occurrence. Groups are
   written (?:…), because BigQuery returns the group where there is one. #}
{% macro _regexp_extract(expression, pattern) -%}
    {{ return(adapter.dispatch('_regexp_extract', 'lakeweave')(expression, pattern)) }}
{%- endmacro %}

{# An absent match is NULL everywhere. https://duckdb.org/docs/stable/sql/functions/regular_expressions #}
{% macro default___regexp_extract(expression, pattern) -%}
    nullif(regexp_extract({{ expression }}, '{{ pattern }}', 0), '')
{%- endmacro %}

{# https://cloud.google.com/bigquery/docs/reference/standard-sql/string_functions#regexp_extract #}
{% macro bigquery___regexp_extract(expression, pattern) -%}
    regexp_extract({{ expression }}, r'{{ pattern }}')
{%- endmacro %}

{# https://spark.apache.org/docs/latest/api/sql/index.html#regexp_extract #}
{% macro spark___regexp_extract(expression, pattern) -%}
    nullif(regexp_extract({{ expression }}, r'{{ pattern }}', 0), '')
{%- endmacro %}


{% macro _regexp_replace(expression, pattern, replacement) -%}
    {{ return(adapter.dispatch('_regexp_replace', 'lakeweave')(expression, pattern, replacement)) }}
{%- endmacro %}

{# https://duckdb.org/docs/stable/sql/functions/regular_expressions#regexp_replace #}
{% macro default___regexp_replace(expression, pattern, replacement) -%}
    regexp_replace({{ expression }}, '{{ pattern }}', '{{ replacement }}', 'g')
{%- endmacro %}

{# https://cloud.google.com/bigquery/docs/reference/standard-sql/string_functions#regexp_replace #}
{% macro bigquery___regexp_replace(expression, pattern, replacement) -%}
    regexp_replace({{ expression }}, r'{{ pattern }}', r'{{ replacement }}')
{%- endmacro %}

{# Java writes a group as $1 where RE2 writes \1. https://spark.apache.org/docs/latest/api/sql/index.html#regexp_replace #}
{% macro spark___regexp_replace(expression, pattern, replacement) -%}
    regexp_replace({{ expression }}, r'{{ pattern }}', '{{ replacement | replace("\\", "$") }}')
{%- endmacro %}
