{#
    Sends each distinct input to a model once, and joins the answers to the body.

        stage the body once → the distinct fingerprints without a final answer in the ledger → cut to the budget, in a
        fixed order → calls in batches, each committed to the ledger before the next is sent → relation = body ⋈ ledger

    The relation can be dropped and rebuilt at any time, by `--full-refresh` or manually: the paid answers are in the ledger, which
    is never dropped here. The relation has every row of the body, with the state of its call. If nothing changed, the relation is
    not written, and an index on it stays valid.

    Calls are ordered by input, then by fingerprint. Inputs with the same beginning follow one another, and a server can reuse
    what it computed for the beginning. The budget cuts at the end of that order.

    The subjects are files of this folder: `_call_config`, `_grouped`, `_pending`, `_plan_of_run`, `_batches`, `_joined_answers`, `_account_of_run`.
#}
{% materialization inference, default, supported_languages=['sql'] %}

    {%- set target_relation = this.incorporate(type='table') -%}
    {%- set existing = load_cached_relation(this) -%}
    {%- do lakeweave._ensure_response_ledger() -%}
    {%- do lakeweave.forget_scratch(target_relation) -%}
    {%- set call_config = lakeweave._call_config(config.get('meta')['inference']) -%}
    {%- set staged = lakeweave.scratch_relation(target_relation, 'inputs') -%}
    {%- set pending = lakeweave.scratch_relation(target_relation, 'pending') -%}

    {%- do lakeweave.refuse_semicolon(sql) -%}
    {{ lakeweave.run_hooks_outside(pre_hooks) }}
    {# Transaction 1 begins: the body is computed once, into scratch tables. #}
    {{ run_hooks(pre_hooks, inside_transaction=True) }}

    {%- set body = lakeweave._question_body(sql, call_config) -%}
    {%- set body_columns = lakeweave._body_columns(body, call_config) -%}
    {%- do lakeweave._refuse_personal_columns(sql, call_config) -%}

    {%- call statement('stage') -%}
        {{ config.get('sql_header') or '' }}
        {{ lakeweave.create_scratch(staged, lakeweave._staged_sql(body, call_config)) }}
    {%- endcall -%}
    {%- call statement('pending') -%}
        {{ lakeweave.create_scratch(pending, lakeweave._pending_sql(staged, call_config)) }}
    {%- endcall -%}
    {%- do adapter.commit() -%}
    {# Transaction 1 ends. A kill from here on leaves scratch tables, which the next run drops. #}

    {%- do lakeweave._warn_of_personal_values(pending, call_config) -%}
    {%- do lakeweave._warn_of_rows_left_out(staged, call_config) -%}
    {%- set plan = lakeweave._plan_of_run(staged, pending, call_config) -%}
    {%- if plan.fit < plan.to_ask and call_config.on_over_budget == 'error' -%}
        {%- do exceptions.raise_compiler_error(lakeweave._over_budget_message(plan.limits, plan.fit, plan.to_ask) ~ " Nothing was asked.") -%}
    {%- endif -%}
    {# One transaction per batch: after its commit, its answers are in the ledger. A kill loses the answers of one batch at most. #}
    {%- set outcome = lakeweave._ask_in_batches(pending, plan, call_config) -%}
    {%- if outcome.over_budget and call_config.on_over_budget == 'error' -%}
        {%- do exceptions.raise_compiler_error(
            lakeweave._over_budget_message(outcome.limit, outcome.fit, plan.to_ask) ~ " Their answers are in the ledger; the relation is as it was."
        ) -%}
    {%- endif -%}

    {# The relation has its own transaction, which `write_relation` ends. BigQuery and Spark commit each statement. #}
    {%- do lakeweave._refuse_failures(staged, body_columns, call_config, outcome) -%}
    {%- if plan.to_ask == 0 and lakeweave._is_unchanged(existing, staged, body_columns, call_config, outcome) -%}
        {%- if config.get('contract').enforced -%}
            {%- do get_assert_columns_equivalent(lakeweave._answered_sql(staged, body_columns, call_config, outcome)) -%}
        {%- endif -%}
        {%- call noop_statement('main', 'UNCHANGED', 'UNCHANGED') -%}
            {{ lakeweave._answered_sql(staged, body_columns, call_config, outcome) }}
        {%- endcall -%}
    {%- else -%}
        {%- do lakeweave.write_relation(existing, target_relation, lakeweave._answered_sql(staged, body_columns, call_config, outcome)) -%}
    {%- endif -%}
    {# The last transaction begins: the account of the run, post-hooks, grants and descriptions. #}
    {%- call statement('account') -%}
        {{ lakeweave._account_of_run_sql(target_relation, call_config) }}
    {%- endcall -%}

    {{ run_hooks(post_hooks, inside_transaction=True) }}
    {%- do apply_grants(target_relation, config.get('grants'), should_revoke=should_revoke(existing, full_refresh_mode=True)) -%}
    {%- do persist_docs(target_relation, model) -%}
    {%- do adapter.commit() -%}
    {# The last transaction ends. #}
    {%- do lakeweave.drop_scratch(pending) -%}
    {%- do lakeweave.drop_scratch(staged) -%}
    {{ lakeweave.run_hooks_outside(post_hooks) }}

    {%- do lakeweave._warn_unfinished(target_relation, plan, outcome, call_config) -%}
    {{ return({'relations': [target_relation]}) }}

{% endmaterialization %}
