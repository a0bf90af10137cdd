{#
    A number for each text by a rubric, in the column `score`.

        {{ lakeweave.score(model='gemini', input='comment', rubric='How urgent is the request?', lowest=1, highest=5) }}

        select id, comment from {{ ref('silver_comments') }}

    With `relation` it is a table expression, like `generate_text`. Other arguments are those of `inference`.
#}
{% macro score(model, input, rubric, lowest=0, highest=10, column='score', options={}, relation=none) -%}
    {%- set problems = lakeweave._text_problems({'rubric': rubric}) -%}
    {%- for name, value in {'lowest': lowest, 'highest': highest}.items() if value is boolean or value is not number -%}
        {%- do problems.append("`" ~ name ~ "` is " ~ tojson(value | string) ~ "; expected a number.") -%}
    {%- endfor -%}
    {%- if not problems and lowest >= highest -%}
        {%- do problems.append("`lowest` is " ~ lowest ~ "; expected less than `highest`, which is " ~ highest ~ ".") -%}
    {%- endif -%}
    {{ return(lakeweave._typed_question(
        'score', problems, 'Rate the text from ' ~ lowest ~ ' to ' ~ highest ~ ': ' ~ rubric,
        {column: {'type': 'number', 'minimum': lowest, 'maximum': highest}}, model, input, options, relation, kwargs
    )) }}
{%- endmacro %}
