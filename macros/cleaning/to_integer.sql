{#
    Text as a whole number, NULL where it is none. The digits are matched first, because the engines' casts disagree on
    fractions, exponents and hexadecimal digits: one would round 42.7, another cut it, a third refuse it.
#}
{% macro to_integer(expression) -%}
    {{ lakeweave.typed_value(expression, lakeweave.cast_or_null(lakeweave.regexp_extract('cast(' ~ expression ~ ' as ' ~ dbt.type_string() ~ ')', '^[-+]?[0-9]+$'), dbt.type_bigint()), 'not_a_whole_number') }}
{%- endmacro %}
