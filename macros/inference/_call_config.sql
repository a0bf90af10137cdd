{# The settings of one model that calls a model, and the columns that its body and the answers have. #}

{# The settings of this node, with what only a running project knows: who answers, as which version, at which price. #}
{% macro _call_config(settings) -%}
    {%- set call_config = {} -%}
    {%- do call_config.update(settings) -%}
    {%- set called = lakeweave.called_model(settings.model) -%}
    {%- if called is none -%}
        {%- do lakeweave.raise_problems("The call of `inference` in " ~ this, lakeweave._called_model_problems(settings)) -%}
    {%- endif -%}
    {%- set answer = lakeweave._inference_functions()[settings.function].answer -%}
    {%- set problems = [] -%}
    {%- do call_config.update({
        'called': called,
        'model_version': lakeweave._model_version(called),
        'answer': answer,
        'node_id': model.unique_id,
        'warn_if_failed_share': lakeweave._share(settings.get('warn_if_failed_share'), 'inference_warn_if_failed_share', 0.1, problems),
        'fail_if_failed_share': lakeweave._share(settings.get('fail_if_failed_share'), 'inference_fail_if_failed_share', none, problems),
        'batch_size': settings.batch_size or var('inference_batch_size', none) or lakeweave._default_batch_size(settings.function),
        'max_input_characters': settings.max_input_characters or called.max_input_characters,
        'limits': lakeweave._limits(settings, called),
    }) -%}
    {%- do lakeweave.raise_problems("The configuration of " ~ this, problems) -%}
    {%- do lakeweave._refuse_missing_ledgers() -%}
    {%- do call_config.update({'price': call_config.limits.price, 'previous_options': lakeweave._previous_options_in_ledger(call_config)}) -%}
    {{ return(call_config) }}
{%- endmacro %}

{#
    One batch is what a kill can lose, and what is between two commits. 512 is a multiple of the usual concurrencies, so that the last
    requests of a batch leave no worker idle. A statement of a warehouse takes more rows.
#}
{% macro _default_batch_size(function) -%}
    {%- if function in ('annotate_image', 'predict_image') or lakeweave.is_local_engine() -%}
        {{ return(512) }}
    {%- endif -%}
    {{ return(10000) }}
{%- endmacro %}

{# The earlier forms of the options that the ledger has answers under. #}
{% macro _previous_options_in_ledger(call_config) -%}
    {%- set forms = [] -%}
    {%- for options in lakeweave._previous_options(call_config.function, call_config.options) -%}
        {%- do forms.append(lakeweave.text_literal(options)) -%}
    {%- endfor -%}
    {%- set found = [] -%}
    {%- if forms -%}
        {%- for row in lakeweave.fetch_rows(
            "select distinct options from " ~ lakeweave._known_responses() ~ " as responses where " ~ lakeweave._same_model(call_config)
            ~ " and options in (" ~ forms | join(', ') ~ ") order by options", []
        ) -%}
            {%- do found.append(row[0]) -%}
        {%- endfor -%}
    {%- endif -%}
    {{ return(found) }}
{%- endmacro %}

{# The columns of the body, quoted; an error when the body lacks the input or has a column that the answer brings. #}
{% macro _body_columns(body, call_config) -%}
    {%- set names = get_columns_in_query(body) -%}
    {%- if not names -%}
        {# No columns came back: an offline proof. The star is used instead. #}
        {{ return([]) }}
    {%- endif -%}
    {%- set lower = names | map('lower') | list -%}
    {%- set problems = [] -%}
    {%- for argument in ['input', 'content_hash', 'file'] if call_config.get(argument) is not none and call_config[argument] | lower not in lower -%}
        {%- do problems.append("`" ~ argument ~ "` is '" ~ call_config[argument] ~ "', which the body does not have; its columns are: " ~ names | join(', ') ~ ".") -%}
    {%- endfor -%}
    {%- set brought = lakeweave._answer_columns(call_config) -%}
    {%- for name in lower if name in brought -%}
        {%- do problems.append("The body has a column `" ~ name ~ "`, which the answer brings; rename it.") -%}
    {%- endfor -%}
    {%- do lakeweave.raise_problems("The body of " ~ this, problems) -%}
    {%- set quoted = [] -%}
    {%- for name in names -%}
        {%- do quoted.append(adapter.quote(name)) -%}
    {%- endfor -%}
    {{ return(quoted) }}
{%- endmacro %}

{% macro _answer_columns(call_config) -%}
    {{ return([call_config.answer] + (['embedding_model'] if call_config.answer == 'embedding' else [])
        + call_config.options.get('schema', []) | map(attribute='name') | map('lower') | list
        + ['response_state', 'response_status', 'fingerprint', 'responded_at']) }}
{%- endmacro %}
