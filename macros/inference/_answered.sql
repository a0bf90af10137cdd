{#
    The table expression of the four functions: the columns of `relation`, then `response`, `embedding`,
    `response_status` ('' is success, on every engine), `response_state` (ok, retryable, failed, unsent), and what the call
    took (`_columns_of_call`). One evaluation of the model per row.

    `called` is what `called_model` says of the model; `how` holds `object_table` (pictures on a warehouse), and on the
    DuckDB target `token` (claims) and `model_version` (the one that is expected to answer).
#}
{% macro _answered(relation, called, input, options, how={}) -%}
    {{ return(adapter.dispatch('_answered', 'lakeweave')(relation, called, input, options, how)) }}
{%- endmacro %}

{# One statement that calls and one that reads what came back are two tables on Spark; in a plain model they are one. #}
{% macro default___answered(relation, called, input, options, how) -%}
    {{ return('(' ~ lakeweave._unpacked('(' ~ lakeweave._called(relation, called, input, options, how) ~ ')', called, options) ~ ')') }}
{%- endmacro %}

{# The rows with the call's raw result as `lakeweave_answer`. #}
{% macro _called(relation, called, input, options, how) -%}
    {{ return(adapter.dispatch('_called', 'lakeweave')(relation, called, input, options, how)) }}
{%- endmacro %}

{% macro default___called(relation, called, input, options, how) -%}
    {%- do lakeweave.raise_unsupported(called.function, ['duckdb', 'spark', 'databricks', 'bigquery']) -%}
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
            "Pictures on `" ~ lakeweave.engine() ~ "` need `object_table`: the model, or the source as feed.table, whose rows are the pictures."
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
        called.* {{ lakeweave.star_without('lakeweave_answer') }},
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

{# The checks that every plain use of a function makes; gives the called model. Nothing is known before the graph is. #}
{% macro _checked_call(function, model, input, options, schema=none) -%}
    {%- set problems = [] -%}
    {%- if input is not string -%}
        {%- do problems.append("`input` is " ~ tojson(input | string) ~ "; expected the name of a column.") -%}
    {%- endif -%}
    {%- if options is not mapping -%}
        {%- do problems.append("`options` is " ~ tojson(options | string) ~ "; expected a mapping.") -%}
    {%- else -%}
        {%- do problems.extend(lakeweave._options_problems(function, options)) -%}
    {%- endif -%}
    {%- if schema is not none -%}
        {%- do problems.extend(lakeweave._schema_problems(schema)) -%}
    {%- endif -%}
    {%- if execute and not problems -%}
        {%- do problems.extend(lakeweave._called_model_problems({'model': model, 'function': function})) -%}
    {%- endif -%}
    {%- do lakeweave.raise_problems("The call of `" ~ function ~ "` in " ~ (this or 'this query'), problems) -%}
    {{ return(lakeweave.called_model(model) if execute else none) }}
{%- endmacro %}

{# What an engine may know of a call, beside the answer: the ledger's columns, by name with their types. #}
{% macro _columns_of_call() -%}
    {%- set whole, text = dbt.type_bigint(), dbt.type_string() -%}
    {{ return({
        'input_tokens': whole, 'output_tokens': whole, 'cached_input_tokens': whole, 'reasoning_tokens': whole,
        'requests': whole, 'reasoning': text, 'served_model': text, 'is_other_model': dbt.type_boolean(), 'rejected_response': text,
    }) }}
{%- endmacro %}

{# These columns in a SELECT list: NULL, or the expression that `known` has for one. #}
{% macro _unknown_of_call(known={}) -%}
    {%- for name, type in lakeweave._columns_of_call().items() %}
        {{ known[name] if name in known else 'cast(null as ' ~ type ~ ')' }} as {{ name }}{{ ',' if not loop.last }}
    {%- endfor %}
{%- endmacro %}
