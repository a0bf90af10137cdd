{#
    What is known of answers: this project's ledger, and before it the ledgers that `vars.shared_response_ledger` names, for example
    production's on a development target. They are only read. What they answer is not asked again; what they lack is asked, paid for
    and kept here.

        vars:
          shared_response_ledger: production.ledger        # database.schema, or a list of several
#}
{% macro _known_responses() -%}
    {%- set own = lakeweave.ledger_relation('model_responses') -%}
    {%- set shared = lakeweave._shared_ledgers() -%}
    {%- if not shared -%}
        {{ return(own) }}
    {%- endif -%}
    {%- set columns -%}
        fingerprint, function, model, model_version, options, response, embedding, status, state, attempt, requested_at, invocation_id, node_id
    {%- endset -%}
    (
        select {{ columns }} from {{ own }}
        {%- for ledger in shared %}
        union all
        select {{ columns }} from {{ ledger }}
        {%- endfor %}
    )
{%- endmacro %}


{# The shared ledgers as they are written in SQL. An error when one is not named as database.schema. #}
{% macro _shared_ledgers() -%}
    {%- set given = var('shared_response_ledger', none) -%}
    {%- if not given -%}
        {{ return([]) }}
    {%- endif -%}
    {%- set ledgers, problems = [], [] -%}
    {%- for name in ([given] if given is string else given) -%}
        {%- set parts = (name | string).split('.') -%}
        {%- if name is not string or parts | length not in (1, 2) or not parts | select | list | length == parts | length -%}
            {%- do problems.append("`shared_response_ledger` is " ~ tojson(name | string) ~ "; expected database.schema, schema, or a list of them.") -%}
        {%- else -%}
            {%- set quoted = [] -%}
            {%- for part in parts + ['model_responses'] -%}
                {%- do quoted.append(adapter.quote(part)) -%}
            {%- endfor -%}
            {%- do ledgers.append(quoted | join('.')) -%}
        {%- endif -%}
    {%- endfor -%}
    {%- do lakeweave._raise_problems("The shared ledger (vars of dbt_project.yml)", problems) -%}
    {{ return(ledgers) }}
{%- endmacro %}


{# Stops when a shared ledger is not there. A ledger that cannot be read would mean to pay for everything again. #}
{% macro _refuse_missing_ledgers() -%}
    {%- set problems = [] -%}
    {%- for ledger in lakeweave._shared_ledgers() -%}
        {%- set parts = ledger.replace('`', '').replace('"', '').split('.') -%}
        {%- if not adapter.dispatch('_has_table', 'lakeweave')(parts[:-2] | first, parts[-2], parts[-1]) -%}
            {%- do problems.append("`shared_response_ledger` names " ~ parts[:-1] | join('.') ~ ", which has no table `model_responses` that can be read."
                ~ " Attach the database or grant the right to read it, or take the name out of the variable.") -%}
        {%- endif -%}
    {%- endfor -%}
    {%- do lakeweave._raise_problems("The shared ledger (vars of dbt_project.yml)", problems) -%}
{%- endmacro %}

{% macro default___has_table(database, schema, name) -%}
    {{ return(not execute or adapter.get_relation(database or target.get('database'), schema, name) is not none) }}
{%- endmacro %}

{# https://duckdb.org/docs/stable/sql/meta/duckdb_table_functions#duckdb_tables #}
{% macro duckdb___has_table(database, schema, name) -%}
    {{ return(lakeweave.ask(
        "select 1 as found from information_schema.tables where table_catalog = "
        ~ (lakeweave.text_literal(database) if database else 'current_database()')
        ~ " and table_schema = " ~ lakeweave.text_literal(schema) ~ " and table_name = " ~ lakeweave.text_literal(name)
    ) is not none) }}
{%- endmacro %}

{# https://spark.apache.org/docs/latest/sql-ref-syntax-aux-show-tables.html #}
{% macro spark___has_table(database, schema, name) -%}
    {%- set place = (adapter.quote(database) ~ '.' if database else '') ~ adapter.quote(schema) -%}
    {{ return(lakeweave.ask("show tables in " ~ place ~ " like '" ~ name ~ "'") is not none) }}
{%- endmacro %}
