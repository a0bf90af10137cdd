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

{# The same, with the questions claimed against other threads of this process. #}
{% macro duckdb___batch_statements(pending, after, next, asked) -%}
    {%- set token = lakeweave._claim_token(asked, true) -%}
    {%- set answers = lakeweave._answered(
        '(' ~ lakeweave._batch_sql(pending, after, next) ~ ' order by place)',
        asked.called,
        'input',
        asked.options,
        {'token': token, 'model_version': asked.model_version}
    ) -%}
    {{ return([lakeweave._ledger_rows_sql(answers ~ ' as answers', asked)]) }}
{%- endmacro %}

{#
    Two statements: Spark may evaluate a call anew wherever its result is read, so the answers first become a table. The functions
    run in other processes, so what is left of the requests is shared out among the questions before they are sent. The questions
    are spread over the executors. https://spark.apache.org/docs/latest/sql-performance-tuning.html#coalesce-hints-for-sql-queries
#}
{% macro spark___batch_statements(pending, after, next, asked) -%}
    {%- set kept = lakeweave._scratch_relation(this, 'answers') -%}
    {%- set questions = lakeweave._batch_sql(pending, after, next) -%}
    {%- if target.type == 'spark' -%}
        {%- set questions = 'select /*+ repartition(${spark.sql.shuffle.partitions}) */ * from (' ~ questions ~ ') as questions' -%}
    {%- endif -%}
    {%- set how = {'object_table': asked.object_table} -%}
    {%- if next.requests is not none -%}
        {%- do how.update({'max_tries': [next.requests // next.questions, 1] | max}) -%}
    {%- endif -%}
    {%- set called = lakeweave._called('(' ~ questions ~ ')', asked.called, 'input', asked.options, how) -%}
    {{ return([
        lakeweave._create_scratch(kept, called),
        lakeweave._ledger_rows_sql('(' ~ lakeweave._unpacked(kept, asked.called, asked.options) ~ ') as answers', asked),
    ]) }}
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
    Before a batch, and before its budget is looked up. On a local Spark whoever else asks waits until it is settled. On the embedded
    target it is only the money of the whole run that two threads must not spend at once; requests and questions are claimed one by one.
#}
{% macro _take_turn(asked) -%}
    {{ return(adapter.dispatch('_take_turn', 'lakeweave')(asked)) }}
{%- endmacro %}

{% macro default___take_turn(asked) -%}
{%- endmacro %}

{# To Spark a setting without a meaning; lakeweave/spark/turns.py knows it. #}
{% macro spark___take_turn(asked) -%}
    {%- if target.type == 'spark' -%}
        {%- do run_query('set lakeweave.turn = inference') -%}
    {%- endif -%}
{%- endmacro %}

{% macro duckdb___take_turn(asked) -%}
    {%- if asked.limits.run_cost is not none -%}
        {%- do lakeweave.ask("select lakeweave_take_turn(" ~ lakeweave.text_literal(lakeweave._claim_token(asked)) ~ ", 3600.0) as is_mine") -%}
        {# What the others spent is read in a transaction that begins after their commit. #}
        {%- do adapter.commit() -%}
    {%- endif -%}
{%- endmacro %}

{% macro _end_turn(asked) -%}
    {{ return(adapter.dispatch('_end_turn', 'lakeweave')(asked)) }}
{%- endmacro %}

{% macro default___end_turn(asked) -%}
{%- endmacro %}

{% macro spark___end_turn(asked) -%}
    {%- if target.type == 'spark' -%}
        {%- do run_query('reset lakeweave.turn') -%}
    {%- endif -%}
{%- endmacro %}

{% macro duckdb___end_turn(asked) -%}
    {%- if asked.limits.run_cost is not none -%}
        {%- do lakeweave.duckdb___settle(asked) -%}
    {%- endif -%}
{%- endmacro %}


{# After the commit of a batch: give the claims back, and hear what was not asked and why. #}
{% macro _settle(asked) -%}
    {{ return(adapter.dispatch('_settle', 'lakeweave')(asked)) }}
{%- endmacro %}

{% macro default___settle(asked) -%}
    {{ return({'refused': 0, 'unsent': 0, 'reason': ''}) }}
{%- endmacro %}

{% macro duckdb___settle(asked) -%}
    {%- set rows = lakeweave.ask("select lakeweave_settle(" ~ lakeweave.text_literal(lakeweave._claim_token(asked)) ~ ") as report") -%}
    {{ return(fromjson(rows[0][0]) if rows else lakeweave.default___settle(asked)) }}
{%- endmacro %}

{# What the table of answers says; with that it has done its duty. #}
{% macro spark___settle(asked) -%}
    {%- if target.type != 'spark' -%}
        {{ return(lakeweave.default___settle(asked)) }}
    {%- endif -%}
    {%- set kept = lakeweave._scratch_relation(this, 'answers') -%}
    {%- set rows = lakeweave.ask(
        "select count(*) as unsent, min_by(lakeweave_answer.status, place) as reason from " ~ kept ~ " where lakeweave_answer.state = 'unsent'",
        [[0, '']]
    ) -%}
    {%- do lakeweave._end_turn(asked) -%}
    {%- do lakeweave._drop_scratch(kept) -%}
    {{ return({'refused': 0, 'unsent': rows[0][0] | int, 'reason': rows[0][1] or ''}) }}
{%- endmacro %}


{% macro _wait(asked) -%}
    {{ return(adapter.dispatch('_wait', 'lakeweave')(asked)) }}
{%- endmacro %}

{% macro default___wait(asked) -%}
{%- endmacro %}

{% macro duckdb___wait(asked) -%}
    {%- do lakeweave.ask("select lakeweave_wait(" ~ lakeweave.text_literal(lakeweave._claim_token(asked)) ~ ", 3600.0) as is_free") -%}
{%- endmacro %}
