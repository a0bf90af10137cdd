{#
    What a model answers for the rows of a golden set, as a table expression: a row for each pair of an expected and a given answer, with
    `expected_answer`, `given_answer` (NULL without an answer), `row_count`, `share_of_expected` (of the golden rows that expect this answer)
    and `is_right`. The share of a right pair is the recall of the class.

        select * from {{ lakeweave.confusion_matrix(ref('comment_moods'), ref('golden_moods'), key='id', answer='mood') }} as matrix

    `golden` holds the columns `key` and `expected`. Letter case and blanks at the ends do not count.
#}
{% macro confusion_matrix(answers, golden, key, answer='response', expected='expected') -%}
    {%- set keys, on = lakeweave._names_of(key), [] -%}
    {%- for name in keys -%}
        {%- do on.append('golden.' ~ adapter.quote(name) ~ ' = answers.' ~ adapter.quote(name)) -%}
    {%- endfor -%}
    {%- if not keys -%}
        {%- do lakeweave.raise_problems("The call of `confusion_matrix` in " ~ (this or 'this query'), ["`key` is missing; expected a column, or a list of columns."]) -%}
    {%- endif -%}
    (
        select
            expected_answer,
            given_answer,
            row_count,
            row_count * 1.0 / sum(row_count) over (partition by expected_answer) as share_of_expected,
            coalesce(expected_answer = given_answer, false) as is_right
        from (
            select
                expected_answer,
                given_answer,
                count(*) as row_count
            from (
                select
                    lower(trim(cast(golden.{{ expected }} as {{ dbt.type_string() }}))) as expected_answer,
                    lower(trim(cast(answers.lakeweave_given as {{ dbt.type_string() }}))) as given_answer
                from {{ golden }} as golden
                left join (
                    select {{ keys | map('string') | join(', ') }}, {{ answer }} as lakeweave_given from {{ answers }}
                ) as answers on {{ on | join(' and ') }}
            ) as compared
            group by expected_answer, given_answer
        ) as counted
    )
{%- endmacro %}
