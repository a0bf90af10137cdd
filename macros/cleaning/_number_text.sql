{#
    The text of a number in ASCII: full-width digits and signs, the minus sign U+2212, and spaces that are no U+0020 are replaced, and
    invisible characters are removed. Most texts are ASCII, which costs one comparison.
#}
{% macro _number_text(expression) -%}
    {{ return(adapter.dispatch('_number_text', 'lakeweave')(expression)) }}
{%- endmacro %}

{# First what is replaced, one character by one, then what is removed. #}
{% macro _number_characters() -%}
    {{ return({
        'from': '０１２３４５６７８９．，－＋−（）' ~ '\u00a0\u2007\u2009\u202f\u3000' ~ '\u200b\u200c\u200d\u200e\u200f\u2060\ufeff\u00ad',
        'to': '0123456789.,-+-()     ',
    }) }}
{%- endmacro %}

{# https://duckdb.org/docs/stable/sql/functions/text#translatestring-from-to #}
{% macro default___number_text(expression) -%}
    {%- set characters = lakeweave._number_characters() -%}
    {{ return("case when strlen(" ~ expression ~ ") = length(" ~ expression ~ ") then " ~ expression ~ " else translate(" ~ expression
        ~ ", '" ~ characters.from ~ "', '" ~ characters.to ~ "') end") }}
{%- endmacro %}
