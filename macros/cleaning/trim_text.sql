{# The text without white space at either end: space, tab, line ends and the no-break space, on every engine the same. #}
{% macro trim_text(expression) -%}
    {{ return(adapter.dispatch('trim_text', 'lakeweave')(expression)) }}
{%- endmacro %}

{% macro default__trim_text(expression) -%}
    {{ lakeweave.raise_unsupported('trim_text', ['duckdb', 'bigquery', 'spark', 'databricks']) }}
{%- endmacro %}

{# https://duckdb.org/docs/stable/sql/functions/text#trimstring-characters #}
{% macro duckdb__trim_text(expression) -%}
    {#- Trimming a set of characters is slow, and most values need none: look at the two ends first. -#}
    {%- set first, last = 'ascii(' ~ expression ~ ')', 'ascii(right(' ~ expression ~ ', 1))' -%}
    case
        when {{ first }} <= 32 or {{ first }} = 160 or {{ last }} <= 32 or {{ last }} = 160
            then trim({{ expression }}, e' \t\n\r{{ "\u00a0" }}')
        else {{ expression }}
    end
{%- endmacro %}

{# https://cloud.google.com/bigquery/docs/reference/standard-sql/string_functions#trim #}
{% macro bigquery__trim_text(expression) -%}
    trim({{ expression }}, ' \t\n\r\u00a0')
{%- endmacro %}

{# https://spark.apache.org/docs/latest/api/sql/index.html#trim #}
{% macro spark__trim_text(expression) -%}
    trim(both ' \t\n\r\u00a0' from {{ expression }})
{%- endmacro %}
