{#
    A judge gave at least `at_least` to at least this share of the rows: the threshold for a model that grades the answers of another, see
    `score`. The judge is an inference model, so its calls are in the ledger and within the budget. Rows that were not judged count as bad,
    but for rows that had nothing to judge. One row with the numbers when it fails.
#}
{% test judged_well(model, column_name, at_least, share=0.9) %}

with

counted as (

    select
        count(*) as to_judge,
        coalesce(sum(case when {{ column_name }} is null then 1 else 0 end), 0) as not_judged,
        coalesce(sum(case when {{ column_name }} >= {{ at_least }} then 1 else 0 end), 0) as good,
        avg({{ column_name }}) as average
    from {{ model }}
    where fingerprint is not null

)

select
    to_judge,
    not_judged,
    good,
    average,
    {{ share }} as share
from counted
where to_judge > 0 and good < {{ share }} * to_judge

{% endtest %}
