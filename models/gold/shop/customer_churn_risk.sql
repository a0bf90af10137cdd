{#
    In gold, because it reads gold.customer_metrics.

    The figures go into the question as bands. Customers with like figures are then one question, and a customer is asked
    about again when a band changes, not every day on which the days since the last order grew by one.
#}
{{ lakeweave.inference(
    function='generate_text',
    model='gemini',
    input='prompt',
    options={'temperature': 0, 'max_output_tokens': 128},
    schema={
        'churn_risk': {'type': 'string', 'values': ['low', 'medium', 'high']},
        'churn_reason': {'type': 'string', 'description': 'One sentence that names the figures.'},
    }
) }}

{%- set instructions = "Judge how likely it is that this customer of a web shop has stopped buying. [churn-risk v2]\n" %}

with

metrics as (

    select * from {{ ref('customer_metrics') }}

),

banded as (

    select
        user_id,
        case
            when lifetime_order_count > 5 then '6 or more'
            else cast(lifetime_order_count as {{ dbt.type_string() }})
        end as orders,
        case
            when days_since_last_order is null then 'unknown'
            when days_since_last_order < 90 then '0 to 89'
            when days_since_last_order < 180 then '90 to 179'
            when days_since_last_order < 365 then '180 to 364'
            else '365 or more'
        end as days_since_last_order,
        case
            when avg_order_value is null then 'unknown'
            when avg_order_value < 50 then '0 to 49 dollars'
            when avg_order_value < 100 then '50 to 99 dollars'
            when avg_order_value < 200 then '100 to 199 dollars'
            else '200 or more dollars'
        end as average_order_value,
        case
            when return_rate is null then 'unknown'
            when return_rate < 0.25 then '0 to 24 percent'
            when return_rate < 0.5 then '25 to 49 percent'
            else '50 or more percent'
        end as return_rate
    from metrics

),

questions as (

    select
        user_id,
        {{ dbt.concat([
            lakeweave.text_literal(instructions),
            "'Orders: '", 'orders',
            lakeweave.text_literal('\nDays since last order: '), 'days_since_last_order',
            lakeweave.text_literal('\nAverage order value: '), 'average_order_value',
            lakeweave.text_literal('\nReturn rate: '), 'return_rate',
        ]) }} as prompt
    from banded

)

select * from questions
