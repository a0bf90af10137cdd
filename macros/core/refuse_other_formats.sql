{#
    Tables that are there already and are no Delta tables: this project could neither merge into them nor delete from them.
    All are named at once, before anything is changed.
#}
{% macro refuse_other_formats() -%}
    {{ return(adapter.dispatch('refuse_other_formats', 'lakeweave')()) }}
{%- endmacro %}

{% macro default__refuse_other_formats() -%}
{%- endmacro %}
