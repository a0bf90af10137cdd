{# White space of Unicode, as characters. https://www.unicode.org/Public/UCD/latest/ucd/PropList.txt #}
{% macro _white_space() -%}
    {{ return(
        ' \t\n\r\u000b\u000c\u0085\u00a0\u1680\u2000\u2001\u2002\u2003\u2004\u2005\u2006\u2007\u2008\u2009\u200a'
        ~ '\u2028\u2029\u202f\u205f\u3000'
    ) }}
{%- endmacro %}

{# Characters that are invisible and have no width: soft hyphen, zero-width and direction marks, byte order mark. #}
{% macro _invisible() -%}
    {{ return(
        '\u00ad\u180e\u200b\u200c\u200d\u200e\u200f\u202a\u202b\u202c\u202d\u202e\u2060\u2061\u2062\u2063\u2064\u2066\u2067\u2068\u2069\ufeff'
    ) }}
{%- endmacro %}


{#
    A text in which a number is looked for: full-width characters and the minus U+2212 as ASCII, each white space as a space,
    without invisible characters and without space at either end. No digit is lost or added.
#}
{% macro _plain_number(expression) -%}
    {%- set spaces = lakeweave._white_space() -%}
    {%- set folded = '\uff10\uff11\uff12\uff13\uff14\uff15\uff16\uff17\uff18\uff19\uff0d\u2212\uff0b\uff0e\uff0c\uff08\uff09' ~ spaces -%}
    {{ return(
        'trim(translate(cast(' ~ expression ~ ' as ' ~ dbt.type_string() ~ '), ' ~ lakeweave._escaped(folded ~ lakeweave._invisible())
        ~ ", '0123456789--+.,()" ~ ' ' * (spaces | length) ~ "'))"
    ) }}
{%- endmacro %}


{# Characters as a literal of the engine, control characters and backslashes escaped. #}
{% macro _escaped(characters) -%}
    {{ return(adapter.dispatch('_escaped', 'lakeweave')(characters)) }}
{%- endmacro %}

{% macro default___escaped(characters) -%}
    {%- set found = [] -%}
    {%- for code in (characters | tojson)[1:-1].split('\\u') -%}
        {%- do found.append(code if loop.first else '\\u' ~ code) -%}
    {%- endfor -%}
    {{ return("'" ~ found | join ~ "'") }}
{%- endmacro %}

{# https://duckdb.org/docs/stable/sql/data_types/literal_types#escape-string-literals #}
{% macro duckdb___escaped(characters) -%}
    {%- set found = namespace(text=characters) -%}
    {%- for character, escape in {'\t': '\\t', '\n': '\\n', '\r': '\\r', '\u000b': '\\x0b', '\u000c': '\\x0c'}.items() -%}
        {%- set found.text = found.text | replace(character, escape) -%}
    {%- endfor -%}
    {{ return("e'" ~ found.text ~ "'") }}
{%- endmacro %}
