{# Which files of a bucket are new, by their content: the lines are read, hashed and compared with the ledger. #}

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

{#
    Files are read from a bucket only, and the objects of a bucket of Google are listed by a table of the source, `inbox_files`.
    https://cloud.google.com/bigquery/docs/external-data-cloud-storage
    https://cloud.google.com/bigquery/docs/object-table-introduction
#}
{% macro bigquery___place_problems(declared) -%}
    {%- set uri = lakeweave.landing_uri(declared) -%}
    {%- if '://' not in uri -%}
        {{ return([lakeweave._unexpected('folder', uri, "a place in a bucket: gcp/… or aws/… of the landing zone, gs://… or s3://…")]) }}
    {%- endif -%}
    {%- for node in graph.sources.values() if node.source_name == declared.source_name and node.name == 'inbox_files' -%}
        {{ return([]) }}
    {%- endfor -%}
    {%- if uri.startswith('s3://') -%}
        {{ return([]) }}
    {%- endif -%}
    {{ return([
        "The source has no table `inbox_files`, which lists the objects of its folders on BigQuery; declare it with `external: {location: "
        ~ uri.rpartition('/')[0] ~ "/, file_format: objects}`."
    ]) }}
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

{# Accounts of files whose content is loaded or held under another name. #}
{% macro _bigquery_note_repeats(fresh, source_name) -%}
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
{%- endmacro %}
