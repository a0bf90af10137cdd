{#
    Every price that was delivered with a day has its price in US dollars. Says which currencies and days
    seeds/exchange_rates.csv lacks; fails where more than `max_share` of the rows have one, warns below that.
#}
{% test converted_to_usd(model, price, price_usd, on_date, currency=none, max_share=0.05) %}
{{ config(warn_if='> 0', error_if='> 0 and max(share) > ' ~ max_share) }}
{%- set currency = currency or price ~ '_value_type' -%}
{%- set missing -%}
select
    {{ price }},
    {{ currency }} as currency,
    {{ on_date }} as priced_on
from {{ model }}
where {{ price }} is not null and {{ on_date }} is not null and {{ price_usd }} is null
{%- endset -%}
{%- do lakeweave.explain_failure(
    "select currency, cast(min(priced_on) as " ~ dbt.type_string() ~ ") as first_day, count(*) as prices from (" ~ missing
    ~ ") as missing group by currency order by 3 desc, 1 limit 5",
    price ~ " of " ~ model ~ " has values without a rate in seeds/exchange_rates.csv (currency, first day, rows)",
    "Add a rate for each, then build again; until then these prices are in no sum in US dollars.",
    max_share,
    model
) -%}
{{ lakeweave.with_share(missing, model) }}
{% endtest %}
