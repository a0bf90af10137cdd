{# Materialized, and the function called once per row: otherwise the optimiser calls it again above each filter. #}
{% macro duckdb___answered(relation, called, input, options, how) -%}
    (
        with

        lakeweave_asked as materialized (
            select * from {{ relation }} as inputs
        ),

        lakeweave_called as materialized (
            {{ lakeweave._called('lakeweave_asked', called, input, options, how) }}
        )

        {{ lakeweave._unpacked('lakeweave_called', called, options) }}
    )
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
    {%- if called.function in ('annotate_image', 'predict_image') or how.get('file') -%}
        {%- do more.update({'places': lakeweave.local_places()}) -%}
    {%- endif -%}
    {%- set asked_for = "cast(inputs." ~ adapter.quote(input) ~ " as " ~ dbt.type_string() ~ ")" -%}
    {%- if how.get('file') -%}
        {%- set asked_for = lakeweave._text_and_file(asked_for, "cast(inputs." ~ adapter.quote(how.file) ~ " as " ~ dbt.type_string() ~ ")") -%}
    {%- endif -%}
    {%- set call -%}
        lakeweave_{{ called.function }}(
            {{ asked_for }},
            {{ lakeweave.text_literal(lakeweave._model_spec(called, more)) }},
            {{ lakeweave.text_literal(tojson(lakeweave._canonical_options(called.function, options), sort_keys=true)) }}
        )
    {%- endset -%}
    select
        inputs.*,
        {% if how.get('token') -%}
        case when lakeweave_claim(inputs.fingerprint, {{ lakeweave.text_literal(how.token) }}) then {{ call }} end
        {%- else -%}
        {{ call }}
        {%- endif %} as lakeweave_answer
    from {{ relation }} as inputs
{%- endmacro %}

{# The same, with the questions claimed against other threads of this process. #}
{% macro duckdb___batch_statements(pending, after, next, call_config) -%}
    {%- set token = lakeweave._claim_token(call_config, true) -%}
    {%- set answers = lakeweave._answered(
        '(' ~ lakeweave._batch_sql(pending, after, next, call_config) ~ ' order by place)',
        call_config.called,
        'input',
        call_config.options,
        {'token': token, 'model_version': call_config.model_version, 'file': 'file' if call_config.get('file') else none}
    ) -%}
    {{ return([lakeweave._ledger_rows_sql(answers ~ ' as answers', call_config)]) }}
{%- endmacro %}

{% macro duckdb___take_lock(call_config) -%}
    {%- if call_config.limits.run_cost is not none -%}
        {%- do lakeweave.fetch_rows("select lakeweave_take_lock(" ~ lakeweave.text_literal(lakeweave._claim_token(call_config)) ~ ", 3600.0) as is_mine") -%}
        {# What the others spent is read in a transaction that begins after their commit. #}
        {%- do adapter.commit() -%}
    {%- endif -%}
{%- endmacro %}

{% macro duckdb___release_lock(call_config) -%}
    {%- if call_config.limits.run_cost is not none -%}
        {%- do lakeweave.duckdb___settle(call_config) -%}
    {%- endif -%}
{%- endmacro %}

{% macro duckdb___settle(call_config) -%}
    {%- set rows = lakeweave.fetch_rows("select lakeweave_settle(" ~ lakeweave.text_literal(lakeweave._claim_token(call_config)) ~ ") as report") -%}
    {{ return(fromjson(rows[0][0]) if rows else lakeweave.default___settle(call_config)) }}
{%- endmacro %}

{% macro duckdb___wait(call_config) -%}
    {%- do lakeweave.fetch_rows("select lakeweave_wait(" ~ lakeweave.text_literal(lakeweave._claim_token(call_config)) ~ ", 3600.0) as is_free") -%}
{%- endmacro %}

{# The functions of lakeweave/inference. https://duckdb.org/docs/stable/clients/python/function #}
{% macro duckdb___refuse_unready_model(called) -%}
    {%- set rows = lakeweave.fetch_rows(
        "select lakeweave_model_problem('" ~ called.function ~ "', " ~ lakeweave.text_literal(lakeweave._model_spec(called)) ~ ") as problem", [[none]]
    ) -%}
    {%- if rows[0][0] -%}
        {%- do exceptions.raise_compiler_error("The model `" ~ called.model ~ "` cannot answer. " ~ rows[0][0]) -%}
    {%- endif -%}
{%- endmacro %}

{# The local models name themselves. #}
{% macro duckdb___model_version(called) -%}
    {%- do lakeweave._refuse_unready_model(called) -%}
    {%- set rows = lakeweave.fetch_rows(
        "select lakeweave_model_version('" ~ called.function ~ "', " ~ lakeweave.text_literal(lakeweave._model_spec(called)) ~ ") as model_version"
    ) -%}
    {%- set named = rows[0][0] if rows else 'local' -%}
    {{ return(named ~ ('#' ~ called.version if called.version else '')) }}
{%- endmacro %}

{% macro duckdb___model_row(called) -%}
    {%- set spec = lakeweave.text_literal(lakeweave._model_spec(called)) -%}
    {%- if flags.WHICH in ['run', 'build', 'retry'] -%}
        {%- do lakeweave._refuse_unready_model(called) -%}
    {%- endif -%}
    select
        {{ lakeweave.text_literal(called.model) }} as model,
        {{ lakeweave.text_literal(called.function) }} as function,
        lakeweave_model_endpoint({{ lakeweave.text_literal(called.function) }}, {{ spec }}) as endpoint,
        lakeweave_model_version({{ lakeweave.text_literal(called.function) }}, {{ spec }})
            {%- if called.version %} || {{ lakeweave.text_literal('#' ~ called.version) }}{% endif %} as model_version,
        {{ lakeweave.text_literal(tojson(called.endpoint_config, sort_keys=true)) }} as options
{%- endmacro %}

{# The lineage knows a star only by the columns that a relation really has. #}
{% macro duckdb___personal_verdict(question) -%}
    {%- set body = question.body | lower -%}
    {%- for node in question.nodes.values() if node.resource_type != 'source' and node.identifier | lower in body -%}
        {%- set relation = adapter.get_relation(database=node.database, schema=node.schema, identifier=node.identifier) -%}
        {%- if relation -%}
            {%- do node.update({'actual_columns': adapter.get_columns_in_relation(relation) | map(attribute='name') | list}) -%}
        {%- endif -%}
    {%- endfor -%}
    {%- set rows = lakeweave.fetch_rows("select lakeweave_personal_columns(" ~ lakeweave.text_literal(tojson(question)) ~ ") as verdict") -%}
    {%- if not rows -%}
        {{ return(lakeweave._personal_columns_by_name(question)) }}
    {%- endif -%}
    {{ return(fromjson(rows[0][0])) }}
{%- endmacro %}

{# Two threads that create the same schema at once end in a conflict, so one does it and the others wait. #}
{% macro duckdb___ensure_response_ledger() -%}
    {%- set token = lakeweave.text_literal(tojson({'run': 'ledger ' ~ invocation_id, 'holder': model.unique_id})) -%}
    {%- set granted = lakeweave.fetch_rows("select lakeweave_claim('ledger', " ~ token ~ ") as granted") -%}
    {%- if granted and granted[0][0] -%}
        {%- do lakeweave.default___ensure_response_ledger() -%}
        {%- do lakeweave.fetch_rows("select lakeweave_settle(" ~ token ~ ") as report") -%}
    {%- else -%}
        {%- do lakeweave.fetch_rows("select lakeweave_wait(" ~ token ~ ", 60.0) as is_free") -%}
    {%- endif -%}
{%- endmacro %}

{# https://duckdb.org/docs/stable/sql/functions/text#sha256value #}
{% macro duckdb__fingerprint(constants, input) -%}
    sha256({{ constants }} || {{ input }})
{%- endmacro %}

{% macro duckdb__type_embedding() -%}
    float[]
{%- endmacro %}

{# https://duckdb.org/docs/stable/data/json/json_functions#transforming-json-to-nested-types #}
{% macro duckdb___typed_columns(fields, response) -%}
    {%- set columns = [] -%}
    {%- set structure = {} -%}
    {%- for field in fields -%}
        {%- do structure.update({field.name: lakeweave._duckdb_structure(field)}) -%}
    {%- endfor -%}
    {%- for field in fields -%}
        {%- do columns.append("json_transform(" ~ response ~ ", " ~ lakeweave.text_literal(tojson(structure)) ~ ")." ~ adapter.quote(field.name) ~ " as " ~ adapter.quote(field.name)) -%}
    {%- endfor -%}
    {{ return(columns) }}
{%- endmacro %}

{% macro _duckdb_structure(field) -%}
    {%- if field.type == 'array' -%}
        {{ return([lakeweave._duckdb_structure(field['items'])]) }}
    {%- elif field.type == 'object' -%}
        {%- set structure = {} -%}
        {%- for each in field.fields -%}
            {%- do structure.update({each.name: lakeweave._duckdb_structure(each)}) -%}
        {%- endfor -%}
        {{ return(structure) }}
    {%- endif -%}
    {{ return(lakeweave._type_of_field(field) | upper) }}
{%- endmacro %}
