{#
    What the result of a node depends on apart from the relations that it reads, as digests by kind. `code` is the compiled text
    without the identifier of the run, `config` what shapes the relation, `environment` the engine, its settings and the Python code.
#}
{% macro _version_parts(node, code, environment, more={}) -%}
    {%- set shaping = {} -%}
    {%- for name in node.config if name not in (
        'enabled', 'tags', 'group', 'docs', 'access', 'full_refresh', 'grants', 'event_time', 'pre-hook', 'post-hook', 'pre_hook', 'post_hook', 'packages'
    ) -%}
        {%- do shaping.update({name: node.config[name] | string}) -%}
    {%- endfor -%}
    {%- set columns = [] -%}
    {%- if (node.get('contract') or {}).get('enforced') or (node.config.get('persist_docs') or {}).values() | select | list -%}
        {%- for column in node.columns.values() -%}
            {%- do columns.append([column.name, column.get('data_type'), column.get('constraints') | string, column.get('description'), column.get('quote')]) -%}
        {%- endfor -%}
        {%- do columns.append([node.get('constraints') | string, node.get('description')]) -%}
    {%- endif -%}
    {%- set parts = {
        'code': local_md5(code | replace(invocation_id, '')),
        'config': local_md5(tojson([shaping, columns, node.get('language')], sort_keys=true)),
        'environment': local_md5(tojson([lakeweave._version_format(), dbt_version, lakeweave.engine(), environment])),
    } -%}
    {%- for name in more -%}
        {%- do parts.update({name: local_md5(more[name])}) -%}
    {%- endfor -%}
    {{ return(parts) }}
{%- endmacro %}

{# Rises when versions are made of other things, or when a materialization of this project writes something else. #}
{% macro _version_format() -%}
    {{ return(1) }}
{%- endmacro %}

{# The first difference between the recorded parts and these, in words. #}
{% macro _changed_part(recorded, parts) -%}
    {%- set words = {
        'code': 'its compiled code changed', 'config': 'its configuration changed',
        'environment': 'the engine, its settings or the installed code changed', 'test': 'its thresholds changed',
    } -%}
    {%- for name in parts if recorded.get(name) != parts[name] -%}
        {{ return(words.get(name, name ~ ' changed')) }}
    {%- endfor -%}
    {{ return('its version changed') }}
{%- endmacro %}
