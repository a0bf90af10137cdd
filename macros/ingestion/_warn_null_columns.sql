{#
    Warns of columns that have no value in any record that this run loaded, and had values before. A renamed column, a changed
    export or a sheet with another layout looks like that, and no record of it is wrong by itself.
#}
{% macro _warn_null_columns(source_name, relation) -%}
    {%- set added = ['is_duplicate_in_file', 'processed_at', '_content_hash', '_record_number', lakeweave.file_name_column() | trim | lower] -%}
    {%- set names = [] -%}
    {%- for column in adapter.get_columns_in_relation(relation) if column.name | lower not in added -%}
        {%- do names.append(adapter.quote(column.name)) -%}
    {%- endfor -%}
    {%- set counted = [] -%}
    {%- for name in names -%}
        {%- do counted.append('count(' ~ name ~ ')') -%}
    {%- endfor -%}
    {%- set now = lakeweave.fetch_rows('select count(*), ' ~ counted | join(', ') ~ ' from ' ~ relation ~ ' where _content_hash in ' ~ lakeweave._loaded_in_this_run(source_name)) if names else none -%}
    {%- if not now or now[0][0] | int == 0 -%}
        {{ return([]) }}
    {%- endif -%}
    {%- set empty = [] -%}
    {%- for name in names -%}
        {%- if now[0][loop.index] | int == 0 -%}
            {%- do empty.append(name) -%}
        {%- endif -%}
    {%- endfor -%}
    {{ return(lakeweave._warn_empty_columns(source_name, relation, empty, now[0][0])) }}
{%- endmacro %}

{# Warns of those of the columns that had values before this run; `records` is how many records it loaded. #}
{% macro _warn_empty_columns(source_name, relation, empty, records) -%}
    {%- set became = [] -%}
    {%- if empty -%}
        {%- set counted = [] -%}
        {%- for name in empty -%}
            {%- do counted.append('count(' ~ name ~ ') as ' ~ name) -%}
        {%- endfor -%}
        {%- set before = lakeweave.fetch_rows(
            'select ' ~ counted | join(', ') ~ ' from ' ~ relation ~ ' where _content_hash not in ' ~ lakeweave._loaded_in_this_run(source_name)
        ) -%}
        {%- for name in empty -%}
            {%- if before and before[0][loop.index0] | int > 0 -%}
                {%- do became.append(name) -%}
            {%- endif -%}
        {%- endfor -%}
    {%- endif -%}
    {%- if became -%}
        {%- do exceptions.warn(
            source_name ~ ": " ~ became | join(', ') ~ (" has" if became | length == 1 else " have") ~ " no value in the " ~ records
            ~ " records of the files that this run loaded, and had values before. Check the export, the header and the aliases of the source."
        ) -%}
    {%- endif -%}
    {{ return(became) }}
{%- endmacro %}

{# The contents of the files that this run loaded, as a subquery. #}
{% macro _loaded_in_this_run(source_name) -%}
    {{ return(
        "(select file_id from " ~ lakeweave.ledger_relation('files') ~ " where source = " ~ lakeweave.text_literal(source_name)
        ~ " and state = 'loaded' and invocation_id = '" ~ invocation_id ~ "')"
    ) }}
{%- endmacro %}
