{# How one batch is asked, engine by engine: the statements that end with its rows in the ledger. #}

{% macro _batch_statements(pending, after, next, call_config) -%}
    {{ return(adapter.dispatch('_batch_statements', 'lakeweave')(pending, after, next, call_config)) }}
{%- endmacro %}

{# One statement calls the model and stores the answers: they are committed together or not at all. #}
{% macro default___batch_statements(pending, after, next, call_config) -%}
    {%- set answers = lakeweave._answered(
        '(' ~ lakeweave._batch_sql(pending, after, next) ~ ')', call_config.called, 'input', call_config.options, {'object_table': call_config.object_table}
    ) -%}
    {{ return([lakeweave._ledger_rows_sql(answers ~ ' as answers', call_config)]) }}
{%- endmacro %}

{# The holder, for the claims of lakeweave/inference/claims.py; `with_limits` adds the limits on the requests. #}
{% macro _claim_token(call_config, with_limits=false) -%}
    {%- set said = {'run': invocation_id, 'holder': call_config.node_id} -%}
    {%- if with_limits -%}
        {%- do said.update({'max_calls': call_config.limits.run_calls, 'max_calls_of_holder': call_config.limits.calls}) -%}
    {%- endif -%}
    {{ return(tojson(said, sort_keys=true)) }}
{%- endmacro %}

{#
    Before a batch, and before its budget is looked up. On a local Spark other threads wait until it is settled. On DuckDB it is only the money of the whole run that two threads must not spend at once; requests and questions are claimed one by one.
#}
{% macro _take_lock(call_config) -%}
    {{ return(adapter.dispatch('_take_lock', 'lakeweave')(call_config)) }}
{%- endmacro %}

{% macro default___take_lock(call_config) -%}
{%- endmacro %}

{% macro _release_lock(call_config) -%}
    {{ return(adapter.dispatch('_release_lock', 'lakeweave')(call_config)) }}
{%- endmacro %}

{% macro default___release_lock(call_config) -%}
{%- endmacro %}

{# After the commit of a batch: releases the claims and returns the unsent prompts with their reasons. #}
{% macro _settle(call_config) -%}
    {{ return(adapter.dispatch('_settle', 'lakeweave')(call_config)) }}
{%- endmacro %}

{% macro default___settle(call_config) -%}
    {{ return({'refused': 0, 'unsent': 0, 'reason': ''}) }}
{%- endmacro %}

{% macro _wait(call_config) -%}
    {{ return(adapter.dispatch('_wait', 'lakeweave')(call_config)) }}
{%- endmacro %}

{% macro default___wait(call_config) -%}
{%- endmacro %}

{# The questions of a batch, spread over the workers of the engine. #}
{% macro _spread_questions(questions) -%}
    {{ return(adapter.dispatch('_spread_questions', 'lakeweave')(questions)) }}
{%- endmacro %}

{% macro default___spread_questions(questions) -%}
    {{ return(questions) }}
{%- endmacro %}
