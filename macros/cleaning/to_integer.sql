{#
    Text as a whole number, NULL where it is none. Decimals are read if they are zeros (`36.0`), full-width digits and invisible
    characters are understood; group separators, exponents and what does not fit into 64 bits are not. The digits are matched first,
    because the engines' casts disagree: one would round 42.7, another cut it, a third refuse it.
#}
{% macro to_integer(expression) -%}
    {%- set text = lakeweave._number_text('cast(' ~ expression ~ ' as ' ~ dbt.type_string() ~ ')') -%}
    {%- set read = [
        lakeweave._plain_integer(expression),
        lakeweave.cast_or_null(lakeweave._regexp_group(text, '^([-+]?[0-9]+)(?:[.]0*)?$'), dbt.type_bigint()),
    ] | reject('eq', '') | list -%}
    {{ return(lakeweave.typed_value(expression, 'coalesce(' ~ read | join(', ') ~ ')' if read | length > 1 else read[0], 'not_a_whole_number')) }}
{%- endmacro %}

{# The most frequent form, which needs no regular expression; empty where an engine gains nothing by it. #}
{% macro _plain_integer(expression) -%}
    {{ return(adapter.dispatch('_plain_integer', 'lakeweave')(expression)) }}
{%- endmacro %}

{% macro default___plain_integer(expression) -%}
    {{ return('') }}
{%- endmacro %}
