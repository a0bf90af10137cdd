{# Where the objects of a source are, on this machine and by their address. #}
{% macro place_of_objects(source_name, table_name) -%}
    {%- set declared = lakeweave.declared_source(source_name, table_name) -%}
    {%- set meta = {} -%}
    {%- do meta.update(declared.source_meta or {}) -%}
    {%- do meta.update((declared.config or {}).get('meta') or {}) -%}
    {%- set folder = meta.get('folder') or (source_name ~ '/' ~ table_name) -%}
    {{ return({'folder': lakeweave.setting('landing_path') ~ '/' ~ folder, 'uri': lakeweave.landing_uri(declared)}) }}
{%- endmacro %}
