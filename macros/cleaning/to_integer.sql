{#
    Text as a whole number of 64 bits, NULL where it is none. It is the macro for keys as well, so it reads what no digit is
    lost in: `36.0` and `30.`, full-width digits, invisible characters and the minus U+2212. Groups and exponents are not
    read. The digits are matched first, because the engines' casts disagree on fractions, exponents and hexadecimal digits.
#}
{% macro to_integer(expression) -%}
    {%- set text = 'cast(' ~ expression ~ ' as ' ~ dbt.type_string() ~ ')' -%}
    {%- set whole = lakeweave.regexp_extract(text, '^[-+]?[0-9]+$') -%}
    {%- set point = lakeweave.regexp_extract(lakeweave._plain_number(expression), '^[-+]?[0-9]+(?:[.]0*)?$') -%}
    {{ lakeweave.typed_value(
        expression,
        'coalesce(' ~ lakeweave.cast_or_null(whole, dbt.type_bigint()) ~ ', '
        ~ lakeweave.cast_or_null(lakeweave.regexp_replace(point, '[.]0*$', ''), dbt.type_bigint()) ~ ')',
        'not_a_whole_number'
    ) }}
{%- endmacro %}
