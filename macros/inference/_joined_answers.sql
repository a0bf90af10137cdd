{# The relation: the body joined with the answers of the ledger, and whether it is already there. #}

{# Body and ledger joined: one row for every row of the body. `with_answer` false leaves the answer's column out. #}
{% macro _answered_sql(staged, body_columns, call_config, outcome, with_answer=true) -%}
    {%- set not_asked = 'not asked yet' -%}
    {%- if outcome.reason -%}
        {%- set not_asked = 'not asked: ' ~ outcome.reason -%}
    {%- elif outcome.stopped -%}
        {%- set not_asked = 'not asked: ' ~ outcome.stopped -%}
    {%- endif -%}
    select
        {% if body_columns -%}
            {% for column in body_columns %}
        staged.{{ column }},
            {%- endfor %}
        {%- else -%}
        staged.* {{ lakeweave.star_without('fingerprint') }},
        {%- endif %}
        {%- if with_answer %}
        answers.{{ call_config.answer }},
        {%- if call_config.answer == 'embedding' %}
        case
            when answers.state = 'ok' then {{ lakeweave.text_literal(call_config.model ~ '@' ~ call_config.model_version) }}
        end as embedding_model,
        {%- endif %}
        {%- if 'schema' in call_config.options %}
        {%- for typed in lakeweave._typed_columns(call_config.options.schema, 'answers.response') %}
        {{ typed }},
        {%- endfor %}
        {%- endif %}
        {%- endif %}
        case
            when staged.fingerprint is null then 'failed'
            when answers.fingerprint is null then 'pending'
            when answers.state = 'ok' then 'ok'
            when answers.attempt <= answers.forgiven then 'retryable'
            when answers.state = 'failed' or answers.attempt - answers.forgiven >= {{ call_config.max_attempts }} then 'failed'
            else 'retryable'
        end as response_state,
        case
            when staged.fingerprint is null then {{ lakeweave._reason_not_askable('staged', call_config) }}
            when answers.fingerprint is null then {{ lakeweave.text_literal(not_asked) }}
            else answers.status
        end as response_status,
        staged.fingerprint,
        answers.requested_at as responded_at
    from {{ staged }} as staged
    left join (
        select *
        from (
            select
                fingerprint,
                {% if with_answer -%}
                {{ call_config.answer }},
                {% endif -%}
                state,
                status,
                attempt,
                requested_at,
                max(case when state = 'offered' then attempt else 0 end) over (partition by fingerprint) as forgiven,
                row_number() over (
                    partition by fingerprint
                    order by
                        case state when 'ok' then 0 when 'offered' then 2 else 1 end,
                        case when state = 'ok' then requested_at end,
                        attempt desc
                ) as place
            from {{ lakeweave._known_responses() }} as responses
            where {{ lakeweave._same_model(call_config) }}
                and fingerprint in (select fingerprint from {{ staged }})
        ) as ranked
        where place = 1 and state <> 'offered'
    ) as answers on staged.fingerprint = answers.fingerprint
{%- endmacro %}

{#
    Whether the relation is already what would be written: same columns and types, and the same rows by count and sum of
    their hashes. The answers themselves need not be compared: the ledger never changes an answer to a fingerprint.
#}
{% macro _is_unchanged(existing, staged, body_columns, call_config, outcome) -%}
    {%- if existing is none or not existing.is_table or not body_columns or should_full_refresh() -%}
        {{ return(false) }}
    {%- endif -%}
    {%- set types = {} -%}
    {%- for column in adapter.get_columns_in_relation(staged) -%}
        {%- do types.update({column.name | lower: column.dtype}) -%}
    {%- endfor -%}
    {%- set present = adapter.get_columns_in_relation(existing) -%}
    {%- if present | map(attribute='name') | map('lower') | list
            != (body_columns | map('replace', adapter.quote('x')[0], '') | map('lower') | list) + lakeweave._answer_columns(call_config) -%}
        {{ return(false) }}
    {%- endif -%}
    {%- for column in present if column.name | lower in types and types[column.name | lower] != column.dtype -%}
        {{ return(false) }}
    {%- endfor -%}
    {%- set compared = body_columns + ['response_state', 'response_status', 'fingerprint', 'responded_at'] -%}
    {%- set mark = lakeweave._content_mark(compared) -%}
    {%- set rows = lakeweave.fetch_rows(
        "select (select " ~ mark ~ " from " ~ existing ~ " as content) as found, (select " ~ mark ~ " from ("
        ~ lakeweave._answered_sql(staged, body_columns, call_config, outcome, false) ~ ") as content) as wanted"
    ) -%}
    {{ return(rows is not none and rows[0][0] is not none and rows[0][0] | string == rows[0][1] | string) }}
{%- endmacro %}

{# Count and sum of the rows' hashes, as one text. A sum, because equal rows would vanish in an exclusive or. #}
{% macro _content_mark(columns) -%}
    {{ return(adapter.dispatch('_content_mark', 'lakeweave')(columns)) }}
{%- endmacro %}

{# https://duckdb.org/docs/stable/sql/functions/utility#hashvalue #}
{% macro default___content_mark(columns) -%}
    concat(count(*), ' ', sum(cast(hash({{ columns | join(', ') }}) as hugeint)))
{%- endmacro %}
