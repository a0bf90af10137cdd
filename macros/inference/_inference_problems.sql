{# What can be asked, and with which options. The kinds are checked by `_option_problem`. #}
{% macro _inference_functions() -%}
    {{ return({
        'generate_text': {
            'answer': 'response',
            'options': {
                'temperature': ['number', 0, 2],
                'top_p': ['number', 0, 1],
                'max_output_tokens': ['whole', 1, 65536],
                'stop_sequences': ['texts'],
                'seed': ['whole', 0, 2147483647],
                'response_format': ['one_of', 'text', 'json'],
            },
        },
        'generate_embedding': {
            'answer': 'embedding',
            'options': {
                'task_type': ['one_of', 'RETRIEVAL_QUERY', 'RETRIEVAL_DOCUMENT', 'SEMANTIC_SIMILARITY', 'CLASSIFICATION',
                    'CLUSTERING', 'QUESTION_ANSWERING', 'FACT_VERIFICATION', 'CODE_RETRIEVAL_QUERY'],
                'output_dimensionality': ['whole', 1, 4096],
            },
        },
        'annotate_image': {
            'answer': 'response',
            'options': {
                'features': ['texts', 'FACE_DETECTION', 'LANDMARK_DETECTION', 'LOGO_DETECTION', 'LABEL_DETECTION',
                    'TEXT_DETECTION', 'DOCUMENT_TEXT_DETECTION', 'IMAGE_PROPERTIES', 'OBJECT_LOCALIZATION', 'CROP_HINTS',
                    'SAFE_SEARCH_DETECTION'],
            },
        },
        'predict_image': {
            'answer': 'response',
            'options': {
                'height': ['whole', 8, 2048],
                'width': ['whole', 8, 2048],
                'output': ['text'],
                'labels': ['texts'],
            },
        },
    }) }}
{%- endmacro %}


{# The mistakes in a call of `inference`, as sentences. #}
{% macro _inference_problems(asked, unknown_arguments) -%}
    {%- set problems = [] -%}
    {%- set functions = lakeweave._inference_functions() -%}
    {%- for name in unknown_arguments -%}
        {%- do problems.append("`" ~ name ~ "` is not an argument; expected: " ~ asked.keys() | join(', ') ~ ".") -%}
    {%- endfor -%}
    {%- if asked.function not in functions -%}
        {%- do problems.append("`function` is " ~ tojson(asked.function | string) ~ "; expected one of: " ~ functions | join(', ') ~ ".") -%}
    {%- else -%}
        {%- do problems.extend(lakeweave._options_problems(asked.function, asked.options)) -%}
        {%- if asked.function in ('annotate_image', 'predict_image') and asked.content_hash is none -%}
            {%- do problems.append("`content_hash` is missing; `" ~ asked.function ~ "` needs the column of the body that holds the hash of "
                ~ "each picture's content (md5_hash of an object table), because a name says nothing about what is in the file.") -%}
        {%- endif -%}
    {%- endif -%}
    {%- for name in ['model', 'input'] if asked[name] is not string or not asked[name] | trim -%}
        {%- do problems.append("`" ~ name ~ "` is " ~ tojson(asked[name] | string) ~ "; expected the name of "
            ~ ("a model of models/ml." if name == 'model' else "a column of the body.")) -%}
    {%- endfor -%}
    {%- for name in ['content_hash', 'object_table'] if asked[name] is not none and asked[name] is not string -%}
        {%- do problems.append("`" ~ name ~ "` is " ~ tojson(asked[name] | string) ~ "; expected a name.") -%}
    {%- endfor -%}
    {%- for name, least in [('max_calls_per_run', 0), ('batch_size', 1), ('max_attempts', 1), ('max_input_characters', 1)] -%}
        {%- set value = asked[name] -%}
        {%- if value is not none and (value is boolean or value is not integer or value < least) -%}
            {%- do problems.append("`" ~ name ~ "` is " ~ tojson(value | string) ~ "; expected a whole number of at least " ~ least ~ ".") -%}
        {%- elif value is none and name == 'max_attempts' -%}
            {%- do problems.append("`max_attempts` is none; expected a whole number of at least 1.") -%}
        {%- endif -%}
    {%- endfor -%}
    {%- set cost = asked.max_cost_per_run -%}
    {%- if cost is not none and (cost is boolean or cost is not number or cost < 0) -%}
        {%- do problems.append("`max_cost_per_run` is " ~ tojson(cost | string) ~ "; expected an amount of at least 0, in the currency of seeds/model_prices.csv.") -%}
    {%- endif -%}
    {%- if asked.allow_pii is not boolean -%}
        {%- do problems.append("`allow_pii` is " ~ tojson(asked.allow_pii | string) ~ "; expected true or false.") -%}
    {%- endif -%}
    {%- if asked.on_over_budget not in ('warn', 'error') -%}
        {%- do problems.append("`on_over_budget` is " ~ tojson(asked.on_over_budget | string) ~ "; expected 'warn' or 'error'.") -%}
    {%- endif -%}
    {{ return(problems) }}
{%- endmacro %}


{# The mistakes in `options`, as sentences. #}
{% macro _options_problems(function, options) -%}
    {%- set problems = [] -%}
    {%- set known = lakeweave._inference_functions()[function].options -%}
    {%- for name, value in options.items() -%}
        {%- if name not in known -%}
            {%- do problems.append("`options` has " ~ tojson(name | string) ~ "; `" ~ function ~ "` knows: " ~ known | join(', ') ~ ".") -%}
        {%- else -%}
            {%- set expected = lakeweave._expected_option(known[name], value) -%}
            {%- if expected -%}
                {%- do problems.append("`options." ~ name ~ "` is " ~ tojson(value | string) ~ "; expected " ~ expected ~ ".") -%}
            {%- endif -%}
        {%- endif -%}
    {%- endfor -%}
    {{ return(problems) }}
{%- endmacro %}


{# What an option should have been; empty when it is right. #}
{% macro _expected_option(kind, value) -%}
    {%- set limits = kind[1:] -%}
    {%- if kind[0] == 'number' and (value is boolean or value is not number or value < limits[0] or value > limits[1]) -%}
        {{ return('a number from ' ~ limits[0] ~ ' to ' ~ limits[1]) }}
    {%- elif kind[0] == 'whole' and (value is boolean or value is not integer or value < limits[0] or value > limits[1]) -%}
        {{ return('a whole number from ' ~ limits[0] ~ ' to ' ~ limits[1]) }}
    {%- elif kind[0] == 'one_of' and value not in limits -%}
        {{ return('one of: ' ~ limits | join(', ')) }}
    {%- elif kind[0] == 'text' and (value is not string or not value) -%}
        {{ return('a text') }}
    {%- elif kind[0] == 'texts' -%}
        {%- if value is string or value is mapping or value is not sequence or not value or value | reject('string') | list -%}
            {{ return('a list of texts') }}
        {%- elif limits and value | reject('in', limits) | list -%}
            {{ return('names out of: ' ~ limits | join(', ')) }}
        {%- endif -%}
    {%- endif -%}
    {{ return('') }}
{%- endmacro %}


{# Options with sorted names and one way to write a number, so that the same options always give the same fingerprint. #}
{% macro _canonical_options(function, options) -%}
    {%- set canonical = {} -%}
    {%- for name in options.keys() | sort -%}
        {%- set value = options[name] -%}
        {%- if value is number and value is not boolean and value == value | int -%}
            {%- set value = value | int -%}
        {%- endif -%}
        {%- do canonical.update({name: value}) -%}
    {%- endfor -%}
    {{ return(canonical) }}
{%- endmacro %}


{# The mistakes that only the graph shows: the called model is no remote model, or one of another family. #}
{% macro _called_model_problems(asked) -%}
    {%- set called = lakeweave._called_model(asked.model) -%}
    {%- if called is none -%}
        {{ return(["`model` is '" ~ asked.model ~ "', which is a model but not one that can be called. Give one whose file begins with "
            ~ "lakeweave.remote_model(…), or make a file of that kind in models/ml."]) }}
    {%- endif -%}
    {%- if called.function != asked.function -%}
        {{ return(["`model` is '" ~ asked.model ~ "', which is for `" ~ called.function ~ "`; `function` is `" ~ asked.function ~ "`."]) }}
    {%- endif -%}
    {{ return([]) }}
{%- endmacro %}


{# One error with all problems, or nothing. #}
{% macro _raise_problems(where, problems) -%}
    {%- if problems -%}
        {%- do exceptions.raise_compiler_error(where ~ " is wrong:\n  - " ~ problems | join('\n  - ')) -%}
    {%- endif -%}
{%- endmacro %}
