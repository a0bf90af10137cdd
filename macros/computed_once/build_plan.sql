{#
    `dbt run-operation build_plan` prints what a build would do with each relation and test, and why; it builds nothing.
    It compares what is known without compiling: the text of each model, the macros that it calls, the variables that both name, the
    relations that it reads, and its own relation. A build goes by the compiled code, so it may skip what the plan builds: a comment in a
    macro changes no code.
#}
{% macro build_plan() -%}
    {%- if not execute -%}
        {{ return('') }}
    {%- endif -%}
    {%- if not lakeweave._engine_keeps_marks() -%}
        {%- do log("Versions are not kept on " ~ lakeweave.engine() ~ ": a build builds everything.", info=true) -%}
        {{ return('') }}
    {%- endif -%}
    {%- if load_cached_relation(lakeweave.ledger_relation("relations")) is none -%}
        {%- do log("No version is recorded yet: a build builds everything.", info=true) -%}
        {{ return('') }}
    {%- endif -%}
    {%- set plans, lines, counts = {}, [], {'build': 0, 'asks': 0, 'unchanged': 0, 'run': 0, 'kept': 0} -%}
    {%- for node_id in graph.nodes if node_id.split('.')[0] in ('model', 'seed', 'snapshot') -%}
        {%- set plan = lakeweave._plan_of_node(node_id, plans) -%}
        {%- if plan.action != 'inline' -%}
            {%- do counts.update({plan.action: counts[plan.action] + 1}) -%}
            {%- do lines.append([plan.name, '%-10s %-50s %s' | format(plan.action, plan.name, plan.reason)]) -%}
        {%- endif -%}
    {%- endfor -%}
    {%- for node_id in graph.nodes if node_id.startswith('test.') -%}
        {%- set plan = lakeweave._plan_of_node(node_id, plans) -%}
        {%- do counts.update({'kept' if plan.action == 'unchanged' else 'run': counts['kept' if plan.action == 'unchanged' else 'run'] + 1}) -%}
    {%- endfor -%}
    {%- for line in lines | sort(attribute=0) -%}
        {%- do log(line[1], info=true) -%}
    {%- endfor -%}
    {%- do log(
        "Relations: " ~ counts.build ~ " to build, " ~ counts.asks ~ " that find out themselves what is new, " ~ counts.unchanged
        ~ " unchanged. Data tests: " ~ counts.run ~ " to run, " ~ counts.kept ~ " answered from the ledger.", info=true
    ) -%}
    {{ return('') }}
{%- endmacro %}


{# {'action': build, asks, unchanged or inline; 'name': of the relation; 'reason': why}, kept in `plans` by node. #}
{% macro _plan_of_node(node_id, plans) -%}
    {%- if node_id in plans -%}
        {{ return(plans[node_id]) }}
    {%- endif -%}
    {%- set node = graph.nodes[node_id] -%}
    {%- set name = lakeweave._name_of_relation(node.database, node.schema, node.alias) -%}
    {%- set plan = {'name': name, 'action': 'unchanged', 'reason': ''} -%}
    {%- set recorded = lakeweave._version_memory().rows.get(node_id ~ ' ' ~ name) -%}
    {%- set said = (node.config.get('meta') or {}).get('computed_once') -%}
    {%- set built, asking = [], [] -%}
    {%- for parent in node.depends_on.nodes or [] if parent.split('.')[0] in ('model', 'seed', 'snapshot') -%}
        {%- set theirs = lakeweave._plan_of_node(parent, plans) -%}
        {%- if theirs.action == 'build' or theirs.get('has_built_parent') -%}
            {%- do built.append(theirs.name) -%}
        {%- elif theirs.action == 'asks' -%}
            {%- do asking.append(theirs.name) -%}
        {%- endif -%}
    {%- endfor -%}
    {%- if node.config.materialized == 'ephemeral' -%}
        {%- do plan.update({'action': 'inline', 'has_built_parent': built | length > 0}) -%}
    {%- elif (said if said is not none else lakeweave.setting('computed_once')) | string | lower != 'true' -%}
        {%- do plan.update({'action': 'build', 'reason': '`computed_once` is off'}) -%}
    {%- elif node.config.materialized not in ('table', 'view', 'incremental', 'seed', 'snapshot', 'test') -%}
        {%- do plan.update({'action': 'asks', 'reason': node.config.materialized}) -%}
    {%- elif not recorded -%}
        {%- do plan.update({'action': 'build', 'reason': 'no version is recorded: it is new, it is always built, or its last run did not end well'}) -%}
    {%- elif lakeweave._changed_source(node, recorded.parts) -%}
        {%- do plan.update({'action': 'build', 'reason': lakeweave._changed_source(node, recorded.parts)}) -%}
    {%- elif built -%}
        {%- do plan.update({'action': 'build', 'reason': built | unique | sort | join(', ') ~ ' is built'}) -%}
    {%- else -%}
        {%- set changed = [] -%}
        {%- for read in recorded.reads if lakeweave._mark_as_read(read, []) != recorded.reads[read] -%}
            {%- do changed.append(read) -%}
        {%- endfor -%}
        {%- if changed -%}
            {%- do plan.update({'action': 'build', 'reason': changed | sort | join(', ') ~ ' changed'}) -%}
        {%- elif node.resource_type != 'test' and lakeweave._mark_as_read(name, []) != recorded.mark -%}
            {%- do plan.update({'action': 'build', 'reason': 'its relation is absent, or something else changed it'}) -%}
        {%- elif asking -%}
            {%- do plan.update({'reason': 'unless the run changes ' ~ asking | unique | sort | join(', ')}) -%}
        {%- endif -%}
    {%- endif -%}
    {%- do plans.update({node_id: plan}) -%}
    {{ return(plan) }}
{%- endmacro %}


{# Which source of a node's code changed, in words; empty where none did. #}
{% macro _changed_source(node, parts) -%}
    {%- set now = lakeweave._sources_of_code(node) -%}
    {%- if parts.get('text') != now.digests.text -%}
        {{ return('its code changed') }}
    {%- endif -%}
    {%- set memory = lakeweave._version_memory() -%}
    {%- set changed = [] -%}
    {%- if parts.get('macros') != now.digests.macros -%}
        {%- set before = memory.rows.get('macros all', {'reads': {}}).reads -%}
        {%- for macro_id in now.macros if before.get(macro_id) != memory.macros[macro_id].digest -%}
            {%- do changed.append(macro_id.split('.')[2]) -%}
        {%- endfor -%}
        {{ return(('macro ' ~ changed | sort | join(', ') if changed else 'a macro that it calls') ~ ' changed') }}
    {%- endif -%}
    {%- if parts.get('settings') != now.digests.settings -%}
        {%- set before = memory.rows.get('settings all', {'reads': {}}).reads -%}
        {%- for kind, name in now.settings if before.get(name) != memory.settings[name] -%}
            {%- do changed.append(name) -%}
        {%- endfor -%}
        {{ return(('variable ' ~ changed | unique | sort | join(', ') if changed else 'a variable that it reads') ~ ' changed') }}
    {%- endif -%}
    {{ return('') }}
{%- endmacro %}
