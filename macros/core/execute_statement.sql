{# A statement of an operation, committed: run-operation opens a transaction of its own on some engines. #}
{% macro execute_statement(sql) -%}
    {{ return(adapter.dispatch('execute_statement', 'lakeweave')(sql)) }}
{%- endmacro %}

{% macro default__execute_statement(sql) -%}
    {%- do run_query(sql) -%}
{%- endmacro %}
