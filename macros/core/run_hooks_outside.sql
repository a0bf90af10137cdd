{# Hooks that want no transaction (`transaction: false`). Before the first of them dbt ends the one that is open. #}
{% macro run_hooks_outside(hooks) -%}
    {{ return(adapter.dispatch('run_hooks_outside', 'lakeweave')(hooks)) }}
{%- endmacro %}

{% macro default__run_hooks_outside(hooks) -%}
    {{ run_hooks(hooks, inside_transaction=False) }}
{%- endmacro %}
