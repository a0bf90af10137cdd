{# What a source's YAML says under `config: meta:`. Settings of the table win over those of the source. #}
{% macro source_settings(declared) -%}
    {%- set meta = {} -%}
    {%- do meta.update(declared.source_meta or {}) -%}
    {%- do meta.update((declared.config or {}).get('meta') or {}) -%}
    {%- do meta.update(declared.meta or {}) -%}
    {{ return(meta) }}
{%- endmacro %}
