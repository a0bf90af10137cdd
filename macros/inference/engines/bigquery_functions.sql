{# The calls of models: one macro per function, each with the columns of an answer. #}

{# The functions are table functions that bring their own columns: https://cloud.google.com/bigquery/docs/reference/standard-sql/bigqueryml-syntax-ai-generate-text #}
{% macro bigquery___answered(relation, called, input, options, how) -%}
    {%- set functions = {
        'generate_text': lakeweave._bigquery_generate_text,
        'generate_embedding': lakeweave._bigquery_generate_embedding,
        'annotate_image': lakeweave._bigquery_annotate_image,
        'predict_image': lakeweave._bigquery_predict_image,
    } -%}
    {{ return(functions[called.function](relation, called, input, options, how)) }}
{%- endmacro %}

{# https://cloud.google.com/bigquery/docs/reference/standard-sql/string_functions#regexp_extract #}
{% macro bigquery___answer_text(result, wants_json) -%}
    {%- set text = "regexp_replace(" ~ result ~ ", " ~ lakeweave.text_literal(lakeweave._closed_thought()) ~ ", '')" -%}
    {{ return("regexp_extract(" ~ text ~ ", " ~ lakeweave.text_literal('(?s)\\{.*\\}') ~ ")" if wants_json else text) }}
{%- endmacro %}

{# https://cloud.google.com/bigquery/docs/reference/standard-sql/string_functions#regexp_contains #}
{% macro bigquery___has_pattern(text, pattern) -%}
    {{ return('regexp_contains(' ~ text ~ ', ' ~ pattern ~ ')') }}
{%- endmacro %}

{# https://cloud.google.com/bigquery/docs/reference/standard-sql/json_functions#parse_json #}
{% macro bigquery___is_no_json(text) -%}
    {{ return('safe.parse_json(' ~ text ~ ') is null') }}
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
            inputs.*,
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
        inner join {{ relation }} as inputs on answered.uri = inputs.{{ adapter.quote(input) }}
        where answered.uri in (select wanted.{{ adapter.quote(input) }} from {{ relation }} as wanted)
    )
{%- endmacro %}

{#
    ML.GENERATE_EMBEDDING, or its younger sister by vars.bigquery_embedding_function: AI.GENERATE_EMBEDDING.
    https://cloud.google.com/bigquery/docs/reference/standard-sql/bigqueryml-syntax-generate-embedding
    https://cloud.google.com/bigquery/docs/reference/standard-sql/bigqueryml-syntax-ai-generate-embedding
#}
{% macro _bigquery_generate_embedding(relation, called, input, options, how) -%}
    {%- set name = var('bigquery_embedding_function', 'ML.GENERATE_EMBEDDING') | upper -%}
    {%- if name not in ('ML.GENERATE_EMBEDDING', 'AI.GENERATE_EMBEDDING') -%}
        {%- do exceptions.raise_compiler_error(
            "vars.bigquery_embedding_function is '" ~ name ~ "'; expected ML.GENERATE_EMBEDDING or AI.GENERATE_EMBEDDING."
        ) -%}
    {%- endif -%}
    {%- set prefix = 'ml_generate_embedding_' if name == 'ML.GENERATE_EMBEDDING' else '' -%}
    {%- set vector = 'answered.' ~ (prefix ~ 'result' if prefix else 'embedding') -%}
    {%- set status = 'answered.' ~ prefix ~ 'status' -%}
    {%- set statistics = 'answered.' ~ prefix ~ 'statistics' -%}
    {%- set settings = ['true as flatten_json_output'] if prefix else [] -%}
    {%- if 'task_type' in options -%}
        {%- do settings.append(lakeweave.text_literal(options.task_type) ~ ' as task_type') -%}
    {%- endif -%}
    {%- if 'output_dimensionality' in options -%}
        {%- do settings.append(options.output_dimensionality ~ ' as output_dimensionality') -%}
    {%- endif -%}
    (
        select
            answered.* {%- if not prefix %} except (embedding){% endif %},
            cast(null as string) as response,
            {{ vector }} as embedding,
            case
                when {{ status }} <> '' then {{ status }}
                when coalesce(array_length({{ vector }}), 0) = 0 then 'the answer is empty'
                else ''
            end as response_status,
            case
                when starts_with({{ status }}, 'A retryable error occurred') then 'retryable'
                when {{ status }} <> '' then 'failed'
                when coalesce(array_length({{ vector }}), 0) = 0 then 'retryable'
                else 'ok'
            end as response_state,
            {{ lakeweave._unknown_of_call({'input_tokens': "safe_cast(json_value(" ~ statistics ~ ", '$.token_count') as int64)"}) }}
        from {{ name }}(
            model {{ called.relation }},
            (select inputs.*{% if input | lower != 'content' %}, inputs.{{ adapter.quote(input) }} as content{% endif %} from {{ relation }} as inputs)
            {%- if settings %},
            struct({{ settings | join(', ') }})
            {%- endif %}
        ) as answered
    )
{%- endmacro %}

{#
    A file goes beside the text as an ObjectRef, with the rights of the model's connection.
    https://cloud.google.com/bigquery/docs/reference/standard-sql/bigqueryml-syntax-ai-generate-text
    https://cloud.google.com/bigquery/docs/reference/standard-sql/objectref_functions#objmake_ref
#}
{% macro _bigquery_generate_text(relation, called, input, options, how) -%}
    {%- set wants_json = lakeweave._wants_json(options) -%}
    {%- set settings = lakeweave._bigquery_text_settings(options) -%}
    {%- set asked_for = lakeweave._with_instruction('inputs.' ~ adapter.quote(input), options) -%}
    {%- if how.get('file') -%}
        {%- set connection = called.endpoint_config.get('connection') -%}
        {%- set named = ', ' ~ lakeweave.text_literal(connection) if connection and connection | upper != 'DEFAULT' else '' -%}
        {%- set asked_for = "struct(" ~ asked_for ~ ", obj.make_ref(inputs." ~ adapter.quote(how.file) ~ named ~ "))" -%}
    {%- endif -%}
    {# The function reads the column `prompt`; that of the caller comes back as it was. #}
    {%- set is_covered = input | lower == 'prompt' and (options.get('instruction') or how.get('file')) -%}
    (
        select
            judged.* except (lakeweave_text, rejected_response),
            case when judged.response_status = '' then judged.lakeweave_text end as response,
            {{ lakeweave._state_of_status('judged.response_status', "starts_with(judged.status, 'A retryable error occurred')") }} as response_state,
            {{ lakeweave._rejected_response(options) }}
        from (
            select
                answered.* {%- if is_covered %} except (lakeweave_input) replace (answered.lakeweave_input as prompt){% endif %},
                {{ lakeweave._answer_text('answered.result', wants_json) }} as lakeweave_text,
                cast(null as array<float64>) as embedding,
                {{ lakeweave._status_of_answer(
                    'answered.status', 'answered.result', wants_json, lakeweave._bigquery_finish('answered.full_response'),
                    options.get('schema')
                ) }} as response_status,
                {{ lakeweave._unknown_of_call(lakeweave._bigquery_call('answered.full_response')) }}
            from ai.generate_text(
                model {{ called.relation }},
                (
                    select
                        {% if is_covered -%}
                        inputs.* except (prompt), inputs.prompt as lakeweave_input, {{ asked_for }} as prompt
                        {%- else -%}
                        inputs.*{% if input | lower != 'prompt' %}, {{ asked_for }} as prompt{% endif %}
                        {%- endif %}
                    from {{ relation }} as inputs
                )
                {%- if settings %},
                struct({{ settings | join(', ') }})
                {%- endif %}
            ) as answered
        ) as judged
    )
{%- endmacro %}

{# Why the model ended, in capitals: a candidate's finish reason, what blocked the prompt, or the stop reason of a partner's model.
   https://cloud.google.com/vertex-ai/generative-ai/docs/reference/rest/v1/GenerateContentResponse #}
{% macro _bigquery_finish(full_response) -%}
    {%- set paths = [] -%}
    {%- for path in ['prompt_feedback.block_reason', 'candidates[0].finish_reason', 'stop_reason'] -%}
        {%- do paths.append("json_value(" ~ full_response ~ ", '$." ~ path ~ "')") -%}
    {%- endfor -%}
    {{ return("upper(coalesce(" ~ paths | join(', ') ~ ", ''))") }}
{%- endmacro %}

{#
    Settings of the table function. What it has no setting for goes through model_params, which then must hold all of them.
    https://cloud.google.com/vertex-ai/generative-ai/docs/model-reference/inference
#}
{% macro _bigquery_text_settings(options) -%}
    {%- set given = lakeweave._canonical_options('generate_text', options) -%}
    {%- set thinking = lakeweave._gemini_thinking(given) -%}
    {%- if lakeweave._wants_json(given) or 'seed' in given or thinking or given.get('temperature') is none -%}
        {%- set config = {} -%}
        {%- for name in ['temperature', 'top_p', 'max_output_tokens', 'stop_sequences', 'seed'] if given.get(name) is not none -%}
            {%- do config.update({name: given[name]}) -%}
        {%- endfor -%}
        {%- if thinking -%}
            {%- do config.update({'thinking_config': thinking}) -%}
        {%- endif -%}
        {%- if lakeweave._wants_json(given) -%}
            {%- do config.update({'response_mime_type': 'application/json'}) -%}
        {%- endif -%}
        {%- if given.get('schema') -%}
            {%- do config.update({'response_schema': lakeweave._json_schema(given.schema, nullable=true)}) -%}
        {%- endif -%}
        {{ return([lakeweave.text_literal(tojson({'generation_config': config}, sort_keys=true)) ~ ' as model_params']) }}
    {%- endif -%}
    {%- set settings = [] -%}
    {%- for name in ['temperature', 'top_p'] if given.get(name) is not none -%}
        {%- do settings.append('cast(' ~ given[name] ~ ' as float64) as ' ~ name) -%}
    {%- endfor -%}
    {%- if 'max_output_tokens' in given -%}
        {%- do settings.append(given.max_output_tokens ~ ' as max_output_tokens') -%}
    {%- endif -%}
    {%- if 'stop_sequences' in given -%}
        {%- set quoted = [] -%}
        {%- for text in given.stop_sequences -%}
            {%- do quoted.append(lakeweave.text_literal(text)) -%}
        {%- endfor -%}
        {%- do settings.append('[' ~ quoted | join(', ') ~ '] as stop_sequences') -%}
    {%- endif -%}
    {{ return(settings) }}
{%- endmacro %}

{# What Gemini's full response says of the call. Thoughts are output, and counted beside the candidates.
   https://cloud.google.com/vertex-ai/generative-ai/docs/reference/rest/v1/GenerateContentResponse #}
{% macro _bigquery_call(full_response) -%}
    {%- set counts = {} -%}
    {%- for name in ['prompt', 'candidates', 'thoughts', 'cached_content'] -%}
        {%- do counts.update({name: "safe_cast(json_value(" ~ full_response ~ ", '$.usage_metadata." ~ name ~ "_token_count') as int64)"}) -%}
    {%- endfor -%}
    {{ return({
        'input_tokens': counts.prompt,
        'output_tokens': 'coalesce(' ~ counts.candidates ~ ' + coalesce(' ~ counts.thoughts ~ ', 0), ' ~ counts.thoughts ~ ')',
        'cached_input_tokens': counts.cached_content,
        'reasoning_tokens': counts.thoughts,
        'served_model': "json_value(" ~ full_response ~ ", '$.model_version')",
    }) }}
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
            inputs.*,
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
        inner join {{ relation }} as inputs on answered.uri = inputs.{{ adapter.quote(input) }}
    )
{%- endmacro %}
