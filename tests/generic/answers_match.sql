{#
    Evaluates a model's answers against an evaluation seed: of the golden rows that are found, at least this share has the
    expected answer. `golden` holds the columns `key` (as the inference model has them) and `expected`; `answer` is the
    expression that is compared, `response` unless given, e.g. lakeweave.json_text('response', 'churn_risk').

    Letter case and blanks at the ends do not count. A golden row without an answer counts as wrong; one whose key the
    model does not have at all fails the test too, because it would not be measured. One row with the numbers when
    it fails; a model without rows passes.
#}
{% test answers_match(model, golden, key, at_least=0.9, answer='response', expected='expected') %}
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

compared as (

    select
        count(*) as golden_rows,
        sum(case when answers.{{ keys[0] }} is null then 1 else 0 end) as missing_rows,
        sum(
            case
                when lower(trim(cast(answers.given as {{ dbt.type_string() }})))
                    = lower(trim(cast(golden.wanted as {{ dbt.type_string() }}))) then 1
                else 0
            end
        ) as right_rows
    from golden
    left join answers
        on {% for name in keys %}golden.{{ name }} = answers.{{ name }}{{ ' and ' if not loop.last }}{% endfor %}

)

select
    golden_rows,
    missing_rows,
    right_rows,
    {{ at_least }} as at_least
from compared
where (select count(*) from answers) > 0
    and (missing_rows > 0 or golden_rows = 0 or right_rows < {{ at_least }} * golden_rows)

{% endtest %}
