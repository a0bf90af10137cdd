{#
    At the start of a run: whether the profile registers the functions of the Python package, where the engine takes them from its
    profile and a selected node calls them.
#}
{% macro require_plugin() -%}
    {{ return(adapter.dispatch('require_plugin', 'lakeweave')()) }}
{%- endmacro %}

{% macro default__require_plugin() -%}
    {{ return('') }}
{%- endmacro %}
