{# No two prices of a model hold on the same day, and every period is in order. One row per mistake. #}
{% test one_price_at_a_time(model) %}

{{ lakeweave._price_mistakes_sql(model) }}

{% endtest %}
