{#
    What `classify`, `filter_rows`, `score` and `extract` have in common: a schema and an instruction over a column of texts. Without
    `relation` it is a call of `inference`, with it a table expression. `problems` are the mistakes in the macro's own arguments.
#}
{% macro _typed_question(name, problems, instruction, schema, model, input, options, relation, more) -%}
    {%- if options is not mapping -%}
        {%- do problems.append("`options` is " ~ tojson(options | string) ~ "; expected a mapping such as {'temperature': 0}.") -%}
    {%- elif 'instruction' in options -%}
        {%- do problems.append("`options` has `instruction`, which `" ~ name ~ "` writes itself.") -%}
    {%- endif -%}
    {%- if relation is not none and more -%}
        {%- do problems.append("`relation` makes this a table expression, which has no " ~ more.keys() | join(' and no ') ~ ".") -%}
    {%- endif -%}
    {%- do lakeweave.raise_problems("The call of `" ~ name ~ "` in " ~ (this or 'this model'), problems) -%}
    {%- set asked = {} -%}
    {%- do asked.update(options) -%}
    {%- do asked.update({'instruction': instruction}) -%}
    {%- if relation is none -%}
        {{ return(lakeweave.inference('generate_text', model, input, options=asked, schema=schema, **more)) }}
    {%- endif -%}
    {{ return(lakeweave.generate_text(relation, model, input, asked, schema)) }}
{%- endmacro %}

{# The mistakes in arguments that must be texts. #}
{% macro _text_problems(arguments) -%}
    {%- set problems = [] -%}
    {%- for name, value in arguments.items() if value is not string or not value | trim -%}
        {%- do problems.append("`" ~ name ~ "` is " ~ tojson(value | string) ~ "; expected a text.") -%}
    {%- endfor -%}
    {{ return(problems) }}
{%- endmacro %}
