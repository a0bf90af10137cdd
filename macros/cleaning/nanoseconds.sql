{#
    The nanoseconds of a delivered ISO timestamp within its microsecond, 0 to 999: what a timestamp of six digits leaves out.
    0 where the text has no more than six digits of the second.
#}
{% macro nanoseconds(expression) -%}
    {%- set digits = lakeweave.regexp_extract('cast(' ~ expression ~ ' as ' ~ dbt.type_string() ~ ')', '[.,][0-9]{7,9}') -%}
    {{ return("coalesce(" ~ lakeweave.cast_or_null("substring(concat(substring(" ~ digits ~ ", 8), '00'), 1, 3)", dbt.type_bigint()) ~ ", 0)") }}
{%- endmacro %}
