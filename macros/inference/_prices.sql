{#
    The price list, seeds/model_prices.csv. A call has the price of its own day: `valid_from` is the first day of a price and
    `valid_to` its last day (empty: open). Where the next period begins on that day, the next period holds.

    Prices are in one currency per row and are never added up across currencies. A price per DBU makes the other prices of its
    row DBUs. https://docs.databricks.com/aws/en/machine-learning/foundation-model-apis/
#}

{# The relation of the price list, none when the project has no such seed. #}
{% macro _prices_relation() -%}
    {%- for node in graph.nodes.values() if node.resource_type == 'seed' and node.name == 'model_prices' -%}
        {{ return(api.Relation.create(database=node.database, schema=node.schema, identifier=node.alias)) }}
    {%- endfor -%}
    {{ return(none) }}
{%- endmacro %}

{# How this target is billed: BigQuery bills Gemini at the batch price, the others answer one request at a time.
   https://cloud.google.com/bigquery/pricing#bigquery-ml-pricing #}
{% macro _billing() -%}
    {{ return(adapter.dispatch('_billing', 'lakeweave')()) }}
{%- endmacro %}

{% macro default___billing() -%}
    {{ return('interactive') }}
{%- endmacro %}

{# The periods that apply on this target, with prices in the currency. `valid_until` is the first day after the period. #}
{% macro _periods_sql(prices) -%}
    {%- set after = 'cast(' ~ dbt.dateadd('day', 1, 'valid_to') ~ ' as date)' -%}
    select
        model_version,
        currency,
        valid_from,
        case
            when next_from is not null and (valid_to is null or next_from <= valid_to) then next_from
            when valid_to is not null then {{ after }}
        end as valid_until,
        coalesce(per_call, 0) * coalesce(per_dbu, 1) as per_call,
        coalesce(per_million_input_tokens, 0) * coalesce(per_dbu, 1) / 1000000 as per_input,
        coalesce(per_million_cached_input_tokens, per_million_input_tokens, 0) * coalesce(per_dbu, 1) / 1000000 as per_cached_input,
        coalesce(per_million_output_tokens, 0) * coalesce(per_dbu, 1) / 1000000 as per_output
    from (
        select
            *,
            lead(valid_from) over (partition by model_version order by valid_from) as next_from
        from {{ prices }}
        where billing in ('any', '{{ lakeweave._billing() }}')
    ) as periods
{%- endmacro %}

{# The mistakes in the price list, as one row per mistake. #}
{% macro _price_mistakes_sql(prices) -%}
    {%- set open_end = "cast('9999-12-31' as date)" -%}
    with

    numbered as (
        select
            *,
            row_number() over (order by model_version, billing, valid_from, currency, valid_to) as number
        from {{ prices }}
    ),

    mistakes as (
        select
            one.model_version,
            'overlap' as mistake,
            one.billing,
            one.valid_from,
            one.valid_to,
            other.billing as other_billing,
            other.valid_from as other_from,
            other.valid_to as other_to
        from numbered as one
        inner join numbered as other
            on one.model_version = other.model_version
            and one.number < other.number
            and (one.billing = other.billing or one.billing = 'any' or other.billing = 'any')
        where one.valid_from = other.valid_from
            or (
                one.valid_from < coalesce(other.valid_to, {{ open_end }})
                and other.valid_from < coalesce(one.valid_to, {{ open_end }})
            )
        union all
        select
            model_version,
            case
                when valid_from is null then 'no valid_from'
                when valid_to < valid_from then 'ends before it begins'
                when currency is null then 'no currency'
                else 'unknown billing'
            end as mistake,
            billing,
            valid_from,
            valid_to,
            cast(null as {{ dbt.type_string() }}) as other_billing,
            cast(null as date) as other_from,
            cast(null as date) as other_to
        from numbered
        where valid_from is null or valid_to < valid_from or currency is null or billing is null
            or billing not in ('any', 'batch', 'interactive')
    )

    select * from mistakes
{%- endmacro %}

{# Stops when the price list is wrong: two periods of one model overlap, for example. #}
{% macro _refuse_wrong_prices(prices) -%}
    {%- set problems = [] -%}
    {%- for row in lakeweave.fetch_rows(lakeweave._price_mistakes_sql(prices) ~ ' order by 1, 4, 7', []) -%}
        {%- set period = '`' ~ row[2] ~ '` from ' ~ row[3] ~ ' to ' ~ (row[4] or 'open') -%}
        {%- if row[1] == 'overlap' -%}
            {%- do problems.append('Two prices of `' ~ row[0] ~ '` hold at the same time: ' ~ period ~ ', and `' ~ row[5] ~ '` from ' ~ row[6]
                ~ ' to ' ~ (row[7] or 'open') ~ '. A call has one price: give the earlier price a `valid_to`.') -%}
        {%- elif row[1] == 'unknown billing' -%}
            {%- do problems.append('The `billing` of `' ~ row[0] ~ "` is '" ~ (row[2] or '') ~ "'; expected any, batch or interactive.") -%}
        {%- else -%}
            {%- do problems.append('A price of `' ~ row[0] ~ '` (' ~ period ~ '): ' ~ row[1] ~ '.') -%}
        {%- endif -%}
    {%- endfor -%}
    {%- do lakeweave.raise_problems('The price list ' ~ prices ~ ' (seeds/model_prices.csv)', problems) -%}
{%- endmacro %}

{# The price list, built and checked; none when it is not there. `is_built` says that it is a parent and needs no looking for. #}
{% macro _checked_prices(is_built=false) -%}
    {%- set prices = lakeweave._prices_relation() -%}
    {%- if prices is none or not (is_built or load_relation(prices) is not none) -%}
        {{ return(none) }}
    {%- endif -%}
    {%- do lakeweave._refuse_wrong_prices(prices) -%}
    {{ return(prices) }}
{%- endmacro %}

{# What runs in this process or in the warehouse itself, and has no price per call. #}
{% macro _is_computed_here(called) -%}
    {{ return((lakeweave.is_local_engine() and called.function != 'generate_text') or called.endpoint_config.get('path') is string) }}
{%- endmacro %}

{# Today's price of a model for a budget in money. A model without a price is refused. #}
{% macro _price(called, limit) -%}
    {%- set price = lakeweave._price_if_known(called, true) -%}
    {%- if price is none -%}
        {%- do exceptions.raise_compiler_error(
            this ~ " has a budget in money (" ~ limit ~ "), but seeds/model_prices.csv has no price for `"
            ~ lakeweave._priced_version(called) ~ "` on " ~ lakeweave._today() ~ " that is `any` or `" ~ lakeweave._billing()
            ~ "`. Nothing was asked. Add a row with that model_version, and run `dbt seed`."
        ) -%}
    {%- endif -%}
    {{ return(price) }}
{%- endmacro %}

{# The same, none when there is no price. #}
{% macro _price_if_known(called, is_built=false) -%}
    {%- set prices = lakeweave._checked_prices(is_built) -%}
    {%- set rows = none -%}
    {%- if prices is not none -%}
        {%- set today = "cast('" ~ lakeweave._today() ~ "' as date)" -%}
        {%- set rows = lakeweave.fetch_rows(
            "select per_call, per_input, per_cached_input, per_output, currency from (" ~ lakeweave._periods_sql(prices) ~ ") as periods"
            ~ " where model_version = " ~ lakeweave.text_literal(lakeweave._priced_version(called))
            ~ " and valid_from <= " ~ today ~ " and (valid_until is null or valid_until > " ~ today ~ ")"
        ) -%}
    {%- endif -%}
    {%- if rows -%}
        {{ return({
            'per_call': rows[0][0] | float, 'per_input': rows[0][1] | float, 'per_cached_input': rows[0][2] | float,
            'per_output': rows[0][3] | float, 'currency': rows[0][4],
        }) }}
    {%- elif lakeweave._is_computed_here(called) -%}
        {{ return({'per_call': 0.0, 'per_input': 0.0, 'per_cached_input': 0.0, 'per_output': 0.0, 'currency': none}) }}
    {%- endif -%}
    {{ return(none) }}
{%- endmacro %}

{# What the price list knows a model by: its version without the project's own mark. #}
{% macro _priced_version(called) -%}
    {{ return(lakeweave._model_version(called).split('#')[0]) }}
{%- endmacro %}

{# The day of a run, in UTC. #}
{% macro _today() -%}
    {{ return(modules.datetime.datetime.now(modules.pytz.utc).strftime('%Y-%m-%d')) }}
{%- endmacro %}

{#
    The ledger's attempts with what each cost: the one cost function of model_usage, the budget and the plan.

    An attempt costs its requests at the price per call, and its tokens at the prices of its own day. Thinking tokens are part of
    the output. Cached tokens are part of the input and have their own price. Where the model counted no tokens, the estimate that
    was made before the call is used, once for each request. `cost` is NULL without a price.

    `estimated_cost` is what one request was expected to cost; `is_estimated` says that tokens are missing.
#}
{% macro _priced_responses(prices, condition='1 = 1') -%}
    {%- set requests = 'coalesce(responses.requests, 1)' -%}
    {#- Attempts from before these columns: a thousand characters of input, and the output's default limit. -#}
    {%- set input = 'coalesce(responses.estimated_input_tokens, 250)' -%}
    {%- set output -%}
        coalesce(responses.estimated_output_tokens, case when responses.function = 'generate_text' then {{ lakeweave._default_output_tokens() }} else 0 end)
    {%- endset -%}
    {%- set cached -%}
        case
            when responses.cached_input_tokens is null then 0
            when responses.cached_input_tokens < responses.input_tokens then responses.cached_input_tokens
            else responses.input_tokens
        end
    {%- endset -%}
    select
        responses.*,
        prices.currency,
        {{ requests }} * prices.per_call
        + case
            when responses.input_tokens is not null
                then (responses.input_tokens - ({{ cached }})) * prices.per_input
                    + ({{ cached }}) * prices.per_cached_input
            else {{ requests }} * {{ input }} * prices.per_input
        end
        + case
            when responses.output_tokens is not null then responses.output_tokens * prices.per_output
            else {{ requests }} * {{ output }} * prices.per_output
        end as cost,
        prices.per_call + {{ input }} * prices.per_input + {{ output }} * prices.per_output as estimated_cost,
        case
            when responses.input_tokens is null and prices.per_input > 0 then true
            when responses.output_tokens is null and prices.per_output > 0 then true
            else false
        end as is_estimated
    from {{ lakeweave.ledger_relation('model_responses') }} as responses
    left join (
        {{ lakeweave._periods_sql(prices) }}
    ) as prices
        on {{ dbt.split_part('responses.model_version', "'#'", 1) }} = prices.model_version
        and cast(responses.requested_at as date) >= prices.valid_from
        and (prices.valid_until is null or cast(responses.requested_at as date) < prices.valid_until)
    where responses.state <> 'offered' and {{ condition }}
{%- endmacro %}

{# Estimated cost of one request, as an SQL expression. #}
{% macro _estimated_cost(input, call_config) -%}
    {%- set output = lakeweave._estimated_output_tokens(call_config) -%}
    ({{ call_config.price.per_call + output * call_config.price.per_output }} + {{ lakeweave._estimated_input_tokens(input, call_config) }} * {{ call_config.price.per_input }})
{%- endmacro %}

{# Four characters to a token, and 1,000 tokens for a file beside the text; a picture that is not given to a language model has none. #}
{% macro _estimated_input_tokens(input, call_config) -%}
    {%- if call_config.function not in ('generate_text', 'generate_embedding') -%}
        {{ return('0') }}
    {%- endif -%}
    {{ return('cast(ceil(length(' ~ input ~ ') / 4.0)' ~ (' + 1000' if call_config.get('file')) ~ ' as ' ~ dbt.type_bigint() ~ ')') }}
{%- endmacro %}

{# As much output as is allowed. #}
{% macro _estimated_output_tokens(call_config) -%}
    {%- if call_config.function != 'generate_text' -%}
        {{ return(0) }}
    {%- endif -%}
    {{ return(call_config.options.get('max_output_tokens') or lakeweave._default_output_tokens()) }}
{%- endmacro %}

{% macro _default_output_tokens() -%}
    {{ return(1024) }}
{%- endmacro %}
