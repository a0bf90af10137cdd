{% macro create_ledger_table(name, columns) -%}
    {{ return(adapter.dispatch('create_ledger_table', 'lakeweave')(name, columns)) }}
{%- endmacro %}

{% macro default__create_ledger_table(name, columns) -%}
    create table if not exists {{ lakeweave.ledger_relation(name) }} (
        {%- for column in columns %}
        {{ column[0] }} {{ column[1] }}{{ ',' if not loop.last }}
        {%- endfor %}
    )
{%- endmacro %}
