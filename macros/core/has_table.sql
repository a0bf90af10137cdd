{% macro default__has_table(database, schema, name) -%}
    {{ return(not execute or adapter.get_relation(database or target.get('database'), schema, name) is not none) }}
{%- endmacro %}
