{#
    Every word with a capital and small letters behind it; a word ends at a space or a hyphen. The engines' own functions
    disagree on what ends a word, so the separators are given.
#}
{% macro title_case(expression) -%}
    {{ return(adapter.dispatch('title_case', 'lakeweave')(expression)) }}
{%- endmacro %}

{% macro default__title_case(expression) -%}
    {{ lakeweave.raise_unsupported('title_case', ['duckdb', 'bigquery', 'spark', 'databricks']) }}
{%- endmacro %}

{# https://duckdb.org/docs/stable/sql/functions/lambda #}
{% macro duckdb__title_case(expression) -%}
    array_to_string(list_transform(string_split(lower({{ expression }}), ' '), lambda word: array_to_string(list_transform(string_split(word, '-'), lambda part: upper(part[1]) || part[2:]), '-')), ' ')
{%- endmacro %}

{# https://cloud.google.com/bigquery/docs/reference/standard-sql/string_functions#initcap #}
{% macro bigquery__title_case(expression) -%}
    initcap({{ expression }}, ' -')
{%- endmacro %}

{# https://spark.apache.org/docs/latest/api/sql/index.html#transform #}
{% macro spark__title_case(expression) -%}
    array_join(transform(split(lower({{ expression }}), ' '), word -> array_join(transform(split(word, '-'), part -> concat(upper(left(part, 1)), substring(part, 2))), '-')), ' ')
{%- endmacro %}
