{#
    Classes of pictures by an imported model, as a table expression: the columns of `relation` (a relation, a CTE or a query
    in brackets), then `response`, `response_status` ('' is success) and `response_state`. The response is
    `{"predictions": [{"label": …, "score": …}, …]}`, best first. `input` is the column with the picture's address; on a
    warehouse `object_table` is the relation whose rows are the pictures. Options: `height`, `width`, `labels`, and
    `output`, the name of the model's output (`probabilities`).

    This predicts anew whenever it is evaluated. What is to be kept goes through `inference`.
#}
{% macro predict_image(relation, model, input='uri', options={}, object_table=none) -%}
    {%- set called = lakeweave._checked_call('predict_image', model, input, options) -%}
    {%- set _ = ref(model) -%}
    {%- if not execute -%}
        {{ return(relation | string) }}
    {%- endif -%}
    {{ return(lakeweave._answered(relation, called, input, options, {'object_table': object_table})) }}
{%- endmacro %}


{#
    Over an object table ML.PREDICT with an imported model needs a reservation.
    https://cloud.google.com/bigquery/docs/object-table-inference
    https://cloud.google.com/bigquery/docs/reference/standard-sql/bigqueryml-syntax-resize-image
#}
{% macro _bigquery_predict_image(relation, called, input, options, how) -%}
    {%- set missing = ['height', 'width', 'labels'] | reject('in', options.keys() | list) | list -%}
    {%- if missing -%}
        {%- do exceptions.raise_compiler_error(
            "`predict_image` with the model `" ~ called.model ~ "` lacks the options " ~ missing | join(', ')
            ~ ": BigQuery does not know the size of the model's input nor the names of its classes."
        ) -%}
    {%- endif -%}
    {%- set labels = [] -%}
    {%- for label in options.labels -%}
        {%- do labels.append(lakeweave.text_literal(label)) -%}
    {%- endfor -%}
    {%- set scores = 'answered.' ~ options.get('output', 'probabilities') -%}
    (
        select
            asked.*,
            case
                when {{ scores }} is not null then to_json_string(struct(
                    array(
                        select as struct
                            [{{ labels | join(', ') }}][safe_offset(place)] as label,
                            round(score, 6) as score
                        from unnest({{ scores }}) as score with offset as place
                        order by score desc, place
                    ) as predictions
                ))
            end as response,
            cast(null as array<float64>) as embedding,
            case when {{ scores }} is null then 'the picture cannot be read' else '' end as response_status,
            case when {{ scores }} is null then 'failed' else 'ok' end as response_state,
            {{ lakeweave._unknown_of_call() }}
        from ml.predict(
            model {{ called.relation }},
            (
                select
                    pictures.uri,
                    ml.resize_image(ml.decode_image(pictures.data), {{ options.height }}, {{ options.width }}, false) as input
                from {{ lakeweave._object_table(how) }} as pictures
                where pictures.uri in (select wanted.{{ adapter.quote(input) }} from {{ relation }} as wanted)
            )
        ) as answered
        inner join {{ relation }} as asked on answered.uri = asked.{{ adapter.quote(input) }}
    )
{%- endmacro %}
