{#
    Text as a whole number, NULL where it is none. Decimals are read if they are zeros (`36.0`), full-width digits and invisible
    characters are understood; group separators, exponents and what does not fit into 64 bits are not. The digits are matched first,
    because the engines' casts disagree: one would round 42.7, another cut it, a third refuse it.
#}
{% macro to_integer(expression) -%}
    {%- set text = lakeweave._number_text('cast(' ~ expression ~ ' as ' ~ dbt.type_string() ~ ')') -%}
    {{ return(lakeweave.typed_value(
        expression, lakeweave.cast_or_null(lakeweave._regexp_group(text, '^([-+]?[0-9]+)(?:[.]0*)?$'), dbt.type_bigint()), 'not_a_whole_number'
    )) }}
{%- endmacro %}
