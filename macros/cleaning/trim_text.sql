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
