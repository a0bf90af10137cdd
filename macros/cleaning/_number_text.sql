{#
    The text of a number in ASCII: full-width digits and signs, the minus sign U+2212, and spaces that are no U+0020 are replaced, and
    invisible characters are removed. Most texts are ASCII, which costs one comparison.
#}
{% macro _number_text(expression) -%}
    {{ return(adapter.dispatch('_number_text', 'lakeweave')(expression)) }}
{%- endmacro %}

{# First what is replaced, one character by one, then what is removed. #}
{% macro _number_characters() -%}
    {%- set spaces = '\u00a0\u1680\u2000\u2001\u2002\u2003\u2004\u2005\u2006\u2007\u2008\u2009\u200a\u202f\u205f\u3000' -%}
    {{ return({
        'from': '０１２３４５６７８９．，－＋−（）' ~ spaces ~ lakeweave._invisible_characters(),
        'to': '0123456789.,-+-()' ~ ' ' * (spaces | length),
    }) }}
{%- endmacro %}

{# https://duckdb.org/docs/stable/sql/functions/text#translatestring-from-to #}
{% macro default___number_text(expression) -%}
    {%- set characters = lakeweave._number_characters() -%}
    {{ return("case when strlen(" ~ expression ~ ") = length(" ~ expression ~ ") then " ~ expression ~ " else translate(" ~ expression
        ~ ", '" ~ characters.from ~ "', '" ~ characters.to ~ "') end") }}
{%- endmacro %}
