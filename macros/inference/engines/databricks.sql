{# https://docs.databricks.com/en/sql/language-manual/functions/ai_query.html #}
{% macro databricks___called(relation, called, input, options, how) -%}
    {%- set endpoint = called.endpoint_config.get('endpoint') -%}
    {%- if not endpoint -%}
        {%- do lakeweave.default___model_version(called) -%}
    {%- endif -%}
    {%- set input_column = 'inputs.' ~ adapter.quote(input) -%}
    {%- set picture = called.function in ('annotate_image', 'predict_image') -%}
    select
        inputs.*,
        {% if called.function == 'generate_text' -%}
        {%- if how.get('file') %}
        {#- A file that is not there is not asked about. -#}
        {%- set fields = lakeweave._ai_query_fields() %}
        case when pictures.content is null then named_struct('{{ fields.result }}', cast(null as string), '{{ fields.error }}', 'there is no such file') else {% endif -%}
        ai_query(
            {{ lakeweave.text_literal(endpoint) }},
            {{ lakeweave._with_instruction(input_column, options) }},
            {%- set parameters = lakeweave._databricks_parameters(options) %}
            {%- if parameters %}
            modelParameters => named_struct({{ parameters | join(', ') }}),
            {%- endif %}
            {%- if options.get('schema') %}
            responseFormat => {{ lakeweave.text_literal(tojson({
                'type': 'json_schema',
                'json_schema': {'name': 'answer', 'strict': true, 'schema': lakeweave._json_schema(options.schema)},
            })) }},
            {%- elif options.get('response_format') == 'json' %}
            responseFormat => '{"type": "json_object"}',
            {%- endif %}
            {%- if how.get('file') %}
            files => pictures.content,
            {%- endif %}
            failOnError => false
        ) {%- if how.get('file') %} end {%- endif %}
        {%- elif called.function == 'generate_embedding' -%}
        ai_query({{ lakeweave.text_literal(endpoint) }}, {{ input_column }}, returnType => 'ARRAY<FLOAT>', failOnError => false)
        {%- elif called.function == 'annotate_image' -%}
        ai_query(
            {{ lakeweave.text_literal(endpoint) }},
            {{ lakeweave.text_literal(lakeweave._annotation_prompt(options)) }},
            responseFormat => '{"type": "json_object"}',
            files => pictures.content,
            failOnError => false
        )
        {%- else -%}
        ai_query({{ lakeweave.text_literal(endpoint) }}, base64(pictures.content), returnType => 'STRING', failOnError => false)
        {%- endif %} as lakeweave_answer
    from {{ relation }} as inputs
    {%- if picture %}
    inner join {{ lakeweave._databricks_pictures(how) }} as pictures on inputs.{{ adapter.quote(input) }} = pictures.uri
    {%- elif how.get('file') %}
    left join {{ lakeweave._databricks_pictures(how) }} as pictures on inputs.{{ adapter.quote(how.file) }} = pictures.uri
    {%- endif %}
{%- endmacro %}

{# The names of the fields of ai_query's result, which differ between releases. #}
{% macro _ai_query_fields() -%}
    {{ return(var('ai_query_fields', {'result': 'result', 'error': 'errorMessage'})) }}
{%- endmacro %}

{# The pictures with their contents, which are not in the list of objects: they are read again from their paths in the list.
   https://docs.databricks.com/en/sql/language-manual/functions/read_files.html #}
{% macro _databricks_pictures(how) -%}
    {%- set name = how.get('object_table') -%}
    {%- set places = [] -%}
    {%- for node in graph.nodes.values() if name is string and node.resource_type == 'model' and node.name == name -%}
        {%- set listed = (node.config.get('meta') or {}).get('object_table') -%}
        {%- if listed -%}
            {%- do places.append(lakeweave.place_of_objects(listed.source, listed.table)) -%}
        {%- endif -%}
    {%- endfor -%}
    {%- if places -%}
        (select path as uri, content from read_files({{ lakeweave.text_literal(places[0].uri) }}, format => 'binaryFile'))
    {%- else -%}
        {{ lakeweave._object_table(how) }}
    {%- endif -%}
{%- endmacro %}

{# Numbers must carry their type, or they arrive as decimals that the endpoint refuses. #}
{% macro _databricks_parameters(options) -%}
    {%- set parameters = [] -%}
    {%- set names = {'max_output_tokens': 'max_tokens', 'stop_sequences': 'stop'} -%}
    {%- for name, value in lakeweave._canonical_options('generate_text', options).items() if name not in ('response_format', 'schema', 'instruction', 'file') -%}
        {%- if value is none -%}
        {%- elif name == 'reasoning_effort' or (name == 'thinking_config' and 'thinking_level' in value) -%}
            {%- do parameters.append("'reasoning_effort', " ~ lakeweave.text_literal(value.thinking_level if value is mapping else value)) -%}
        {%- elif name == 'thinking_config' -%}
            {# A budget of -1 leaves it to the model, which is what happens without the parameter. #}
            {%- if value.thinking_budget == 0 -%}
                {%- do parameters.append("'thinking', named_struct('type', 'disabled')") -%}
            {%- elif value.thinking_budget > 0 -%}
                {%- do parameters.append("'thinking', named_struct('type', 'enabled', 'budget_tokens', " ~ value.thinking_budget ~ ")") -%}
            {%- endif -%}
        {%- elif name in ('temperature', 'top_p') -%}
            {%- do parameters.append("'" ~ name ~ "', cast(" ~ value ~ " as double)") -%}
        {%- elif name == 'stop_sequences' -%}
            {%- set quoted = [] -%}
            {%- for text in value -%}
                {%- do quoted.append(lakeweave.text_literal(text)) -%}
            {%- endfor -%}
            {%- do parameters.append("'stop', array(" ~ quoted | join(', ') ~ ")") -%}
        {%- else -%}
            {%- do parameters.append("'" ~ names.get(name, name) ~ "', " ~ value) -%}
        {%- endif -%}
    {%- endfor -%}
    {{ return(parameters) }}
{%- endmacro %}

{#
    ai_query gives no finish reason and no class of error, so the text decides: what names the request as bad is permanent,
    anything else may pass. The names of its fields differ between releases: vars.ai_query_fields.
    https://docs.databricks.com/en/sql/language-manual/functions/ai_query.html
#}
{% macro databricks___unpacked(relation, called, options) -%}
    {%- set fields = lakeweave._ai_query_fields() -%}
    {%- set result = 'called.lakeweave_answer.' ~ fields.result -%}
    {%- set error = 'coalesce(called.lakeweave_answer.' ~ fields.error ~ ", '')" -%}
    {%- set is_embedding = called.function == 'generate_embedding' -%}
    {%- set wants_json = called.function == 'annotate_image' or lakeweave._wants_json(options) -%}
    select
        judged.* except (lakeweave_text, rejected_response),
        {{ 'cast(null as string)' if is_embedding else "case when judged.response_status = '' then judged.lakeweave_text end" }} as response,
        {{ lakeweave._state_of_status(
            'judged.response_status',
            "judged.response_status not rlike '(?i)bad.?request|invalid.?(argument|input|parameter)|content.?filter|context.?length|too long|status.?code:? 4(00|13|22)'"
        ) }} as response_state,
        {{ lakeweave._rejected_response(options) }}
    from (
        select
            called.* except (lakeweave_answer),
            {{ 'cast(null as string)' if is_embedding else lakeweave._answer_text(result, wants_json) }} as lakeweave_text,
            {{ result if is_embedding else 'cast(null as array<float>)' }} as embedding,
            {% if is_embedding -%}
            case
                when {{ error }} <> '' then {{ error }}
                when {{ result }} is null then 'empty: the answer is empty'
                else ''
            end
            {%- else -%}
            {{ lakeweave._status_of_answer(error, result, wants_json, schema=options.get('schema')) }}
            {%- endif %} as response_status,
            {{ lakeweave._unknown_of_call() }}
        from {{ relation }} as called
    ) as judged
{%- endmacro %}

{% macro databricks___model_version(called) -%}
    {{ return(lakeweave.default___model_version(called)) }}
{%- endmacro %}

{% macro databricks___model_row(called) -%}
    {{ return(lakeweave.default___model_row(called)) }}
{%- endmacro %}

{# Databricks' dispatch would find Spark's variant; a SQL warehouse has none of the project's functions. #}
{% macro databricks___personal_verdict(question) -%}
    {{ return(lakeweave._personal_columns_by_name(question)) }}
{%- endmacro %}

{# `ai_query` spreads the rows itself: https://docs.databricks.com/en/large-language-models/ai-query-batch-inference.html #}
{% macro databricks___spread_questions(questions) -%}
    {{ return(questions) }}
{%- endmacro %}

{# dbt-databricks takes Spark's variants before the default ones. A warehouse has no functions of this project, so nothing is claimed. #}
{% macro databricks___take_lock(call_config) -%}
{%- endmacro %}

{% macro databricks___release_lock(call_config) -%}
{%- endmacro %}

{% macro databricks___settle(call_config) -%}
    {{ return(lakeweave.default___settle(call_config)) }}
{%- endmacro %}
