{#
    A relation with two columns more: `<price>_usd`, the price in US dollars at the rate of its day, and `<price>_rate_date`, the
    day that the rate is of.

    The rate is the one of seeds/exchange_rates.csv whose period holds `on_date` (from inclusive, to exclusive). An unknown
    currency and a day without a rate give NULL; the data test `converted_to_usd` names them. That is the rule for what
    happened on a day: a sale is in the books at the rate of its day.

    `missing_rate='latest'` is the rule for a valuation "as of" a day: where that day has no rate, the last known rate before it
    counts, and `<price>_rate_date` is the last day of that rate's period. The data test `rates_are_current` warns of the gap.

    A NULL value type is `default_value_type`: the currency that the source is declared to be in. Dollars need no rate. The
    product is computed in decimals and rounded once, to six places. Where periods overlap, the later one counts from its first
    day on, so that no row is doubled; the data test `no_overlapping_periods` refuses such a seed.
#}
{% macro convert_to_usd(relation, price, value_type, on_date, default_value_type=none, missing_rate='null') -%}
    {%- if missing_rate not in ('null', 'latest') -%}
        {%- do exceptions.raise_compiler_error(
            "convert_to_usd: `missing_rate` is '" ~ missing_rate ~ "'; expected null (no value on a day without a rate) or latest (the last known rate)."
        ) -%}
    {%- endif -%}
    {%- set currency -%}
        {%- if default_value_type -%} coalesce(priced.{{ value_type }}, '{{ default_value_type }}')
        {%- else -%} priced.{{ value_type }}
        {%- endif -%}
    {%- endset -%}
    {%- set day = 'cast(priced.' ~ on_date ~ ' as date)' -%}
    (
        select
            priced.*,
            case
                when {{ currency }} = 'dollars' then priced.{{ price }}
                else {{ adapter.dispatch('_in_dollars', 'lakeweave')('priced.' ~ price, 'rates.usd_per_unit') }}
            end as {{ price }}_usd,
            case
                when {{ currency }} = 'dollars' then {{ day }}
                when {{ day }} < rates.valid_to then {{ day }}
                else cast({{ dbt.dateadd('day', -1, 'rates.valid_to') }} as date)
            end as {{ price }}_rate_date
        from {{ relation }} as priced
        left join (
            select
                value_type,
                usd_per_unit,
                valid_from,
                valid_to,
                lead(valid_from) over (partition by value_type order by valid_from, valid_to, usd_per_unit) as next_from
            from {{ lakeweave.package_seed('exchange_rates') }}
        ) as rates
            on rates.value_type = {{ currency }}
            and {{ day }} >= rates.valid_from
            {%- if missing_rate == 'null' %}
            and {{ day }} < rates.valid_to
            {%- endif %}
            and (rates.next_from is null or {{ day }} < rates.next_from)
    )
{%- endmacro %}

{# Their products of decimals have more than six places, so the rounding is the only one.
   https://duckdb.org/docs/stable/sql/data_types/numeric#fixed-point-decimals
   https://spark.apache.org/docs/latest/sql-ref-ansi-compliance.html#decimal-operations #}
{% macro default___in_dollars(price, rate) -%}
    cast(round(cast({{ price }} as decimal(28, 6)) * cast({{ rate }} as decimal(18, 9)), 6) as {{ dbt.type_numeric() }})
{%- endmacro %}
