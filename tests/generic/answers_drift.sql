{#
    The share of each answer in the column has changed by at most `at_most` since the answers were last accepted, by
    `dbt run-operation accept_answers`. One row for each answer whose share has changed more. Answers that were never accepted fail,
    with one row that says so. NULL counts neither way.
#}
{% test answers_drift(model, column_name, at_most=0.1) %}

with

given as (

    select
        cast({{ column_name }} as {{ dbt.type_string() }}) as answer,
        count(*) as row_count
    from {{ model }}
    where {{ column_name }} is not null
    group by 1

),

recorded as (

    select
        answer,
        row_count,
        dense_rank() over (order by accepted_at desc, invocation_id) as age
    from {{ lakeweave.ledger_relation('accepted_answers') }}
    where relation = {{ lakeweave.text_literal(model | string) }}
        and column_name = {{ lakeweave.text_literal(column_name | lower) }}

),

accepted as (

    select
        answer,
        row_count
    from recorded
    where age = 1

),

shares as (

    select
        coalesce(given.answer, accepted.answer) as answer,
        coalesce(accepted.row_count * 1.0 / (select sum(row_count) from accepted), 0) as accepted_share,
        coalesce(given.row_count * 1.0 / (select sum(row_count) from given), 0) as given_share
    from given
    full outer join accepted on given.answer = accepted.answer

),

drifted as (

    select
        answer,
        accepted_share,
        given_share
    from shares
    where (select count(*) from accepted) > 0
        and (select count(*) from given) > 0
        and abs(given_share - accepted_share) > {{ at_most }}

),

never_accepted as (

    select
        'no answer was accepted yet; run accept_answers' as answer,
        0.0 as accepted_share,
        0.0 as given_share
    from (select count(*) as row_count from accepted) as counted
    where row_count = 0

)

select * from drifted
union all
select * from never_accepted

{% endtest %}
