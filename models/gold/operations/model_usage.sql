{# The ledger's tables are not built by dbt, so they are named here and not drawn in the lineage. #}
-- After the models that ask, so that a build shows its own calls.
-- depends_on: {{ ref('silver_user_addresses') }}
-- depends_on: {{ ref('silver_listing_kinds') }}
-- depends_on: {{ ref('customer_churn_risk') }}

with

runs as (

    select * from {{ lakeweave.ledger_relation('inference_runs') }}

),

responses as (

    {{ lakeweave.priced_responses(ref('model_prices')) }}

),

prices as (

    {{ lakeweave.price_periods(ref('model_prices')) }}

),

asked as (

    select
        cast(requested_at as date) as used_on,
        model,
        model_version,
        function,
        node_id,
        count(*) as calls,
        coalesce(sum(coalesce(requests, 1)), 0) as requests,
        count(distinct fingerprint) as distinct_inputs,
        sum(case when state = 'ok' then 1 else 0 end) as answered_calls,
        sum(case when state = 'retryable' then 1 else 0 end) as retryable_calls,
        sum(case when state = 'failed' then 1 else 0 end) as failed_calls,
        coalesce(sum(input_tokens), 0) as input_tokens,
        coalesce(sum(output_tokens), 0) as output_tokens,
        coalesce(sum(cached_input_tokens), 0) as cached_input_tokens,
        coalesce(sum(reasoning_tokens), 0) as reasoning_tokens,
        sum(cost) as cost,
        sum(case when is_estimated then cost else 0 end) as cost_estimated
    from responses
    group by 1, 2, 3, 4, 5

),

spared as (

    select
        cast(ran_at as date) as used_on,
        model,
        model_version,
        function,
        node_id,
        count(*) as runs,
        sum(answered_before) as answered_from_ledger
    from runs
    group by 1, 2, 3, 4, 5

),

days as (

    select
        used_on,
        model,
        model_version,
        function,
        node_id
    from asked
    union distinct
    select
        used_on,
        model,
        model_version,
        function,
        node_id
    from spared

),

priced as (

    select
        days.used_on,
        days.model,
        days.model_version,
        days.function,
        days.node_id,
        coalesce(spared.runs, 0) as runs,
        coalesce(asked.calls, 0) as calls,
        coalesce(asked.distinct_inputs, 0) as distinct_inputs,
        coalesce(asked.answered_calls, 0) as answered_calls,
        coalesce(asked.retryable_calls, 0) as retryable_calls,
        coalesce(asked.failed_calls, 0) as failed_calls,
        coalesce(spared.answered_from_ledger, 0) as answered_from_ledger,
        coalesce(asked.input_tokens, 0) as input_tokens,
        coalesce(asked.output_tokens, 0) as output_tokens,
        coalesce(asked.requests, 0) as requests,
        coalesce(asked.cached_input_tokens, 0) as cached_input_tokens,
        coalesce(asked.reasoning_tokens, 0) as reasoning_tokens,
        case when asked.calls is null then 0 * prices.per_call else asked.cost end as cost,
        case when asked.calls is null then 0 * prices.per_call else asked.cost_estimated end as cost_estimated,
        prices.currency
    from days
    left join asked
        on days.used_on = asked.used_on
        and days.model = asked.model
        and days.model_version = asked.model_version
        and days.node_id = asked.node_id
        and days.function = asked.function
    left join spared
        on days.used_on = spared.used_on
        and days.model = spared.model
        and days.model_version = spared.model_version
        and days.node_id = spared.node_id
        and days.function = spared.function
    left join prices
        on {{ dbt.split_part('days.model_version', "'#'", 1) }} = prices.model_version
        and days.used_on >= prices.valid_from
        and (prices.valid_until is null or days.used_on < prices.valid_until)

),

averages as (

    select
        model,
        model_version,
        currency,
        sum(cost) / nullif(sum(calls), 0) as cost_per_call
    from priced
    group by 1, 2, 3

),

usage as (

    select
        ---------- ids
        cast(priced.node_id as {{ dbt.type_string() }}) as node_id,

        ---------- text
        cast(priced.model as {{ dbt.type_string() }}) as model,
        cast(priced.model_version as {{ dbt.type_string() }}) as model_version,
        cast(priced.function as {{ dbt.type_string() }}) as function,
        cast(priced.currency as {{ dbt.type_string() }}) as currency,

        ---------- numbers
        cast(priced.runs as {{ dbt.type_bigint() }}) as runs,
        cast(priced.calls as {{ dbt.type_bigint() }}) as calls,
        cast(priced.requests as {{ dbt.type_bigint() }}) as requests,
        cast(priced.distinct_inputs as {{ dbt.type_bigint() }}) as distinct_inputs,
        cast(priced.answered_calls as {{ dbt.type_bigint() }}) as answered_calls,
        cast(priced.retryable_calls as {{ dbt.type_bigint() }}) as retryable_calls,
        cast(priced.failed_calls as {{ dbt.type_bigint() }}) as failed_calls,
        cast(priced.answered_from_ledger as {{ dbt.type_bigint() }}) as answered_from_ledger,
        cast(priced.input_tokens as {{ dbt.type_bigint() }}) as input_tokens,
        cast(priced.output_tokens as {{ dbt.type_bigint() }}) as output_tokens,
        cast(priced.cached_input_tokens as {{ dbt.type_bigint() }}) as cached_input_tokens,
        cast(priced.reasoning_tokens as {{ dbt.type_bigint() }}) as reasoning_tokens,
        cast(priced.cost as {{ lakeweave.type_double() }}) as cost,
        cast(priced.cost_estimated as {{ lakeweave.type_double() }}) as cost_estimated,
        cast(priced.answered_from_ledger * averages.cost_per_call as {{ lakeweave.type_double() }}) as cost_saved,

        ---------- dates
        priced.used_on

    from priced
    left join averages
        on priced.model = averages.model
        and priced.model_version = averages.model_version
        and priced.currency = averages.currency

)

select * from usage
