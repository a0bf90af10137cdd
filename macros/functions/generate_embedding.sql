{#
    Text vectors from a model, as a table expression: the columns of `relation` (a relation, a CTE or a query in brackets),
    then `embedding`, `response_status` ('' is success) and `response_state`. `input` is the column with the text.

    This embeds anew whenever it is evaluated. What is to be paid for once goes through `inference`.
#}
{% macro generate_embedding(relation, model, input='content', options={}) -%}
    {%- set called = lakeweave._checked_call('generate_embedding', model, input, options) -%}
    {%- set _ = ref(model) -%}
    {%- if not execute -%}
        {{ return(relation | string) }}
    {%- endif -%}
    {{ return(lakeweave._answered(relation, called, input, options)) }}
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
            (select asked.*{% if input | lower != 'content' %}, asked.{{ adapter.quote(input) }} as content{% endif %} from {{ relation }} as asked)
            {%- if settings %},
            struct({{ settings | join(', ') }})
            {%- endif %}
        ) as answered
    )
{%- endmacro %}
