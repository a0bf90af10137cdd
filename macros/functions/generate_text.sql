{#
    Text from a model, as a table expression: the columns of `relation` (a relation, a CTE or a query in brackets), then
    `response`, `response_status` ('' is success) and `response_state`. `input` is the column with the prompt.

        select id, response from {{ lakeweave.generate_text(ref('reviews'), model='gemini', input='prompt') }}

    This asks anew whenever it is evaluated. What is to be paid for once goes through `inference`.
#}
{% macro generate_text(relation, model, input='prompt', options={}) -%}
    {%- set called = lakeweave._checked_call('generate_text', model, input, options) -%}
    {%- set _ = ref(model) -%}
    {%- if not execute -%}
        {{ return(relation | string) }}
    {%- endif -%}
    {{ return(lakeweave._answered(relation, called, input, options)) }}
{%- endmacro %}


{# https://cloud.google.com/bigquery/docs/reference/standard-sql/bigqueryml-syntax-ai-generate-text #}
{% macro _bigquery_generate_text(relation, called, input, options, how) -%}
    {%- set wants_json = options.get('response_format') == 'json' -%}
    {%- set settings = lakeweave._bigquery_text_settings(options) -%}
    (
        select
            judged.* except (lakeweave_text),
            case when judged.response_status = '' then judged.lakeweave_text end as response,
            {{ lakeweave._state_of_status('judged.response_status', "starts_with(judged.status, 'A retryable error occurred')") }} as response_state
        from (
            select
                answered.*,
                {{ lakeweave._answer_text('answered.result', wants_json) }} as lakeweave_text,
                cast(null as array<float64>) as embedding,
                {{ lakeweave._status_of_answer(
                    'answered.status', 'answered.result', wants_json, lakeweave._bigquery_finish('answered.full_response')
                ) }} as response_status,
                {{ lakeweave._unknown_of_call(lakeweave._bigquery_call('answered.full_response')) }}
            from ai.generate_text(
                model {{ called.relation }},
                (select asked.*{% if input | lower != 'prompt' %}, asked.{{ adapter.quote(input) }} as prompt{% endif %} from {{ relation }} as asked)
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
    {%- if given.get('response_format') == 'json' or 'seed' in given or thinking or given.get('temperature') is none -%}
        {%- set config = {} -%}
        {%- for name in ['temperature', 'top_p', 'max_output_tokens', 'stop_sequences', 'seed'] if given.get(name) is not none -%}
            {%- do config.update({name: given[name]}) -%}
        {%- endfor -%}
        {%- if thinking -%}
            {%- do config.update({'thinking_config': thinking}) -%}
        {%- endif -%}
        {%- if given.get('response_format') == 'json' -%}
            {%- do config.update({'response_mime_type': 'application/json'}) -%}
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


{# How much Gemini may think, none when nothing is said of it. A budget of 0 turns thinking off where the model can.
   https://cloud.google.com/vertex-ai/generative-ai/docs/thinking #}
{% macro _gemini_thinking(given) -%}
    {%- set effort, config = given.get('reasoning_effort'), given.get('thinking_config') -%}
    {%- if effort == 'none' -%}
        {{ return({'thinking_budget': 0}) }}
    {%- elif effort -%}
        {{ return({'thinking_level': effort | upper}) }}
    {%- elif config and 'thinking_level' in config -%}
        {{ return({'thinking_level': config.thinking_level | upper}) }}
    {%- endif -%}
    {{ return(config) }}
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
