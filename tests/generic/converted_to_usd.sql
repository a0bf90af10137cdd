{#
    Every price that was delivered with a day has its price in US dollars: a currency or a day that
    seeds/exchange_rates.csv lacks shows here.
#}
{% test converted_to_usd(model, price, price_usd, on_date) %}

select *
from {{ model }}
where {{ price }} is not null and {{ on_date }} is not null and {{ price_usd }} is null

{% endtest %}
