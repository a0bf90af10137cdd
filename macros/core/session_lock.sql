{#
    Takes the lock with this `name`, or waits for it: one thread of the run has it until it calls `session_lock()`. For sessions of a
    local Spark, which lakeweave/spark/locks.py watches.
#}
{% macro session_lock(name=none) -%}
    {{ return(adapter.dispatch('session_lock', 'lakeweave')(name)) }}
{%- endmacro %}

{% macro default__session_lock(name=none) -%}
    {%- do lakeweave.raise_unsupported('session_lock', ['spark']) -%}
{%- endmacro %}
