{#
    Every price that was delivered has its price in US dollars; where `on_date` is given, only those that have such a day. Names
    currencies, days and prices for which seeds/exchange_rates.csv has no rate. Warns of any, fails where more than `max_share` of
    the rows have one.
#}
{% test converted_to_usd(model, price, price_usd, on_date=none, currency=none, max_share=0.05) %}
{{ config(warn_if='> 0', error_if='> 0 and max(share) > ' ~ max_share) }}
{%- set currency = currency or price ~ '_value_type' -%}
{%- set missing -%}
select
    {{ price }} as price,
    {{ currency }} as currency,
    {{ on_date or 'cast(null as date)' }} as priced_on
from {{ model }}
where {{ price }} is not null and {{ price_usd }} is null
    {%- if on_date %} and {{ on_date }} is not null{% endif %}
{%- endset -%}
{%- do lakeweave.explain_failure(
    "select coalesce(currency, 'no currency') as currency_found, cast(min(priced_on) as " ~ dbt.type_string() ~ ") as first_day, cast(max(priced_on) as "
    ~ dbt.type_string() ~ ") as last_day, cast(max(case when place = 1 then price end) as " ~ dbt.type_string()
    ~ ") as example_1, cast(max(case when place = 2 then price end) as " ~ dbt.type_string()
    ~ ") as example_2, cast(max(case when place = 3 then price end) as " ~ dbt.type_string()
    ~ ") as example_3, count(*) as prices from (select missing.*, row_number() over (partition by currency order by price, priced_on) as place from ("
    ~ missing ~ ") as missing) as numbered group by 1 order by 7 desc, 1 limit 5",
    price ~ " of " ~ model ~ " has values without a rate in seeds/exchange_rates.csv (currency, first day, last day, three prices, rows)",
    "Add a rate for each, then build again; until then these prices are in no sum in US dollars.",
    max_share,
    model
) -%}
{{ lakeweave.with_share(missing, model) }}
{% endtest %}
