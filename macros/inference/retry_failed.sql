{#
    dbt run-operation retry_failed [--args '{model: gemini, node: silver_user_addresses, status_like: "%cut off%"}']

    Offers what failed again: to the next run, these questions have all their attempts left. A mark is appended to the
    ledger for each; nothing is deleted, so what was asked and paid for before stays on the books. Failures in a shared ledger are
    offered too, by marks in this project's own.

    `model` is the called model, `node` the dbt model that asked, `status_like` a pattern of the last status. What has an
    answer is never offered.
#}
{% macro retry_failed(model=none, node=none, status_like=none) -%}
    {%- if not execute -%}
        {{ return('') }}
    {%- endif -%}
    {%- set ledger = lakeweave.ledger_relation('model_responses') -%}
    {%- set conditions = [] -%}
    {%- if model is not none -%}
        {%- do conditions.append("model = " ~ lakeweave.text_literal(model)) -%}
    {%- endif -%}
    {%- if node is not none -%}
        {%- do conditions.append("node_id like " ~ lakeweave.text_literal('%.' ~ node)) -%}
    {%- endif -%}
    {%- if status_like is not none -%}
        {%- do conditions.append("status like " ~ lakeweave.text_literal(status_like)) -%}
    {%- endif -%}
    {%- set failed -%}
        select
            fingerprint, function, model, model_version, options, node_id, attempt
        from (
            select
                *,
                max(case when state = 'ok' then 1 else 0 end) over (partition by fingerprint) as is_answered,
                row_number() over (
                    partition by fingerprint
                    order by attempt desc, case when state = 'offered' then 0 else 1 end
                ) as place
            from {{ lakeweave._known_responses() }} as responses
        ) as ranked
        where place = 1 and is_answered = 0 and state <> 'offered'
        {%- for condition in conditions %}
            and {{ condition }}
        {%- endfor %}
    {%- endset -%}
    {%- set counted = lakeweave.fetch_rows("select count(*) as failed from (" ~ failed ~ ") as failed", [[0]]) -%}
    {%- do lakeweave.execute_statement(
        "insert into " ~ ledger ~ " (fingerprint, function, model, model_version, options, status, state, attempt, requested_at, "
        ~ "invocation_id, node_id) select fingerprint, function, model, model_version, options, '', 'offered', attempt, "
        ~ lakeweave._now() ~ ", '" ~ invocation_id ~ "', node_id from (" ~ failed ~ ") as failed"
    ) -%}
    {%- do print((counted[0][0] | int) ~ ' failed questions are offered again; the next run of their models sends them.') -%}
{%- endmacro %}
