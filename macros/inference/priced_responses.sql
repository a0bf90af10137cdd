{#
    {{ lakeweave.priced_responses(ref('model_prices')) }}

    A query of the ledger's attempts with what each cost: every column of ledger.model_responses, and `currency`, `cost`,
    `estimated_cost` (what one request was expected to cost) and `is_estimated` (whether tokens are missing). `cost` is NULL
    without a price. A price list with mistakes stops the run.
#}
{% macro priced_responses(prices) -%}
    {%- do lakeweave.require_relation(prices) -%}
    {%- if execute and flags.WHICH in ('run', 'build') -%}
        {%- do lakeweave._refuse_wrong_prices(prices) -%}
    {%- endif -%}
    {{ return(lakeweave._priced_responses(prices)) }}
{%- endmacro %}
