{# Whether a text matches a regular expression, in the syntax that RE2 and Java share. #}
{% macro _matches(expression, pattern) -%}
    {{ return(adapter.dispatch('_matches', 'lakeweave')(expression, pattern)) }}
{%- endmacro %}

{# https://duckdb.org/docs/stable/sql/functions/regular_expressions #}
{% macro default___matches(expression, pattern) -%}
    {{ return("regexp_matches(" ~ expression ~ ", '" ~ pattern ~ "')") }}
{%- endmacro %}

{# https://cloud.google.com/bigquery/docs/reference/standard-sql/string_functions#regexp_contains #}
{% macro bigquery___matches(expression, pattern) -%}
    {{ return("regexp_contains(" ~ expression ~ ", r'" ~ pattern ~ "')") }}
{%- endmacro %}

{# https://spark.apache.org/docs/latest/api/sql/index.html#rlike #}
{% macro spark___matches(expression, pattern) -%}
    {{ return("(" ~ expression ~ ") rlike r'" ~ pattern ~ "'") }}
{%- endmacro %}


{# What the one group of a regular expression matches, NULL where nothing does. #}
{% macro _regexp_group(expression, pattern) -%}
    {{ return(adapter.dispatch('_regexp_group', 'lakeweave')(expression, pattern)) }}
{%- endmacro %}

{# https://duckdb.org/docs/stable/sql/functions/regular_expressions #}
{% macro default___regexp_group(expression, pattern) -%}
    {{ return("nullif(regexp_extract(" ~ expression ~ ", '" ~ pattern ~ "', 1), '')") }}
{%- endmacro %}

{# https://cloud.google.com/bigquery/docs/reference/standard-sql/string_functions#regexp_extract #}
{% macro bigquery___regexp_group(expression, pattern) -%}
    {{ return("nullif(regexp_extract(" ~ expression ~ ", r'" ~ pattern ~ "'), '')") }}
{%- endmacro %}

{# https://spark.apache.org/docs/latest/api/sql/index.html#regexp_extract #}
{% macro spark___regexp_group(expression, pattern) -%}
    {{ return("nullif(regexp_extract(" ~ expression ~ ", r'" ~ pattern ~ "', 1), '')") }}
{%- endmacro %}
