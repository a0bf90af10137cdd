{# Whether a table of another schema exists. Nothing is asked while dbt parses. #}
{% macro has_table(database, schema, name) -%}
    {{ return(adapter.dispatch('has_table', 'lakeweave')(database, schema, name)) }}
{%- endmacro %}

{% macro default__has_table(database, schema, name) -%}
    {{ return(not execute or adapter.get_relation(database or target.get('database'), schema, name) is not none) }}
{%- endmacro %}
