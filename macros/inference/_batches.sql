{# How one batch is asked, engine by engine: the statements that end with its rows in the ledger. #}

{% macro _batch_statements(pending, after, next, call_config) -%}
    {{ return(adapter.dispatch('_batch_statements', 'lakeweave')(pending, after, next, call_config)) }}
{%- endmacro %}

{# One statement calls the model and stores the answers: they are committed together or not at all. #}
{% macro default___batch_statements(pending, after, next, call_config) -%}
    {%- set answers = lakeweave._answered(
        '(' ~ lakeweave._batch_sql(pending, after, next, call_config) ~ ')', call_config.called, 'input', call_config.options,
        {'object_table': call_config.object_table, 'file': 'file' if call_config.get('file') else none}
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

{#
    Asks batch by batch. On DuckDB another thread may hold some of the questions: then its answers are waited
    for, and what it could not answer is left for the next run. Gives the reason why something was not sent, if any.
#}
{% macro _ask_in_batches(pending, plan, call_config) -%}
    {%- set seen = namespace(
        unsent=0, reason='', refused=0, stopped='', limit='', over_budget=false, is_zero=false, last=0, asked=0, told=modules.datetime.datetime.now()
    ) -%}
    {%- for round in range(3) -%}
        {%- set seen.refused = 0 -%}
        {%- set seen.last = 0 -%}
        {%- for number in range([plan.to_ask, 99999] | min) -%}
            {%- do lakeweave._take_lock(call_config) -%}
            {%- set next = lakeweave._next_batch(pending, seen.last, seen.asked, plan, lakeweave._spent(call_config), call_config) -%}
            {%- if next.questions == 0 -%}
                {%- do lakeweave._release_lock(call_config) -%}
                {%- set seen.is_zero = next.is_zero -%}
                {%- if next.stop and next.is_run -%}
                    {%- set seen.stopped = next.stop -%}
                {%- elif next.stop -%}
                    {%- set seen.over_budget = true -%}
                    {%- set seen.limit = next.limit -%}
                {%- endif -%}
                {%- break -%}
            {%- endif -%}
            {%- for sql in lakeweave._batch_statements(pending, seen.last, next, call_config) -%}
                {%- call statement('batch') -%}
                    {{ sql }}
                {%- endcall -%}
            {%- endfor -%}
            {%- do adapter.commit() -%}
            {%- set report = lakeweave._settle(call_config) -%}
            {%- set seen.last = next.last -%}
            {%- set seen.asked = seen.asked + next.questions -%}
            {%- set seen.refused = seen.refused + report.refused -%}
            {%- if report.unsent > 0 -%}
                {%- set seen.unsent = seen.unsent + report.unsent -%}
                {%- set seen.reason = report.reason -%}
                {%- break -%}
            {%- endif -%}
            {%- if (modules.datetime.datetime.now() - seen.told).total_seconds() > 15 -%}
                {%- set seen.told = modules.datetime.datetime.now() -%}
                {%- do log(this ~ ": asked " ~ seen.last ~ " of " ~ plan.to_ask ~ " questions", info=True) -%}
            {%- endif -%}
        {%- endfor -%}
        {%- if seen.refused == 0 or seen.unsent > 0 or seen.stopped or seen.over_budget -%}
            {%- break -%}
        {%- endif -%}
        {%- do lakeweave._wait(call_config) -%}
    {%- endfor -%}
    {%- set left = lakeweave.fetch_rows("select count(*) as open_questions from (" ~ lakeweave._open_sql(pending, 0) ~ ") as waiting", [[0]])[0][0] | int
        if seen.over_budget or seen.stopped else 0 -%}
    {{ return({
        'unsent': seen.unsent,
        'reason': seen.reason,
        'stopped': seen.stopped if left > 0 else '',
        'over_budget': seen.over_budget and left > 0,
        'limit': seen.limit,
        'is_zero': seen.is_zero,
        'fit': plan.to_ask - left,
        'left': left,
    }) }}
{%- endmacro %}

{# The questions of one batch. Questions that another model of this run has asked meanwhile are left out. #}
{% macro _batch_sql(pending, after, next, call_config) -%}
    {%- set corrects = lakeweave._corrects_in_next_run(call_config) -%}
    select
        pending.fingerprint,
        {% if corrects -%}
        case
            when rejected.rejected_response is null then pending.input
            else {{ dbt.concat([
                'pending.input', lakeweave.text_literal('\n\nAn earlier answer was:\n'), 'substr(rejected.rejected_response, 1, 8000)',
                lakeweave.text_literal('\nThat answer does not fit. '), 'rejected.status',
                lakeweave.text_literal('. Answer again with the corrected JSON object and nothing else.'),
            ]) }}
        end as input,
        rejected.rejected_response is not null as lakeweave_is_correction,
        {%- else -%}
        pending.input,
        {%- endif %}
        {%- if call_config.get('file') %}
        pending.file,
        {%- endif %}
        pending.attempts,
        pending.place
    from {{ pending }} as pending
    left join (
        {{ lakeweave._asked_meanwhile_sql() }}
    ) as meanwhile on pending.fingerprint = meanwhile.fingerprint
    {%- if corrects %}
    left join (
        select
            fingerprint,
            rejected_response,
            status,
            row_number() over (partition by fingerprint order by attempt desc) as newest
        from {{ lakeweave.ledger_relation('model_responses') }}
        where rejected_response is not null
    ) as rejected on pending.fingerprint = rejected.fingerprint and rejected.newest = 1
    {%- endif %}
    where pending.place > {{ after }} and pending.place <= {{ next.last }} and meanwhile.fingerprint is null
{%- endmacro %}

{#
    Whether an answer that does not fit its schema is corrected by the next run, because nothing can be asked twice in one statement.
    The model is then shown the answer and its fault. A second answer that does not fit is final, as on the local engines.
#}
{% macro _corrects_in_next_run(call_config) -%}
    {{ return('schema' in call_config.options and not lakeweave.is_local_engine()) }}
{%- endmacro %}

{# The ledger's rows from answers to a batch. #}
{% macro _ledger_rows_sql(answers, call_config) -%}
    insert into {{ lakeweave.ledger_relation('model_responses') }} (
        fingerprint, function, model, model_version, options, response, embedding, status, state, attempt,
        requested_at, invocation_id, node_id, estimated_input_tokens, estimated_output_tokens,
        {{ lakeweave._columns_of_call() | join(', ') }}
    )
    select
        fingerprint,
        {{ lakeweave.text_literal(call_config.function) }},
        {{ lakeweave.text_literal(call_config.model) }},
        {{ lakeweave.text_literal(call_config.model_version) }},
        {{ lakeweave.text_literal(tojson(call_config.options, sort_keys=true)) }},
        case when response_state = 'ok' then response end,
        case when response_state = 'ok' then embedding end,
        {% if lakeweave._corrects_in_next_run(call_config) -%}
        {%- set is_final -%}
            lakeweave_is_correction and response_state = 'retryable'
                and (response_status like 'not_in_schema: %' or response_status like 'not_json: %')
        {%- endset -%}
        case when {{ is_final }} then {{ dbt.concat(['response_status', "' (the second answer)'"]) }} else response_status end,
        case when {{ is_final }} then 'failed' else response_state end,
        {%- else -%}
        response_status,
        response_state,
        {%- endif %}
        attempts + 1,
        {{ lakeweave._now() }},
        '{{ invocation_id }}',
        {{ lakeweave.text_literal(call_config.node_id) }},
        {{ lakeweave._estimated_input_tokens('input', call_config) }},
        {{ lakeweave._estimated_output_tokens(call_config) }},
        {{ lakeweave._columns_of_call() | join(',\n        ') }}
    from {{ answers }}
    where response_state <> 'unsent'
{%- endmacro %}

{# This moment in UTC, as a timestamp: when a batch was sent. #}
{% macro _now() -%}
    cast('{{ modules.datetime.datetime.now(modules.pytz.utc).strftime("%Y-%m-%d %H:%M:%S.%f") }}' as {{ dbt.type_timestamp() }})
{%- endmacro %}
