{# The digits of a delivered timestamp beyond the microsecond, as a number from 0 to 999: they order what one microsecond holds. #}
{% macro nanoseconds(expression) -%}
    {%- set digits = lakeweave._regexp_group(expression, ':[0-9]{2}[.,][0-9]{6}([0-9]{1,3})(?:[^0-9]|$)') -%}
    {{ return("coalesce(cast(rpad(" ~ digits ~ ", 3, '0') as " ~ dbt.type_int() ~ "), 0)") }}
{%- endmacro %}
