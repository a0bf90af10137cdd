{# What a run leaves behind beside its relation: a row in `ledger.inference_runs`, and warnings. #}

{# One row about this run: what was asked, and what the ledger answered for nothing. #}
{% macro _account_of_run_sql(target_relation, call_config) -%}
    {%- set mine = "invocation_id = '" ~ invocation_id ~ "' and node_id = " ~ lakeweave.text_literal(call_config.node_id) ~ " and state <> 'offered'" -%}
    {%- set ledger = lakeweave.ledger_relation('model_responses') -%}
    insert into {{ lakeweave.ledger_relation('inference_runs') }} (
        invocation_id, node_id, function, model, model_version, ran_at, row_count, input_count, answered_before, calls,
        ok, retryable, failed, pending
    )
    select
        '{{ invocation_id }}',
        {{ lakeweave.text_literal(call_config.node_id) }},
        {{ lakeweave.text_literal(call_config.function) }},
        {{ lakeweave.text_literal(call_config.model) }},
        {{ lakeweave.text_literal(call_config.model_version) }},
        {{ lakeweave._now() }},
        inputs.row_count,
        inputs.input_count,
        inputs.answered - coalesce(calls.ok, 0),
        coalesce(calls.calls, 0),
        inputs.ok,
        inputs.retryable,
        inputs.failed,
        inputs.pending
    from (
        select
            count(*) as row_count,
            count(distinct fingerprint) as input_count,
            count(distinct case when response_state = 'ok' then fingerprint end) as answered,
            coalesce(sum(case when response_state = 'ok' then 1 else 0 end), 0) as ok,
            coalesce(sum(case when response_state = 'retryable' then 1 else 0 end), 0) as retryable,
            coalesce(sum(case when response_state = 'failed' then 1 else 0 end), 0) as failed,
            coalesce(sum(case when response_state = 'pending' then 1 else 0 end), 0) as pending
        from {{ target_relation }}
    ) as inputs
    cross join (
        select
            count(*) as calls,
            coalesce(sum(case when state = 'ok' then 1 else 0 end), 0) as ok
        from {{ ledger }}
        where {{ mine }}
    ) as calls
{%- endmacro %}

{# Quiet when all is well; a warning with numbers when something was left. #}
{% macro _warn_unfinished(target_relation, plan, outcome, call_config) -%}
    {%- if outcome.unsent > 0 -%}
        {%- do exceptions.warn(target_relation ~ ": questions were left pending, because the model could not be asked. " ~ outcome.reason
            ~ " The next run sends them.") -%}
    {%- elif outcome.stopped -%}
        {%- do exceptions.warn(target_relation ~ ": " ~ outcome.left ~ " questions were left pending: " ~ outcome.stopped ~ "." ~ lakeweave._what_comes_next(outcome)) -%}
    {%- endif -%}
    {%- if outcome.over_budget -%}
        {%- do exceptions.warn(lakeweave._over_budget_message(outcome.limit, outcome.fit, plan.to_ask) ~ " The others are pending." ~ lakeweave._what_comes_next(outcome)) -%}
    {%- endif -%}
    {%- do lakeweave._warn_failures(target_relation, call_config) -%}
    {%- do lakeweave._warn_other_models(target_relation, call_config) -%}
{%- endmacro %}
