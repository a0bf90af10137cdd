{#
    Creates the ledger's schema and tables where they are absent, and adds the columns that an older table lacks. Runs at
    the start of every command that executes something. Nothing in this project ever drops a ledger table: what was loaded
    and what was paid for is only known there.

    The byte account of a file: `content_bytes` = `header_bytes` + `record_bytes` + `rejected_bytes` + `skipped_bytes`.
    `content_bytes` is the size of the delivered text, unpacked where the file is compressed. `record_bytes` covers accepted
    records and repeats. Line ends count with the record before them. `skipped_spans` has each skipped span with its reason.
    All of them are NULL where the engine or the format cannot measure bytes.
#}
{% macro create_ledger() -%}
    {%- if not execute or flags.WHICH not in ['run', 'build', 'test', 'seed', 'snapshot', 'retry', 'run-operation'] -%}
        {{ return('') }}
    {%- endif -%}
    {%- do lakeweave.refuse_other_formats() -%}
    {%- do lakeweave.require_plugin() -%}
    {%- do adapter.create_schema(lakeweave.ledger_relation('files').without_identifier()) -%}
    {%- set tables = lakeweave.ledger_tables() -%}
    {%- for name in tables -%}
        {%- do run_query(lakeweave.create_ledger_table(name, tables[name])) -%}
        {%- do lakeweave.add_missing_columns(lakeweave.ledger_relation(name), tables[name]) -%}
    {%- endfor -%}
    {%- if lakeweave.create_response_ledger is defined -%}
        {%- do lakeweave.create_response_ledger() -%}
    {%- endif -%}
    {{ return('') }}
{%- endmacro %}
