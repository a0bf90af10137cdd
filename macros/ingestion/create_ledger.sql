{#
    Creates the ledger's schema and tables where they are absent. Runs at the start of every command that executes
    something. Nothing in this project ever drops a ledger table: what was loaded and what was paid for is only known there.
#}
{% macro create_ledger() -%}
    {%- if not execute or flags.WHICH not in ['run', 'build', 'test', 'seed', 'snapshot', 'retry', 'run-operation'] -%}
        {{ return('') }}
    {%- endif -%}
    {%- do lakeweave._refuse_other_formats() -%}
    {%- do adapter.create_schema(lakeweave.ledger_relation('files').without_identifier()) -%}
    {%- set tables = lakeweave._ledger_tables() -%}
    {%- for name in tables -%}
        {%- do run_query(lakeweave._create_ledger_table(name, tables[name])) -%}
    {%- endfor -%}
    {%- if lakeweave.create_response_ledger is defined -%}
        {%- do lakeweave.create_response_ledger() -%}
    {%- endif -%}
    {{ return('') }}
{%- endmacro %}


{% macro _ledger_tables() -%}
    {%- set text, whole, moment = dbt.type_string(), dbt.type_bigint(), dbt.type_timestamp() -%}
    {{ return({
        'files': [
            ('path', text), ('file_name', text), ('source', text), ('file_id', text), ('version', whole),
            ('bytes', whole), ('stat_key', text), ('format', text), ('encoding', text), ('delimiter', text),
            ('delivered_at', moment), ('records', whole), ('accepted', whole), ('rejected', whole), ('repeats', whole),
            ('state', text), ('reason', text), ('message', text), ('processed_at', moment), ('invocation_id', text),
        ],
        'rejected_records': [
            ('source', text), ('file_id', text), ('file_name', text), ('record_number', whole), ('line_number', whole),
            ('raw_text', text), ('reason', text), ('column_name', text), ('message', text), ('processed_at', moment),
            ('invocation_id', text),
        ],
        'layout_changes': [
            ('source', text), ('file_id', text), ('file_name', text), ('column_name', text), ('change', text),
            ('policy', text), ('action', text), ('message', text), ('processed_at', moment), ('invocation_id', text),
        ],
    }) }}
{%- endmacro %}


{% macro _create_ledger_table(name, columns) -%}
    {{ return(adapter.dispatch('_create_ledger_table', 'lakeweave')(name, columns)) }}
{%- endmacro %}

{% macro default___create_ledger_table(name, columns) -%}
    create table if not exists {{ lakeweave.ledger_relation(name) }} (
        {%- for column in columns %}
        {{ column[0] }} {{ column[1] }}{{ ',' if not loop.last }}
        {%- endfor %}
    )
{%- endmacro %}

{# https://docs.delta.io/latest/delta-batch.html#create-a-table #}
{% macro spark___create_ledger_table(name, columns) -%}
    {{ lakeweave.default___create_ledger_table(name, columns) }}
    using delta
{%- endmacro %}
