{#
    The relations that a node reads, by name, or the reason why the node is always built:
    {'names': […], 'always': none or text}
#}
{% macro _reads_of_node(code) -%}
    {%- if model.resource_type == 'seed' -%}
        {%- if (model.checksum or {}).get('name') != 'sha256' -%}
            {{ return({'names': [], 'always': 'dbt keeps no checksum of a seed of this size'}) }}
        {%- endif -%}
        {{ return({'names': [], 'always': none}) }}
    {%- endif -%}
    {%- set said = (model.config.get('meta') or {}).get('deterministic') -%}
    {%- if said is not none and (said | string | lower) != 'true' -%}
        {{ return({'names': [], 'always': 'its configuration says that it is not deterministic'}) }}
    {%- endif -%}
    {%- if model.get('language') == 'python' -%}
        {%- set always = none if said is not none else lakeweave._python_is_not_deterministic(code) -%}
        {{ return({'names': lakeweave._parents_by_name(model.depends_on.nodes), 'always': always}) }}
    {%- endif -%}
    {{ return(lakeweave._engine_reads(code, said is not none)) }}
{%- endmacro %}

{# The relations of the parents, those behind ephemeral models included; a source by its own name. #}
{% macro _parents_by_name(parents) -%}
    {%- set names = [] -%}
    {%- for node_id in parents -%}
        {%- set kind = node_id.split('.')[0] -%}
        {%- if kind == 'source' -%}
            {%- set node = graph.sources[node_id] -%}
            {%- do names.append(lakeweave._name_of_relation(node.database, node.schema, node.identifier)) -%}
        {%- elif kind in ('model', 'seed', 'snapshot') -%}
            {%- set node = graph.nodes[node_id] -%}
            {%- if node.config.materialized == 'ephemeral' -%}
                {%- do names.extend(lakeweave._parents_by_name(node.depends_on.nodes)) -%}
            {%- else -%}
                {%- do names.append(lakeweave._name_of_relation(node.database, node.schema, node.alias)) -%}
            {%- endif -%}
        {%- endif -%}
    {%- endfor -%}
    {{ return(names | unique | list) }}
{%- endmacro %}

{# The identifiers of the parents, those behind ephemeral models included. #}
{% macro _parents_by_id(parents) -%}
    {%- set found = [] -%}
    {%- for node_id in parents -%}
        {%- do found.append(node_id) -%}
        {%- if node_id.startswith('model.') and graph.nodes[node_id].config.materialized == 'ephemeral' -%}
            {%- do found.extend(lakeweave._parents_by_id(graph.nodes[node_id].depends_on.nodes)) -%}
        {%- endif -%}
    {%- endfor -%}
    {{ return(found) }}
{%- endmacro %}

{# The clock, chance or something outside in the text of a Python model. #}
{% macro _python_is_not_deterministic(code) -%}
    {{ return(adapter.dispatch('_python_is_not_deterministic', 'lakeweave')(code)) }}
{%- endmacro %}

{% macro default___python_is_not_deterministic(code) -%}
    {{ return('it is Python, which is not examined on this engine; `meta: {deterministic: true}` says that it may be skipped') }}
{%- endmacro %}

{% macro _engine_reads(code, is_deterministic) -%}
    {{ return(adapter.dispatch('_engine_reads', 'lakeweave')(code, is_deterministic)) }}
{%- endmacro %}

{% macro default___engine_reads(code, is_deterministic) -%}
    {{ return({'names': [], 'always': 'versions are not kept on ' ~ lakeweave.engine()}) }}
{%- endmacro %}
