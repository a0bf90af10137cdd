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
                'instruction': ['text'],
                'response_format': ['one_of', 'text', 'json'],
                'reasoning_effort': ['one_of', 'none', 'minimal', 'low', 'medium', 'high'],
                'thinking_config': ['fields', {
                    'thinking_budget': ['whole', -1, 65536],
                    'thinking_level': ['one_of', 'minimal', 'low', 'medium', 'high'],
                }],
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
                    'TEXT_DETECTION', 'DOCUMENT_TEXT_DETECTION', 'IMAGE_PROPERTIES', 'OBJECT_LOCALIZATION'],
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
{% macro _inference_problems(call_config, unknown_arguments) -%}
    {%- set problems = [] -%}
    {%- set functions = lakeweave._inference_functions() -%}
    {%- for name in unknown_arguments -%}
        {%- do problems.append("`" ~ name ~ "` is not an argument; expected: " ~ (call_config.keys() | list + ['schema', 'group_by', 'order_by', 'file']) | unique | join(', ') ~ ".") -%}
    {%- endfor -%}
    {%- if call_config.function not in functions -%}
        {%- do problems.append("`function` is " ~ tojson(call_config.function | string) ~ "; expected one of: " ~ functions | join(', ') ~ ".") -%}
    {%- else -%}
        {%- do problems.extend(lakeweave._options_problems(call_config.function, call_config.options)) -%}
        {%- if call_config.function in ('annotate_image', 'predict_image') and call_config.content_hash is none -%}
            {%- do problems.append("`content_hash` is missing; `" ~ call_config.function ~ "` needs the column of the body that holds the hash of "
                ~ "each picture's content (md5_hash of an object table), because a name says nothing about what is in the file.") -%}
        {%- endif -%}
    {%- endif -%}
    {%- for name in ['model', 'input'] if call_config[name] is not string or not call_config[name] | trim -%}
        {%- do problems.append("`" ~ name ~ "` is " ~ tojson(call_config[name] | string) ~ "; expected the name of "
            ~ ("a model of models/ml." if name == 'model' else "a column of the body.")) -%}
    {%- endfor -%}
    {%- for name in ['content_hash', 'object_table'] if call_config[name] is not none and call_config[name] is not string -%}
        {%- do problems.append("`" ~ name ~ "` is " ~ tojson(call_config[name] | string) ~ "; expected a name.") -%}
    {%- endfor -%}
    {%- for name, least in [('max_calls_per_run', 0), ('batch_size', 1), ('max_attempts', 1), ('max_input_characters', 1)] -%}
        {%- set value = call_config[name] -%}
        {%- if value is not none and (value is boolean or value is not integer or value < least) -%}
            {%- do problems.append("`" ~ name ~ "` is " ~ tojson(value | string) ~ "; expected a whole number of at least " ~ least ~ ".") -%}
        {%- elif value is none and name == 'max_attempts' -%}
            {%- do problems.append("`max_attempts` is none; expected a whole number of at least 1.") -%}
        {%- endif -%}
    {%- endfor -%}
    {%- set cost = call_config.max_cost_per_run -%}
    {%- if cost is not none and lakeweave._number_of(cost) is none -%}
        {%- do problems.append("`max_cost_per_run` is " ~ tojson(cost | string) ~ "; expected an amount of at least 0, in the currency of the model's price in seeds/model_prices.csv.") -%}
    {%- endif -%}
    {%- for name in ['warn_if_failed_share', 'fail_if_failed_share'] -%}
        {%- set share = call_config[name] -%}
        {%- if share is not none and (share is boolean or share is not number or not (0 <= share <= 1)) -%}
            {%- do problems.append("`" ~ name ~ "` is " ~ tojson(share | string) ~ "; expected a number from 0 to 1.") -%}
        {%- endif -%}
    {%- endfor -%}
    {%- if call_config.allow_pii is not boolean -%}
        {%- do problems.append("`allow_pii` is " ~ tojson(call_config.allow_pii | string) ~ "; expected true or false.") -%}
    {%- endif -%}
    {%- if call_config.on_over_budget not in ('warn', 'error') -%}
        {%- do problems.append("`on_over_budget` is " ~ tojson(call_config.on_over_budget | string) ~ "; expected 'warn' or 'error'.") -%}
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
        {#- None says that the temperature is not sent; some models refuse any. -#}
        {%- elif not (name == 'temperature' and value is none) -%}
            {%- set expected = lakeweave._expected_option(known[name], value) -%}
            {%- if expected -%}
                {%- do problems.append("`options." ~ name ~ "` is " ~ tojson(value | string) ~ "; expected " ~ expected ~ ".") -%}
            {%- endif -%}
        {%- endif -%}
    {%- endfor -%}
    {%- if options.get('reasoning_effort') is not none and options.get('thinking_config') is not none -%}
        {%- do problems.append("`options` has both `reasoning_effort` and `thinking_config`; give one of them.") -%}
    {%- endif -%}
    {%- set thinking = options.get('thinking_config') -%}
    {%- if thinking is mapping and 'thinking_budget' in thinking and 'thinking_level' in thinking -%}
        {%- do problems.append("`options.thinking_config` has both `thinking_budget` and `thinking_level`; give one of them.") -%}
    {%- endif -%}
    {{ return(problems) }}
{%- endmacro %}

{# What an option should have been; empty when it is right. #}
{% macro _expected_option(kind, value) -%}
    {%- set limits = kind[1:] -%}
    {%- if kind[0] == 'number' and (value is boolean or value is not number or not (limits[0] <= value <= limits[1])) -%}
        {{ return('a number from ' ~ limits[0] ~ ' to ' ~ limits[1]) }}
    {%- elif kind[0] == 'whole' and (value is boolean or value is not integer or value < limits[0] or value > limits[1]) -%}
        {{ return('a whole number from ' ~ limits[0] ~ ' to ' ~ limits[1]) }}
    {%- elif kind[0] == 'one_of' and value not in limits -%}
        {{ return('one of: ' ~ limits | join(', ')) }}
    {%- elif kind[0] == 'text' and (value is not string or not value) -%}
        {{ return('a text') }}
    {%- elif kind[0] == 'fields' -%}
        {%- if value is not mapping or not value -%}
            {{ return('a mapping of ' ~ limits[0] | join(', ')) }}
        {%- endif -%}
        {%- for name in value -%}
            {%- if name not in limits[0] -%}
                {{ return('a mapping of ' ~ limits[0] | join(', ')) }}
            {%- endif -%}
            {%- set wrong = lakeweave._expected_option(limits[0][name], value[name]) -%}
            {%- if wrong -%}
                {{ return('as ' ~ name ~ ' ' ~ wrong) }}
            {%- endif -%}
        {%- endfor -%}
    {%- elif kind[0] == 'texts' -%}
        {%- if value is string or value is mapping or value is not sequence or not value or value | reject('string') | list -%}
            {{ return('a list of texts') }}
        {%- elif limits and value | reject('in', limits) | list -%}
            {{ return('names out of: ' ~ limits | join(', ') ~ ' (all that ML.ANNOTATE_IMAGE knows)' if 'LABEL_DETECTION' in limits else 'names out of: ' ~ limits | join(', ')) }}
        {%- endif -%}
    {%- endif -%}
    {{ return('') }}
{%- endmacro %}

{#
    The options of the request that is sent, so that the same request always has the same fingerprint: sorted names, one way to write
    a number, what is sent by default filled in, and what is as if it were not there left out. None says that an option is not sent.
#}
{% macro _canonical_options(function, options) -%}
    {%- set defaults = lakeweave._default_options(function) -%}
    {%- set given = {} -%}
    {%- do given.update(defaults.sent) -%}
    {%- do given.update(options) -%}
    {%- set canonical = {} -%}
    {%- for name in given.keys() | sort if name not in defaults.not_sent or given[name] != defaults.not_sent[name] -%}
        {%- do canonical.update({name: lakeweave._canonical_value(given[name])}) -%}
    {%- endfor -%}
    {{ return(canonical) }}
{%- endmacro %}

{% macro _canonical_value(value) -%}
    {%- if value is mapping -%}
        {%- set fields = {} -%}
        {%- for name in value.keys() | sort -%}
            {%- do fields.update({name: lakeweave._canonical_value(value[name])}) -%}
        {%- endfor -%}
        {{ return(fields) }}
    {%- elif value is number and value is not boolean and value == value | int -%}
        {{ return(value | int) }}
    {%- endif -%}
    {{ return(value) }}
{%- endmacro %}

{# What every engine sends when nothing is said, and what says the same as nothing. #}
{% macro _default_options(function) -%}
    {{ return({
        'generate_text': {'sent': {'temperature': 0}, 'not_sent': {'response_format': 'text'}},
        'annotate_image': {'sent': {'features': ['LABEL_DETECTION']}, 'not_sent': {}},
    }.get(function, {'sent': {}, 'not_sent': {}})) }}
{%- endmacro %}

{# The mistakes that only the graph shows: the called model is no remote model, or one of another family. #}
{% macro _called_model_problems(call_config) -%}
    {%- set called = lakeweave.called_model(call_config.model) -%}
    {%- if called is none -%}
        {%- set callable = [] -%}
        {%- for node in graph.nodes.values() if node.resource_type == 'model' and node.config.meta.get('remote_model') -%}
            {%- do callable.append(node.name) -%}
        {%- endfor -%}
        {{ return(["`model` is '" ~ call_config.model ~ "', which is a model but not one that can be called. Give one whose file begins with "
            ~ "lakeweave.remote_model(…)" ~ (" (" ~ callable | unique | sort | join(', ') ~ ")" if callable else "") ~ ", or make a file of that kind in models/ml."]) }}
    {%- endif -%}
    {%- if called.function != call_config.function -%}
        {{ return(["`model` is '" ~ call_config.model ~ "', which is for `" ~ called.function ~ "`; `function` is `" ~ call_config.function ~ "`."]) }}
    {%- endif -%}
    {{ return([]) }}
{%- endmacro %}
