{# The text without white space and invisible characters at either end, as Unicode has them, on every engine the same. #}
{% macro trim_text(expression) -%}
    {{ return(adapter.dispatch('trim_text', 'lakeweave')(expression)) }}
{%- endmacro %}

{# White_Space of Unicode, and what is invisible. https://www.unicode.org/Public/UCD/latest/ucd/PropList.txt #}
{% macro _characters_at_ends() -%}
    {{ return(
        '\u0085\u00a0\u1680\u2000\u2001\u2002\u2003\u2004\u2005\u2006\u2007\u2008\u2009\u200a\u2028\u2029\u202f\u205f\u3000'
        ~ lakeweave._invisible_characters()
    ) }}
{%- endmacro %}

{#
    Characters without a glyph: the soft hyphen, the zero-width characters, the word joiner, the byte order mark, and the marks,
    embeddings and isolates of text direction.
#}
{% macro _invisible_characters() -%}
    {{ return(
        '\u00ad\u061c\u180e\u200b\u200c\u200d\u200e\u200f\u202a\u202b\u202c\u202d\u202e\u2060\u2061\u2062\u2063\u2064'
        ~ '\u2066\u2067\u2068\u2069\ufeff'
    ) }}
{%- endmacro %}

{% macro default__trim_text(expression) -%}
    {{ lakeweave.raise_unsupported('trim_text', ['duckdb', 'bigquery', 'spark', 'databricks']) }}
{%- endmacro %}
