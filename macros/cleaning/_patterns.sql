{# Whether a text matches a regular expression, in the syntax that RE2 and Java share. #}
{% macro _matches(expression, pattern) -%}
    {{ return(adapter.dispatch('_matches', 'lakeweave')(expression, pattern)) }}
{%- endmacro %}

{# https://duckdb.org/docs/stable/sql/functions/regular_expressions #}
{% macro default___matches(expression, pattern) -%}
    {{ return("regexp_matches(" ~ expression ~ ", '" ~ pattern ~ "')") }}
{%- endmacro %}

{# What the one group of a regular expression matches, NULL where nothing does. #}
{% macro _regexp_group(expression, pattern) -%}
    {{ return(adapter.dispatch('_regexp_group', 'lakeweave')(expression, pattern)) }}
{%- endmacro %}

{# https://duckdb.org/docs/stable/sql/functions/regular_expressions #}
{% macro default___regexp_group(expression, pattern) -%}
    {{ return("nullif(regexp_extract(" ~ expression ~ ", '" ~ pattern ~ "', 1), '')") }}
{%- endmacro %}
