{# The mistakes in the schema of an answer, as sentences. #}

{# The mistakes in a schema, as sentences. #}
{% macro _schema_problems(schema) -%}
    {%- if schema is not mapping or not schema -%}
        {{ return(["`schema` is " ~ tojson(schema | string) ~ "; expected a mapping of column names to types, such as {'category': 'string'}."]) }}
    {%- endif -%}
    {%- set problems = lakeweave._fields_problems(schema, 'schema', 1) -%}
    {%- for name in schema if name | lower in lakeweave._reserved_columns() -%}
        {%- do problems.append("`schema` has the column `" ~ name ~ "`, which every answer brings; choose another name.") -%}
    {%- endfor -%}
    {{ return(problems) }}
{%- endmacro %}

{# The columns that are beside the typed ones in the relation, and those that the macros use on the way. #}
{% macro _reserved_columns() -%}
    {{ return(['response', 'embedding', 'embedding_model', 'response_state', 'response_status', 'fingerprint', 'responded_at',
        'prompt', 'status', 'result', 'full_response'] + lakeweave._columns_of_call().keys() | list) }}
{%- endmacro %}

{% macro _fields_problems(fields, path, depth) -%}
    {%- set problems, seen = [], [] -%}
    {%- for name, given in fields.items() -%}
        {%- set where = path ~ '.' ~ name -%}
        {%- if name is not string or not modules.re.fullmatch('[A-Za-z_][A-Za-z0-9_]*', name) or name | length > 128 or name | lower is in(lakeweave._sql_words()) or (name | lower).startswith('lakeweave_') -%}
            {%- do problems.append("`" ~ path ~ "` has the name " ~ tojson(name | string) ~ "; expected letters, digits and underscores, no word of SQL and no name with lakeweave_.") -%}
        {%- elif name | lower in seen -%}
            {%- do problems.append("`" ~ path ~ "` has the name `" ~ name ~ "` twice, in capitals and small letters.") -%}
        {%- endif -%}
        {%- do seen.append(name | lower) -%}
        {%- do problems.extend(lakeweave._field_problems(given, where, depth)) -%}
    {%- endfor -%}
    {{ return(problems) }}
{%- endmacro %}

{% macro _field_problems(given, where, depth) -%}
    {%- set types = ['string', 'integer', 'number', 'boolean', 'date', 'array', 'object'] -%}
    {%- set field = given if given is mapping else {'type': given} -%}
    {%- set type = field.get('type') -%}
    {%- if type not in types -%}
        {{ return(["`" ~ where ~ "` has the type " ~ tojson(type | string) ~ "; expected one of: " ~ types | join(', ') ~ "."]) }}
    {%- endif -%}
    {%- if depth > 4 -%}
        {{ return(["`" ~ where ~ "` is nested more than four levels deep."]) }}
    {%- endif -%}
    {%- set problems = [] -%}
    {%- set allowed = ['type', 'description', 'optional']
        + {'string': ['values'], 'integer': ['minimum', 'maximum'], 'number': ['minimum', 'maximum'], 'array': ['items'], 'object': ['fields']}.get(type, []) -%}
    {%- for name in field if name not in allowed -%}
        {%- do problems.append("`" ~ where ~ "` has `" ~ name ~ "`; a field of type " ~ type ~ " knows: " ~ allowed | join(', ') ~ ".") -%}
    {%- endfor -%}
    {%- if field.get('description', '') is not string -%}
        {%- do problems.append("`" ~ where ~ ".description` is " ~ tojson(field.description | string) ~ "; expected a text.") -%}
    {%- endif -%}
    {%- if field.get('optional', false) is not boolean -%}
        {%- do problems.append("`" ~ where ~ ".optional` is " ~ tojson(field.optional | string) ~ "; expected true or false.") -%}
    {%- endif -%}
    {%- if 'values' in field and type == 'string' -%}
        {%- do problems.extend(lakeweave._values_problems(field['values'], where ~ '.values')) -%}
    {%- endif -%}
    {%- for name in ['minimum', 'maximum'] if field.get(name) is not none and (field[name] is boolean or field[name] is not number) -%}
        {%- do problems.append("`" ~ where ~ "." ~ name ~ "` is " ~ tojson(field[name] | string) ~ "; expected a number.") -%}
    {%- else -%}
        {%- if field.get('minimum') is not none and field.get('maximum') is not none and field.minimum > field.maximum -%}
            {%- do problems.append("`" ~ where ~ ".minimum` is " ~ field.minimum ~ ", which is more than `maximum`, " ~ field.maximum ~ ".") -%}
        {%- endif -%}
    {%- endfor -%}
    {%- if type == 'array' -%}
        {%- set inner = field.get('items') if 'items' in field else none -%}
        {%- if inner is none -%}
            {%- do problems.append("`" ~ where ~ "` is an array without `items`; give the type of its elements.") -%}
        {%- elif (inner.type if inner is mapping else inner) == 'array' -%}
            {%- do problems.append("`" ~ where ~ "` is an array of arrays, which BigQuery has no type for; use an array of objects.") -%}
        {%- else -%}
            {%- do problems.extend(lakeweave._field_problems(inner, where ~ '.items', depth + 1)) -%}
        {%- endif -%}
    {%- elif type == 'object' -%}
        {%- if field.get('fields') is not mapping or not field.fields -%}
            {%- do problems.append("`" ~ where ~ "` is an object without `fields`; give a mapping of names to types.") -%}
        {%- else -%}
            {%- do problems.extend(lakeweave._fields_problems(field.fields, where, depth + 1)) -%}
        {%- endif -%}
    {%- endif -%}
    {{ return(problems) }}
{%- endmacro %}

{# The mistakes in a list of allowed texts. #}
{% macro _values_problems(values, where) -%}
    {%- if values is string or values is mapping or values is not sequence or not values or values | reject('string') | list -%}
        {{ return(["`" ~ where ~ "` is " ~ tojson(values | string) ~ "; expected a list of texts."]) }}
    {%- endif -%}
    {%- set problems, seen = [], [] -%}
    {%- for value in values -%}
        {%- set key = value.split() | join(' ') | lower -%}
        {%- if not key -%}
            {%- do problems.append("`" ~ where ~ "` has an empty text.") -%}
        {%- elif key in seen -%}
            {%- do problems.append("`" ~ where ~ "` has " ~ tojson(value) ~ " more than once; capitals and spaces make no difference.") -%}
        {%- endif -%}
        {%- do seen.append(key) -%}
    {%- endfor -%}
    {{ return(problems) }}
{%- endmacro %}

{# Words that a query would have to quote each time. #}
{% macro _sql_words() -%}
    {{ return(['all', 'and', 'any', 'array', 'as', 'asc', 'at', 'between', 'by', 'case', 'cast', 'collate', 'create', 'cross', 'current',
        'default', 'desc', 'distinct', 'else', 'end', 'except', 'exists', 'false', 'for', 'from', 'full', 'group', 'grouping', 'having',
        'if', 'in', 'inner', 'intersect', 'interval', 'into', 'is', 'join', 'lateral', 'left', 'like', 'limit', 'natural', 'not', 'null',
        'of', 'on', 'or', 'order', 'outer', 'over', 'partition', 'range', 'right', 'rows', 'select', 'set', 'some', 'struct', 'table',
        'then', 'to', 'true', 'union', 'unnest', 'using', 'when', 'where', 'window', 'with']) }}
{%- endmacro %}
