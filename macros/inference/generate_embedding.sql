{#
    Text vectors from a model, as a table expression: the columns of `relation` (a relation, a CTE or a query in brackets),
    then `embedding`, `response_status` ('' is success) and `response_state`. `input` is the column with the text.

    This calls the model at each evaluation. Use `inference` to pay once per input.
#}
{% macro generate_embedding(relation, model, input='content', options={}) -%}
    {%- set called = lakeweave._checked_call('generate_embedding', model, input, options) -%}
    {%- set _ = ref(model) -%}
    {%- if not execute -%}
        {{ return(relation | string) }}
    {%- endif -%}
    {{ return(lakeweave._answered(relation, called, input, options)) }}
{%- endmacro %}
