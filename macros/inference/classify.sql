{#
    The category of each text, in the column `category`; with `multi` all that fit, as an array in `categories`. `categories` is a list
    of names, or a mapping of names to descriptions.

        {{ lakeweave.classify(model='gemini', input='description', categories=['shirt', 'shoe', 'other']) }}

        select id, description from {{ ref('silver_products') }}

    With `relation` it is a table expression, like `generate_text`. Other arguments are those of `inference`.
#}
{% macro classify(model, input, categories, multi=false, column=none, options={}, relation=none) -%}
    {%- set names = categories.keys() | list if categories is mapping else categories -%}
    {%- set problems = lakeweave._values_problems(names, 'categories') -%}
    {%- if multi is not boolean -%}
        {%- do problems.append("`multi` is " ~ tojson(multi | string) ~ "; expected true or false.") -%}
    {%- endif -%}
    {%- set lines = [] -%}
    {%- if not problems -%}
        {%- for name in names -%}
            {%- do lines.append('- ' ~ name ~ (': ' ~ categories[name] if categories is mapping and categories[name])) -%}
        {%- endfor -%}
    {%- endif -%}
    {%- set one = {'type': 'string', 'values': names} -%}
    {%- set instruction = 'Classify the text. ' ~ ('Answer with every category that fits, and with an empty list if none does.' if multi
        else 'Answer with the one category that fits best.') ~ ' Categories:\n' ~ lines | join('\n') -%}
    {{ return(lakeweave._typed_question(
        'classify', problems, instruction,
        {column or ('categories' if multi else 'category'): {'type': 'array', 'items': one} if multi else one},
        model, input, options, relation, kwargs
    )) }}
{%- endmacro %}
