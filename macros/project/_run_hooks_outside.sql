{# Hooks that want no transaction (`transaction: false`). Before the first of them dbt ends the one that is open. #}
{% macro _run_hooks_outside(hooks) -%}
    {{ return(adapter.dispatch('_run_hooks_outside', 'lakeweave')(hooks)) }}
{%- endmacro %}

{% macro default___run_hooks_outside(hooks) -%}
    {{ run_hooks(hooks, inside_transaction=False) }}
{%- endmacro %}

{# There is no transaction to end, and COMMIT is no statement here: https://docs.delta.io/latest/concurrency-control.html #}
{% macro spark___run_hooks_outside(hooks) -%}
    {%- for hook in hooks | selectattr('transaction', 'equalto', false) -%}
        {%- set rendered = render(hook.get('sql')) | trim -%}
        {%- if rendered -%}
            {%- call statement(auto_begin=False) -%}
                {{ rendered }}
            {%- endcall -%}
        {%- endif -%}
    {%- endfor -%}
{%- endmacro %}
