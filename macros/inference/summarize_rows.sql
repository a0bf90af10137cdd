{#
    One answer for each group of rows, in the column `summary`. The relation has a row for each group: the columns of `group_by`,
    `row_count`, `rows_without_text`, `rows_left_out`, the input and the answer.

        {{ lakeweave.summarize_rows(model='gemini', group_by='product_id', input='comment', instruction='Which faults do customers name?',
            order_by='written_at desc') }}

        select product_id, comment, written_at from {{ ref('silver_comments') }}

    A group is known by its content: the order of the rows makes no difference, and a new row asks about its own group only. The rows
    are sorted by `order_by` and then by the text. Rows that do not fit into `max_input_characters` are left out whole, from the end,
    and `rows_left_out` counts them. `schema` gives other typed columns than `summary`.

    With `relation` it is a table expression, like `generate_text`. Other arguments are those of `inference`.
#}
{% macro summarize_rows(model, group_by, input, instruction, order_by=none, schema=none, max_input_characters=20000, options={}, relation=none) -%}
    {%- set groups = {'function': 'generate_text', 'group_by': lakeweave._names_of(group_by), 'order_by': lakeweave._names_of(order_by), 'input': input,
        'max_input_characters': max_input_characters} -%}
    {%- set problems = lakeweave._text_problems({'instruction': instruction, 'input': input}) -%}
    {%- if relation is not none -%}
        {%- if max_input_characters is not integer or max_input_characters is boolean or max_input_characters < 1 -%}
            {%- do problems.append("`max_input_characters` is " ~ tojson(max_input_characters | string) ~ "; expected a whole number of at least 1.") -%}
        {%- endif -%}
        {%- do problems.extend(lakeweave._group_problems(groups)) -%}
    {%- endif -%}
    {%- set more = {} -%}
    {%- do more.update(kwargs) -%}
    {%- if relation is none -%}
        {%- do more.update({'group_by': groups.group_by, 'order_by': groups.order_by, 'max_input_characters': max_input_characters}) -%}
    {%- endif -%}
    {{ return(lakeweave._typed_question(
        'summarize_rows', problems, 'Answer about all of these texts together; each begins with a dash. ' ~ instruction,
        schema if schema is not none else {'summary': 'string'}, model, input, options,
        '(' ~ lakeweave._grouped_sql(relation, groups) ~ ')' if relation is not none and not problems else relation, more
    )) }}
{%- endmacro %}
