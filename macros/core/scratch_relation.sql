{# Tables that live as long as one model's run. #}

{% macro scratch_relation(target_relation, purpose) -%}
    {{ return(adapter.dispatch('scratch_relation', 'lakeweave')(target_relation, purpose)) }}
{%- endmacro %}

{# Two runs at once must not meet in a scratch table, so it carries the beginning of the run's id. #}
{% macro default__scratch_relation(target_relation, purpose) -%}
    {%- set name = target_relation.identifier ~ '__' ~ purpose ~ '_' ~ (invocation_id | replace('-', ''))[:8] -%}
    {{ return(target_relation.incorporate(path={'identifier': name}, type='table')) }}
{%- endmacro %}
