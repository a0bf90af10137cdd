{#
    A relation with one column more: `<price>_usd`, the price in US dollars at the rate of its day.

    The rate is the one of seeds/exchange_rates.csv whose period holds `on_date` (from inclusive, to exclusive). An unknown
    currency and a day without a rate give NULL, never a guess; the data test `converted_to_usd` fails on them. A NULL
    value type is `default_value_type`: the currency that the source is declared to be in. Dollars need no rate.
#}
{% macro convert_to_usd(relation, price, value_type, on_date, default_value_type=none) -%}
    {%- set currency -%}
        {%- if default_value_type -%} coalesce(priced.{{ value_type }}, '{{ default_value_type }}')
        {%- else -%} priced.{{ value_type }}
        {%- endif -%}
    {%- endset -%}
    (
        select
            priced.*,
            case
                when {{ currency }} = 'dollars' then priced.{{ price }}
                else cast(
                    round(cast(priced.{{ price }} as {{ lakeweave.type_double() }}) * cast(rates.usd_per_unit as {{ lakeweave.type_double() }}), 6)
                    as {{ dbt.type_numeric() }}
                )
            end as {{ price }}_usd
        from {{ relation }} as priced
        left join {{ ref('lakeweave', 'exchange_rates') }} as rates
            on rates.value_type = {{ currency }}
            and cast(priced.{{ on_date }} as date) >= rates.valid_from
            and cast(priced.{{ on_date }} as date) < rates.valid_to
    )
{%- endmacro %}
