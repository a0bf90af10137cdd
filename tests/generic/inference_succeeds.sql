{#
    At least this share of the questions that were asked has an answer. Rows that wait for their turn (`pending`) count
    neither way, and an inference model without rows passes. One row with the numbers when it fails.
#}
{% test inference_succeeds(model, at_least=1.0) %}

with

counted as (

    select
        sum(case when response_state = 'ok' then 1 else 0 end) as answered,
        sum(case when response_state = 'retryable' then 1 else 0 end) as retryable,
        sum(case when response_state = 'failed' then 1 else 0 end) as failed,
        sum(case when response_state <> 'pending' then 1 else 0 end) as asked
    from {{ model }}

)

select
    answered,
    retryable,
    failed,
    asked,
    {{ at_least }} as at_least
from counted
where asked > 0 and answered < {{ at_least }} * asked

{% endtest %}
