{#
    What a run knows of the versions: the rows of `ledger.relations`, the marks that were read, and what is to be recorded.
#}
{% macro _version_memory() -%}
    {%- set memory = lakeweave.run_memory('versions', shared=true) -%}
    {%- if 'rows' not in memory -%}
        {%- do memory.setdefault('marks', {}) -%}
        {%- do memory.setdefault('unstamped', {}) -%}
        {%- do memory.setdefault('pending', {}) -%}
        {%- do memory.setdefault('reasons', {}) -%}
        {%- do memory.setdefault('macros', {}) -%}
        {%- do memory.setdefault('settings', {}) -%}
        {%- do memory.setdefault('sources', {}) -%}
        {%- do memory.setdefault('environment', lakeweave._engine_environment()) -%}
        {%- do memory.setdefault('owners', lakeweave._owners_of_relations()) -%}
        {# The last step: another thread that sees `rows` sees all of it. #}
        {%- do memory.update({'rows': lakeweave._recorded_versions()}) -%}
    {%- endif -%}
    {{ return(memory) }}
{%- endmacro %}

{# The rows of the ledger by node and relation. One that an older release left without a part of it counts as absent. #}
{% macro _recorded_versions() -%}
    {%- set recorded = {} -%}
    {%- for row in lakeweave.fetch_rows(
        "select node_id, relation, version, parts, reads, mark from " ~ lakeweave.ledger_relation('relations') ~ " order by recorded_at", []
    ) -%}
        {%- set parts, reads = fromjson(row[3] or '', none), fromjson(row[4] or '', none) -%}
        {%- if parts is mapping and reads is mapping and row[5] is not none -%}
            {%- do recorded.update({row[0] ~ ' ' ~ row[1]: {'version': row[2], 'parts': parts, 'reads': reads, 'mark': row[5]}}) -%}
        {%- endif -%}
    {%- endfor -%}
    {{ return(recorded) }}
{%- endmacro %}

{# Which node builds a relation, by the name of the relation. Only what can be built is converted: dbt converts a node each time. #}
{% macro _owners_of_relations() -%}
    {%- set owners = {} -%}
    {%- for node_id in graph.nodes if node_id.split('.')[0] in ('model', 'seed', 'snapshot') -%}
        {%- set node = graph.nodes[node_id] -%}
        {%- if node.config.materialized != 'ephemeral' -%}
            {%- do owners.update({lakeweave._name_of_relation(node.database, node.schema, node.alias): {
                'node_id': node_id, 'database': node.database, 'schema': node.schema, 'alias': node.alias, 'parents': node.depends_on.nodes,
            }}) -%}
        {%- endif -%}
    {%- endfor -%}
    {{ return(owners) }}
{%- endmacro %}

{% macro _name_of_relation(database, schema, identifier) -%}
    {{ return(adapter.dispatch('_name_of_relation', 'lakeweave')(database or target.get('database') or '', schema, identifier)) }}
{%- endmacro %}

{% macro default___name_of_relation(database, schema, identifier) -%}
    {{ return((database ~ '.' ~ schema ~ '.' ~ identifier) | lower) }}
{%- endmacro %}
