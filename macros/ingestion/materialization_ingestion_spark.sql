{#
    The same promises with what Spark and Delta offer; dbt-databricks takes this materialization too.

    Which files there are comes from the `binaryFile` source, without their contents; only a file whose path, length and time
    the ledger does not know is read and hashed. The records come from the CSV reader, which reads one file as one partition
    in the order of its lines (`multiLine`), so `_record_number` is the place in the file. A second reader, lines put
    together by the parity of their quotes, counts the records anew, finds malformed quotes, and keeps the raw text of
    what is rejected; when the two do not agree record by record, the file is held and nothing of it is loaded.

    Files of one layout are read together, up to a hundred of them, because a query costs Spark more than a small file does;
    on Databricks one after the other.

    Delta has transactions of one table only. So files are taken in by steps of which the last is their rows in the ledger:
    bronze rows, rejected records, changes of layout, accounts. A kill in between leaves rows without an account: silver does
    not see them, because it joins the ledger; the next run takes them out first and takes the files in again from scratch.
    Two builds at the same time are not kept apart here; let the scheduler do that.

    Not on these engines: formats other than CSV and TSV (gzip of them included), encodings other than UTF-8 and a declared
    ISO-8859-1, files above 2 GB (the limit of `binaryFile`), and the archive. Such files are held. Spark does not
    list names that begin with `_` or `.`, and files without a byte only where the session has this project's functions.

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

    {%- do lakeweave._refuse_missing_relation(spec.source, target_relation, existing) -%}
    {{ run_hooks(pre_hooks) }}

    {%- if existing is none -%}
        {%- do lakeweave._spark_make_folder_of_reads(spec, declared) -%}
    {%- endif -%}
    {%- do lakeweave._spark_take_in_all(spec, sql, target_relation, rebuild, totals) -%}
    {%- set in_python = lakeweave._spark_read_file(spec, declared) -%}
    {%- if in_python -%}
        {%- call statement('read_file', language='python') -%}
            {{- in_python -}}
        {%- endcall -%}
    {%- endif -%}
    {# What a database has anew is one file more; it is compared with all that bronze holds now. #}
    {%- if lakeweave._spark_read_database(spec, declared, target_relation) -%}
        {%- do spec.update({'reload': false}) -%}
        {%- do lakeweave._spark_take_in_all(spec, sql, target_relation, false, totals) -%}
    {%- endif -%}

    {%- call statement('main') -%}
        select {{ totals.records }} as records
    {%- endcall -%}

    {%- do apply_grants(target_relation, config.get('grants'), should_revoke=should_revoke(existing, full_refresh_mode=rebuild)) -%}
    {%- do persist_docs(target_relation, model) -%}
    {{ run_hooks(post_hooks) }}

    {%- do lakeweave._tell_of_files(spec.source, totals.held, totals.records, totals.rejected) -%}
    {%- if totals.files > 0 -%}
        {%- do lakeweave._tell_of_layouts(spec.source) -%}
    {%- endif -%}
    {%- if totals.files > totals.held | length and not rebuild -%}
        {%- do lakeweave._tell_of_null_columns(spec.source, target_relation) -%}
    {%- endif -%}

    {{ return({'relations': [target_relation]}) }}

{% endmaterialization %}


{# All files that are in the folder and not in the ledger. #}
{% macro _spark_take_in_all(spec, body, target_relation, rebuild, totals) -%}
    {%- call statement('inbox') -%}
        create or replace temporary view {{ spec.view }}__inbox using binaryFile
        options (path {{ lakeweave._spark_text(lakeweave._spark_path(spec.folder)) }}, recursiveFileLookup 'true')
    {%- endcall -%}
    {%- do spec.update({'listed': lakeweave._spark_listed(spec.view ~ '__inbox', spec.folder)}) -%}
    {%- set files = lakeweave._spark_fresh_files(spec) -%}

    {%- if rebuild or files -%}
        {%- do lakeweave._declare_lookups(body) -%}
    {%- endif -%}
    {%- set known = lakeweave._spark_known(spec) if rebuild or files else lakeweave._spark_nothing_known() -%}
    {%- if rebuild -%}
        {%- do lakeweave._spark_check_nothing_is_lost(spec, files, known) -%}
        {%- do lakeweave._spark_forget_accounts(spec) -%}
        {%- set known = lakeweave._spark_nothing_known() -%}
        {%- do lakeweave._spark_stage_nothing(spec) -%}
        {%- call statement('create') -%}
            {{ create_table_as(False, target_relation, 'select * from (' ~ body ~ ') as body where false') }}
        {%- endcall -%}
    {%- elif files | length > 0 -%}
        {%- do lakeweave._spark_forget_unaccounted(spec, target_relation) -%}
    {%- endif -%}

    {%- set waiting = namespace(files=files) -%}
    {%- for _ in files if waiting.files -%}
        {%- set parted = lakeweave._spark_next_batch(waiting.files) -%}
        {%- set waiting.files = parted.later -%}
        {%- do lakeweave._spark_take_in(spec, parted.batch, known, body, target_relation) -%}
        {%- for file in parted.batch -%}
            {%- set totals.files = totals.files + 1 -%}
            {%- set totals.records = totals.records + (file.records or 0) -%}
            {%- set totals.rejected = totals.rejected + file.rejected -%}
            {%- if file.state == 'held' -%}
                {%- do totals.held.append(file) -%}
            {%- endif -%}
        {%- endfor -%}
    {%- endfor -%}
{%- endmacro %}


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


{#
    Path, time and length of each file: those of the view `files` (a `binaryFile`), and those without a byte, which Spark's file
    sources leave out. A function of lakeweave/spark/files.py finds them; where there is none, on Databricks for one, they stay unseen.
#}
{% macro _spark_listed(files, folder) -%}
    {%- if target.type != 'spark' or not lakeweave.ask("show user functions like 'lakeweave_empty_files'") -%}
        {{ return(files) }}
    {%- endif -%}
    {{ return(
        "(select path, modificationTime, length from " ~ files ~ " where length > 0"
        ~ " union all select inline(lakeweave_empty_files(" ~ lakeweave._spark_text(folder) ~ ")))"
    ) }}
{%- endmacro %}


{# The files that the ledger does not know by path, length and time, in natural order, each with the hash of its content. #}
{% macro _spark_fresh_files(spec) -%}
    {%- set name = "substring(inbox.path, locate(" ~ lakeweave._spark_text(spec.marker) ~ ", inbox.path) + " ~ (spec.marker | length) ~ ")" -%}
    {%- set rows = lakeweave.ask(
        "select listed.path, listed.file_name, listed.bytes, listed.stat_key, listed.delivered_at"
        ~ " from (select inbox.path, " ~ name ~ " as file_name, inbox.length as bytes,"
        ~ " concat(inbox.length, ':', unix_micros(inbox.modificationTime)) as stat_key,"
        ~ " date_format(inbox.modificationTime, 'yyyy-MM-dd HH:mm:ss.SSSSSS') as delivered_at"
        ~ " from " ~ spec.listed ~ " as inbox) as listed"
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
            {%- if file.bytes == 0 -%}
                {%- do file.update({
                    'reason': 'empty_file', 'message': 'The file holds no text at all.', 'records': 0,
                    'file_id': lakeweave._spark_hash_of_nothing(),
                }) -%}
            {%- elif file.bytes > 2147483647 -%}
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


{# https://csrc.nist.gov/pubs/fips/180-4/upd1/final #}
{% macro _spark_hash_of_nothing() -%}
    {{ return('e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855') }}
{%- endmacro %}


{# A bronze table is rebuilt only when every content that the ledger has as loaded can still be found. #}
{% macro _spark_check_nothing_is_lost(spec, files, known) -%}
    {%- set found = files | map(attribute='file_id') | list -%}
    {%- set lost = [] -%}
    {%- for file_id in known.names if file_id not in found -%}
        {%- do lost.append(known.names[file_id]) -%}
    {%- endfor -%}
    {%- if lost -%}
        {%- do exceptions.raise_compiler_error(
            spec.source ~ " cannot be built anew: the ledger has " ~ lost | length ~ " loaded file(s) that are not in " ~ spec.folder
            ~ " any more (" ~ (lost | sort)[:5] | join(', ') ~ "). Put them back, or build without --full-refresh."
        ) -%}
    {%- endif -%}
{%- endmacro %}


{# The accounts go first: rows without an account are taken in again, an account without rows would not be. #}
{% macro _spark_forget_accounts(spec) -%}
    {%- set questions = [] -%}
    {%- for name in ['files', 'rejected_records', 'layout_changes'] -%}
        {%- do questions.append("select " ~ loop.index ~ " as place, '" ~ name ~ "' as name, count(*) as present from "
            ~ lakeweave.ledger_relation(name) ~ " where source = '" ~ spec.source ~ "'") -%}
    {%- endfor -%}
    {%- for row in lakeweave.ask(questions | join(' union all ') ~ ' order by place', []) if row[2] | int > 0 -%}
        {%- call statement('forget_' ~ row[1]) -%}
            delete from {{ lakeweave.ledger_relation(row[1]) }} where source = '{{ spec.source }}'
        {%- endcall -%}
    {%- endfor -%}
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
    {%- set known = lakeweave._spark_nothing_known() -%}
    {%- for row in lakeweave.ask(
        "select path, file_id, version, state, records, file_name from " ~ lakeweave.ledger_relation('files') ~ " where source = '" ~ spec.source
        ~ "' order by path, version", []
    ) -%}
        {%- do known.versions.update({row[0]: row[2] | int}) -%}
        {%- do known.deliveries.update({row[0] ~ '\n' ~ (row[1] or ''): {'version': row[2] | int, 'state': row[3]}}) -%}
        {%- do known.contents.append(row[1]) -%}
        {%- if row[3] in ('loaded', 'released') -%}
            {%- do known.names.update({row[1]: row[5]}) -%}
        {%- endif -%}
        {%- if row[3] == 'loaded' -%}
            {%- do known.loaded.update({row[1]: row[4] | int}) -%}
        {%- endif -%}
    {%- endfor -%}
    {{ return(known) }}
{%- endmacro %}


{# `names`: of the contents that bronze holds or held. #}
{% macro _spark_nothing_known() -%}
    {{ return({'versions': {}, 'deliveries': {}, 'contents': [], 'loaded': {}, 'names': {}}) }}
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


{# How many files of one layout are read together. #}
{% macro _spark_files_at_once() -%}
    {{ return(adapter.dispatch('_spark_files_at_once', 'lakeweave')()) }}
{%- endmacro %}

{% macro default___spark_files_at_once() -%}
    {{ return(100) }}
{%- endmacro %}

{# There the name of the file that a row comes from cannot be had in SQL over a view of files.
   https://docs.databricks.com/en/sql/language-manual/functions/input_file_name.html #}
{% macro databricks___spark_files_at_once() -%}
    {{ return(1) }}
{%- endmacro %}


{#
    The files that are read together next, and the others. Not together: two of the same content, of which the second may be a
    repeat of the first, and names with signs that a pattern of paths cannot carry.
#}
{% macro _spark_next_batch(files) -%}
    {%- set batch, later, contents = [], [], [] -%}
    {%- set size = namespace(bytes=0) -%}
    {%- for file in files -%}
        {%- set is_plain = modules.re.match('[A-Za-z0-9_./:=-]+\\Z', file.path) is not none -%}
        {%- if batch and (
            not is_plain or not batch[0].is_plain or batch | length >= lakeweave._spark_files_at_once() or file.file_id in contents
            or size.bytes + file.bytes > lakeweave.setting('ingestion_batch_bytes')
        ) -%}
            {%- do later.append(file) -%}
        {%- else -%}
            {%- do file.update({'is_plain': is_plain}) -%}
            {%- do batch.append(file) -%}
            {%- do contents.append(file.file_id) -%}
            {%- set size.bytes = size.bytes + file.bytes -%}
        {%- endif -%}
    {%- endfor -%}
    {{ return({'batch': batch, 'later': later}) }}
{%- endmacro %}


{# A batch of files, accounts last. Sets what the accounts say. #}
{% macro _spark_take_in(spec, batch, known, body, target_relation) -%}
    {%- set fresh = [] -%}
    {%- for file in batch -%}
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
        {%- elif not file.reason -%}
            {%- do lakeweave._spark_check_kind(spec, file) -%}
            {%- if not file.reason -%}
                {%- do fresh.append(file) -%}
            {%- endif -%}
        {%- endif -%}
    {%- endfor -%}

    {%- for files in lakeweave._spark_by_layout(spec, fresh) -%}
        {%- if files | length != fresh | length -%}
            {%- do lakeweave._spark_read_texts(spec, files) -%}
        {%- endif -%}
        {%- do lakeweave._spark_take_in_layout(spec, files, known, body, target_relation) -%}
    {%- endfor -%}

    {%- for file in batch if file.state != 'repeat' -%}
        {%- if file.reason -%}
            {%- do file.update({'state': 'held', 'accepted': 0, 'rejected': 0, 'repeats': 0}) -%}
        {%- else -%}
            {%- do file.update({'state': 'loaded'}) -%}
            {%- do known.loaded.update({file.file_id: file.records}) -%}
        {%- endif -%}
    {%- endfor -%}
    {%- call statement('account') -%}
        {{ lakeweave._spark_accounts(spec, batch) }}
    {%- endcall -%}
{%- endmacro %}


{# Sets `reason` of a file that this engine cannot read. #}
{% macro _spark_check_kind(spec, file) -%}
    {%- set extension = modules.re.sub('[.]gz$', '', file.file_name | lower).split('/')[-1].split('.')[-1] -%}
    {%- set encoding = spec.encoding or 'UTF-8' -%}
    {%- if extension in ('json', 'jsonl', 'ndjson', 'parquet', 'xlsx', 'xls', 'avro', 'orc', 'zip', 'xml') -%}
        {%- do file.update({'reason': 'unknown_format', 'message': 'This engine takes CSV and TSV in, not ' ~ extension ~ '.'}) -%}
    {%- elif encoding | upper not in ('UTF-8', 'ISO-8859-1') -%}
        {%- do file.update({'reason': 'undecodable_file', 'message': 'This engine reads UTF-8 and ISO-8859-1, not ' ~ encoding ~ '.'}) -%}
    {%- else -%}
        {%- do file.update({'encoding': encoding}) -%}
    {%- endif -%}
{%- endmacro %}


{# Files of one layout each, by their first records. Sets `reason` of those that have none. #}
{% macro _spark_by_layout(spec, files) -%}
    {%- if not files -%}
        {{ return([]) }}
    {%- endif -%}
    {%- do lakeweave._spark_read_texts(spec, files) -%}
    {%- set first = {} -%}
    {%- for row in lakeweave.ask("select file_name, raw_text from " ~ spec.view ~ "__texts where record_number = 1", []) -%}
        {%- do first.update({row[0]: row[1]}) -%}
    {%- endfor -%}
    {%- set groups = {} -%}
    {%- for file in files -%}
        {%- if file.file_name not in first -%}
            {%- do file.update({'reason': 'empty_file', 'message': 'The file holds no text at all.'}) -%}
        {%- else -%}
            {%- set layout = lakeweave._spark_layout(spec, file, first[file.file_name]) -%}
            {%- if layout.reason -%}
                {%- do file.update({'reason': layout.reason, 'message': layout.message}) -%}
            {%- else -%}
                {%- do file.update({
                    'format': 'tsv' if layout.delimiter == '\t' else 'csv', 'delimiter': layout.delimiter, 'layout': layout,
                    'header': first[file.file_name] if layout.has_header else none,
                }) -%}
                {%- do groups.setdefault(tojson([layout.delimiter, layout.has_header, layout.names, file.header]), []).append(file) -%}
            {%- endif -%}
        {%- endif -%}
    {%- endfor -%}
    {{ return(groups.values() | list) }}
{%- endmacro %}


{# Files of one layout, all but their accounts. Sets what the accounts say; `reason` of those that are to be held. #}
{% macro _spark_take_in_layout(spec, files, known, body, target_relation) -%}
    {%- set layout = files[0].layout -%}
    {%- call statement('fields') -%}
        {{ lakeweave._spark_fields(spec, files, layout) }}
    {%- endcall -%}
    {%- call statement('records') -%}
        {{ lakeweave._spark_records(spec, files, layout) }}
    {%- endcall -%}

    {%- set counted = {} -%}
    {%- for row in lakeweave.ask(
        "select file_name, count(*) as records,"
        ~ " count_if(text_number is null or field_number is null or is_corrupt <> (fields <> " ~ layout.names | length ~ ")) as apart,"
        ~ " count_if(is_torn) as torn, count_if(reason is not null) as rejected, count_if(reason is null and is_duplicate_in_file) as repeats"
        ~ " from " ~ spec.view ~ "__records group by file_name", []
    ) -%}
        {%- do counted.update({row[0]: row}) -%}
    {%- endfor -%}
    {%- set good = [] -%}
    {%- for file in files -%}
        {%- set counts = counted.get(file.file_name, [file.file_name, 0, 0, 0, 0, 0]) -%}
        {%- set records, rejected, repeats = counts[1] | int, counts[4] | int, counts[5] | int -%}
        {%- do file.update({'records': records, 'accepted': records - rejected - repeats, 'rejected': rejected, 'repeats': repeats}) -%}
        {%- if counts[2] | int > 0 -%}
            {%- do file.update({
                'reason': 'counts_do_not_reconcile',
                'message': 'Two readers do not agree on ' ~ counts[2] ~ ' of ' ~ records ~ ' records.',
            }) -%}
        {%- elif counts[3] | int > 0 -%}
            {%- do file.update({
                'reason': 'counts_do_not_reconcile',
                'message': 'A quote that opens a field is not closed where the record would have to end; ' ~ counts[3] ~ ' stretch(es) of several lines may hold more than one record each.',
            }) -%}
        {%- elif spec.max_rejected_share is not none and rejected > records * spec.max_rejected_share -%}
            {%- do file.update({'reason': 'too_many_rejected', 'message': rejected ~ ' of ' ~ records ~ ' records are rejected.'}) -%}
        {%- else -%}
            {%- do good.append(file) -%}
        {%- endif -%}
    {%- endfor -%}
    {%- if not good -%}
        {{ return('') }}
    {%- endif -%}

    {# A released file gives way to its new reading; of a content that the ledger never had, nothing is there. #}
    {%- set again = good | map(attribute='file_id') | select('in', known.contents) | list -%}
    {%- if again -%}
        {%- call statement('replace') -%}
            delete from {{ target_relation }} where _content_hash in ({{ lakeweave._spark_texts_list(again) }})
        {%- endcall -%}
        {%- for name in ['rejected_records', 'layout_changes'] -%}
            {%- call statement('replace_' ~ name) -%}
                delete from {{ lakeweave.ledger_relation(name) }}
                where source = '{{ spec.source }}' and file_id in ({{ lakeweave._spark_texts_list(again) }})
            {%- endcall -%}
        {%- endfor -%}
    {%- endif -%}

    {%- call statement('staged') -%}
        {{ lakeweave._spark_staged(spec, good, layout) }}
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
    {%- do lakeweave._spark_check_loaded(spec, good, target_relation) -%}

    {%- if good | rejectattr('reason') | selectattr('rejected') | list -%}
        {%- call statement('reject') -%}
            {{ lakeweave._spark_rejected(spec, good | rejectattr('reason') | list, layout) }}
        {%- endcall -%}
    {%- endif -%}
    {%- if layout.changes and good | rejectattr('reason') | list -%}
        {%- call statement('layout') -%}
            {{ lakeweave._spark_layout_changes(spec, good | rejectattr('reason') | list) }}
        {%- endcall -%}
    {%- endif -%}
{%- endmacro %}


{# After the rows are in: each file has what its account will say, and is still the file that was read. #}
{% macro _spark_check_loaded(spec, files, target_relation) -%}
    {%- set ids = lakeweave._spark_texts_list(files | map(attribute='file_id') | list) -%}
    {%- set loaded, present, wrong = {}, {}, [] -%}
    {%- for row in lakeweave.ask("select _content_hash, count(*) as records from " ~ target_relation ~ " where _content_hash in (" ~ ids ~ ") group by _content_hash", []) -%}
        {%- do loaded.update({row[0]: row[1] | int}) -%}
    {%- endfor -%}
    {%- call statement('present') -%}
        create or replace temporary view {{ spec.view }}__present using binaryFile
        options (path {{ lakeweave._spark_text(lakeweave._spark_paths(files)) }})
    {%- endcall -%}
    {%- for row in lakeweave.ask(
        "select path, concat(length, ':', unix_micros(modificationTime)) as stat_key from " ~ spec.view ~ "__present", []
    ) -%}
        {%- do present.update({row[0]: row[1]}) -%}
    {%- endfor -%}
    {%- set changed = [] -%}
    {%- for file in files -%}
        {%- if loaded.get(file.file_id, 0) != file.records - file.rejected -%}
            {%- do wrong.append(file) -%}
        {%- endif -%}
        {%- if present.get(file.path) != file.stat_key -%}
            {%- do changed.append(file.file_id) -%}
            {%- do file.update({'reason': 'changed_while_reading', 'message': 'The file changed while it was read; it is read again in the next build.'}) -%}
        {%- endif -%}
    {%- endfor -%}
    {%- if wrong or changed -%}
        {%- call statement('take_out') -%}
            delete from {{ target_relation }} where _content_hash in ({{ ids if wrong else lakeweave._spark_texts_list(changed) }})
        {%- endcall -%}
    {%- endif -%}
    {%- if wrong -%}
        {%- set first = wrong[0] -%}
        {%- do exceptions.raise_compiler_error(
            "The body of `" ~ model.name ~ "` does not keep every record: " ~ first.file_name ~ " has " ~ (first.records - first.rejected)
            ~ " accepted records, and the body makes " ~ loaded.get(first.file_id, 0) ~ " of them. A bronze model may clean values but neither drop "
            ~ "nor multiply records; filter in silver. Nothing of this file is loaded."
        ) -%}
    {%- endif -%}
{%- endmacro %}


{% macro _spark_rejected(spec, files, layout) -%}
    insert into {{ lakeweave.ledger_relation('rejected_records') }} (
        source, file_id, file_name, record_number, line_number, raw_text, reason, column_name, message, processed_at, invocation_id,
        bytes, raw_hash
    )
    select
        '{{ spec.source }}', {{ lakeweave._spark_file_id(files) }}, file_name, record_number, line_number,
        raw_text, reason, cast(null as string),
        case when reason like '%fields' then concat('The record has ', fields, ' fields, the header or layout {{ layout.names | length }}.') end,
        {{ lakeweave.run_timestamp() }}, '{{ invocation_id }}', cast(null as bigint), cast(null as string)
    from {{ spec.view }}__records
    where reason is not null and file_name in ({{ lakeweave._spark_texts_list(files | map(attribute='file_name') | list) }})
{%- endmacro %}


{% macro _spark_layout_changes(spec, files) -%}
    {%- set rows = [] -%}
    {%- for file in files -%}
        {%- for change in file.layout.changes -%}
            {%- set row -%}
            (
                '{{ spec.source }}', '{{ file.file_id }}', {{ lakeweave._spark_text(file.file_name) }}, {{ lakeweave._spark_text(change.column) }},
                '{{ change.change }}', '{{ spec.layout_policy }}', '{{ change.action }}', {{ lakeweave._spark_text(change.message) }},
                {{ lakeweave.run_timestamp() }}, '{{ invocation_id }}'
            )
            {%- endset -%}
            {%- do rows.append(row) -%}
        {%- endfor -%}
    {%- endfor -%}
    insert into {{ lakeweave.ledger_relation('layout_changes') }} (
        source, file_id, file_name, column_name, change, policy, action, message, processed_at, invocation_id
    )
    values
    {{ rows | join(',') }}
{%- endmacro %}


{% macro _spark_accounts(spec, files) -%}
    insert into {{ lakeweave.ledger_relation('files') }} (
        path, file_name, source, file_id, version, bytes, stat_key, format, encoding, delimiter, delivered_at, records, accepted,
        rejected, repeats, state, reason, message, processed_at, invocation_id, content_bytes, header_bytes, record_bytes,
        rejected_bytes, skipped_bytes, encoding_confidence
    )
    values
    {%- for file in files %}
    (
        {{ lakeweave._spark_text(file.path) }}, {{ lakeweave._spark_text(file.file_name) }}, '{{ spec.source }}',
        {{ lakeweave._spark_text(file.file_id) }}, {{ file.version }}, {{ file.bytes }}, '{{ file.stat_key }}',
        {{ lakeweave._spark_text(file.format) }}, {{ lakeweave._spark_text(file.encoding) }}, {{ lakeweave._spark_text(file.delimiter) }},
        cast('{{ file.delivered_at }}' as timestamp), {{ 'cast(null as bigint)' if file.records is none else file.records }}, {{ file.accepted }},
        {{ file.rejected }}, {{ file.repeats }}, '{{ file.state }}', {{ lakeweave._spark_text(file.reason) }},
        {{ lakeweave._spark_text(file.message) }}, {{ lakeweave.run_timestamp() }}, '{{ invocation_id }}',
        cast(null as bigint), cast(null as bigint), cast(null as bigint), cast(null as bigint), cast(null as bigint),
        cast(null as {{ lakeweave.type_double() }})
    ){{ ',' if not loop.last }}
    {%- endfor %}
{%- endmacro %}
