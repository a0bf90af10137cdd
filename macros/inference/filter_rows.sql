{#
    Whether a condition is true of each text, in the column `matches`. Every row stays in the relation, because its answer is paid for;
    the next model has `where matches`.

        {{ lakeweave.filter_rows(model='gemini', input='comment', condition='The writer wants money back.') }}

        select id, comment from {{ ref('silver_comments') }}

    With `relation` it is a table expression, like `generate_text`. Other arguments are those of `inference`.
#}
{% macro filter_rows(model, input, condition, column='matches', options={}, relation=none) -%}
    {%- set problems = lakeweave._text_problems({'condition': condition}) -%}
    {%- for name in modules.re.findall('[{][A-Za-z_]\\w*[}]', condition | string) | unique -%}
        {%- do problems.append("`condition` has the placeholder " ~ name ~ ", which nothing fills; it is about the text of `input`. For two texts see `match_rows`.") -%}
    {%- endfor -%}
    {{ return(lakeweave._typed_question(
        'filter_rows', problems,
        'Decide whether this condition is true of the text: ' ~ condition,
        {column: 'boolean'}, model, input, options, relation, kwargs
    )) }}
{%- endmacro %}
