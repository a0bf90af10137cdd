{#
    Creates the tables of inference in the ledger where they are absent, and adds the columns that an older one lacks:

    * `model_responses`: one row per attempt, appended to and never changed. What was paid for is only known here.
    * `inference_runs`: one row per inference model and run, from which gold.model_usage tells what the ledger saved.
    * `accepted_answers`: how often each answer was given when somebody accepted the answers of a column; see `accept_answers`.
    * `models`: one row per definition that a remote model was created with; the newest decides whether it changed.
#}
{% macro create_response_ledger() -%}
    {%- set tables = lakeweave._response_ledger_tables() -%}
    {%- do adapter.create_schema(lakeweave.ledger_relation('model_responses').without_identifier()) -%}
    {%- for name in tables -%}
        {%- do run_query(lakeweave._create_response_table(name, tables[name])) -%}
        {%- do lakeweave.add_missing_columns(lakeweave.ledger_relation(name), tables[name]) -%}
    {%- endfor -%}
{%- endmacro %}

{# The hook at the start of a run creates the ledger, but a project that disabled this package's models has no such hook. #}
{% macro _ensure_response_ledger() -%}
    {%- set responses = lakeweave.ledger_relation('model_responses') -%}
    {%- if load_relation(lakeweave.ledger_relation('accepted_answers')) is none
            or lakeweave.missing_columns(responses, lakeweave._response_ledger_tables().model_responses) -%}
        {%- do adapter.dispatch('_ensure_response_ledger', 'lakeweave')() -%}
    {%- endif -%}
    {# What comes next must see what other threads have committed. #}
    {%- do adapter.commit() -%}
{%- endmacro %}

{% macro default___ensure_response_ledger() -%}
    {%- do lakeweave.create_response_ledger() -%}
    {%- do adapter.commit() -%}
{%- endmacro %}

{% macro _response_ledger_tables() -%}
    {%- set text, whole, moment = dbt.type_string(), dbt.type_bigint(), dbt.type_timestamp() -%}
    {{ return({
        'model_responses': [
            ('fingerprint', text), ('function', text), ('model', text), ('model_version', text), ('options', text),
            ('response', text), ('embedding', lakeweave.type_embedding()), ('status', text), ('state', text), ('attempt', whole),
            ('input_tokens', whole), ('output_tokens', whole), ('requested_at', moment), ('invocation_id', text), ('node_id', text),
            ('cached_input_tokens', whole), ('reasoning_tokens', whole), ('requests', whole), ('reasoning', text),
            ('served_model', text), ('is_other_model', dbt.type_boolean()),
            ('estimated_input_tokens', whole), ('estimated_output_tokens', whole), ('rejected_response', text),
        ],
        'inference_runs': [
            ('invocation_id', text), ('node_id', text), ('function', text), ('model', text), ('model_version', text),
            ('ran_at', moment), ('row_count', whole), ('input_count', whole), ('answered_before', whole), ('calls', whole),
            ('ok', whole), ('retryable', whole), ('failed', whole), ('pending', whole),
        ],
        'accepted_answers': [
            ('relation', text), ('column_name', text), ('answer', text), ('row_count', whole), ('accepted_at', moment), ('invocation_id', text),
        ],
        'models': [
            ('model', text), ('relation', text), ('function', text), ('model_version', text), ('definition', text),
            ('created_at', moment), ('invocation_id', text), ('node_id', text),
        ],
    }) }}
{%- endmacro %}

{% macro _create_response_table(name, columns) -%}
    {{ return(adapter.dispatch('_create_response_table', 'lakeweave')(name, columns)) }}
{%- endmacro %}

{% macro default___create_response_table(name, columns) -%}
    create table if not exists {{ lakeweave.ledger_relation(name) }} (
        {%- for column in columns %}
        {{ adapter.quote(column[0]) }} {{ column[1] }}{{ ',' if not loop.last }}
        {%- endfor %}
    )
{%- endmacro %}
