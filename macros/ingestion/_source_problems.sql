{#
    The mistakes in the settings of a source, as sentences, on engines without the reader's Python. The rules are those of
    lakeweave/ingestion/spec.py and lakeweave/databases/reading.py; tests/python/unit/test_source_cases.py has the cases of both.
#}
{% macro _source_problems(spec, database=none, types={}) -%}
    {%- set problems = [] -%}
    {%- set names = {} -%}
    {%- for column in spec.columns -%}
        {%- set name = lakeweave._snake_case(column) -%}
        {%- if name in names -%}
            {%- do problems.append("`columns` has '" ~ names[name] ~ "' and '" ~ column ~ "', which are the same name.") -%}
        {%- endif -%}
        {%- do names.update({name: column}) -%}
    {%- endfor -%}
    {%- for name, choices in [('layout_policy', ['evolve', 'freeze', 'discard_row']), ('header', ['auto', 'yes', 'no'])] if spec[name] not in choices -%}
        {%- do problems.append(lakeweave._unexpected(name, spec[name], 'one of ' ~ choices | join(', '))) -%}
    {%- endfor -%}
    {%- for name in ['columns', 'patterns', 'key'] if not lakeweave._is_list_of_texts(spec[name], name == 'key') -%}
        {%- do problems.append(lakeweave._unexpected(name, spec[name], 'a list of texts with at least one')) -%}
    {%- endfor -%}
    {%- for layout in spec.layouts -%}
        {%- if layout is not mapping or layout.get('pattern') is not string -%}
            {%- do problems.append(lakeweave._unexpected('layouts[' ~ loop.index0 ~ ']', layout, "{'pattern': …, 'columns': […]}")) -%}
        {%- elif not lakeweave._is_list_of_texts(layout.get('columns')) -%}
            {%- do problems.append(lakeweave._unexpected('layouts[' ~ loop.index0 ~ '].columns', layout.get('columns'), 'a list of texts with at least one')) -%}
        {%- endif -%}
    {%- endfor -%}
    {%- if spec.aliases is not mapping or spec.aliases.values() | select('string') | list | length < spec.aliases | length -%}
        {%- do problems.append(lakeweave._unexpected('aliases', spec.aliases, 'an object of old name: declared name')) -%}
    {%- else -%}
        {%- for old, new in spec.aliases.items() if lakeweave._snake_case(new) not in names -%}
            {%- do problems.append("`aliases` names '" ~ new ~ "' for '" ~ old ~ "', which is not one of `columns`.") -%}
        {%- endfor -%}
    {%- endif -%}
    {%- for column in spec.key if lakeweave._is_list_of_texts(spec.key, true) and column not in spec.columns -%}
        {%- do problems.append("`key` names '" ~ column ~ "', which is not one of `columns`.") -%}
    {%- endfor -%}
    {%- set delimiter = spec.delimiter -%}
    {%- if delimiter is not none and (delimiter is not string or delimiter | length != 1 or delimiter in '"\r\n') -%}
        {%- do problems.append(lakeweave._unexpected('delimiter', delimiter, 'one character that is no quote or line end')) -%}
    {%- endif -%}
    {%- set share = spec.max_rejected_share -%}
    {%- if share is not none and (share is boolean or share is not number or not 0 <= share <= 1) -%}
        {%- do problems.append(lakeweave._unexpected('max_rejected_share', share, 'a number from 0 to 1, or null')) -%}
    {%- endif -%}
    {%- set longest = spec.max_record_chars -%}
    {%- if longest is not none and (longest is boolean or longest is not integer or longest < 1) -%}
        {%- do problems.append(lakeweave._unexpected('max_record_chars', longest, 'a number of characters, or null')) -%}
    {%- endif -%}
    {%- if database -%}
        {%- do problems.extend(lakeweave._database_problems(spec, database, types)) -%}
    {%- endif -%}
    {{ return(problems) }}
{%- endmacro %}

{# Of the block `database:`; `types` is the `database_type` of each column. #}
{% macro _database_problems(spec, database, types) -%}
    {%- set problems = [] -%}
    {%- for name in ['connection', 'table', 'key'] if not database.get(name) -%}
        {%- do problems.append('`database.' ~ name ~ '` is missing.') -%}
    {%- endfor -%}
    {%- set overlap = database.get('overlap_seconds', 3600) -%}
    {%- if overlap is boolean or overlap is not integer or overlap < 0 -%}
        {%- do problems.append(lakeweave._unexpected('database.overlap_seconds', overlap, 'a whole number of seconds from 0')) -%}
    {%- endif -%}
    {%- set families = ['integer', 'text', 'timestamp', 'date', 'number', 'boolean'] -%}
    {%- for column, type in types.items() if type is not none and type not in families -%}
        {%- do problems.append(lakeweave._unexpected('database_type` of `' ~ column, type, 'one of ' ~ families | join(', '))) -%}
    {%- endfor -%}
    {%- for name in ['key', 'watermark'] if database.get(name) and database[name] not in spec.columns | reject('in', ['op', 'row_hash', 'read_number']) -%}
        {%- do problems.append('`database.' ~ name ~ "` is '" ~ database[name] ~ "', which is none of the declared columns.") -%}
    {%- endfor -%}
    {{ return(problems) }}
{%- endmacro %}

{% macro _unexpected(name, value, expected) -%}
    {{ return('`' ~ name ~ '` is ' ~ tojson(value) ~ ', expected ' ~ expected ~ '.') }}
{%- endmacro %}

{% macro _is_list_of_texts(value, may_be_empty=false) -%}
    {%- if value is string or value is mapping or value is not sequence or not (value or may_be_empty) -%}
        {{ return(false) }}
    {%- endif -%}
    {{ return(value | select('string') | select() | list | length == value | length) }}
{%- endmacro %}

{# Stops before anything is read. #}
{% macro _refuse_source_problems(spec, declared) -%}
    {%- set types = {} -%}
    {%- for column in declared.columns.values() -%}
        {%- do types.update({column.name: ((column.get('config') or {}).get('meta') or column.get('meta') or {}).get('database_type')}) -%}
    {%- endfor -%}
    {%- set problems = lakeweave._source_problems(spec, lakeweave.source_settings(declared).get('database'), types) -%}
    {%- do problems.extend(adapter.dispatch('_place_problems', 'lakeweave')(declared)) -%}
    {%- do lakeweave.raise_problems('The source ' ~ spec.source, problems) -%}
{%- endmacro %}

{# Of the place of the files: where the engine reads a folder, it reports a missing one itself. #}
{% macro default___place_problems(declared) -%}
    {{ return([]) }}
{%- endmacro %}
