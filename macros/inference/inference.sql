{#
    Calls a model for each row of the dbt model below the call. Sets the materialization, its settings and the dependency on the
    called model, so that lineage shows it. See docs/inference.md.

    `schema` gives the answer of `generate_text` typed columns: a mapping of names to types (string, integer, number, boolean, date,
    array, object), or to mappings with `type`, `description`, `optional`, `values`, `minimum`, `maximum`, `items` and `fields`.

    `file` is the column with the address of a picture or a document that goes with the text of `generate_text`. The question is then
    known by the text and by `content_hash`, the column with the hash of the file's content, not by the address.

    `group_by` makes one question of the rows of a group; see `summarize_rows`.

    All mistakes in the call are reported at once, when the project is parsed.
#}
{% macro inference(
    function,
    model,
    input,
    options={},
    allow_pii=false,
    max_calls_per_run=none,
    max_cost_per_run=none,
    batch_size=none,
    max_attempts=3,
    on_over_budget='warn',
    max_input_characters=none,
    content_hash=none,
    object_table=none,
    warn_if_failed_share=none,
    fail_if_failed_share=none,
    schema=none,
    group_by=none,
    order_by=none,
    file=none
) -%}
    {%- set call_config = {
        'function': function,
        'model': model,
        'input': input,
        'options': options if options is mapping else {},
        'allow_pii': allow_pii,
        'max_calls_per_run': max_calls_per_run,
        'max_cost_per_run': max_cost_per_run,
        'batch_size': batch_size,
        'max_attempts': max_attempts,
        'on_over_budget': on_over_budget,
        'max_input_characters': max_input_characters,
        'content_hash': content_hash,
        'object_table': object_table,
        'warn_if_failed_share': warn_if_failed_share,
        'fail_if_failed_share': fail_if_failed_share,
    } -%}
    {%- if file is not none -%}
        {%- do call_config.update({'file': file}) -%}
    {%- endif -%}
    {%- if group_by is not none or order_by is not none -%}
        {%- do call_config.update({'group_by': lakeweave._names_of(group_by), 'order_by': lakeweave._names_of(order_by)}) -%}
    {%- endif -%}
    {# A limit may come as text, from a variable or the environment. What is no number stays as it is and is refused. #}
    {%- for name in ['max_calls_per_run', 'max_cost_per_run', 'batch_size', 'max_attempts', 'max_input_characters', 'warn_if_failed_share', 'fail_if_failed_share'] if call_config[name] is string -%}
        {%- set number = lakeweave._number_of(call_config[name], name not in ('max_cost_per_run', 'warn_if_failed_share', 'fail_if_failed_share')) -%}
        {%- if number is not none -%}
            {%- do call_config.update({name: number}) -%}
        {%- endif -%}
    {%- endfor -%}
    {%- set problems = lakeweave._inference_problems(call_config, kwargs) -%}
    {%- if options is not mapping -%}
        {%- do problems.append("`options` is " ~ tojson(options | string) ~ "; expected a mapping such as {'temperature': 0}.") -%}
    {%- endif -%}
    {%- if file is not none -%}
        {%- do problems.extend(lakeweave._file_problems(call_config)) -%}
    {%- endif -%}
    {%- if 'group_by' in call_config -%}
        {%- do problems.extend(lakeweave._group_problems(call_config)) -%}
    {%- endif -%}
    {%- if schema is not none -%}
        {%- do problems.extend(lakeweave._schema_problems(schema)) -%}
        {%- if function != 'generate_text' -%}
            {%- do problems.append("`schema` is given, but `" ~ function ~ "` has no schema; only `generate_text` has.") -%}
        {%- elif call_config.options.get('response_format') == 'text' -%}
            {%- do problems.append("`schema` is given, but `options.response_format` is 'text'; leave it out.") -%}
        {%- endif -%}
    {%- endif -%}
    {# A unit test has no graph: it tests the body, and calls nothing. #}
    {%- if execute and not problems and graph.get('nodes') -%}
        {%- do problems.extend(lakeweave._called_model_problems(call_config)) -%}
    {%- endif -%}
    {%- do lakeweave.raise_problems("The call of `inference` in " ~ (this or 'this model'), problems) -%}
    {%- do call_config.update({'options': lakeweave._canonical_options(function, lakeweave._options_with_file(lakeweave._options_with_schema(options, schema), file))}) -%}
    {{- config(materialized='inference', meta={'inference': call_config}) -}}
    -- depends_on: {{ ref(model) }}
    {%- if max_cost_per_run is not none or var('inference_max_cost_per_run', none) is not none %}
    -- depends_on: {{ ref('lakeweave', 'model_prices') }}
    {%- endif %}
{% endmacro %}
