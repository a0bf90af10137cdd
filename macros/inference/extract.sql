{#
    Fields out of each text, a column each. `fields` is a schema as in `inference`; a field is optional unless it says
    `optional: false`, because a text need not say everything.

        {{ lakeweave.extract(model='gemini', input='address', fields={'street': 'string', 'city': 'string', 'floor': 'integer'}) }}

        select id, address from {{ ref('silver_addresses') }}

    With `relation` it is a table expression, like `generate_text`. Other arguments are those of `inference`.
#}
{% macro extract(model, input, fields, options={}, relation=none) -%}
    {%- set schema = {} -%}
    {%- for name, given in (fields.items() if fields is mapping else []) -%}
        {%- set field = {'optional': true} -%}
        {%- do field.update(given if given is mapping else {'type': given}) -%}
        {%- do schema.update({name: field}) -%}
    {%- endfor -%}
    {%- set problems = [] if fields is mapping and fields else ["`fields` is " ~ tojson(fields | string) ~ "; expected a mapping of column names to types."] -%}
    {{ return(lakeweave._typed_question(
        'extract', problems, 'Extract the fields from the text. A field that the text does not give is null. Do not guess.',
        schema, model, input, options, relation, kwargs
    )) }}
{%- endmacro %}
