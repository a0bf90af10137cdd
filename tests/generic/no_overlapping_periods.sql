{#
    No two periods of a `key` hold on the same day, and every period ends after it begins (`valid_from` is its first day, `valid_to`
    the first day after it). Says which periods are wrong. It stands before every model that reads the relation.
#}
{% test no_overlapping_periods(model, key, valid_from='valid_from', valid_to='valid_to') %}
{%- set wrong -%}
select
    {{ key }} as period_of,
    {{ valid_from }} as period_from,
    {{ valid_to }} as period_to,
    next_from
from (
    select
        periods.*,
        lead({{ valid_from }}) over (partition by {{ key }} order by {{ valid_from }}, {{ valid_to }}) as next_from
    from {{ model }} as periods
) as ordered
where next_from < {{ valid_to }} or {{ valid_to }} <= {{ valid_from }}
{%- endset -%}
{%- do lakeweave.explain_failure(
    "select period_of, cast(period_from as " ~ dbt.type_string() ~ "), cast(period_to as " ~ dbt.type_string() ~ "), cast(next_from as "
    ~ dbt.type_string() ~ ") from (" ~ wrong ~ ") as wrong order by 1, 2 limit 5",
    model ~ " has periods that overlap or end before they begin (" ~ key ~ ", from, to, next from)",
    "Let each period end on the day on which the next one begins. Nothing that reads it is built until then."
) -%}
{{ wrong }}
{% endtest %}
