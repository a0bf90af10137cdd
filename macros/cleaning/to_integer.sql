{# Text as a whole number, NULL where it is none. #}
{% macro to_integer(expression) -%}
    {{ dbt.safe_cast(expression, dbt.type_bigint()) }}
{%- endmacro %}
