{# A statement of an operation, committed: run-operation opens a transaction of its own on some engines. #}
{% macro _execute(sql) -%}
    {%- do run_query(sql) -%}
    {%- if target.type == 'duckdb' -%}
        {%- do adapter.commit() -%}
    {%- endif -%}
{%- endmacro %}
