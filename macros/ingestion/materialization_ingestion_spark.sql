{#
    The same promises with what Spark and Delta offer; dbt-databricks takes this materialization too.

    Which files there are comes from the `binaryFile` source, without their contents; only a file whose path, length and time
    the ledger does not know is read and hashed. The records come from the CSV reader, which reads one file as one partition
    in the order of its lines (`multiLine`), so `_record_number` is the place in the file. A second reader, lines put
    together by the parity of their quotes, counts the records anew, finds malformed quotes, and keeps the raw text of
    what is rejected; when the two do not agree record by record, the file is held and nothing of it is loaded.

    Delta has transactions of one table only. So each file is taken in by steps of which the last is its row in the ledger:
    bronze rows, rejected records, changes of layout, account. A kill in between leaves rows without an account: silver does
    not see them, because it joins the ledger; the next run takes them out first and takes the file in again from scratch.
    Two builds at the same time are not kept apart here; let the scheduler do that.

    Not on these engines: formats other than CSV and TSV (gzip of them included), encodings other than UTF-8 and a declared
    ISO-8859-1, files above 2 GB (the limit of `binaryFile`), and the archive. Such files are held. Spark does not
    list names that begin with `_` or `.`.

    https://spark.apache.org/docs/latest/sql-data-sources-binaryFile.html
    https://spark.apache.org/docs/latest/sql-data-sources-csv.html
    https://docs.delta.io/latest/concurrency-control.html
#}
{% materialization ingestion, adapter='spark' %}

    {%- set target_relation = this.incorporate(type='table') -%}
    {%- set existing = load_cached_relation(this) -%}
    {%- set asked = (config.get('meta') or {})['ingestion'] -%}
    {%- set declared = lakeweave._source_node(asked.source, asked.table) -%}
    {%- set rebuild = existing is none or should_full_refresh() -%}
    {%- set spec = lakeweave._ingestion_spec(asked, declared, rebuild) -%}
    {%- do spec.update(lakeweave._spark_places(spec, declared)) -%}
    {%- set totals = namespace(files=0, records=0, rejected=0, held=[], accounts=[]) -%}

    {{ run_hooks(pre_hooks) }}

    {%- call statement('inbox') -%}
        create or replace temporary view {{ spec.view }}__inbox using binaryFile
        options (path {{ lakeweave._spark_text(lakeweave._spark_path(spec.folder)) }}, recursiveFileLookup 'true')
    {%- endcall -%}
    {%- set files = lakeweave._spark_fresh_files(spec) -%}

    {%- if rebuild -%}
        {%- do lakeweave._spark_check_nothing_is_lost(spec, files) -%}
        {# The accounts go first: rows without an account are taken in again, an account without rows would not be. #}
        {%- for name in ['files', 'rejected_records', 'layout_changes'] -%}
            {%- call statement('forget_' ~ name) -%}
                delete from {{ lakeweave.ledger_relation(name) }} where source = '{{ spec.source }}'
            {%- endcall -%}
        {%- endfor -%}
        {%- do lakeweave._spark_stage_nothing(spec) -%}
        {%- call statement('create') -%}
            {{ create_table_as(False, target_relation, 'select * from (' ~ sql ~ ') as body where false') }}
        {%- endcall -%}
    {%- elif files | length > 0 -%}
        {%- do lakeweave._spark_forget_unaccounted(spec, target_relation) -%}
    {%- endif -%}

    {%- set known = lakeweave._spark_known(spec) -%}
    {%- for file in files -%}
        {%- set earlier = known.deliveries.get(file.path ~ '\n' ~ (file.file_id or '')) -%}
        {%- set is_again = earlier is not none and earlier.state in ('released', 'held') -%}
        {%- set version = earlier.version if is_again else known.versions.get(file.path, 0) + 1 -%}
        {%- do known.versions.update({file.path: [version, known.versions.get(file.path, 0)] | max}) -%}
        {%- do file.update({'version': version}) -%}
        {%- if is_again -%}
            {%- call statement('replace_account') -%}
                delete from {{ lakeweave.ledger_relation('files') }}
                where source = '{{ spec.source }}' and path = {{ lakeweave._spark_text(file.path) }} and version = {{ version }}
            {%- endcall -%}
        {%- endif -%}

        {%- if not file.reason and file.file_id in known.loaded -%}
            {%- set records = known.loaded[file.file_id] -%}
            {%- do file.update({'state': 'repeat', 'records': records, 'accepted': 0, 'rejected': 0, 'repeats': records}) -%}
        {%- else -%}
            {%- if not file.reason -%}
                {%- do lakeweave._spark_take_in(spec, file, sql, target_relation, file.file_id in known.contents) -%}
            {%- endif -%}
            {%- if file.reason -%}
                {%- do file.update({'state': 'held', 'accepted': 0, 'rejected': 0, 'repeats': 0}) -%}
                {%- do totals.held.append(file) -%}
            {%- else -%}
                {%- do file.update({'state': 'loaded'}) -%}
                {%- do known.loaded.update({file.file_id: file.records}) -%}
            {%- endif -%}
        {%- endif -%}
        {%- call statement('account') -%}
            {{ lakeweave._spark_account(spec, file) }}
        {%- endcall -%}
        {%- set totals.files = totals.files + 1 -%}
        {%- set totals.records = totals.records + (file.records or 0) -%}
        {%- set totals.rejected = totals.rejected + file.rejected -%}
    {%- endfor -%}

    {%- call statement('main') -%}
        select {{ totals.records }} as records
    {%- endcall -%}

    {%- do persist_docs(target_relation, model) -%}
    {{ run_hooks(post_hooks) }}

    {%- do lakeweave._tell_of_files(spec.source, totals.held, totals.records, totals.rejected) -%}

    {{ return({'relations': [target_relation]}) }}

{% endmaterialization %}


{# The view that holds the records of the file at hand: one fixed name per source table, as it is in the compiled model. #}
{% macro spark___delivered_records(relation, source_name, table_name) -%}
    (select * from {{ lakeweave._spark_view(source_name, table_name) }})
{%- endmacro %}


{% macro _spark_view(source_name, table_name) -%}
    {{ return('lakeweave__' ~ source_name ~ '__' ~ table_name) }}
{%- endmacro %}


{# On Spark the landing zone is a folder; on Databricks it is the buckets. `marker` is what stands in a path before the file's name. #}
{% macro _spark_places(spec, declared) -%}
    {%- set folder = spec.folder if target.type == 'spark' else lakeweave._landing_uri(declared) -%}
    {%- set marker = modules.re.sub('^(?:[.]?/)+', '', folder) -%}
    {{ return({
        'folder': folder,
        'marker': marker ~ '/',
        'view': lakeweave._spark_view(spec.schema, spec.table),
    }) }}
{%- endmacro %}


{# A string literal. https://spark.apache.org/docs/latest/sql-ref-literals.html#string-literal #}
{% macro _spark_text(value) -%}
    {%- if value is none -%}
        {{ return('cast(null as string)') }}
    {%- endif -%}
    {{ return("'" ~ (value | string | replace('\\', '\\\\') | replace("'", "\\'") | replace('\n', '\\n')) ~ "'") }}
{%- endmacro %}


{# A path of Hadoop is a pattern: what a name has of its signs is escaped. #}
{% macro _spark_path(path) -%}
    {{ return(modules.re.sub('([][{}*?\\\\])', '\\\\\\1', path)) }}
{%- endmacro %}


{# The file as it is now; the view of the inbox keeps the list that it was made with. #}
{% macro _spark_binary(file) -%}
    {{ return('binaryFile.`' ~ (lakeweave._spark_path(file.path) | replace('`', '``')) ~ '`') }}
{%- endmacro %}


{# fnmatch as a regular expression for the whole name. #}
{% macro _spark_glob(pattern) -%}
    {%- set escaped = modules.re.escape(pattern) -%}
    {{ return(
        escaped | replace('\\*', '.*') | replace('\\?', '.') | replace('\\[', '[') | replace('\\]', ']') | replace('\\-', '-')
        | replace('[!', '[^')
    ) }}
{%- endmacro %}


{% macro _spark_matches(name, pattern) -%}
    {%- set expression = lakeweave._spark_glob(pattern) ~ '\\Z' -%}
    {{ return(modules.re.match(expression, name) is not none or modules.re.match(expression, name.split('/')[-1]) is not none) }}
{%- endmacro %}


{# The files that the ledger does not know by path, length and time, in natural order, each with the hash of its content. #}
{% macro _spark_fresh_files(spec) -%}
    {%- set name = "substring(inbox.path, locate(" ~ lakeweave._spark_text(spec.marker) ~ ", inbox.path) + " ~ (spec.marker | length) ~ ")" -%}
    {%- set rows = lakeweave.ask(
        "select listed.path, listed.file_name, listed.bytes, listed.stat_key, listed.delivered_at"
        ~ " from (select inbox.path, " ~ name ~ " as file_name, inbox.length as bytes,"
        ~ " concat(inbox.length, ':', unix_micros(inbox.modificationTime)) as stat_key,"
        ~ " date_format(inbox.modificationTime, 'yyyy-MM-dd HH:mm:ss.SSSSSS') as delivered_at"
        ~ " from " ~ spec.view ~ "__inbox as inbox) as listed"
        ~ (" where true" if spec.reload else
            " left anti join (select path, stat_key from " ~ lakeweave.ledger_relation('files')
            ~ " where source = '" ~ spec.source ~ "' and state <> 'released') as known"
            ~ " on listed.path = known.path and listed.stat_key = known.stat_key")
        ~ " order by " ~ lakeweave.natural_order('listed.file_name') ~ ", listed.file_name", []
    ) -%}
    {%- set files = [] -%}
    {%- for row in rows -%}
        {%- set matching = [] -%}
        {%- for pattern in spec.patterns if lakeweave._spark_matches(row[1], pattern) -%}
            {%- do matching.append(pattern) -%}
        {%- endfor -%}
        {%- if matching -%}
            {%- set file = {
                'path': row[0], 'file_name': row[1], 'bytes': row[2] | int, 'stat_key': row[3], 'delivered_at': row[4] | string,
                'file_id': none, 'format': none, 'delimiter': none, 'encoding': none, 'records': none, 'reason': none, 'message': none,
            } -%}
            {%- if file.bytes > 2147483647 -%}
                {%- do file.update({'reason': 'unreadable', 'message': 'The file has ' ~ file.bytes ~ ' bytes; this engine reads up to 2147483647.'}) -%}
            {%- endif -%}
            {%- do files.append(file) -%}
        {%- endif -%}
    {%- endfor -%}
    {# Some files to a query: one each would pay for a job each, all at once would make an endless query. #}
    {%- for few in files | selectattr('reason', 'none') | list | batch(40) -%}
        {%- set parts = [] -%}
        {%- for file in few -%}
            {%- do parts.append("select path, sha2(content, 256) as file_id from " ~ lakeweave._spark_binary(file)) -%}
        {%- endfor -%}
        {%- set hashes = {} -%}
        {%- for row in lakeweave.ask(parts | join(' union all '), []) -%}
            {%- do hashes.update({row[0]: row[1]}) -%}
        {%- endfor -%}
        {%- for file in few -%}
            {%- do file.update({'file_id': hashes.get(file.path)}) -%}
        {%- endfor -%}
    {%- endfor -%}
    {{ return(files) }}
{%- endmacro %}


{# A bronze table is rebuilt only when every content that the ledger has as loaded can still be found. #}
{% macro _spark_check_nothing_is_lost(spec, files) -%}
    {%- set found = files | map(attribute='file_id') | list -%}
    {%- set lost = [] -%}
    {%- for row in lakeweave.ask(
        "select file_id, min(file_name) as file_name from " ~ lakeweave.ledger_relation('files') ~ " where source = '" ~ spec.source
        ~ "' and state in ('loaded', 'released') group by file_id order by file_name", []
    ) if row[0] not in found -%}
        {%- do lost.append(row[1]) -%}
    {%- endfor -%}
    {%- if lost -%}
        {%- do exceptions.raise_compiler_error(
            spec.source ~ " cannot be built anew: the ledger has " ~ lost | length ~ " loaded file(s) that are not in " ~ spec.folder
            ~ " any more (" ~ lost[:5] | join(', ') ~ "). Put them back, or build without --full-refresh."
        ) -%}
    {%- endif -%}
{%- endmacro %}


{# What a killed run left: rows of contents that no account speaks of. #}
{% macro _spark_forget_unaccounted(spec, target_relation) -%}
    {%- set files = lakeweave.ledger_relation('files') -%}
    {%- set tables = {
        'bronze': [target_relation, '_content_hash', 'true', "('loaded', 'released')"],
        'rejected_records': [lakeweave.ledger_relation('rejected_records'), 'file_id', "source = '" ~ spec.source ~ "'", "('loaded', 'held', 'released')"],
        'layout_changes': [lakeweave.ledger_relation('layout_changes'), 'file_id', "source = '" ~ spec.source ~ "'", "('loaded', 'held', 'released')"],
    } -%}
    {%- set questions = [] -%}
    {%- for name in tables -%}
        {%- set table = tables[name] -%}
        {%- do questions.append(
            "select '" ~ name ~ "' as place, present.file_id from (select distinct " ~ table[1] ~ " as file_id from " ~ table[0]
            ~ " where " ~ table[2] ~ ") as present left anti join (select file_id from " ~ files ~ " where source = '" ~ spec.source
            ~ "' and state in " ~ table[3] ~ ") as accounted on present.file_id = accounted.file_id"
        ) -%}
    {%- endfor -%}
    {%- for row in lakeweave.ask(questions | join(' union all '), []) -%}
        {%- set table = tables[row[0]] -%}
        {%- call statement('forget_unaccounted') -%}
            delete from {{ table[0] }} where {{ table[2] }} and {{ table[1] }} = '{{ row[1] }}'
        {%- endcall -%}
    {%- endfor -%}
{%- endmacro %}


{# What the ledger says: versions of each path, state of each delivery, all contents, and the records of those that are loaded. #}
{% macro _spark_known(spec) -%}
    {%- set known = {'versions': {}, 'deliveries': {}, 'contents': [], 'loaded': {}} -%}
    {%- for row in lakeweave.ask(
        "select path, file_id, version, state, records from " ~ lakeweave.ledger_relation('files') ~ " where source = '" ~ spec.source
        ~ "' order by path, version", []
    ) -%}
        {%- do known.versions.update({row[0]: row[2] | int}) -%}
        {%- do known.deliveries.update({row[0] ~ '\n' ~ (row[1] or ''): {'version': row[2] | int, 'state': row[3]}}) -%}
        {%- do known.contents.append(row[1]) -%}
        {%- if row[3] == 'loaded' -%}
            {%- do known.loaded.update({row[1]: row[4] | int}) -%}
        {%- endif -%}
    {%- endfor -%}
    {{ return(known) }}
{%- endmacro %}


{% macro _spark_stage_nothing(spec) -%}
    {%- call statement('stage_nothing') -%}
        create or replace temporary view {{ spec.view }} as
        select
            {%- for column in spec.columns %}
            cast(null as string) as {{ adapter.quote(column) }},
            {%- endfor %}
            cast(null as string) as _content_hash,
            cast(null as string) as _file_name,
            cast(null as bigint) as _record_number,
            cast(null as boolean) as is_duplicate_in_file
        where false
    {%- endcall -%}
{%- endmacro %}


{# One file, all but its account. Sets what the account says; `reason` when it is to be held. #}
{% macro _spark_take_in(spec, file, body, target_relation, is_known) -%}
    {%- set extension = modules.re.sub('[.]gz$', '', file.file_name | lower).split('/')[-1].split('.')[-1] -%}
    {%- if extension in ('json', 'jsonl', 'ndjson', 'parquet', 'xlsx', 'xls', 'avro', 'orc', 'zip', 'xml') -%}
        {%- do file.update({'reason': 'unknown_format', 'message': 'This engine takes CSV and TSV in, not ' ~ extension ~ '.'}) -%}
        {{ return('') }}
    {%- endif -%}
    {%- set encoding = spec.encoding or 'UTF-8' -%}
    {%- if encoding | upper not in ('UTF-8', 'ISO-8859-1') -%}
        {%- do file.update({'reason': 'undecodable_file', 'message': 'This engine reads UTF-8 and ISO-8859-1, not ' ~ encoding ~ '.'}) -%}
        {{ return('') }}
    {%- endif -%}
    {%- do file.update({'encoding': encoding}) -%}

    {%- call statement('lines') -%}
        create or replace temporary view {{ spec.view }}__lines (value string) using text
        options (path {{ lakeweave._spark_text(lakeweave._spark_path(file.path)) }})
    {%- endcall -%}
    {%- call statement('texts') -%}
        {{ lakeweave._spark_texts(spec, encoding) }}
    {%- endcall -%}

    {%- set first = lakeweave.ask("select raw_text from " ~ spec.view ~ "__texts where record_number = 1", []) -%}
    {%- if first | length == 0 -%}
        {%- do file.update({'reason': 'empty_file', 'message': 'The file holds no text at all.'}) -%}
        {{ return('') }}
    {%- endif -%}
    {%- set layout = lakeweave._spark_layout(spec, file, first[0][0]) -%}
    {%- if layout.reason -%}
        {%- do file.update({'reason': layout.reason, 'message': layout.message}) -%}
        {{ return('') }}
    {%- endif -%}
    {%- do file.update({'format': 'tsv' if layout.delimiter == '\t' else 'csv', 'delimiter': layout.delimiter}) -%}

    {%- call statement('fields') -%}
        {{ lakeweave._spark_fields(spec, file, layout) }}
    {%- endcall -%}
    {%- call statement('records') -%}
        {{ lakeweave._spark_records(spec, layout, first[0][0]) }}
    {%- endcall -%}

    {%- set counts = lakeweave.ask(
        "select count(*) as records, count_if(text_number is null or field_number is null or is_corrupt <> (fields <> " ~ layout.names | length ~ ")) as apart,"
        ~ " count_if(is_torn) as torn, count_if(reason is not null) as rejected, count_if(reason is null and is_duplicate_in_file) as repeats"
        ~ " from " ~ spec.view ~ "__records"
    )[0] -%}
    {%- set records, rejected, repeats = counts[0] | int, (counts[3] or 0) | int, (counts[4] or 0) | int -%}
    {%- do file.update({'records': records, 'accepted': records - rejected - repeats, 'rejected': rejected, 'repeats': repeats}) -%}
    {%- if (counts[1] or 0) | int > 0 -%}
        {%- do file.update({
            'reason': 'counts_do_not_reconcile',
            'message': 'Two readers do not agree on ' ~ counts[1] ~ ' of ' ~ records ~ ' records.',
        }) -%}
    {%- elif (counts[2] or 0) | int > 0 -%}
        {%- do file.update({
            'reason': 'counts_do_not_reconcile',
            'message': 'A quote that opens a field is not closed where the record would have to end; ' ~ counts[2] ~ ' stretch(es) of several lines may hold more than one record each.',
        }) -%}
    {%- elif spec.max_rejected_share is not none and rejected > records * spec.max_rejected_share -%}
        {%- do file.update({'reason': 'too_many_rejected', 'message': rejected ~ ' of ' ~ records ~ ' records are rejected.'}) -%}
    {%- endif -%}
    {%- if file.reason -%}
        {{ return('') }}
    {%- endif -%}

    {# A released file gives way to its new reading; of a content that the ledger never had, nothing is there. #}
    {%- if is_known -%}
        {%- call statement('replace') -%}
            delete from {{ target_relation }} where _content_hash = '{{ file.file_id }}'
        {%- endcall -%}
        {%- for name in ['rejected_records', 'layout_changes'] -%}
            {%- call statement('replace_' ~ name) -%}
                delete from {{ lakeweave.ledger_relation(name) }} where source = '{{ spec.source }}' and file_id = '{{ file.file_id }}'
            {%- endcall -%}
        {%- endfor -%}
    {%- endif -%}

    {%- call statement('staged') -%}
        {{ lakeweave._spark_staged(spec, file, layout) }}
    {%- endcall -%}
    {%- if layout.extras -%}
        {%- set present = adapter.get_columns_in_relation(target_relation) | map(attribute='name') | map('lower') | list -%}
        {%- for column in layout.extras if column | lower not in present -%}
            {%- call statement('widen') -%}
                alter table {{ target_relation }} add columns ({{ adapter.quote(column) }} string)
            {%- endcall -%}
        {%- endfor -%}
    {%- endif -%}
    {# By name: a column that an earlier file brought along is NULL here. https://spark.apache.org/docs/latest/sql-ref-syntax-dml-insert-table.html #}
    {%- call statement('append') -%}
        insert into {{ target_relation }} by name
        {{ lakeweave._spark_with_extra_columns(body, spec, layout) }}
    {%- endcall -%}
    {%- set loaded = lakeweave.ask(
        "select (select count(*) from " ~ target_relation ~ " where _content_hash = '" ~ file.file_id ~ "') as records,"
        ~ " concat(length, ':', unix_micros(modificationTime)) as stat_key from " ~ lakeweave._spark_binary(file)
    )[0] -%}
    {%- if loaded[0] | int != records - rejected or loaded[1] != file.stat_key -%}
        {%- call statement('take_out') -%}
            delete from {{ target_relation }} where _content_hash = '{{ file.file_id }}'
        {%- endcall -%}
        {%- if loaded[0] | int != records - rejected -%}
            {%- do exceptions.raise_compiler_error(
                "The body of `" ~ model.name ~ "` does not keep every record: " ~ file.file_name ~ " has " ~ (records - rejected)
                ~ " accepted records, and the body makes " ~ loaded[0] ~ " of them. A bronze model may clean values but neither drop "
                ~ "nor multiply records; filter in silver. Nothing of this file is loaded."
            ) -%}
        {%- endif -%}
        {%- do file.update({'reason': 'changed_while_reading', 'message': 'The file changed while it was read; it is read again in the next build.'}) -%}
        {{ return('') }}
    {%- endif -%}

    {%- if rejected > 0 -%}
        {%- call statement('reject') -%}
            insert into {{ lakeweave.ledger_relation('rejected_records') }} (
                source, file_id, file_name, record_number, line_number, raw_text, reason, column_name, message, processed_at, invocation_id
            )
            select
                '{{ spec.source }}', '{{ file.file_id }}', {{ lakeweave._spark_text(file.file_name) }}, record_number, line_number,
                raw_text, reason, cast(null as string),
                case when reason like '%fields' then concat('The record has ', fields, ' fields, the header or layout {{ layout.names | length }}.') end,
                {{ lakeweave.run_timestamp() }}, '{{ invocation_id }}'
            from {{ spec.view }}__records
            where reason is not null
        {%- endcall -%}
    {%- endif -%}
    {%- if layout.changes -%}
        {%- call statement('layout') -%}
            insert into {{ lakeweave.ledger_relation('layout_changes') }} (
                source, file_id, file_name, column_name, change, policy, action, message, processed_at, invocation_id
            )
            values
            {%- for change in layout.changes %}
            (
                '{{ spec.source }}', '{{ file.file_id }}', {{ lakeweave._spark_text(file.file_name) }}, {{ lakeweave._spark_text(change.column) }},
                '{{ change.change }}', '{{ spec.layout_policy }}', '{{ change.action }}', {{ lakeweave._spark_text(change.message) }},
                {{ lakeweave.run_timestamp() }}, '{{ invocation_id }}'
            ){{ ',' if not loop.last }}
            {%- endfor %}
        {%- endcall -%}
    {%- endif -%}
{%- endmacro %}


{#
    The file's records as bare text, by lines put together while a quote is open. `monotonically_increasing_id` grows with
    the place in the file: the parts of one file are numbered in its order.
    https://spark.apache.org/docs/latest/api/sql/index.html#monotonically_increasing_id
#}
{% macro _spark_texts(spec, encoding) -%}
    create or replace temporary view {{ spec.view }}__texts as
    with

    placed as (
        select monotonically_increasing_id() as place, value, regexp_count(value, '"') as quotes from {{ spec.view }}__lines
    ),

    marked as (
        select
            row_number() over (order by place) as line_number,
            value,
            coalesce(sum(quotes) over (order by place rows between unbounded preceding and 1 preceding), 0) % 2 = 0 as begins
        from placed
    ),

    numbered as (
        select
            line_number,
            value,
            sum(case when begins then 1 else 0 end) over (order by line_number rows between unbounded preceding and current row) as record_number
        from marked
        where not (begins and value = '')
    ),

    texts as (
        select
            record_number,
            min(line_number) as line_number,
            count(*) as lines,
            concat_ws('\n', transform(array_sort(collect_list(struct(line_number, value))), line -> line.value)) as raw_text
        from numbered
        group by record_number
    )

    select
        record_number,
        line_number,
        lines,
        {%- if encoding | upper == 'UTF-8' %}
        make_valid_utf8(raw_text) as raw_text,
        is_valid_utf8(raw_text) as is_decodable
        {%- else %}
        decode(cast(raw_text as binary), '{{ encoding }}') as raw_text,
        true as is_decodable
        {%- endif %}
    from texts
{%- endmacro %}


{#
    What the columns of the file are: by its header, or by a declared layout where it has none. A header names at least half
    of the declared columns. Names are matched as lakeweave/ingestion/names.py does it, without its compatibility forms.
#}
{% macro _spark_layout(spec, file, first_record) -%}
    {%- set first = first_record.lstrip('\ufeff') -%}
    {%- set known, exact = {}, {} -%}
    {%- for column in spec.columns -%}
        {%- do exact.update({lakeweave._spark_snake_case(column): column}) -%}
    {%- endfor -%}
    {%- do known.update(exact) -%}
    {%- for alias in spec.aliases if lakeweave._spark_snake_case(alias) not in known -%}
        {%- do known.update({lakeweave._spark_snake_case(alias): exact[lakeweave._spark_snake_case(spec.aliases[alias])]}) -%}
    {%- endfor -%}
    {%- set best = namespace(delimiter=none, cells=[], shared=-1) -%}
    {%- set candidates = [spec.delimiter] if spec.delimiter else [',', ';', '\t', '|'] -%}
    {%- for delimiter in candidates -%}
        {%- set cells = lakeweave._spark_split(first, delimiter) -%}
        {%- set shared = [] -%}
        {%- for cell in cells -%}
            {%- set column = known.get(lakeweave._spark_snake_case(cell)) -%}
            {%- if column and column not in shared -%}
                {%- do shared.append(column) -%}
            {%- endif -%}
        {%- endfor -%}
        {%- if shared | length > best.shared -%}
            {%- set best.delimiter = delimiter -%}
            {%- set best.cells = cells -%}
            {%- set best.shared = shared | length -%}
        {%- endif -%}
    {%- endfor -%}
    {%- set layout = {'delimiter': best.delimiter, 'has_header': true, 'names': [], 'columns': {}, 'extras': [], 'changes': [], 'reason': none, 'message': none} -%}

    {%- if spec.header == 'no' or best.shared * 2 < spec.columns | length -%}
        {%- set found = namespace(columns=none) -%}
        {%- for declared in spec.layouts if spec.header != 'yes' and lakeweave._spark_matches(file.file_name, declared.get('pattern', '*')) -%}
            {%- for delimiter in candidates -%}
                {%- if found.columns is none and lakeweave._spark_split(first, delimiter) | length == declared['columns'] | length -%}
                    {%- set found.columns = declared['columns'] -%}
                    {%- do layout.update({'delimiter': delimiter, 'has_header': false}) -%}
                {%- endif -%}
            {%- endfor -%}
        {%- endfor -%}
        {%- if found.columns is none -%}
            {%- do layout.update({
                'reason': 'header_mismatch',
                'message': 'The file has no header that shares at least half of the declared columns, and no declared layout fits. It begins: ' ~ first[:120],
            }) -%}
            {{ return(layout) }}
        {%- endif -%}
        {%- set best.cells = found.columns -%}
    {%- endif -%}

    {%- set order = [] -%}
    {%- set names = [] -%}
    {%- for cell in best.cells -%}
        {%- do names.append(lakeweave._spark_snake_case(cell)) -%}
    {%- endfor -%}
    {# A column that carries the declared name itself goes before one that carries an alias. #}
    {%- set places = {} -%}
    {%- for table in [exact, known] -%}
        {%- for name in names -%}
            {%- if name in table and table[name] not in places.values() and loop.index0 not in places -%}
                {%- do places.update({loop.index0: table[name]}) -%}
            {%- endif -%}
        {%- endfor -%}
    {%- endfor -%}
    {%- set added = {'evolve': 'column added', 'freeze': 'file held', 'discard_row': 'records with a value rejected'}[spec.layout_policy] -%}
    {%- set reserved = ['_content_hash', '_file_name', '_record_number', 'is_duplicate_in_file', 'processed_at'] + spec.columns | map('lower') | list + exact.keys() | list -%}
    {%- for name in names -%}
        {%- set cell = best.cells[loop.index0] -%}
        {%- do layout.names.append(cell) -%}
        {%- if loop.index0 in places -%}
            {%- set column = places[loop.index0] -%}
            {%- do layout.columns.update({column: loop.index0}) -%}
            {%- do order.append(column) -%}
            {%- if name not in exact -%}
                {%- do layout.changes.append({'column': column, 'change': 'renamed', 'action': 'matched by alias', 'message': "Column '" ~ cell ~ "' is read as '" ~ column ~ "'."}) -%}
            {%- endif -%}
        {%- else -%}
            {%- set free = namespace(name=name, number=0) -%}
            {%- for _ in names if free.name in reserved + layout.extras -%}
                {%- set free.number = free.number + 1 -%}
                {%- set free.name = name ~ '_' ~ free.number -%}
            {%- endfor -%}
            {%- if cell | trim == '' -%}
                {%- set change, message = 'empty_name', 'Column ' ~ loop.index ~ ' has no name.' -%}
            {%- elif name in known or name in names[:loop.index0] -%}
                {%- set change, message = 'duplicate', 'Column ' ~ loop.index ~ " repeats the name '" ~ cell ~ "'; it is called '" ~ free.name ~ "'." -%}
            {%- else -%}
                {%- set change, message = 'added', "Column '" ~ cell ~ "' is not declared." -%}
            {%- endif -%}
            {%- do layout.extras.append(free.name) -%}
            {%- do layout.columns.update({free.name: loop.index0}) -%}
            {%- do layout.changes.append({'column': free.name, 'change': change, 'action': added, 'message': message}) -%}
        {%- endif -%}
    {%- endfor -%}
    {%- if layout.has_header -%}
        {%- if order != spec.columns | select('in', order) | list -%}
            {%- do layout.changes.append({'column': none, 'change': 'reordered', 'action': 'matched by name', 'message': 'The columns come as ' ~ order | join(', ') ~ '.'}) -%}
        {%- endif -%}
        {%- for column in spec.columns if column not in layout.columns -%}
            {%- do layout.changes.append({
                'column': column, 'change': 'missing', 'action': 'file held' if spec.layout_policy == 'freeze' else 'filled with null',
                'message': "The file has no column '" ~ column ~ "'.",
            }) -%}
        {%- endfor -%}
    {%- endif -%}
    {%- set breaking = layout.changes | rejectattr('change', 'in', ['renamed', 'reordered']) | map(attribute='message') | list -%}
    {%- if spec.layout_policy == 'freeze' and breaking -%}
        {%- do layout.update({'reason': 'layout_frozen', 'message': breaking | join(' ')}) -%}
    {%- endif -%}
    {{ return(layout) }}
{%- endmacro %}


{% macro _spark_snake_case(name) -%}
    {%- set words = modules.re.sub('([A-Z]+)([A-Z][a-z])', '\\1_\\2', modules.re.sub('([a-z0-9])([A-Z])', '\\1_\\2', name)) -%}
    {%- set words = modules.re.sub('[\\W_]+', '_', words).strip('_').lower()[:120].strip('_') -%}
    {{ return('unnamed' if not words else ('_' ~ words if words[0].isdigit() else words)) }}
{%- endmacro %}


{# The fields of one record. #}
{% macro _spark_split(record, delimiter) -%}
    {%- set separator = modules.re.escape(delimiter) -%}
    {%- set fields = [] -%}
    {%- for match in modules.re.finditer(separator ~ '(?:"((?:[^"]|"")*)"|([^' ~ separator ~ ']*))', delimiter ~ record) -%}
        {%- do fields.append((match.group(1) | replace('""', '"')) if match.group(1) is not none else match.group(2)) -%}
    {%- endfor -%}
    {{ return(fields) }}
{%- endmacro %}


{# The CSV reader: columns by place, all text. A record whose fields do not fit is marked, not dropped. #}
{% macro _spark_fields(spec, file, layout) -%}
    create or replace temporary view {{ spec.view }}__fields (
        {%- for _ in layout.names %}
        c{{ loop.index0 }} string,
        {%- endfor %}
        _corrupt_record string
    )
    using csv
    options (
        path {{ lakeweave._spark_text(lakeweave._spark_path(file.path)) }},
        header '{{ layout.has_header | lower }}',
        multiLine 'true',
        mode 'PERMISSIVE',
        columnNameOfCorruptRecord '_corrupt_record',
        columnPruning 'false',
        sep {{ lakeweave._spark_text(layout.delimiter) }},
        quote '"',
        escape '"',
        encoding '{{ file.encoding }}'
    )
{%- endmacro %}


{# Both readings side by side, record by record, with the reason where a record is rejected. #}
{% macro _spark_records(spec, layout, header) -%}
    {%- set separator = '\\t' if layout.delimiter == '\t' else modules.re.escape(layout.delimiter) -%}
    {%- set field = '(?:"(?:[^"]++|"")*+"|[^"' ~ separator ~ ']*+)' -%}
    {%- set width = layout.names | length -%}
    create or replace temporary view {{ spec.view }}__records as
    with

    fields as (
        select *, row_number() over (order by place) as field_number
        from (select *, monotonically_increasing_id() as place from {{ spec.view }}__fields) as placed
    ),

    texts as (
        select
            record_number - {{ 1 if layout.has_header else 0 }} as text_number,
            line_number,
            lines,
            raw_text,
            is_decodable,
            regexp_count(concat({{ lakeweave._spark_text(layout.delimiter) }}, raw_text), r'{{ separator ~ field }}') as fields,
            raw_text rlike r'\A{{ field }}(?:{{ separator ~ field }})*+\z' as is_well_formed
        from {{ spec.view }}__texts
        {%- if layout.has_header %}
        where record_number > 1
        {%- endif %}
    ),

    judged as (
        select
            texts.*,
            fields.*,
            fields._corrupt_record is not null as is_corrupt,
            not is_well_formed and lines > 1 as is_torn,
            case
                when not is_decodable then 'undecodable_bytes'
                when contains(raw_text, char(0)) then 'nul_byte'
                when not is_well_formed and regexp_count(raw_text, '"') % 2 = 1 then 'unclosed_quote'
                when not is_well_formed then 'malformed_quote'
                when fields < {{ width }} then 'too_few_fields'
                when fields > {{ width }}
                    and right(raw_text, fields - {{ width }}) <> repeat({{ lakeweave._spark_text(layout.delimiter) }}, fields - {{ width }})
                    then 'too_many_fields'
                {%- if layout.has_header %}
                when raw_text = {{ lakeweave._spark_text(header) }} then 'repeated_header'
                {%- endif %}
                {%- if spec.layout_policy == 'discard_row' and layout.extras %}
                when coalesce({% for column in layout.extras %}nullif(c{{ layout.columns[column] }}, ''){{ ', ' if not loop.last }}{% endfor %}) is not null
                    then 'unexpected_column'
                {%- endif %}
            end as reason
        from texts
        full outer join fields on texts.text_number = fields.field_number
    )

    select
        *,
        text_number as record_number,
        row_number() over (
            partition by reason is null{% for _ in layout.names %}, coalesce(c{{ loop.index0 }}, ''){% endfor %}
            order by text_number
        ) > 1 as is_duplicate_in_file
    from judged
{%- endmacro %}


{# The accepted records under the declared names, where the model's body reads them. #}
{% macro _spark_staged(spec, file, layout) -%}
    create or replace temporary view {{ spec.view }} as
    select
        {%- for column in spec.columns %}
        {{ 'c' ~ layout.columns[column] if column in layout.columns else 'cast(null as string)' }} as {{ adapter.quote(column) }},
        {%- endfor %}
        {%- if spec.layout_policy == 'evolve' %}
        {%- for column in layout.extras %}
        c{{ layout.columns[column] }} as {{ adapter.quote(column) }},
        {%- endfor %}
        {%- endif %}
        '{{ file.file_id }}' as _content_hash,
        {{ lakeweave._spark_text(file.file_name) }} as _file_name,
        cast(record_number as bigint) as _record_number,
        is_duplicate_in_file
    from {{ spec.view }}__records
    where reason is null
{%- endmacro %}


{% macro _spark_with_extra_columns(body, spec, layout) -%}
    {%- if not layout.extras or spec.layout_policy != 'evolve' -%}
        {{ return(body) }}
    {%- endif -%}
    select
        body.*,
        {%- for column in layout.extras %}
        staged.{{ adapter.quote(column) }}{{ ',' if not loop.last }}
        {%- endfor %}
    from ({{ body }}) as body
    inner join {{ spec.view }} as staged on body._record_number = staged._record_number
{%- endmacro %}


{% macro _spark_account(spec, file) -%}
    insert into {{ lakeweave.ledger_relation('files') }} (
        path, file_name, source, file_id, version, bytes, stat_key, format, encoding, delimiter, delivered_at, records, accepted,
        rejected, repeats, state, reason, message, processed_at, invocation_id
    )
    values (
        {{ lakeweave._spark_text(file.path) }}, {{ lakeweave._spark_text(file.file_name) }}, '{{ spec.source }}',
        {{ lakeweave._spark_text(file.file_id) }}, {{ file.version }}, {{ file.bytes }}, '{{ file.stat_key }}',
        {{ lakeweave._spark_text(file.format) }}, {{ lakeweave._spark_text(file.encoding) }}, {{ lakeweave._spark_text(file.delimiter) }},
        cast('{{ file.delivered_at }}' as timestamp), {{ 'null' if file.records is none else file.records }}, {{ file.accepted }},
        {{ file.rejected }}, {{ file.repeats }}, '{{ file.state }}', {{ lakeweave._spark_text(file.reason) }},
        {{ lakeweave._spark_text(file.message) }}, {{ lakeweave.run_timestamp() }}, '{{ invocation_id }}'
    )
{%- endmacro %}
