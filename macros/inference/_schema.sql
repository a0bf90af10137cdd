{#
    The schema of an answer: a mapping of names to a type, or to a mapping with `type`, `description`, `optional`, `values`,
    `minimum`, `maximum`, `items` (of an array) and `fields` (of an object). The order is that of the columns.

    It travels as the option `schema`, a list of fields, which lakeweave/inference/schema.py reads. So a changed schema is a changed
    question. The local engines check an answer in Python; a warehouse's answer is checked by `_schema_status`.
#}

{# The fields of a schema in the form of the option. What is wrong with it is what `_schema_problems` says. #}
{% macro _schema_fields(schema) -%}
    {%- set fields = [] -%}
    {%- for name, given in (schema.items() if schema is mapping else []) -%}
        {%- set field = lakeweave._schema_field(given) -%}
        {%- do field.update({'name': name}) -%}
        {%- do fields.append(field) -%}
    {%- endfor -%}
    {{ return(fields) }}
{%- endmacro %}

{% macro _schema_field(given) -%}
    {%- set field = {} -%}
    {%- do field.update({'type': given} if given is not mapping else given) -%}
    {%- if field.get('fields') is mapping -%}
        {%- do field.update({'fields': lakeweave._schema_fields(field.fields)}) -%}
    {%- endif -%}
    {%- if field.get('items') is not none and 'items' in field -%}
        {%- do field.update({'items': lakeweave._schema_field(field['items'])}) -%}
    {%- endif -%}
    {%- if not field.get('optional', true) -%}
        {%- do field.pop('optional') -%}
    {%- endif -%}
    {{ return(field) }}
{%- endmacro %}

{# The type of a field in the words of the engine. #}
{% macro _type_of_field(field) -%}
    {%- if field.type == 'array' -%}
        {{ return(lakeweave._type_of_array(lakeweave._type_of_field(field['items']))) }}
    {%- elif field.type == 'object' -%}
        {%- set inner = [] -%}
        {%- for each in field.fields -%}
            {%- do inner.append((each.name, lakeweave._type_of_field(each))) -%}
        {%- endfor -%}
        {{ return(lakeweave._type_of_object(inner)) }}
    {%- endif -%}
    {{ return({
        'string': dbt.type_string(), 'integer': dbt.type_bigint(), 'number': lakeweave.type_double(), 'boolean': dbt.type_boolean(), 'date': 'date',
    }[field.type]) }}
{%- endmacro %}

{% macro _type_of_array(type) -%}
    {{ return(adapter.dispatch('_type_of_array', 'lakeweave')(type)) }}
{%- endmacro %}

{% macro default___type_of_array(type) -%}
    {{ return('array<' ~ type ~ '>') }}
{%- endmacro %}

{% macro _type_of_object(fields) -%}
    {{ return(adapter.dispatch('_type_of_object', 'lakeweave')(fields)) }}
{%- endmacro %}

{% macro default___type_of_object(fields) -%}
    {%- set inner = [] -%}
    {%- for name, type in fields -%}
        {%- do inner.append(name ~ ': ' ~ type) -%}
    {%- endfor -%}
    {{ return('struct<' ~ inner | join(', ') ~ '>') }}
{%- endmacro %}

{# The typed columns of an answer as a SELECT list, from the SQL expression of its JSON. #}
{% macro _typed_columns(fields, response) -%}
    {{ return(adapter.dispatch('_typed_columns', 'lakeweave')(fields, response)) }}
{%- endmacro %}

{# https://spark.apache.org/docs/latest/api/sql/index.html#from_json #}
{% macro default___typed_columns(fields, response) -%}
    {%- set columns, schema = [], [] -%}
    {%- for field in fields -%}
        {%- do schema.append(field.name ~ ' ' ~ lakeweave._type_of_field(field)) -%}
    {%- endfor -%}
    {%- for field in fields -%}
        {%- do columns.append("from_json(" ~ response ~ ", '" ~ schema | join(', ') ~ "')." ~ field.name ~ " as " ~ adapter.quote(field.name)) -%}
    {%- endfor -%}
    {{ return(columns) }}
{%- endmacro %}

{#
    The same schema as a server reads it. Every field is required and an optional one may be null, because strict servers want that.
    `nullable` true is the form of Gemini, which has no null in the type: https://ai.google.dev/api/caching#Schema
#}
{% macro _json_schema(fields, nullable=false) -%}
    {%- set properties, names = {}, [] -%}
    {%- for field in fields -%}
        {%- do properties.update({field.name: lakeweave._json_property(field, nullable)}) -%}
        {%- do names.append(field.name) -%}
    {%- endfor -%}
    {%- set made = {'type': 'object', 'properties': properties, 'required': names} -%}
    {%- do made.update({'property_ordering': names} if nullable else {'additionalProperties': false}) -%}
    {{ return(made) }}
{%- endmacro %}

{% macro _json_property(field, nullable) -%}
    {%- if field.type == 'object' -%}
        {%- set made = lakeweave._json_schema(field.fields, nullable) -%}
    {%- elif field.type == 'array' -%}
        {%- set made = {'type': 'array', 'items': lakeweave._json_property(field['items'], nullable)} -%}
    {%- elif field.type == 'date' -%}
        {%- set made = {'type': 'string'} if nullable else {'type': 'string', 'format': 'date'} -%}
        {%- if nullable -%}
            {%- do made.update({'description': 'A date as YYYY-MM-DD.'}) -%}
        {%- endif -%}
    {%- else -%}
        {%- set made = {'type': field.type} -%}
    {%- endif -%}
    {%- for name in ['minimum', 'maximum'] if field.get(name) is not none -%}
        {%- do made.update({name: field[name]}) -%}
    {%- endfor -%}
    {%- set values = field.get('values', []) | list if 'values' in field else [] -%}
    {%- if field.get('optional') and nullable -%}
        {%- do made.update({'nullable': true}) -%}
    {%- elif field.get('optional') -%}
        {%- do made.update({'type': [made.type, 'null']}) -%}
        {%- set values = values + [none] if values else [] -%}
    {%- endif -%}
    {%- if values -%}
        {%- do made.update({'enum': values}) -%}
    {%- endif -%}
    {%- if field.get('description') -%}
        {%- do made.update({'description': field.description}) -%}
    {%- endif -%}
    {{ return(made) }}
{%- endmacro %}

{#
    Why an answer of a warehouse does not fit the schema, as SQL: the branches of a CASE over the JSON text `answer`. The words are those
    of lakeweave/inference/schema.py. A field beside those of the schema is not seen here; the service is given the schema and gives none.
#}
{% macro _schema_branches(fields, answer, path='$') -%}
    {%- for field in fields -%}
        {%- set inner = path ~ '.' ~ field.name -%}
        {%- set named = inner[2:] -%}
        {%- set expected = lakeweave._expected_of_field(field) -%}
        {%- set part = lakeweave._json_part(answer, inner) -%}
        {%- if not field.get('optional') %}
        when {{ part }} is null or {{ part }} = 'null' then {{ lakeweave.text_literal('not_in_schema: ' ~ named ~ ' is missing or null; expected ' ~ expected) }}
        {%- endif -%}
        {%- if field.type == 'object' %}
        {{ lakeweave._schema_branches(field.fields, answer, inner) if not field.get('optional') }}
        {%- else -%}
        {%- set wrong = lakeweave._is_wrong_array(field, answer, inner) if field.type == 'array' else lakeweave._is_wrong_value(field, lakeweave.json_text(answer, named)) -%}
        {%- if wrong %}
        when {{ part }} <> 'null' and {{ wrong }} then {{ lakeweave.text_literal('not_in_schema: ' ~ named ~ ' does not fit; expected ' ~ expected) }}
        {%- endif -%}
        {%- endif -%}
    {%- endfor -%}
{%- endmacro %}

{# A condition on a text that is not a value of the field's type; empty where every text is one. #}
{% macro _is_wrong_value(field, text) -%}
    {%- if field.type == 'string' -%}
        {%- set allowed = [] -%}
        {%- for value in field.get('values', []) if 'values' in field -%}
            {%- do allowed.append(lakeweave.text_literal(value)) -%}
        {%- endfor -%}
        {{ return(text ~ ' not in (' ~ allowed | join(', ') ~ ')' if allowed else '') }}
    {%- endif -%}
    {%- set value = dbt.safe_cast(text, lakeweave._type_of_field(field)) -%}
    {%- set wrong = [value ~ ' is null'] -%}
    {%- if field.get('minimum') is not none -%}
        {%- do wrong.append(value ~ ' < ' ~ field.minimum) -%}
    {%- endif -%}
    {%- if field.get('maximum') is not none -%}
        {%- do wrong.append(value ~ ' > ' ~ field.maximum) -%}
    {%- endif -%}
    {{ return('(' ~ wrong | join(' or ') ~ ')') }}
{%- endmacro %}

{% macro _expected_of_field(field) -%}
    {%- if 'values' in field -%}
        {{ return('one of ' ~ field['values'] | join(', ')) }}
    {%- endif -%}
    {{ return({
        'string': 'a text', 'integer': 'an integer', 'number': 'a number', 'boolean': 'true or false',
        'date': 'a date such as 2026-01-31', 'object': 'an object', 'array': 'a list',
    }[field.type]) }}
{%- endmacro %}

{# The part of a JSON text at a path, as JSON text. #}
{% macro _json_part(json, path) -%}
    {{ return(adapter.dispatch('_json_part', 'lakeweave')(json, path)) }}
{%- endmacro %}

{# https://docs.databricks.com/en/sql/language-manual/functions/get_json_object.html #}
{% macro default___json_part(json, path) -%}
    {{ return("get_json_object(" ~ json ~ ", '" ~ path ~ "')") }}
{%- endmacro %}

{# A condition on an array that is none, or that has an element of another type. #}
{% macro _is_wrong_array(field, json, path) -%}
    {{ return(adapter.dispatch('_is_wrong_array', 'lakeweave')(field, json, path)) }}
{%- endmacro %}

{# https://docs.databricks.com/en/sql/language-manual/functions/exists.html #}
{% macro default___is_wrong_array(field, json, path) -%}
    {%- set list = "from_json(" ~ lakeweave._json_part(json, path) ~ ", 'array<string>')" -%}
    {%- set wrong = lakeweave._is_wrong_value(field['items'], 'item') if field['items'].type != 'object' else '' -%}
    {{ return('(' ~ list ~ ' is null or exists(' ~ list ~ ', item -> item is null' ~ (' or ' ~ wrong if wrong) ~ '))') }}
{%- endmacro %}

{# The options of a call with a schema: the answer is JSON anyway. #}
{% macro _options_with_schema(options, schema) -%}
    {%- if not schema -%}
        {{ return(options) }}
    {%- endif -%}
    {%- set made = {} -%}
    {%- do made.update(options) -%}
    {%- do made.pop('response_format', none) -%}
    {%- do made.update({'schema': lakeweave._schema_fields(schema)}) -%}
    {{ return(made) }}
{%- endmacro %}
