{# How one batch is asked, engine by engine: the statements that end with its rows in the ledger. #}

{% macro _batch_statements(pending, after, next, asked) -%}
    {{ return(adapter.dispatch('_batch_statements', 'lakeweave')(pending, after, next, asked)) }}
{%- endmacro %}

{# One statement asks and keeps: what was answered is committed with it or not at all. #}
{% macro default___batch_statements(pending, after, next, asked) -%}
    {%- set answers = lakeweave._answered(
        '(' ~ lakeweave._batch_sql(pending, after, next) ~ ')', asked.called, 'input', asked.options, {'object_table': asked.object_table}
    ) -%}
    {{ return([lakeweave._ledger_rows_sql(answers ~ ' as answers', asked)]) }}
{%- endmacro %}

{# Who asks, for the claims of lakeweave/inference/claims.py; `with_limits` adds the limits on the requests. #}
{% macro _claim_token(asked, with_limits=false) -%}
    {%- set said = {'run': invocation_id, 'holder': asked.node_id} -%}
    {%- if with_limits -%}
        {%- do said.update({'max_calls': asked.limits.run_calls, 'max_calls_of_holder': asked.limits.calls}) -%}
    {%- endif -%}
    {{ return(tojson(said, sort_keys=true)) }}
{%- endmacro %}

{#
    Before a batch, and before its budget is looked up. On a local Spark other threads wait until it is settled. On DuckDB it is only the money of the whole run that two threads must not spend at once; requests and questions are claimed one by one.
#}
{% macro _take_turn(asked) -%}
    {{ return(adapter.dispatch('_take_turn', 'lakeweave')(asked)) }}
{%- endmacro %}

{% macro default___take_turn(asked) -%}
{%- endmacro %}

{% macro _end_turn(asked) -%}
    {{ return(adapter.dispatch('_end_turn', 'lakeweave')(asked)) }}
{%- endmacro %}

{% macro default___end_turn(asked) -%}
{%- endmacro %}

{# After the commit of a batch: releases the claims and returns the unsent prompts with their reasons. #}
{% macro _settle(asked) -%}
    {{ return(adapter.dispatch('_settle', 'lakeweave')(asked)) }}
{%- endmacro %}

{% macro default___settle(asked) -%}
    {{ return({'refused': 0, 'unsent': 0, 'reason': ''}) }}
{%- endmacro %}

{% macro _wait(asked) -%}
    {{ return(adapter.dispatch('_wait', 'lakeweave')(asked)) }}
{%- endmacro %}

{% macro default___wait(asked) -%}
{%- endmacro %}

{# The questions of a batch, spread over the workers of the engine. #}
{% macro _spread_questions(questions) -%}
    {{ return(adapter.dispatch('_spread_questions', 'lakeweave')(questions)) }}
{%- endmacro %}

{% macro default___spread_questions(questions) -%}
    {{ return(questions) }}
{%- endmacro %}
