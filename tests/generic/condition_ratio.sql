{#
    The condition holds for at least this share of the rows. One row that counts those for which it does not, when it fails;
    a relation without rows passes.
#}
{% test condition_ratio(model, condition, at_least=1.0) %}

with

counted as (

    select
        count(*) as all_rows,
        sum(case when {{ condition }} then 0 else 1 end) as without
    from {{ model }}

)

select
    all_rows,
    without,
    {{ at_least }} as at_least
from counted
where all_rows > 0 and all_rows - without < {{ at_least }} * all_rows

{% endtest %}
