{#
    Whether a condition is true of each text, in the column `matches`. Every row stays in the relation, because its answer is paid for;
    the next model has `where matches`.

        {{ lakeweave.filter_rows(model='gemini', input='comment', condition='The writer wants money back.') }}

        select id, comment from {{ ref('silver_comments') }}

    With `relation` it is a table expression, like `generate_text`. Other arguments are those of `inference`.
#}
{% macro filter_rows(model, input, condition, column='matches', options={}, relation=none) -%}
    {{ return(lakeweave._typed_question(
        'filter_rows', lakeweave._text_problems({'condition': condition}),
        'Decide whether this condition is true of the text: ' ~ condition,
        {column: 'boolean'}, model, input, options, relation, kwargs
    )) }}
{%- endmacro %}
