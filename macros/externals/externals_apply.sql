{#
    dbt run-operation externals_apply [--args '{select: [source.table, …]}']

    Does what `externals_plan` prints: only what is missing or changed. What it did is in `ledger.externals`. Nothing is done
    while anything is wrong.
#}
{% macro externals_apply(select=none) -%}
    {%- if not execute -%}
        {{ return('') }}
    {%- endif -%}
    {%- set plan = lakeweave._externals(lakeweave._external_sources(select)) -%}
    {%- do lakeweave._apply_externals(plan) -%}
    {%- do print(lakeweave._externals_summary(plan.steps)) -%}
{%- endmacro %}

{% macro _apply_externals(plan) -%}
    {%- for step in plan.steps if step.action == 'by hand' -%}
        {%- do plan.problems.append(step.kind ~ ' ' ~ step.object ~ ' is missing: ' ~ step.why ~ '. Run `' ~ step.commands | join('` and `') ~ '`. ' ~ step.notes | join(' ')) -%}
    {%- endfor -%}
    {%- do lakeweave.raise_problems('What the sources say about external tables', plan.problems) -%}
    {%- set made = [] -%}
    {%- for step in plan.steps if step.action not in ('nothing', 'by hand') -%}
        {%- for statement in step.statements -%}
            {%- do lakeweave.execute_statement(statement) -%}
        {%- endfor -%}
        {%- do log('lakeweave: ' ~ step.action ~ ' ' ~ step.kind ~ ' ' ~ step.object ~ (' (' ~ step.why ~ ')' if step.why else ''), info=true) -%}
        {%- if step.definition -%}
            {%- do made.append(step) -%}
        {%- endif -%}
    {%- endfor -%}
    {%- if made -%}
        {%- do lakeweave._note_externals(made) -%}
    {%- endif -%}
{%- endmacro %}
