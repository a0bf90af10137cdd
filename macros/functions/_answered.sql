{#
    The table expression behind the four functions: the columns of `relation`, then `response`, `embedding`,
    `response_status` ('' is success, on every engine), `response_state` (ok, retryable, failed, unsent), and what the call
    took (`_columns_of_call`). One evaluation of the model per row.

    `called` is what `_called_model` says of the model; `how` holds `object_table` (pictures on a warehouse), and on the
    embedded target `token` (claims) and `model_version` (the one that is expected to answer).
#}
{% macro _answered(relation, called, input, options, how={}) -%}
    {{ return(adapter.dispatch('_answered', 'lakeweave')(relation, called, input, options, how)) }}
{%- endmacro %}

{# One statement that calls and one that reads what came back are two tables on Spark; in a plain model they are one. #}
{% macro default___answered(relation, called, input, options, how) -%}
    {{ return('(' ~ lakeweave._unpacked('(' ~ lakeweave._called(relation, called, input, options, how) ~ ')', called, options) ~ ')') }}
{%- endmacro %}

{# Materialized, and the function called once per row: otherwise the optimiser calls it again above each filter. #}
{% macro duckdb___answered(relation, called, input, options, how) -%}
    (
        with

        lakeweave_asked as materialized (
            select * from {{ relation }} as asked
        ),

        lakeweave_called as materialized (
            {{ lakeweave._called('lakeweave_asked', called, input, options, how) }}
        )

        {{ lakeweave._unpacked('lakeweave_called', called, options) }}
    )
{%- endmacro %}

{# The functions are table functions that bring their own columns: https://cloud.google.com/bigquery/docs/reference/standard-sql/bigqueryml-syntax-ai-generate-text #}
{% macro bigquery___answered(relation, called, input, options, how) -%}
    {{ return(lakeweave['_bigquery_' ~ called.function](relation, called, input, options, how)) }}
{%- endmacro %}


{# The rows with the call's raw result as `lakeweave_answer`. #}
{% macro _called(relation, called, input, options, how) -%}
    {{ return(adapter.dispatch('_called', 'lakeweave')(relation, called, input, options, how)) }}
{%- endmacro %}

{% macro default___called(relation, called, input, options, how) -%}
    {%- do lakeweave.raise_unsupported(called.function, ['duckdb', 'spark', 'databricks', 'bigquery']) -%}
{%- endmacro %}

{# The functions of lakeweave/inference, registered by the profile's plugin. #}
{% macro duckdb___called(relation, called, input, options, how) -%}
    {%- set more = {} -%}
    {%- if how.get('model_version') -%}
        {%- set named = how.model_version[:-(called.version | length) - 1] if called.version else how.model_version -%}
        {%- do more.update({'model_version': named}) -%}
    {%- endif -%}
    {%- if how.get('token') -%}
        {%- set who = fromjson(how.token) -%}
        {%- do more.update(who) -%}
    {%- elif how.get('max_tries') -%}
        {%- do more.update({'max_tries': how.max_tries}) -%}
    {%- endif -%}
    {%- if called.function in ('annotate_image', 'predict_image') -%}
        {%- do more.update({'places': lakeweave._local_places()}) -%}
    {%- endif -%}
    {%- set call -%}
        lakeweave_{{ called.function }}(
            cast(asked.{{ adapter.quote(input) }} as {{ dbt.type_string() }}),
            {{ lakeweave.text_literal(lakeweave._model_spec(called, more)) }},
            {{ lakeweave.text_literal(tojson(lakeweave._canonical_options(called.function, options), sort_keys=true)) }}
        )
    {%- endset -%}
    select
        asked.*,
        {% if how.get('token') -%}
        case when lakeweave_claim(asked.fingerprint, {{ lakeweave.text_literal(how.token) }}) then {{ call }} end
        {%- else -%}
        {{ call }}
        {%- endif %} as lakeweave_answer
    from {{ relation }} as asked
{%- endmacro %}

{# The same names, registered in the session as pandas functions. #}
{% macro spark___called(relation, called, input, options, how) -%}
    {{ return(lakeweave.duckdb___called(relation, called, input, options, {'max_tries': how.get('max_tries')})) }}
{%- endmacro %}

{# https://docs.databricks.com/en/sql/language-manual/functions/ai_query.html #}
{% macro databricks___called(relation, called, input, options, how) -%}
    {%- set endpoint = called.behind.get('endpoint') -%}
    {%- if not endpoint -%}
        {%- do lakeweave.default___model_version(called) -%}
    {%- endif -%}
    {%- set input_column = 'asked.' ~ adapter.quote(input) -%}
    {%- set picture = called.function in ('annotate_image', 'predict_image') -%}
    select
        asked.*,
        {% if called.function == 'generate_text' -%}
        ai_query(
            {{ lakeweave.text_literal(endpoint) }},
            {{ input_column }},
            {%- set parameters = lakeweave._databricks_parameters(options) %}
            {%- if parameters %}
            modelParameters => named_struct({{ parameters | join(', ') }}),
            {%- endif %}
            {%- if options.get('response_format') == 'json' %}
            responseFormat => '{"type": "json_object"}',
            {%- endif %}
            failOnError => false
        )
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
    from {{ relation }} as asked
    {%- if picture %}
    inner join {{ lakeweave._databricks_pictures(how) }} as pictures on asked.{{ adapter.quote(input) }} = pictures.uri
    {%- endif %}
{%- endmacro %}


{# The pictures with their contents, which the list of objects has not: read anew from where the list says that they are.
   https://docs.databricks.com/en/sql/language-manual/functions/read_files.html #}
{% macro _databricks_pictures(how) -%}
    {%- set name = how.get('object_table') -%}
    {%- set places = [] -%}
    {%- for node in graph.nodes.values() if name is string and node.resource_type == 'model' and node.name == name -%}
        {%- set listed = (node.config.get('meta') or {}).get('object_table') -%}
        {%- if listed -%}
            {%- do places.append(lakeweave._place_of_objects(listed.source, listed.table)) -%}
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
    {%- for name, value in lakeweave._canonical_options('generate_text', options).items() if name != 'response_format' -%}
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


{# A vision model is asked for the same JSON that the Vision API gives. #}
{% macro _annotation_prompt(options) -%}
    {{ return("Describe the picture as one JSON object and nothing else, with these keys only: "
        ~ "label_annotations (a list of {description, score from 0 to 1}, best first), text_annotations (a list of {description}), "
        ~ "image_properties_annotation ({dominant_colors: {colors: a list of {color: {red, green, blue}, pixel_fraction}}}). "
        ~ "Leave out what these features do not ask for: " ~ options.get('features', ['LABEL_DETECTION']) | join(', ') ~ ".") }}
{%- endmacro %}


{# The relation whose rows are the pictures: a node of the project, or a source as feed.table. #}
{% macro _object_table(how) -%}
    {%- set name = how.get('object_table') -%}
    {%- if name is not string -%}
        {%- if name -%}
            {{ return(name) }}
        {%- endif -%}
        {%- do exceptions.raise_compiler_error(
            "Pictures on `" ~ target.type ~ "` need `object_table`: the model, or the source as feed.table, whose rows are the pictures."
        ) -%}
    {%- endif -%}
    {%- for node in graph.nodes.values() if node.resource_type in ('model', 'seed', 'snapshot') and node.name == name -%}
        {{ return(api.Relation.create(database=node.database, schema=node.schema, identifier=node.alias)) }}
    {%- endfor -%}
    {%- for node in graph.sources.values() if node.source_name ~ '.' ~ node.name == name -%}
        {{ return(api.Relation.create(database=node.database, schema=node.schema, identifier=node.identifier)) }}
    {%- endfor -%}
    {%- do exceptions.raise_compiler_error("`object_table` is '" ~ name ~ "', which is neither a model nor a source (feed.table) of this project.") -%}
{%- endmacro %}


{# `lakeweave_answer` taken apart into the columns that every engine gives. #}
{% macro _unpacked(relation, called, options) -%}
    {{ return(adapter.dispatch('_unpacked', 'lakeweave')(relation, called, options)) }}
{%- endmacro %}

{# The local functions decide status and state themselves. A question that another thread claimed has no answer here. #}
{% macro default___unpacked(relation, called, options) -%}
    select
        called.* {{ lakeweave._star_without('lakeweave_answer') }},
        called.lakeweave_answer.response as response,
        called.lakeweave_answer.embedding as embedding,
        called.lakeweave_answer.status as response_status,
        called.lakeweave_answer.state as response_state,
        {%- for name in lakeweave._columns_of_call() %}
        called.lakeweave_answer.{{ name }} as {{ name }}{{ ',' if not loop.last }}
        {%- endfor %}
    from {{ relation }} as called
    where called.lakeweave_answer is not null
{%- endmacro %}

{#
    ai_query gives no finish reason and no class of error, so the text decides: what names the request as bad is permanent,
    anything else may pass. The names of its fields differ between releases: vars.ai_query_fields.
    https://docs.databricks.com/en/sql/language-manual/functions/ai_query.html
#}
{% macro databricks___unpacked(relation, called, options) -%}
    {%- set fields = var('ai_query_fields', {'result': 'result', 'error': 'errorMessage'}) -%}
    {%- set result = 'called.lakeweave_answer.' ~ fields.result -%}
    {%- set error = 'coalesce(called.lakeweave_answer.' ~ fields.error ~ ", '')" -%}
    {%- set is_embedding = called.function == 'generate_embedding' -%}
    {%- set wants_json = called.function == 'annotate_image' or options.get('response_format') == 'json' -%}
    select
        judged.* except (lakeweave_text),
        {{ 'cast(null as string)' if is_embedding else "case when judged.response_status = '' then judged.lakeweave_text end" }} as response,
        {{ lakeweave._state_of_status(
            'judged.response_status',
            "judged.response_status not rlike '(?i)bad.?request|invalid.?(argument|input|parameter)|content.?filter|context.?length|too long|status.?code:? 4(00|13|22)'"
        ) }} as response_state
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
            {{ lakeweave._status_of_answer(error, result, wants_json) }}
            {%- endif %} as response_status,
            {{ lakeweave._unknown_of_call() }}
        from {{ relation }} as called
    ) as judged
{%- endmacro %}


{# The checks that every plain use of a function makes; gives the called model. Nothing is known before the graph is. #}
{% macro _checked_call(function, model, input, options) -%}
    {%- set problems = [] -%}
    {%- if input is not string -%}
        {%- do problems.append("`input` is " ~ tojson(input | string) ~ "; expected the name of a column.") -%}
    {%- endif -%}
    {%- if options is not mapping -%}
        {%- do problems.append("`options` is " ~ tojson(options | string) ~ "; expected a mapping.") -%}
    {%- else -%}
        {%- do problems.extend(lakeweave._options_problems(function, options)) -%}
    {%- endif -%}
    {%- if execute and not problems -%}
        {%- do problems.extend(lakeweave._called_model_problems({'model': model, 'function': function})) -%}
    {%- endif -%}
    {%- do lakeweave._raise_problems("The call of `" ~ function ~ "` in " ~ (this or 'this query'), problems) -%}
    {{ return(lakeweave._called_model(model) if execute else none) }}
{%- endmacro %}


{# What an engine may know of a call, beside the answer: the ledger's columns, by name with their types. #}
{% macro _columns_of_call() -%}
    {%- set whole, text = dbt.type_bigint(), dbt.type_string() -%}
    {{ return({
        'input_tokens': whole, 'output_tokens': whole, 'cached_input_tokens': whole, 'reasoning_tokens': whole,
        'requests': whole, 'reasoning': text, 'served_model': text, 'is_other_model': dbt.type_boolean(),
    }) }}
{%- endmacro %}


{# These columns in a SELECT list: NULL, or the expression that `known` has for one. #}
{% macro _unknown_of_call(known={}) -%}
    {%- for name, type in lakeweave._columns_of_call().items() %}
        {{ known[name] if name in known else 'cast(null as ' ~ type ~ ')' }} as {{ name }}{{ ',' if not loop.last }}
    {%- endfor %}
{%- endmacro %}
