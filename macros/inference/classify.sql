{#
    The category of each text, in the column `category`; with `multi` all that fit, as an array in `categories`. `categories` is a list
    of names, or a mapping of names to descriptions.

        {{ lakeweave.classify(model='gemini', input='description', categories=['shirt', 'shoe', 'other']) }}

        select id, description from {{ ref('silver_products') }}

    `examples` are pairs of a text and its category (with `multi` its categories). Every model gets them with the question. The backend
    `offline`, which has no language model, trains a small classifier on them: `examples=[('The zip broke.', 'fault'), …]`.

    With `relation` it is a table expression, like `generate_text`. Other arguments are those of `inference`.
#}
{% macro classify(model, input, categories, multi=false, column=none, examples=none, options={}, relation=none) -%}
    {%- set names = categories.keys() | list if categories is mapping else categories -%}
    {%- set problems = lakeweave._values_problems(names, 'categories') -%}
    {%- if multi is not boolean -%}
        {%- do problems.append("`multi` is " ~ tojson(multi | string) ~ "; expected true or false.") -%}
    {%- endif -%}
    {%- set field = column or ('categories' if multi else 'category') -%}
    {%- if examples is not none -%}
        {%- do problems.extend(lakeweave._examples_problems(examples, names if not problems else none, multi)) -%}
    {%- endif -%}
    {%- set lines = [] -%}
    {%- if not problems -%}
        {%- for name in names -%}
            {%- do lines.append('- ' ~ name ~ (': ' ~ categories[name] if categories is mapping and categories[name])) -%}
        {%- endfor -%}
        {%- if examples is not none -%}
            {%- do lines.append('Examples, each with its answer:') -%}
            {%- for text, answer in examples -%}
                {%- do lines.append(tojson({'text': text, 'answer': {field: answer}})) -%}
            {%- endfor -%}
        {%- endif -%}
    {%- endif -%}
    {%- set one = {'type': 'string', 'values': names} -%}
    {%- set instruction = 'Classify the text. ' ~ ('Answer with every category that fits, and with an empty list if none does.' if multi
        else 'Answer with the one category that fits best.') ~ ' Categories:\n' ~ lines | join('\n') -%}
    {{ return(lakeweave._typed_question(
        'classify', problems, instruction,
        {field: {'type': 'array', 'items': one} if multi else one},
        model, input, options, relation, kwargs
    )) }}
{%- endmacro %}

{# The mistakes in labelled examples. `names` are the categories, none if they are wrong themselves. #}
{% macro _examples_problems(examples, names, multi) -%}
    {%- set expected = "a list of pairs of a text and " ~ ("a list of categories" if multi else "a category") -%}
    {%- if examples is string or examples is mapping or examples is not sequence or not examples -%}
        {{ return(["`examples` is " ~ tojson(examples | string) ~ "; expected " ~ expected ~ "."]) }}
    {%- endif -%}
    {%- set problems, seen = [], {} -%}
    {%- for example in examples -%}
        {%- set pair = example if example is sequence and example is not string and example is not mapping and example | length == 2 else [none, none] -%}
        {%- set given = pair[1] if multi else [pair[1]] -%}
        {%- if pair[0] is not string or not pair[0] | trim or given is string or given is mapping or given is not sequence or given | reject('string') | list -%}
            {%- do problems.append("Example " ~ loop.index ~ " is " ~ tojson(example | string) ~ "; `examples` is " ~ expected ~ ".") -%}
        {%- else -%}
            {%- for name in given if names is not none and name not in names -%}
                {%- do problems.append("`examples` has the category " ~ tojson(name) ~ ", which `categories` does not have.") -%}
            {%- endfor -%}
            {%- if seen.get(pair[0], given) != given -%}
                {%- do problems.append("`examples` has the text " ~ tojson(pair[0]) ~ " with different categories.") -%}
            {%- endif -%}
            {%- do seen.update({pair[0]: given}) -%}
        {%- endif -%}
    {%- endfor -%}
    {{ return(problems) }}
{%- endmacro %}
