{#
    Evaluates a model's answers against an evaluation seed: of the golden rows that are found, at least this share has the
    expected answer. `golden` holds the columns `key` (as the inference model has them) and `expected`; `answer` is the
    expression that is compared, `response` unless given, e.g. lakeweave.json_text('response', 'churn_risk').

    Letter case and blanks at the ends do not count. A golden row without an answer counts as wrong; one whose key the
    model does not have at all fails the test too, because it would not be measured. With `at_least_per_class` each expected
    answer must be found as often, too. One row with the numbers and the worst class when it fails; a model without rows passes.
    `confusion_matrix` shows which answers are given for which.
#}
{% test answers_match(model, golden, key, at_least=0.9, answer='response', expected='expected', at_least_per_class=0) %}
{%- set keys = [key] if key is string else key %}

with

answers as (

    select
        {% for name in keys -%}
        {{ name }},
        {% endfor -%}
        {{ answer }} as given
    from {{ model }}

),

golden as (

    select
        {% for name in keys -%}
        {{ name }},
        {% endfor -%}
        {{ expected }} as wanted
    from {{ golden }}

),

judged as (

    select
        lower(trim(cast(golden.wanted as {{ dbt.type_string() }}))) as wanted,
        case when answers.{{ keys[0] }} is null then 1 else 0 end as is_missing,
        case
            when lower(trim(cast(answers.given as {{ dbt.type_string() }})))
                = lower(trim(cast(golden.wanted as {{ dbt.type_string() }}))) then 1
            else 0
        end as is_right
    from golden
    left join answers
        on {% for name in keys %}golden.{{ name }} = answers.{{ name }}{{ ' and ' if not loop.last }}{% endfor %}

),

classes as (

    select
        wanted,
        sum(is_right) * 1.0 / count(*) as right_share,
        row_number() over (order by sum(is_right) * 1.0 / count(*), wanted) as place
    from judged
    group by wanted

),

compared as (

    select
        count(*) as golden_rows,
        sum(is_missing) as missing_rows,
        sum(is_right) as right_rows
    from judged

)

select
    compared.golden_rows,
    compared.missing_rows,
    compared.right_rows,
    {{ at_least }} as at_least,
    classes.wanted as worst_class,
    classes.right_share as worst_class_share
from compared
left join classes on classes.place = 1
where (select count(*) from answers) > 0
    and (
        compared.missing_rows > 0
        or compared.golden_rows = 0
        or compared.right_rows < {{ at_least }} * compared.golden_rows
        or classes.right_share < {{ at_least_per_class }}
    )

{% endtest %}
