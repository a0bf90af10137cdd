{# The name of the column that an expression is, without its relation; none for any other expression. #}
{% macro column_of(expression) -%}
    {%- set found = modules.re.match('^(?:[A-Za-z_][A-Za-z0-9_]*[.])?([A-Za-z_][A-Za-z0-9_]*)$', expression | trim) -%}
    {{ return(found.group(1) if found else none) }}
{%- endmacro %}
