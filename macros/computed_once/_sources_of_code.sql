{#
    What the code of a node is made of before it is compiled: its own text, the macros that it calls, and the variables that both name.
    Only the plan goes by these digests; a build goes by the compiled code. {'digests': {'text': …, 'macros': …, 'settings': …}, 'macros': [id], 'settings': [[kind, name]]}
#}
{% macro _sources_of_code(node) -%}
    {# The code of an ephemeral parent is a part of the node's own. #}
    {%- set texts, ids = [(node.get('raw_code') or '') ~ (node.get('checksum') or {}).get('checksum') | string], (node.depends_on.macros or []) | list if node.get('language') != 'python' else [] -%}
    {%- for parent in lakeweave._parents_by_id(node.depends_on.nodes or []) if parent.startswith('model.') and graph.nodes[parent].config.materialized == 'ephemeral' -%}
        {%- do texts.append(graph.nodes[parent].raw_code) -%}
        {%- do ids.extend(graph.nodes[parent].depends_on.macros) -%}
    {%- endfor -%}
    {%- set text, called = texts | join(' '), lakeweave._called_macros(ids | unique | sort) -%}
    {%- set named = [] -%}
    {%- for kind, name in lakeweave._named_settings(text) + called.settings -%}
        {%- do named.append(name ~ ' ' ~ lakeweave._digest_of_setting(kind, name)) -%}
    {%- endfor -%}
    {{ return({
        'digests': {'text': local_md5(text), 'macros': called.digest, 'settings': local_md5(named | unique | sort | join(', '))},
        'macros': called.ids,
        'settings': lakeweave._named_settings(text) + called.settings,
    }) }}
{%- endmacro %}

{# All macros behind these, with what they call: {'ids': […], 'digest': of their texts, 'settings': [[kind, name], …]} #}
{% macro _called_macros(ids) -%}
    {%- set memory = lakeweave._version_memory() -%}
    {%- set key = 'called ' ~ ids | sort | join(' ') -%}
    {%- if key in memory.sources -%}
        {{ return(memory.sources[key]) }}
    {%- endif -%}
    {%- set found, waiting, digests, settings = {}, ids | list, [], [] -%}
    {# A list that grows while it is walked. #}
    {%- for macro_id in waiting if macro_id not in found -%}
        {%- set known = lakeweave._known_macro(macro_id) -%}
        {%- do found.update({macro_id: true}) -%}
        {%- do digests.append(macro_id ~ ' ' ~ known.digest) -%}
        {%- do settings.extend(known.settings) -%}
        {%- do waiting.extend(known.calls) -%}
    {%- endfor -%}
    {%- do memory.sources.update({key: {'ids': found.keys() | list, 'digest': local_md5(digests | sort | join(', ')), 'settings': settings}}) -%}
    {{ return(memory.sources[key]) }}
{%- endmacro %}

{# dbt's own macros change with its release, which is a part of each version, and are left out. #}
{% macro _known_macro(macro_id) -%}
    {%- set memory = lakeweave._version_memory() -%}
    {%- if macro_id not in memory.macros -%}
        {%- set words = macro_id.split('.') -%}
        {%- set found = (context.get(words[1]) or {}).get(words[2]) if words[1] not in ('dbt', 'dbt_' ~ lakeweave.engine()) else none -%}
        {%- set text = found.macro.macro_sql if found is not none and found.macro is defined else '' -%}
        {%- do memory.macros.update({macro_id: {
            'digest': local_md5(text), 'calls': found.macro.depends_on.macros | list if text else [], 'settings': lakeweave._named_settings(text),
        }}) -%}
    {%- endif -%}
    {{ return(memory.macros[macro_id]) }}
{%- endmacro %}

{# The variables that a text names. #}
{% macro _named_settings(text) -%}
    {%- set named = [] -%}
    {%- for kind, name in modules.re.findall("(env_var|var|setting)\\(\\s*['\"](\\w+)['\"]", text) if not name.startswith('DBT_ENV_SECRET') -%}
        {%- do named.append([kind, name]) -%}
    {%- endfor -%}
    {{ return(named) }}
{%- endmacro %}

{# A digest, because a variable may hold what is nobody's business. #}
{% macro _digest_of_setting(kind, name) -%}
    {%- set memory = lakeweave._version_memory() -%}
    {%- if name not in memory.settings -%}
        {%- set value = env_var(name, '') if kind == 'env_var' else var(name, '') -%}
        {%- do memory.settings.update({name: local_md5(value | string)}) -%}
    {%- endif -%}
    {{ return(memory.settings[name]) }}
{%- endmacro %}

{# Rows of `ledger.relations` with the digests of this run, so that the plan can name what changed. #}
{% macro _source_rows() -%}
    {%- set memory = lakeweave._version_memory() -%}
    {%- set rows, digests = [], {} -%}
    {%- for macro_id in memory.macros -%}
        {%- do digests.update({macro_id: memory.macros[macro_id].digest}) -%}
    {%- endfor -%}
    {%- for kind, found in [('macros', digests), ('settings', memory.settings)] -%}
        {%- set before = memory.rows.get(kind ~ ' all', {'reads': {}}).reads -%}
        {%- if dict(before, **found) != before -%}
            {%- do rows.append([kind, 'all', {'version': '', 'parts': {}, 'reads': dict(before, **found), 'mark': ''}]) -%}
        {%- endif -%}
    {%- endfor -%}
    {{ return(rows) }}
{%- endmacro %}
