{#
    Whether versions are used for this node: `vars: {computed_once: true}` for all, `config: {meta: {computed_once: …}}` for a folder or node.
    A run that reads less than everything, or reads relations of another environment, builds as dbt does and records nothing.
#}
{% macro _is_computed_once(node) -%}
    {%- set said = (node.config.get('meta') or {}).get('computed_once') -%}
    {%- set wanted = said if said is not none else lakeweave.setting('computed_once') -%}
    {%- if not execute or (wanted | string | lower) != 'true' -%}
        {{ return(false) }}
    {%- endif -%}
    {%- if flags.EMPTY or lakeweave.run_option('sample') or lakeweave.run_option('defer') or flags.WHICH not in ('run', 'build', 'test', 'seed', 'snapshot', 'retry') -%}
        {{ return(false) }}
    {%- endif -%}
    {{ return(lakeweave._engine_keeps_marks()) }}
{%- endmacro %}
