{% macro schema_name(layer) -%}
    {%- if layer is none -%}
        {{ return(target.schema) }}
    {%- elif target.type in ('duckdb', 'spark') or target.name in var('production_targets', ['prod', 'production']) -%}
        {{ return(layer | trim) }}
    {%- else -%}
        {{ return(target.schema ~ '_' ~ (layer | trim)) }}
    {%- endif -%}
{%- endmacro %}
