{#
    dbt run-operation accept_answers --args '{model: customer_churn_risk, column: churn_risk}'

    Keeps how often a model gives each answer now, in `ledger.accepted_answers`. The data test `answers_drift` compares later answers with
    the newest of these.
#}
{% macro accept_answers(model, column) -%}
    {%- if not execute -%}
        {{ return('') }}
    {%- endif -%}
    {%- set found = [] -%}
    {%- for node in graph.nodes.values() if node.resource_type == 'model' and node.name == model -%}
        {%- do found.append(api.Relation.create(database=node.database, schema=node.schema, identifier=node.alias)) -%}
    {%- endfor -%}
    {%- if not found or load_relation(found[0]) is none -%}
        {%- do lakeweave.raise_problems("The call of `accept_answers`", ["`model` is " ~ tojson(model | string) ~ "; expected the name of a model that has been built."]) -%}
    {%- endif -%}
    {%- set text = dbt.type_string() -%}
    {%- do lakeweave.create_response_ledger() -%}
    {%- do lakeweave.execute_statement(
        "insert into " ~ lakeweave.ledger_relation('accepted_answers') ~ " (relation, column_name, answer, row_count, accepted_at, invocation_id) "
        ~ "select " ~ lakeweave.text_literal(found[0] | string) ~ ", " ~ lakeweave.text_literal(column | lower) ~ ", cast(" ~ adapter.quote(column) ~ " as " ~ text ~ "), count(*), "
        ~ lakeweave._now() ~ ", '" ~ invocation_id ~ "' from " ~ found[0] ~ " where " ~ adapter.quote(column) ~ " is not null group by " ~ adapter.quote(column)
    ) -%}
    {%- set counted = lakeweave.fetch_rows(
        "select count(*), sum(row_count) from " ~ lakeweave.ledger_relation('accepted_answers') ~ " where invocation_id = '" ~ invocation_id ~ "'", [[0, 0]]
    ) -%}
    {%- do print('Accepted: ' ~ (counted[0][1] or 0) | int ~ ' answers of ' ~ model ~ '.' ~ column ~ ' in ' ~ counted[0][0] | int ~ ' classes.') -%}
{%- endmacro %}
