{#
    No prompt holds a personal value of the row that it is about: the column `input` is searched for the values of
    `columns` of `personal`, joined by `key` (`personal_key` where it has another name there). Values shorter than
    `shorter_than` characters are not looked for, because a prompt holds them by chance.

    It looks at data, not at names, so it also sees what was renamed on the way. A value that was changed on the way
    (a lower-cased name is found, a re-formatted number is not) escapes it.
#}
{% test no_personal_data_in_prompts(model, input, key, personal, columns, personal_key=none, shorter_than=4) %}

{%- for column in columns %}
select
    questions.{{ key }},
    '{{ column }}' as personal_column
from {{ model }} as questions
inner join {{ personal }} as personal on questions.{{ key }} = personal.{{ personal_key or key }}
where length(cast(personal.{{ column }} as {{ dbt.type_string() }})) >= {{ shorter_than }}
    and {{ dbt.position("lower(cast(personal." ~ column ~ " as " ~ dbt.type_string() ~ "))", "lower(questions." ~ input ~ ")") }} > 0
{{ 'union all' if not loop.last }}
{%- endfor %}

{% endtest %}
