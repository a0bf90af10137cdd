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
    {%- set asked = (config.get('meta') or {})['ingestion'] -%}
    {%- set declared = lakeweave._source_node(asked.source, asked.table) -%}
    {%- set source_name = asked.source ~ '.' ~ asked.table -%}
    {%- set rebuild = existing is none or should_full_refresh() -%}
    {%- set fresh = lakeweave._fresh_files_relation(asked.source, asked.table) -%}
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

    {%- call statement('repeats') -%}
        insert into {{ lakeweave.ledger_relation('files') }} (
            path, file_name, source, file_id, version, bytes, stat_key, format, delivered_at, records, accepted, rejected, repeats,
            state, processed_at, invocation_id
        )
        select
            fresh.path, fresh.file_name, '{{ source_name }}', fresh.file_id, fresh.version, fresh.bytes, fresh.stat_key, 'csv',
            fresh.delivered_at, known.records, 0, 0, known.records,
            'repeat', {{ lakeweave.run_timestamp() }}, '{{ invocation_id }}'
        from {{ fresh }} as fresh
        left join (
            select file_id, max(records) as records
            from {{ lakeweave.ledger_relation('files') }}
            where source = '{{ source_name }}' and state = 'loaded'
            group by file_id
        ) as known on fresh.file_id = known.file_id
        where fresh.is_repeat
    {%- endcall -%}

    {%- set files = lakeweave.ask(
        'select path, file_id from ' ~ fresh ~ ' where not is_repeat order by ' ~ lakeweave.natural_order('file_name') ~ ', file_name', []
    ) -%}
    {%- for file in files -%}
        {%- call statement('file') -%}
            {{ lakeweave._bigquery_take_in(sql, target_relation, fresh, lines, source_name, file[0], file[1]) }}
        {%- endcall -%}
    {%- endfor -%}

    {%- call statement('main') -%}
        select count(*) as files from {{ fresh }}
    {%- endcall -%}

    {{ run_hooks(post_hooks) }}
    {%- do apply_grants(target_relation, config.get('grants'), should_revoke=should_revoke(existing, full_refresh_mode=rebuild)) -%}
    {%- do persist_docs(target_relation, model) -%}

    {%- set held = lakeweave.ask(
        "select file_name, reason, message from " ~ lakeweave.ledger_relation('files') ~ " where source = '" ~ source_name
        ~ "' and state = 'held' and invocation_id = '" ~ invocation_id ~ "'", []
    ) -%}
    {%- set told = [] -%}
    {%- for file in held -%}
        {%- do told.append({'file_name': file[0], 'reason': file[1], 'message': file[2]}) -%}
    {%- endfor -%}
    {%- do lakeweave._tell_of_files(source_name, told, 0, 0) -%}

    {{ return({'relations': [target_relation]}) }}

{% endmaterialization %}


{% macro _fresh_files_relation(source_name, table_name) -%}
    {{ return(lakeweave.ledger_relation('fresh__' ~ source_name ~ '__' ~ table_name)) }}
{%- endmacro %}


{# Where the warehouses find a source's files: the folder `gcp/inbox/users` of the landing zone is `<landing_gcs>/inbox/users`. #}
{% macro _landing_uri(declared) -%}
    {%- set meta = lakeweave._source_settings(declared) -%}
    {%- set folder = meta.get('folder') or (declared.source_name ~ '/' ~ declared.name) -%}
    {%- if folder.startswith('gcp/') -%}
        {{ return(lakeweave.setting('landing_gcs') ~ '/' ~ folder[4:]) }}
    {%- elif folder.startswith('aws/') -%}
        {{ return(lakeweave.setting('landing_s3') ~ '/' ~ folder[4:]) }}
    {%- endif -%}
    {{ return(folder) }}
{%- endmacro %}


{# One row per physical line: no quotes, and a delimiter that no text file holds. #}
{% macro _bigquery_lines_table(lines, declared) -%}
    {%- set uri = lakeweave._landing_uri(declared) -%}
    create external table if not exists {{ lines }} (line string)
    {%- if uri.startswith('s3://') %}
    with connection `{{ lakeweave.setting('aws_connection') }}`
    {%- endif %}
    options (
        format = 'CSV',
        uris = ['{{ uri }}/*'],
        field_delimiter = '\u0001',
        quote = '',
        allow_jagged_rows = true,
        description = 'The delivered files of {{ declared.source_name }}.{{ declared.name }} as bare lines, for an independent count.'
    )
{%- endmacro %}


{# The objects that the ledger does not know by name and generation; those whose content it knows are repeats. #}
{% macro _bigquery_fresh_files(fresh, lines, declared, source_name, rebuild) -%}
    {%- set prefix = lakeweave._landing_uri(declared) ~ '/' -%}
    create or replace table {{ fresh }} as
    with

    ledger as (

        select * from {{ lakeweave.ledger_relation('files') }}
        where source = '{{ source_name }}' {{ 'and false' if rebuild }}

    ),

    objects as (

        {%- if prefix.startswith('s3://') %}

        {# Object tables are for Google's storage only, so a file on S3 is known by its name and by what its lines hold. #}
        select
            _FILE_NAME as path,
            substr(_FILE_NAME, {{ prefix | length + 1 }}) as file_name,
            to_hex(sha256(concat(cast(count(*) as string), ':', cast(bit_xor(farm_fingerprint(line)) as string)))) as file_id,
            sum(byte_length(line) + 1) as bytes,
            to_hex(sha256(concat(cast(count(*) as string), ':', cast(bit_xor(farm_fingerprint(line)) as string)))) as stat_key,
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
            (select coalesce(max(ledger.version), 0) from ledger where ledger.path = objects.path) + 1 as version,
            objects.file_id in (select ledger.file_id from ledger where ledger.state = 'loaded') as is_known_content,
            row_number() over (
                partition by objects.file_id order by {{ lakeweave.natural_order('objects.file_name') }}, objects.file_name
            ) as delivery
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
        is_known_content or delivery > 1 as is_repeat
    from unknown
{%- endmacro %}


{% macro _bigquery_take_in(body, target_relation, fresh, lines, source_name, path, file_id) -%}
    {%- set literal = "'" ~ (path | replace('\\', '\\\\') | replace("'", "\\'")) ~ "'" -%}
    {%- set columns = "path, file_name, source, file_id, version, bytes, stat_key, format, delivered_at, records, accepted, rejected, repeats, state, reason, message, processed_at, invocation_id" -%}
    declare records int64;
    declare repeats int64;
    declare lines int64;
    declare line_ends_in_values int64;
    begin
        begin transaction;
        insert into {{ target_relation }}
        select * from ({{ body }}) as body where body._content_hash = '{{ file_id }}';
        set (records, repeats) = (
            select as struct count(*), countif(is_duplicate_in_file) from {{ target_relation }} where _content_hash = '{{ file_id }}'
        );
        set lines = (select count(*) from {{ lines }} where _FILE_NAME = {{ literal }});
        set line_ends_in_values = (
            select coalesce(sum(length(to_json_string(loaded)) - length(replace(to_json_string(loaded), '\\n', '\\'))), 0)
            from {{ target_relation }} as loaded
            where loaded._content_hash = '{{ file_id }}'
        );
        if lines - 1 <> records + line_ends_in_values then
            raise using message = format(
                'counts_do_not_reconcile: the file has %d lines below its header, and %d records with %d line ends inside values were read',
                lines - 1, records, line_ends_in_values
            );
        end if;
        insert into {{ lakeweave.ledger_relation('files') }} ({{ columns }})
        select
            path, file_name, '{{ source_name }}', file_id, version, bytes, stat_key, 'csv', delivered_at,
            records, records - repeats, 0, repeats, 'loaded', cast(null as string), cast(null as string),
            {{ lakeweave.run_timestamp() }}, '{{ invocation_id }}'
        from {{ fresh }} as fresh
        where fresh.path = {{ literal }};
        commit transaction;
    exception when error then
        rollback transaction;
        insert into {{ lakeweave.ledger_relation('files') }} ({{ columns }})
        select
            path, file_name, '{{ source_name }}', file_id, version, bytes, stat_key, 'csv', delivered_at,
            cast(null as int64), 0, 0, 0, 'held',
            case when starts_with(@@error.message, 'counts_do_not_reconcile') then 'counts_do_not_reconcile' else 'unreadable' end,
            @@error.message, {{ lakeweave.run_timestamp() }}, '{{ invocation_id }}'
        from {{ fresh }} as fresh
        where fresh.path = {{ literal }};
    end
{%- endmacro %}


{# `_FILE_NAME` is the object that an external table's row came from: https://cloud.google.com/bigquery/docs/query-cloud-storage-data#query_the_file_name_pseudo-column #}
{% macro bigquery___delivered_records(relation, source_name, table_name) -%}
    {%- set columns = ['*'] -%}
    {%- if execute -%}
        {%- set columns = lakeweave._source_node(source_name, table_name).columns.values() | map(attribute='name') | list -%}
    {%- endif -%}
    (
        select
            {%- for column in columns %}
            raw.{{ column }},
            {%- endfor %}
            fresh.file_id as _content_hash,
            fresh.file_name as source_file_name,
            row_number() over (
                partition by fresh.file_id order by to_json_string(struct(raw.{{ columns | join(', raw.') }}))
            ) as _record_number,
            row_number() over (
                partition by fresh.file_id, to_json_string(struct(raw.{{ columns | join(', raw.') }})) order by fresh.path
            ) > 1 as is_duplicate_in_file
        from {{ relation }} as raw
        inner join {{ lakeweave._fresh_files_relation(source_name, table_name) }} as fresh
            on raw._FILE_NAME = fresh.path and not fresh.is_repeat
    )
{%- endmacro %}
