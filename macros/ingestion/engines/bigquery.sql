{# https://cloud.google.com/bigquery/docs/reference/standard-sql/json_functions#to_json_string #}
{% macro bigquery___json_quoted(text) -%}
    to_json_string({{ text }})
{%- endmacro %}

{# https://cloud.google.com/bigquery/docs/reference/standard-sql/array_functions#array_to_string #}
{% macro bigquery___comma_separated(texts) -%}
    array_to_string([{{ texts | join(', ') }}], ', ')
{%- endmacro %}

{#
    The same promises with what BigQuery offers. Which files there are, with the hashes of their contents, comes from an
    object table over the inbox (`inbox_files` of the source); the records from the external table; the independent count
    from a second external table that reads the same files as bare lines. Each file is one multi-statement transaction
    with its error caught: a file with one bad record is held back whole, because BigQuery would otherwise drop it unseen
    (max_bad_records). So there are no rejected records here, only held files.

    https://cloud.google.com/bigquery/docs/reference/standard-sql/procedural-language#beginexceptionend
    https://cloud.google.com/bigquery/docs/transactions
#}
{% materialization ingestion, adapter='bigquery' %}

    {%- set target_relation = this.incorporate(type='table') -%}
    {%- set table_config = (config.get('meta') or {})['ingestion'] -%}
    {%- set declared = lakeweave.declared_source(table_config.source, table_config.table) -%}
    {%- set source_name = table_config.source ~ '.' ~ table_config.table -%}
    {%- do lakeweave._refuse_source_problems(lakeweave._ingestion_spec(table_config, declared, false), declared) -%}
    {%- set existing = lakeweave._table_of_bronze(load_cached_relation(this), source_name) -%}
    {%- set rebuild = existing is none or should_full_refresh() -%}
    {%- set fresh = lakeweave._fresh_files_relation(table_config.source, table_config.table) -%}
    {%- set lines = fresh.incorporate(path={'identifier': fresh.identifier ~ '__lines'}) -%}

    {%- do lakeweave.refuse_semicolon(sql) -%}
    {%- do lakeweave._refuse_missing_relation(source_name, target_relation, existing) -%}
    {%- if flags.EMPTY -%}
        {{ return(lakeweave._ingest_nothing(target_relation, existing, {}, sql)) }}
    {%- endif -%}
    {{ run_hooks(pre_hooks) }}

    {%- call statement('lines') -%}
        {{ lakeweave._bigquery_lines_table(lines, declared) }}
    {%- endcall -%}

    {%- call statement('fresh') -%}
        {{ lakeweave._bigquery_fresh_files(fresh, lines, declared, source_name, rebuild) }}
    {%- endcall -%}

    {%- if rebuild -%}
        {%- call statement('create') -%}
            {{ create_table_as(False, target_relation, 'select * from (' ~ sql ~ ') as body where false') }}
        {%- endcall -%}
        {%- call statement('forget') -%}
            delete from {{ lakeweave.ledger_relation('files') }} where source = '{{ source_name }}'
        {%- endcall -%}
    {%- endif -%}

    {%- do lakeweave._bigquery_identify(fresh, lines) -%}
    {%- call statement('touched') -%}
        {{ lakeweave._bigquery_note_touched(fresh, source_name) }}
    {%- endcall -%}

    {%- set relation = source(table_config.source, table_config.table) -%}
    {%- set files = lakeweave.fetch_rows(
        'select path, file_id, file_name from ' ~ fresh ~ ' where not is_repeat order by ' ~ lakeweave.natural_order('file_name') ~ ', file_name', []
    ) -%}
    {# One transaction per file. BigQuery commits each statement outside of them. #}
    {%- for file in files -%}
        {%- call statement('file') -%}
            {{ lakeweave._bigquery_take_in(sql, target_relation, fresh, lines, relation, declared, source_name, file[0], file[1], file[2]) }}
        {%- endcall -%}
    {%- endfor -%}

    {# After the files: a repeat of a file that was held has nothing that it repeats, and is held for the same reason. #}
    {%- call statement('repeats') -%}
        {{ lakeweave._bigquery_note_repeats(fresh, source_name) }}
    {%- endcall -%}

    {%- call statement('main') -%}
        select count(*) as files from {{ fresh }}
    {%- endcall -%}

    {{ run_hooks(post_hooks) }}
    {%- do apply_grants(target_relation, config.get('grants'), should_revoke=should_revoke(existing, full_refresh_mode=rebuild)) -%}
    {%- do persist_docs(target_relation, model) -%}

    {%- set of_run = lakeweave.fetch_rows(
        "select file_name, reason, message, state, records from " ~ lakeweave.ledger_relation('files') ~ " where source = '" ~ source_name
        ~ "' and state in ('held', 'loaded') and invocation_id = '" ~ invocation_id ~ "'", []
    ) -%}
    {%- set held, loaded = [], [] -%}
    {%- for file in of_run -%}
        {%- do (held if file[3] == 'held' else loaded).append({'file_name': file[0], 'reason': file[1], 'message': file[2], 'records': file[4]}) -%}
    {%- endfor -%}
    {%- do lakeweave._warn_held_files(source_name, held, 0, 0) -%}
    {%- if not rebuild -%}
        {%- do lakeweave._bigquery_warn_null_columns(source_name, target_relation, declared, loaded) -%}
    {%- endif -%}

    {{ return({'relations': [target_relation]}) }}

{% endmaterialization %}

{#
    Columns without a value in any record that this run loaded. Each file's own are in its message, from the count of its records; only
    such columns are looked up in the records before.
#}
{% macro _bigquery_warn_null_columns(source_name, relation, declared, loaded) -%}
    {%- set empty, records = [], [] -%}
    {%- set kept = adapter.get_columns_in_relation(relation) | map(attribute='name') | map('lower') | list if loaded | selectattr('message') | list else [] -%}
    {%- for column in declared.columns.values() if column.name | lower in kept -%}
        {%- set without = [] -%}
        {%- for file in loaded if file.records | int > 0 and column.name in ((file.message or '') | replace(lakeweave._bigquery_no_value_in(), '')).split(', ') -%}
            {%- do without.append(file) -%}
        {%- endfor -%}
        {%- if without and without | length == loaded | selectattr('records') | list | length -%}
            {%- do empty.append(adapter.quote(column.name)) -%}
        {%- endif -%}
    {%- endfor -%}
    {%- for file in loaded -%}
        {%- do records.append(file.records | int) -%}
    {%- endfor -%}
    {{ return(lakeweave._warn_empty_columns(source_name, relation, empty, records | sum)) }}
{%- endmacro %}

{# How the message of a loaded file begins that has columns without a value. #}
{% macro _bigquery_no_value_in() -%}
    {{ return('No record of the file has a value in: ') }}
{%- endmacro %}

{# `_FILE_NAME` is the object that an external table's row came from: https://cloud.google.com/bigquery/docs/query-cloud-storage-data#query_the_file_name_pseudo-column #}
{% macro _bigquery_records_of(relation) -%}
    {{ return(relation ~ " as raw where raw._FILE_NAME = 'path of the file'") }}
{%- endmacro %}

{#
    The records of one file. `_record_number` counts them in the order of their text: BigQuery does not tell the place of a record in
    its file. So it distinguishes records and has no order.
#}
{% macro bigquery___delivered_records(relation, source_name, table_name) -%}
    {%- set columns = ['*'] -%}
    {%- if execute -%}
        {%- set columns = lakeweave.declared_source(source_name, table_name).columns.values() | map(attribute='name') | list -%}
    {%- endif -%}
    {%- set text = 'to_json_string(struct(raw.' ~ (columns | join(', raw.')) ~ '))' -%}
    (
        select
            {%- for column in columns %}
            raw.{{ column }},
            {%- endfor %}
            {{ lakeweave.text_literal(lakeweave._bigquery_any_content()) }} as _content_hash,
            {{ lakeweave.text_literal(lakeweave._bigquery_any_name()) }} as source_file_name,
            row_number() over (order by {{ text }}) as _record_number,
            row_number() over (partition by {{ text }} order by {{ text }}) > 1 as is_duplicate_in_file
        from {{ lakeweave._bigquery_records_of(relation) }}
    )
{%- endmacro %}
