{#
    What became of the rows of an inference model: how many requests failed, of how many, and what the most frequent failure
    says. Rows that could not be asked and rows that wait are left out. `relation` is a table or a query in brackets.
#}
{% macro _failures(relation) -%}
    {%- set rows = lakeweave.fetch_rows(
        "select said, row_count, request_count, sum(row_count) over () as all_rows, sum(request_count) over () as all_requests, "
        ~ "sum(case when said = '' then 0 else row_count end) over () as failed_rows, "
        ~ "sum(case when said = '' then 0 else request_count end) over () as failed_requests from (select said, "
        ~ "count(*) as row_count, count(distinct fingerprint) as request_count from (select fingerprint, case when response_state = 'ok' "
        ~ "then '' when response_status = '' then 'no reason' else response_status end as said from " ~ relation
        ~ " as answered where fingerprint is not null and response_state <> 'pending') as states group by said) as counted "
        ~ "order by case when said = '' then 1 else 0 end, row_count desc, said limit 1"
    ) -%}
    {%- if not rows -%}
        {{ return({'share': 0.0, 'said': ''}) }}
    {%- endif -%}
    {%- set found = rows[0] -%}
    {%- set said = (found[6] | int) ~ " of " ~ (found[4] | int) ~ " requests failed: " ~ found[0] -%}
    {%- if found[2] | int < found[6] | int -%}
        {%- set said = said ~ " (" ~ (found[2] | int) ~ " of them)" -%}
    {%- endif -%}
    {{ return({'share': (found[5] | int) / ([found[3] | int, 1] | max), 'said': said}) }}
{%- endmacro %}

{# An error before the relation is written, when a larger share of its rows failed than the model allows. #}
{% macro _refuse_failures(staged, body_columns, call_config, outcome) -%}
    {%- if call_config.fail_if_failed_share is not none -%}
        {%- set failures = lakeweave._failures('(' ~ lakeweave._answered_sql(staged, body_columns, call_config, outcome, false) ~ ')') -%}
        {%- if failures.share > call_config.fail_if_failed_share -%}
            {%- do exceptions.raise_compiler_error(
                this ~ ": " ~ failures.said ~ ". That is more than fail_if_failed_share = " ~ call_config.fail_if_failed_share
                ~ " of the rows, so the relation is as it was. The answers are in the ledger."
            ) -%}
        {%- endif -%}
    {%- endif -%}
{%- endmacro %}

{# A warning when more than a stated share of the rows has failed, in this run or before: a column of NULLs is not silent. #}
{% macro _warn_failures(target_relation, call_config) -%}
    {%- set failures = lakeweave._failures(target_relation) -%}
    {%- if failures.share > call_config.warn_if_failed_share -%}
        {%- do exceptions.warn(target_relation ~ ": " ~ failures.said) -%}
    {%- endif -%}
{%- endmacro %}

{# A warning when another model answered than the one that was asked. Only the local engines compare the names. #}
{% macro _warn_other_models(target_relation, call_config) -%}
    {%- if not lakeweave.is_local_engine() or call_config.function != 'generate_text' -%}
        {{ return('') }}
    {%- endif -%}
    {%- set rows = lakeweave.fetch_rows(
        "select served_model, count(*) as answer_count from " ~ lakeweave.ledger_relation('model_responses') ~ " where invocation_id = '"
        ~ invocation_id ~ "' and node_id = " ~ lakeweave.text_literal(call_config.node_id) ~ " and is_other_model group by served_model "
        ~ "order by answer_count desc, served_model limit 3", []
    ) -%}
    {%- for row in rows -%}
        {%- do exceptions.warn(
            target_relation ~ ": " ~ row[1] ~ " answers came from the model '" ~ row[0] ~ "', but '" ~ call_config.model_version.split('#')[0]
            ~ "' was asked. They are kept, with is_other_model in the ledger. If this is the same model, name it in the profile: served_model."
        ) -%}
    {%- endfor -%}
{%- endmacro %}

{# A share of the call, of the project's variable `name`, or the default. What is wrong is added to `problems`. #}
{% macro _share(given, name, default, problems) -%}
    {%- set share = given if given is not none else var(name, default) -%}
    {%- if share is string -%}
        {%- set share = lakeweave._number_of(share) -%}
    {%- endif -%}
    {%- if share is none and (given is not none or var(name, none) is not none) or (share is not none
            and (share is boolean or share is not number or share < 0 or share > 1)) -%}
        {%- do problems.append("`" ~ name ~ "` is " ~ tojson((given if given is not none else var(name)) | string) ~ "; expected a number from 0 to 1.") -%}
    {%- endif -%}
    {{ return(share) }}
{%- endmacro %}
