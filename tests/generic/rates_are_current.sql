{# Each currency but dollars has a rate on the day of `as_of`. Says which do not, and what that does. #}
{% test rates_are_current(model) %}
{%- set old -%}
select
    value_type,
    max(valid_to) as ends_on
from {{ model }}
where value_type <> 'dollars'
group by value_type
having max(valid_to) <= cast({{ lakeweave.as_of() }} as date)
{%- endset -%}
{%- do lakeweave.explain_failure(
    "select value_type, cast(ends_on as " ~ dbt.type_string() ~ ") from (" ~ old ~ ") as old order by 1",
    model ~ " has no rate for the day of `as_of` (currency, first day without a rate)",
    "Add the rates, then build again. Until then, sales of these days have no price in US dollars, and costs are valued at the last known rate."
) -%}
{{ old }}
{% endtest %}
