{# A statement of an operation, committed: run-operation opens a transaction of its own on some engines. #}
{% macro execute_statement(sql) -%}
    {%- do run_query(sql) -%}
    {%- if target.type == 'duckdb' -%}
        {%- do adapter.commit() -%}
    {%- endif -%}
{%- endmacro %}
