{# A name of a column as lakeweave/ingestion/names.py writes it: camelCase split, lower case, every other character one `_`. #}
{% macro _snake_case(name) -%}
    {%- set words = modules.re.sub('([a-z0-9])([A-Z])', '\\1_\\2', lakeweave.compatibility_form(name)) -%}
    {%- set words = modules.re.sub('([A-Z]+)([A-Z][a-z])', '\\1_\\2', words) -%}
    {%- set words = modules.re.sub('[\\W_]+', '_', words).strip('_').lower() -%}
    {%- set words = modules.re.sub('\\W', '', words)[:120].strip('_') -%}
    {{ return('unnamed' if not words else ('_' ~ words if words[0].isdigit() else words)) }}
{%- endmacro %}
