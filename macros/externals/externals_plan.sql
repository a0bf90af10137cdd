{#
    dbt run-operation externals_plan [--args '{select: [source.table, …]}']

    What `externals_apply` would do, statement by statement: datasets and connections that are missing, external tables to
    create, to replace (and because of what), metadata caches to refresh, and what only a person can do. It changes nothing.
    All problems of the sources are in one message, after the plan.
#}
{% macro externals_plan(select=none) -%}
    {%- if not execute -%}
        {{ return('') }}
    {%- endif -%}
    {%- set plan = lakeweave._externals(lakeweave._external_sources(select)) -%}
    {%- for step in plan.steps if step.action != 'nothing' -%}
        {%- do print(loop.index ~ '. ' ~ step.action ~ ' ' ~ step.kind ~ ' ' ~ step.object ~ (' (' ~ step.why ~ ')' if step.why else '')) -%}
        {%- for statement in step.statements + step.commands -%}
            {%- do print('    ' ~ (statement | trim | replace('\n', '\n    '))) -%}
        {%- endfor -%}
        {%- for note in step.notes -%}
            {%- do print('    ' ~ note) -%}
        {%- endfor -%}
    {%- endfor -%}
    {%- do print(lakeweave._externals_summary(plan.steps)) -%}
    {%- do lakeweave.raise_problems('What the sources say about external tables', plan.problems) -%}
{%- endmacro %}

{% macro _externals_summary(steps) -%}
    {%- set counts = {} -%}
    {%- for step in steps -%}
        {%- do counts.update({step.action: counts.get(step.action, 0) + 1}) -%}
    {%- endfor -%}
    {%- set words = [] -%}
    {%- for action, word in [('create', 'to create'), ('replace', 'to replace'), ('refresh', 'to refresh'), ('by hand', 'to do by hand'), ('nothing', 'as they should be')] -%}
        {%- if counts.get(action) -%}
            {%- do words.append(counts[action] ~ ' ' ~ word) -%}
        {%- endif -%}
    {%- endfor -%}
    {{ return('externals: ' ~ (words | join(', ') or 'nothing to do; this target reads the files themselves, or no source has an `external:` block')) }}
{%- endmacro %}
