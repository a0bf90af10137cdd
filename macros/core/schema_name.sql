{% macro schema_name(layer) -%}
    {%- if layer is none -%}
        {{ return(target.schema) }}
    {%- elif target.type in ('duckdb', 'spark') or target.name in lakeweave.setting('production_targets') -%}
        {{ return(layer | trim) }}
    {%- else -%}
        {{ return(target.schema ~ '_' ~ (layer | trim)) }}
    {%- endif -%}
{%- endmacro %}
