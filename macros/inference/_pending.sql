{#
    Which questions of a body are open: the body with the fingerprint of each row, without what the ledger has answered.
#}

{#
    Body plus fingerprint. NULL as fingerprint marks a row that cannot be asked: there is nothing to ask, or too much.

    A question that the ledger knows under an earlier fingerprint of the same request keeps that fingerprint, so that what was paid
    for is not asked again; `call_config.previous_options` has the earlier forms that are in the ledger, usually none.
#}
{% macro _staged_sql(body, call_config) -%}
    {%- set content = lakeweave._content_of('body', call_config) -%}
    {%- set askable = "case when (" ~ lakeweave._reason_not_askable('body', call_config) ~ ") is null then " -%}
    {%- set now = lakeweave.fingerprint(call_config.function, call_config.model, call_config.model_version, call_config.options, content) -%}
    {%- if not call_config.previous_options -%}
    select
        body.*,
        {{ askable ~ now }} end as fingerprint
    from (
        {{ body }}
    ) as body
    {%- else -%}
    {%- set earlier = [] -%}
    {%- for options in call_config.previous_options -%}
        {%- do earlier.append('lakeweave_fingerprint_' ~ loop.index) -%}
    {%- endfor %}
    select
        hashed.* {{ lakeweave.star_without((['lakeweave_fingerprint'] + earlier) | join(', ')) }},
        case
            when known.is_answered = 1 then hashed.lakeweave_fingerprint
            {%- for name in earlier %}
            when known_{{ loop.index }}.is_answered = 1 then hashed.{{ name }}
            {%- endfor %}
            when known.fingerprint is not null then hashed.lakeweave_fingerprint
            {%- for name in earlier %}
            when known_{{ loop.index }}.fingerprint is not null then hashed.{{ name }}
            {%- endfor %}
            else hashed.lakeweave_fingerprint
        end as fingerprint
    from (
        select
            body.*,
            {{ askable ~ now }} end as lakeweave_fingerprint
            {%- for options in call_config.previous_options %},
            {{ askable ~ lakeweave._fingerprint_of(call_config.function, call_config.model, call_config.model_version, options, content) }} end as {{ earlier[loop.index0] }}
            {%- endfor %}
        from (
            {{ body }}
        ) as body
    ) as hashed
    {%- for name in ['lakeweave_fingerprint'] + earlier %}
    {%- set known = 'known' if loop.first else 'known_' ~ loop.index0 %}
    left join (
        {{ lakeweave._known_sql(call_config) }}
    ) as {{ known }} on hashed.{{ name }} = {{ known }}.fingerprint
    {%- endfor %}
    {%- endif %}
{%- endmacro %}

{# What a fingerprint is taken of: the input, or the hash of the content, or both where a file goes with a text. #}
{% macro _content_of(alias, call_config) -%}
    {%- if call_config.get('file') -%}
        {%- set hash = "cast(" ~ alias ~ "." ~ adapter.quote(call_config.content_hash) ~ " as " ~ dbt.type_string() ~ ")" -%}
        {%- set text = "cast(" ~ alias ~ "." ~ adapter.quote(call_config.input) ~ " as " ~ dbt.type_string() ~ ")" -%}
        {# The length says where the hash ends, so that no other pair gives the same text. #}
        {{ return(dbt.concat(["cast(length(" ~ hash ~ ") as " ~ dbt.type_string() ~ ")", "':'", hash, text])) }}
    {%- endif -%}
    {{ return("cast(" ~ alias ~ "." ~ adapter.quote(call_config.content_hash or call_config.input) ~ " as " ~ dbt.type_string() ~ ")") }}
{%- endmacro %}

{# Why a row cannot be asked, as an SQL expression; NULL when it can. #}
{% macro _reason_not_askable(alias, call_config) -%}
    {%- set input = "cast(" ~ alias ~ "." ~ adapter.quote(call_config.input) ~ " as " ~ dbt.type_string() ~ ")" -%}
    case
        when {{ input }} is null then 'null input'
        when {{ lakeweave.is_blank(input) }} then 'empty input'
        {%- if call_config.get('file') %}
        when {{ alias }}.{{ adapter.quote(call_config.file) }} is null then 'no file'
        {%- endif %}
        {%- if call_config.content_hash %}
        when {{ alias }}.{{ adapter.quote(call_config.content_hash) }} is null then 'no content hash'
        {%- endif %}
        {%- if call_config.max_input_characters %}
        when length({{ input }}) > {{ call_config.max_input_characters }} then 'input is longer than {{ call_config.max_input_characters }} characters'
        {%- endif %}
    end
{%- endmacro %}

{# What is to be asked, once per fingerprint, with its place in the order and the estimated cost of one request. #}
{% macro _pending_sql(staged, call_config) -%}
    with

    inputs as (
        select
            fingerprint,
            min(cast({{ adapter.quote(call_config.input) }} as {{ dbt.type_string() }})) as input
            {%- if call_config.get('file') %},
            min(cast({{ adapter.quote(call_config.file) }} as {{ dbt.type_string() }})) as file
            {%- endif %}
        from {{ staged }}
        where fingerprint is not null
        group by fingerprint
    ),

    known as (
        {{ lakeweave._known_sql(call_config) }}
    )

    select
        inputs.fingerprint,
        inputs.input,
        {%- if call_config.get('file') %}
        inputs.file,
        {%- endif %}
        coalesce(known.attempts, 0) as attempts,
        row_number() over (order by inputs.input, inputs.fingerprint) as place,
        {{ lakeweave._estimated_cost('inputs.input', call_config) if call_config.price else '0.0' }} as estimated_cost
    from inputs
    left join known on inputs.fingerprint = known.fingerprint
    where known.fingerprint is null or (
        known.is_answered = 0
        and known.refused_at <= known.forgiven
        and known.attempts - known.forgiven < {{ call_config.max_attempts }}
        and known.asked_in_this_run = 0
    )
{%- endmacro %}

{#
    What the ledger knows of each fingerprint of this model. An `offered` row is a mark, not an attempt: attempts up to it
    are forgiven. Attempts of this very run count once: nothing is asked twice in one run.
#}
{% macro _known_sql(call_config) -%}
    select
        fingerprint,
        max(attempt) as attempts,
        max(case when state = 'offered' then attempt else 0 end) as forgiven,
        max(case when state = 'failed' then attempt else 0 end) as refused_at,
        max(case when state = 'ok' then 1 else 0 end) as is_answered,
        max(case when invocation_id = '{{ invocation_id }}' then 1 else 0 end) as asked_in_this_run
    from {{ lakeweave._known_responses() }} as responses
    where {{ lakeweave._same_model(call_config) }}
    group by fingerprint
{%- endmacro %}

{# The ledger's rows of one model: the fingerprint says as much, but this is what a warehouse can prune by. #}
{% macro _same_model(call_config) -%}
    responses.function = {{ lakeweave.text_literal(call_config.function) }}
        and responses.model = {{ lakeweave.text_literal(call_config.model) }}
        and responses.model_version = {{ lakeweave.text_literal(call_config.model_version) }}
{%- endmacro %}
