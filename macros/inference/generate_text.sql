{#
    Text from a model, as a table expression: the columns of `relation` (a relation, a CTE or a query in brackets), then
    `response`, `response_status` ('' is success) and `response_state`. `input` is the column with the prompt.

        select id, response from {{ lakeweave.generate_text(ref('reviews'), model='gemini', input='prompt') }}

    With `schema` the answer has typed columns, which follow; see `inference`. `file` is the column with the address of a picture or a
    document that goes with the prompt; on Databricks `object_table` is the relation with its content.

    This calls the model at each evaluation. Use `inference` to pay once per input.
#}
{% macro generate_text(relation, model, input='prompt', options={}, schema=none, file=none, object_table=none) -%}
    {%- set called = lakeweave._checked_call('generate_text', model, input, options, schema) -%}
    {%- set _ = ref(model) -%}
    {%- if not execute -%}
        {{ return(relation | string) }}
    {%- endif -%}
    {%- set options = lakeweave._options_with_file(lakeweave._options_with_schema(options, schema), file) -%}
    {%- set answered = lakeweave._answered(relation, called, input, options, {'file': file, 'object_table': object_table}) -%}
    {%- if schema -%}
        {%- set typed = lakeweave._typed_columns(options.schema, 'answered.response') -%}
        {{ return("(select answered.*, " ~ typed | join(', ') ~ " from " ~ answered ~ " as answered)") }}
    {%- endif -%}
    {{ return(answered) }}
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
