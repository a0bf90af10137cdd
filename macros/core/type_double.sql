{# The 64-bit float of the engine. #}
{% macro type_double() -%}
    {{ return('float64' if target.type == 'bigquery' else 'double') }}
{%- endmacro %}
