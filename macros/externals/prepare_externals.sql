{#
    For `on-run-start`: applies the external tables that the selected models, snapshots and tests read, and refreshes their
    metadata caches, before the first of them runs. `vars: {apply_externals: false}` switches it off; then
    `dbt run-operation externals_apply` is yours to run. In a project that uses this one as a package its own sources are left alone
    unless it says `apply_externals: true`: they may be somebody else's.
#}
{% macro prepare_externals() -%}
    {%- set selection = lakeweave.setting('apply_externals') -%}
    {%- if not execute or flags.WHICH not in ['run', 'build', 'test', 'snapshot', 'retry'] or selection == false -%}
        {{ return('') }}
    {%- endif -%}
    {%- set wanted = [] -%}
    {%- for id in selected_resources -%}
        {%- set node = graph.nodes.get(id) -%}
        {%- for parent in (node.depends_on.nodes if node else []) if parent in graph.sources and graph.sources[parent].external is not none -%}
            {%- do wanted.append(parent) -%}
            {%- set files = parent.split('.')[:3] | join('.') ~ '.inbox_files' -%}
            {%- if files in graph.sources and node.config.materialized == 'ingestion' -%}
                {%- do wanted.append(files) -%}
            {%- endif -%}
        {%- endfor -%}
    {%- endfor -%}
    {%- set sources = [] -%}
    {%- for id in wanted | unique | sort if selection or graph.sources[id].package_name == 'lakeweave' -%}
        {%- do sources.append(graph.sources[id]) -%}
    {%- endfor -%}
    {%- set models = [] -%}
    {%- for id in selected_resources if id in graph.nodes and graph.nodes[id].config.materialized == 'remote_model' -%}
        {%- do models.append(graph.nodes[id]) -%}
    {%- endfor -%}
    {%- do lakeweave._apply_externals(lakeweave._externals(sources, models)) -%}
    {{ return('') }}
{%- endmacro %}
