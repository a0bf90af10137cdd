{#
    How a warehouse's answer is judged: by its error, by why the model ended, and then by its text. The words at the beginning
    of a status are those of lakeweave/inference/replies.py, which judges the answers of the local engines.
#}

{# The status of an answer, '' when it is one. `finish` is an SQL expression in capitals, none where the engine gives none. #}
{% macro _status_of_answer(error, result, wants_json, finish=none, schema=none) -%}
    {%- set text = lakeweave._answer_text(result, false) -%}
    case
        when {{ error }} <> '' and {{ lakeweave._has_pattern("lower(" ~ error ~ ")", 'content.?filter|safety|recitation|prohibited.?content|responsible.?ai|blocked by|guardrail') }}
            then concat('filtered: ', {{ error }})
        when {{ error }} <> '' then {{ error }}
        {%- if finish %}
        when {{ finish }} in ('MAX_TOKENS', 'LENGTH', 'MODEL_CONTEXT_WINDOW_EXCEEDED')
            then concat('truncated: the answer was cut off at max_output_tokens: finish reason ', {{ finish }})
        when {{ finish }} in ('SAFETY', 'RECITATION', 'BLOCKLIST', 'PROHIBITED_CONTENT', 'SPII', 'LANGUAGE', 'MODEL_ARMOR', 'JAILBREAK', 'IMAGE_SAFETY', 'BLOCKED_REASON_UNSPECIFIED')
            then concat('filtered: refused by the content filter: finish reason ', {{ finish }})
        when {{ finish }} = 'REFUSAL' then 'refused: the model declined to answer'
        when {{ finish }} in ('MALFORMED_FUNCTION_CALL', 'UNEXPECTED_TOOL_CALL', 'TOOL_USE', 'PAUSE_TURN')
            then 'tool_call: the model called a tool, and was offered none'
        when {{ finish }} not in ('', 'STOP', 'END_TURN', 'STOP_SEQUENCE', 'FINISH_REASON_UNSPECIFIED')
            then concat('unfinished: the finish reason is ', {{ finish }})
        {%- endif %}
        when {{ result }} is null or trim({{ result }}) = '' then 'empty: the answer is empty'
        when trim({{ text }}) = '' or {{ lakeweave._has_pattern(text, lakeweave._opened_thought()) }}
            then 'no_answer: the model thought and said nothing'
        {%- if wants_json %}
        when {{ lakeweave._has_pattern(text, '^\\s*(```[a-z]*\\s*)?\\[') }} or {{ lakeweave._is_no_json(lakeweave._answer_text(result, true)) }}
            then 'not_json: the answer is not the promised JSON'
        {%- endif %}
        {%- if schema %}
        {{ lakeweave._schema_branches(schema, lakeweave._answer_text(result, true)) }}
        {%- endif %}
        else ''
    end
{%- endmacro %}

{# The state that goes with a status. `may_pass` is a condition on the error of the engine: asking again may help. #}
{% macro _state_of_status(status, may_pass) -%}
    case
        when {{ status }} = '' then 'ok'
        when {{ status }} like 'filtered: %' then 'failed'
        when {{ status }} like 'empty: %' or {{ status }} like 'not_json: %' or {{ status }} like 'not_in_schema: %' or {{ may_pass }} then 'retryable'
        else 'failed'
    end
{%- endmacro %}

{# Whether the answer is one JSON object. #}
{% macro _wants_json(options) -%}
    {{ return(options.get('response_format') == 'json' or 'schema' in options) }}
{%- endmacro %}

{# A warehouse's answer that does not fit the schema, as the model wrote it. #}
{% macro _rejected_response(options) -%}
    {%- if 'schema' in options -%}
    case
        when judged.response_status like 'not_in_schema: %' or judged.response_status like 'not_json: %' then judged.lakeweave_text
    end as rejected_response
    {%- else -%}
    cast(null as {{ dbt.type_string() }}) as rejected_response
    {%- endif -%}
{%- endmacro %}

{# The prompt of a service that takes one text: the instruction, which is the same for all rows, and then the input. #}
{% macro _with_instruction(input, options) -%}
    {%- if options.get('instruction') -%}
        {{ return('concat(' ~ lakeweave.text_literal(options.instruction ~ '\n\n') ~ ', ' ~ input ~ ')') }}
    {%- endif -%}
    {{ return(input) }}
{%- endmacro %}

{# The answer without the reasoning before it; of JSON, what is between the first and the last brace. #}
{% macro _answer_text(result, wants_json) -%}
    {{ return(adapter.dispatch('_answer_text', 'lakeweave')(result, wants_json)) }}
{%- endmacro %}

{% macro default___answer_text(result, wants_json) -%}
    {%- do lakeweave.raise_unsupported('_answer_text', ['databricks', 'bigquery']) -%}
{%- endmacro %}

{% macro _closed_thought() -%}
    {{ return('(?is)^\\s*<(?:think|thinking|thought|reasoning)>.*?</(?:think|thinking|thought|reasoning)>\\s*') }}
{%- endmacro %}

{% macro _opened_thought() -%}
    {{ return('(?i)^\\s*<(?:think|thinking|thought|reasoning)>') }}
{%- endmacro %}

{# Whether a text matches a regular expression anywhere. #}
{% macro _has_pattern(text, pattern) -%}
    {{ return(adapter.dispatch('_has_pattern', 'lakeweave')(text, lakeweave.text_literal(pattern))) }}
{%- endmacro %}

{% macro default___has_pattern(text, pattern) -%}
    {{ return(text ~ ' rlike ' ~ pattern) }}
{%- endmacro %}

{# Whether a text is not JSON. #}
{% macro _is_no_json(text) -%}
    {{ return(adapter.dispatch('_is_no_json', 'lakeweave')(text)) }}
{%- endmacro %}

{# https://docs.databricks.com/en/sql/language-manual/functions/try_parse_json.html #}
{% macro default___is_no_json(text) -%}
    {{ return('try_parse_json(' ~ text ~ ') is null') }}
{%- endmacro %}
