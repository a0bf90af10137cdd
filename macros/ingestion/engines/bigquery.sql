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
    {%- set existing = load_cached_relation(this) -%}
    {%- set table_config = (config.get('meta') or {})['ingestion'] -%}
    {%- set declared = lakeweave.declared_source(table_config.source, table_config.table) -%}
    {%- set source_name = table_config.source ~ '.' ~ table_config.table -%}
    {%- set rebuild = existing is none or should_full_refresh() -%}
    {%- set fresh = lakeweave._fresh_files_relation(table_config.source, table_config.table) -%}
    {%- set lines = fresh.incorporate(path={'identifier': fresh.identifier ~ '__lines'}) -%}

    {%- do lakeweave._refuse_missing_relation(source_name, target_relation, existing) -%}
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
    {%- for file in files -%}
        {%- call statement('file') -%}
            {{ lakeweave._bigquery_take_in(sql, target_relation, fresh, lines, relation, declared, source_name, file[0], file[1], file[2]) }}
        {%- endcall -%}
    {%- endfor -%}

    {# After the files: a repeat of a file that was held has nothing that it repeats, and is held for the same reason. #}
    {%- call statement('repeats') -%}
        insert into {{ lakeweave.ledger_relation('files') }} (
            path, file_name, source, file_id, version, bytes, stat_key, format, delivered_at, records, accepted, rejected, repeats,
            state, reason, message, processed_at, invocation_id
        )
        select
            fresh.path, fresh.file_name, '{{ source_name }}', fresh.file_id, fresh.version, fresh.bytes, fresh.stat_key, 'csv',
            fresh.delivered_at, known.records, 0, 0, coalesce(known.records, 0),
            if(known.is_loaded, 'repeat', 'held'),
            if(known.is_loaded, cast(null as string), coalesce(known.reason, 'unreadable')),
            if(
                known.is_loaded, cast(null as string),
                concat('The same content under another name is held: ', coalesce(known.message, 'its account is missing.'))
            ),
            {{ lakeweave.run_timestamp() }}, '{{ invocation_id }}'
        from {{ fresh }} as fresh
        left join (
            select
                file_id,
                max(if(state = 'loaded', records, null)) as records,
                logical_or(state = 'loaded') as is_loaded,
                max(reason) as reason,
                max(message) as message
            from {{ lakeweave.ledger_relation('files') }}
            where source = '{{ source_name }}' and state in ('loaded', 'held')
            group by file_id
        ) as known on fresh.file_id = known.file_id
        where fresh.is_repeat
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

{#
    The lines above the records, which the external table skips. A declared `header` has to say the same: a header that is not skipped
    is a record, and a record that is skipped is lost.
#}
{% macro _bigquery_header_lines(declared) -%}
    {%- set skipped = lakeweave.external_block(declared, []).options.get('skip_leading_rows', 0) | int -%}
    {%- set header = lakeweave.source_settings(declared).get('header', 'auto') -%}
    {#- YAML reads a bare yes or no as a boolean. -#}
    {%- set header = {'True': 'yes', 'False': 'no'}.get(header | string, header) -%}
    {%- if (header == 'no' and skipped > 0) or (header == 'yes' and skipped == 0) -%}
        {%- do exceptions.raise_compiler_error(
            "source " ~ declared.source_name ~ "." ~ declared.name ~ ": `header` is '" ~ header ~ "' and `external.options.skip_leading_rows` is " ~ skipped
            ~ "; expected " ~ ("0, because the first line is a record" if header == 'no' else "1 or more, because the first line is a header") ~ "."
        ) -%}
    {%- endif -%}
    {{ return(skipped) }}
{%- endmacro %}

{% macro _fresh_files_relation(source_name, table_name) -%}
    {{ return(lakeweave.ledger_relation('fresh__' ~ source_name ~ '__' ~ table_name)) }}
{%- endmacro %}

{#
    One row per physical line: no quotes, and a delimiter that no text file holds. Created in each run, so that it follows a
    bucket that moved. It reads by the connection that the source's own table reads by, so that no user needs rights on the bucket.
    https://cloud.google.com/bigquery/docs/reference/standard-sql/data-definition-language#create_external_table_statement
#}
{% macro _bigquery_lines_table(lines, declared) -%}
    {%- set uri = lakeweave.landing_uri(declared) -%}
    {%- set connection = lakeweave.connection_of(lakeweave.external_block(declared, []), [uri], 'csv') -%}
    create or replace external table {{ lines }} (line string)
    {%- if connection %}
    with connection {{ 'default' if connection | lower == 'default' else '`' ~ connection ~ '`' }}
    {%- endif %}
    options (
        format = 'CSV',
        uris = [{{ lakeweave.text_literal(uri ~ '/*') }}],
        field_delimiter = '\u0001',
        quote = '',
        allow_jagged_rows = true,
        description = 'The delivered files of {{ declared.source_name }}.{{ declared.name }} as bare lines, for an independent count.'
    )
{%- endmacro %}

{#
    What a file holds, from its lines alone: how many there are, and four sums of 60 bits of their SHA-256 each. Sums, because equal
    lines cancel in an exclusive or. The order of lines is not in it: BigQuery does not tell the place of a line in its file.
#}
{% macro _bigquery_lines_mark(line) -%}
    to_hex(sha256(concat(
        cast(count(*) as string)
        {%- for start in [1, 16, 31, 46] %},
        ' ',
        cast(sum(cast(cast(concat('0x', substr(to_hex(sha256(coalesce({{ line }}, ''))), {{ start }}, 15)) as int64) as bignumeric)) as string)
        {%- endfor %}
    )))
{%- endmacro %}

{# The objects that the ledger does not know by name and generation; those whose content it knows are repeats. #}
{% macro _bigquery_fresh_files(fresh, lines, declared, source_name, rebuild) -%}
    {%- set prefix = lakeweave.landing_uri(declared) ~ '/' -%}
    create or replace table {{ fresh }} as
    with

    ledger as (

        select * from {{ lakeweave.ledger_relation('files') }}
        where source = '{{ source_name }}' {{ 'and false' if rebuild }}

    ),

    objects as (

        {%- if prefix.startswith('s3://') %}

        {# Object tables are for Google's storage only, so a file on S3 is known by its name and by what its lines hold: each run reads them. #}
        select
            _FILE_NAME as path,
            substr(_FILE_NAME, {{ prefix | length + 1 }}) as file_name,
            {{ lakeweave._bigquery_lines_mark('line') }} as file_id,
            sum(byte_length(coalesce(line, '')) + 1) as bytes,
            {{ lakeweave._bigquery_lines_mark('line') }} as stat_key,
            {{ lakeweave.run_timestamp() }} as delivered_at
        from {{ lines }}
        group by _FILE_NAME

        {%- else %}

        select
            uri as path,
            substr(uri, {{ prefix | length + 1 }}) as file_name,
            to_hex(from_base64(md5_hash)) as file_id,
            size as bytes,
            cast(generation as string) as stat_key,
            updated as delivered_at
        from {{ source(declared.source_name, 'inbox_files') }}
        where starts_with(uri, '{{ prefix }}')

        {%- endif %}

    ),

    unknown as (

        select
            objects.*,
            (select coalesce(max(ledger.version), 0) from ledger where ledger.path = objects.path) + 1 as version
        from objects
        left join ledger as known
            on objects.path = known.path and objects.stat_key = known.stat_key and known.state <> 'released'
        where known.path is null

    )

    select
        path,
        file_name,
        file_id,
        version,
        bytes,
        stat_key,
        delivered_at,
        false as is_repeat
    from unknown
{%- endmacro %}

{#
    The identity of objects without an MD5 (composite uploads have none), and which files repeat a content. Only the objects without
    an MD5 are read for it, by a list of constants, which is what prunes files.
    https://cloud.google.com/storage/docs/composite-objects
    https://cloud.google.com/bigquery/docs/query-cloud-storage-data#query_the_file_name_pseudo-column
#}
{% macro _bigquery_identify(fresh, lines) -%}
    {%- set unmarked = lakeweave.fetch_rows('select path from ' ~ fresh ~ ' where file_id is null order by path', []) -%}
    {%- for some in unmarked | map(attribute=0) | map('string') | batch(500) -%}
        {%- set paths = [] -%}
        {%- for path in some -%}
            {%- do paths.append(lakeweave.text_literal(path)) -%}
        {%- endfor -%}
        {%- call statement('identify') -%}
            update {{ fresh }} as fresh
            set file_id = marked.file_id
            from (
                select _FILE_NAME as path, {{ lakeweave._bigquery_lines_mark('line') }} as file_id
                from {{ lines }}
                where _FILE_NAME in ({{ paths | join(', ') }})
                group by _FILE_NAME
            ) as marked
            where fresh.path = marked.path
        {%- endcall -%}
    {%- endfor -%}
    {%- if unmarked -%}
        {# An object without a line has no mark either; its generation is at least its own. #}
        {%- call statement('identify_empty') -%}
            update {{ fresh }} set file_id = concat('generation:', stat_key, ':', cast(bytes as string)) where file_id is null
        {%- endcall -%}
    {%- endif -%}
    {{ return('') }}
{%- endmacro %}

{#
    A file that was replaced with the same content is nothing new: the ledger learns its new generation, and it is taken in no
    second time. What is left and repeats a content is marked.
#}
{% macro _bigquery_note_touched(fresh, source_name) -%}
    {%- set ledger = lakeweave.ledger_relation('files') -%}
    begin
        update {{ ledger }} as known
        set stat_key = fresh.stat_key
        from {{ fresh }} as fresh
        where known.source = '{{ source_name }}' and known.path = fresh.path and known.version = fresh.version - 1
            and known.file_id = fresh.file_id and known.state in ('loaded', 'repeat', 'held');
        delete from {{ fresh }} as fresh
        where exists (
            select 1 from {{ ledger }} as known
            where known.source = '{{ source_name }}' and known.path = fresh.path and known.stat_key = fresh.stat_key
                and known.state <> 'released'
        );
        update {{ fresh }} as fresh
        set is_repeat = true
        from (
            select
                path,
                file_id in (select file_id from {{ ledger }} where source = '{{ source_name }}' and state = 'loaded')
                or row_number() over (
                    partition by file_id order by {{ lakeweave.natural_order('file_name') }}, file_name
                ) > 1 as is_repeat
            from {{ fresh }}
        ) as judged
        where fresh.path = judged.path and judged.is_repeat;
    end
{%- endmacro %}

{#
    One file, in one transaction. Its records are read once, by a constant file name, into a temporary table: from there come the
    bronze rows, and the line ends inside the values as they were delivered. The lines are the independent count.
#}
{% macro _bigquery_take_in(body, target_relation, fresh, lines, relation, declared, source_name, path, file_id, file_name) -%}
    {%- set literal = lakeweave.text_literal(path) -%}
    {%- set columns = "path, file_name, source, file_id, version, bytes, stat_key, format, delivered_at, records, accepted, rejected, repeats, state, reason, message, processed_at, invocation_id" -%}
    {#- The lines less those inside values are the independent count. -#}
    {%- set of_file = body | replace(lakeweave._bigquery_records_of(relation), 'lakeweave_delivered as raw')
        | replace(lakeweave.text_literal(lakeweave._bigquery_any_content()), lakeweave.text_literal(file_id))
        | replace(lakeweave.text_literal(lakeweave._bigquery_any_name()), lakeweave.text_literal(file_name)) -%}
    {%- set line_ends = [] -%}
    {%- for column in declared.columns.values() -%}
        {%- do line_ends.append("coalesce(array_length(regexp_extract_all(cast(" ~ column.name ~ " as string), r'\\r\\n|\\r|\\n')), 0)") -%}
    {%- endfor -%}
    {%- set header_lines = lakeweave._bigquery_header_lines(declared) -%}
    {%- set without_value = [] -%}
    {%- for column in declared.columns.values() -%}
        {%- do without_value.append("if(logical_and(trim(coalesce(cast(" ~ column.name ~ " as string), '')) = ''), " ~ lakeweave.text_literal(column.name) ~ ", cast(null as string))") -%}
    {%- endfor -%}
    {%- set settings = lakeweave.source_settings(declared) -%}
    {%- set key = [settings.key] if settings.get('key') is string else (settings.get('key') or []) -%}
    {%- set keys, orders = [], [] -%}
    {%- for column in key -%}
        {%- do keys.append('trim(cast(delivered.' ~ column ~ ' as string))') -%}
    {%- endfor -%}
    {%- for column in settings.get('ordered_by') or [] -%}
        {%- do orders.append('trim(cast(delivered.' ~ column ~ ' as string))') -%}
    {%- endfor %}
    declare records int64;
    declare repeats int64;
    declare lines int64;
    declare line_ends_in_values int64;
    declare columns_without_value string;
    declare is_open bool default false;
    begin
        create or replace temp table lakeweave_delivered as
        select * from {{ relation }} where _FILE_NAME = {{ literal }};
        set lines = (select count(*) from {{ lines }} where _FILE_NAME = {{ literal }});
        if lines = 0 then
            raise using message = 'empty_file: the file holds no text at all';
        end if;
        {#- The lines of the records: those above them are skipped by the external table. #}
        set lines = lines - {{ header_lines }};
        set (records, line_ends_in_values, columns_without_value) = (
            select as struct
                count(*),
                coalesce(sum({{ line_ends | join(' + ') or 0 }}), 0),
                array_to_string([{{ without_value | join(', ') or 'cast(null as string)' }}], ', ')
            from lakeweave_delivered
        );
        if lines <> records + line_ends_in_values then
            raise using message = format(
                'counts_do_not_reconcile: the file has %d lines below its header, and %d records with %d line ends inside values were read',
                lines, records, line_ends_in_values
            );
        end if;
        {%- if keys %}
        if exists (
            select 1
            from lakeweave_delivered as delivered
            where {{ keys | join(" <> '' and ") }} <> ''
            group by {{ (keys + orders) | join(', ') }}
            having count(distinct to_json_string(delivered)) > 1
        ) then
            raise using message = 'repeated_key: several different records of the file have the same key ({{ key | join(", ") }}), and BigQuery does not tell which of them comes last';
        end if;
        {%- endif %}
        begin transaction;
        set is_open = true;
        insert into {{ target_relation }}
        {{ of_file }};
        {#- A bronze body that drops or multiplies records is found here. #}
        set (records, repeats) = (
            select as struct count(*), countif(is_duplicate_in_file) from {{ target_relation }} where _content_hash = {{ lakeweave.text_literal(file_id) }}
        );
        if lines <> records + line_ends_in_values then
            raise using message = format(
                'counts_do_not_reconcile: the model made %d rows of %d records', records, lines - line_ends_in_values
            );
        end if;
        insert into {{ lakeweave.ledger_relation('files') }} ({{ columns }}, counted_by, counted_records)
        select
            path, file_name, '{{ source_name }}', file_id, version, bytes, stat_key, 'csv', delivered_at,
            records, records - repeats, 0, repeats, 'loaded', cast(null as string),
            concat('{{ lakeweave._bigquery_no_value_in() }}', nullif(columns_without_value, '')),
            {{ lakeweave.run_timestamp() }}, '{{ invocation_id }}', 'lines', lines - line_ends_in_values
        from {{ fresh }} as fresh
        where fresh.path = {{ literal }};
        commit transaction;
    exception when error then
        if is_open then
            rollback transaction;
        end if;
        insert into {{ lakeweave.ledger_relation('files') }} ({{ columns }})
        select
            path, file_name, '{{ source_name }}', file_id, version, bytes, stat_key, 'csv', delivered_at,
            cast(null as int64), 0, 0, 0, 'held',
            case
                when starts_with(@@error.message, 'counts_do_not_reconcile') then 'counts_do_not_reconcile'
                when starts_with(@@error.message, 'repeated_key') then 'repeated_key'
                when starts_with(@@error.message, 'empty_file') then 'empty_file'
                else 'unreadable'
            end,
            @@error.message, {{ lakeweave.run_timestamp() }}, '{{ invocation_id }}'
        from {{ fresh }} as fresh
        where fresh.path = {{ literal }};
    end
{%- endmacro %}

{# A placeholder in the compiled body. The materialization replaces it by one file after the other. #}
{% macro _bigquery_any_content() -%}
    {{ return('content hash of the file') }}
{%- endmacro %}

{% macro _bigquery_any_name() -%}
    {{ return('name of the file') }}
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
