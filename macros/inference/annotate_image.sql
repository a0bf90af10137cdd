{#
    What is to be seen in pictures, as a table expression: the columns of `relation` (a relation, a CTE or a query in
    brackets), then `response` (the Vision API's JSON), `response_status` ('' is success) and `response_state`. `input` is
    the column with the picture's address; on a warehouse `object_table` is the relation whose rows are the pictures.

    This calls the model at each evaluation. Use `inference` to pay once per input.
#}
{% macro annotate_image(relation, model, input='uri', options={}, object_table=none) -%}
    {%- set called = lakeweave._checked_call('annotate_image', model, input, options) -%}
    {%- set _ = ref(model) -%}
    {%- if not execute -%}
        {{ return(relation | string) }}
    {%- endif -%}
    {{ return(lakeweave._answered(relation, called, input, options, {'object_table': object_table})) }}
{%- endmacro %}
