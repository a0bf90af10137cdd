{#
    What is known of answers: this project's ledger, and before it the ledgers that `vars.shared_response_ledger` names, for example
    production's on a development target. They are only read. What they answer is not asked again; what they lack is asked, paid for
    and kept here.

        vars:
          shared_response_ledger: production.ledger        # database.schema, or a list of several
#}
{% macro _known_responses() -%}
    {%- set own = lakeweave.ledger_relation('model_responses') -%}
    {%- set shared = lakeweave._shared_ledgers() -%}
    {%- if not shared -%}
        {{ return(own) }}
    {%- endif -%}
    {%- set columns -%}
        fingerprint, function, model, model_version, options, response, embedding, status, state, attempt, requested_at, invocation_id, node_id
    {%- endset -%}
    (
        select {{ columns }} from {{ own }}
        {%- for ledger in shared %}
        union all
        select {{ columns }} from {{ ledger }}
        {%- endfor %}
    )
{%- endmacro %}

{# The shared ledgers as they are written in SQL. An error when one is not named as database.schema. #}
{% macro _shared_ledgers() -%}
    {%- set given = var('shared_response_ledger', none) -%}
    {%- if not given -%}
        {{ return([]) }}
    {%- endif -%}
    {%- set ledgers, problems = [], [] -%}
    {%- for name in ([given] if given is string else given) -%}
        {%- set parts = (name | string).split('.') -%}
        {%- if name is not string or parts | length not in (1, 2) or not parts | select | list | length == parts | length -%}
            {%- do problems.append("`shared_response_ledger` is " ~ tojson(name | string) ~ "; expected database.schema, schema, or a list of them.") -%}
        {%- else -%}
            {%- set quoted = [] -%}
            {%- for part in parts + ['model_responses'] -%}
                {%- do quoted.append(adapter.quote(part)) -%}
            {%- endfor -%}
            {%- do ledgers.append(quoted | join('.')) -%}
        {%- endif -%}
    {%- endfor -%}
    {%- do lakeweave.raise_problems("The shared ledger (vars of dbt_project.yml)", problems) -%}
    {{ return(ledgers) }}
{%- endmacro %}

{# Stops when a shared ledger is not there. A ledger that cannot be read would mean to pay for everything again. #}
{% macro _refuse_missing_ledgers() -%}
    {%- set problems = [] -%}
    {%- for ledger in lakeweave._shared_ledgers() -%}
        {%- set parts = ledger.replace('`', '').replace('"', '').split('.') -%}
        {%- if not lakeweave.has_table(parts[:-2] | first, parts[-2], parts[-1]) -%}
            {%- do problems.append("`shared_response_ledger` names " ~ parts[:-1] | join('.') ~ ", which has no table `model_responses` that can be read."
                ~ " Attach the database or grant the right to read it, or take the name out of the variable.") -%}
        {%- endif -%}
    {%- endfor -%}
    {%- do lakeweave.raise_problems("The shared ledger (vars of dbt_project.yml)", problems) -%}
{%- endmacro %}
