{#
    {{ lakeweave.price_periods(ref('model_prices')) }}

    A query of the prices that apply on this target: `model_version`, `currency`, `valid_from`, `valid_until` (the first day after
    the period, NULL where it is open), and what a call, a token of input, of cached input and of output cost.
#}
{% macro price_periods(prices) -%}
    {{ return(lakeweave._periods_sql(lakeweave.require_relation(prices))) }}
{%- endmacro %}
