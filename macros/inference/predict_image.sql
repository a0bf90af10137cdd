{#
    Classes of pictures by an imported model, as a table expression: the columns of `relation` (a relation, a CTE or a query
    in brackets), then `response`, `response_status` ('' is success) and `response_state`. The response is
    `{"predictions": [{"label": …, "score": …}, …]}`, best first. `input` is the column with the picture's address; on a
    warehouse `object_table` is the relation whose rows are the pictures. Options: `height`, `width`, `labels`, and
    `output`, the name of the model's output (`probabilities`).

    This calls the model at each evaluation. Use `inference` to keep the answers.
#}
{% macro predict_image(relation, model, input='uri', options={}, object_table=none) -%}
    {%- set called = lakeweave._checked_call('predict_image', model, input, options) -%}
    {%- set _ = ref(model) -%}
    {%- if not execute -%}
        {{ return(relation | string) }}
    {%- endif -%}
    {{ return(lakeweave._answered(relation, called, input, options, {'object_table': object_table})) }}
{%- endmacro %}
