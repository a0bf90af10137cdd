{#
    A mapping for the rest of the run, empty at first: what the body of a model leaves for its hooks and its materialization. dbt renders
    these in contexts of their own, which share nothing but `graph`. No other macro keeps state.

    Each node has its own mapping of a `subject`, because threads build other nodes meanwhile. With `shared`, all nodes have one.
#}
{% macro run_memory(subject, shared=false) -%}
    {%- set owner = '' if shared else model.unique_id -%}
    {{ return(graph.setdefault('lakeweave_run_memory', {}).setdefault([invocation_id, subject, owner] | join(' '), {})) }}
{%- endmacro %}
