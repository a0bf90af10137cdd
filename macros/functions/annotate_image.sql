{#
    What is to be seen in pictures, as a table expression: the columns of `relation` (a relation, a CTE or a query in
    brackets), then `response` (the Vision API's JSON), `response_status` ('' is success) and `response_state`. `input` is
    the column with the picture's address; on a warehouse `object_table` is the relation whose rows are the pictures.

    This annotates anew whenever it is evaluated. What is to be paid for once goes through `inference`.
#}
{% macro annotate_image(relation, model, input='uri', options={}, object_table=none) -%}
    {%- set called = lakeweave._checked_call('annotate_image', model, input, options) -%}
    {%- set _ = ref(model) -%}
    {%- if not execute -%}
        {{ return(relation | string) }}
    {%- endif -%}
    {{ return(lakeweave._answered(relation, called, input, options, {'object_table': object_table})) }}
{%- endmacro %}


{#
    The function takes an object table and nothing else; the condition on the address is what keeps other pictures from
    being sent. https://cloud.google.com/bigquery/docs/reference/standard-sql/bigqueryml-syntax-annotate-image
#}
{% macro _bigquery_annotate_image(relation, called, input, options, how) -%}
    {%- set features = [] -%}
    {%- for feature in options.get('features', ['LABEL_DETECTION']) -%}
        {%- do features.append(lakeweave.text_literal(feature)) -%}
    {%- endfor -%}
    (
        select
            asked.*,
            case when answered.ml_annotate_image_status = '' then to_json_string(answered.ml_annotate_image_result) end as response,
            cast(null as array<float64>) as embedding,
            answered.ml_annotate_image_status as response_status,
            case
                when answered.ml_annotate_image_status = '' then 'ok'
                when regexp_contains(answered.ml_annotate_image_status, r'(?i)retryable|resource.?exhausted|unavailable|deadline') then 'retryable'
                else 'failed'
            end as response_state,
            {{ lakeweave._unknown_of_call() }}
        from ml.annotate_image(
            model {{ called.relation }},
            table {{ lakeweave._object_table(how) }},
            struct([{{ features | join(', ') }}] as vision_features)
        ) as answered
        inner join {{ relation }} as asked on answered.uri = asked.{{ adapter.quote(input) }}
        where answered.uri in (select wanted.{{ adapter.quote(input) }} from {{ relation }} as wanted)
    )
{%- endmacro %}
