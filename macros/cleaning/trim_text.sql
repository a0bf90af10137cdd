{# The text without white space and invisible characters at either end, as Unicode has them, on every engine the same. #}
{% macro trim_text(expression) -%}
    {{ return(adapter.dispatch('trim_text', 'lakeweave')(expression)) }}
{%- endmacro %}

{# White_Space of Unicode; and the zero-width and direction marks, the word joiner and the byte order mark. https://www.unicode.org/Public/UCD/latest/ucd/PropList.txt #}
{% macro _characters_at_ends() -%}
    {{ return(
        '\u0085\u00a0\u1680\u2000\u2001\u2002\u2003\u2004\u2005\u2006\u2007\u2008\u2009\u200a\u2028\u2029\u202f\u205f\u3000'
        ~ '\u180e\u200b\u200c\u200d\u200e\u200f\u2060\ufeff'
    ) }}
{%- endmacro %}

{% macro default__trim_text(expression) -%}
    {{ lakeweave.raise_unsupported('trim_text', ['duckdb', 'bigquery', 'spark', 'databricks']) }}
{%- endmacro %}

{# https://duckdb.org/docs/stable/sql/functions/text#trimstring-characters #}
{% macro duckdb__trim_text(expression) -%}
    {#- Trimming a set of characters is slow, and most values need none: look at the two ends first. -#}
    {%- set first, last = 'ascii(' ~ expression ~ ')', 'ascii(right(' ~ expression ~ ', 1))' -%}
    case
        when {{ first }} <= 32 or {{ first }} > 127 or {{ last }} <= 32 or {{ last }} > 127
            then trim({{ expression }}, e' \t\n\r\x0b\x0c{{ lakeweave._characters_at_ends() }}')
        else {{ expression }}
    end
{%- endmacro %}

{# https://cloud.google.com/bigquery/docs/reference/standard-sql/string_functions#trim #}
{% macro bigquery__trim_text(expression) -%}
    trim({{ expression }}, ' \t\n\r\v\f{{ lakeweave._characters_at_ends() }}')
{%- endmacro %}

{# https://spark.apache.org/docs/latest/api/sql/index.html#trim #}
{% macro spark__trim_text(expression) -%}
    trim(both ' \t\n\r\u000b\u000c{{ lakeweave._characters_at_ends() }}' from {{ expression }})
{%- endmacro %}
