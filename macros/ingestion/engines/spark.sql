{# Spark writes structs only. https://spark.apache.org/docs/latest/api/sql/index.html#to_json #}
{% macro spark___json_quoted(text) -%}
    regexp_extract(to_json(named_struct('v', {{ text }})), '^..v.:(.*).$', 1)
{%- endmacro %}

{#
    The same promises with what Spark and Delta offer; dbt-databricks takes this materialization too.

    Which files there are comes from the `binaryFile` source, without their contents; only a file whose path, length and time
    the ledger does not know is read and hashed. The records come from the CSV reader, which reads one file as one partition
    in the order of its lines (`multiLine`), so `_record_number` is the place in the file. A second reader, lines put
    together by the parity of their quotes, counts the records again, finds malformed quotes, and keeps the raw text of
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
    {%- set table_config = (config.get('meta') or {})['ingestion'] -%}
    {%- set declared = lakeweave.declared_source(table_config.source, table_config.table) -%}
    {%- set rebuild = existing is none or should_full_refresh() -%}
    {%- set spec = lakeweave._ingestion_spec(table_config, declared, rebuild) -%}
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
    {# New rows of a database are one more file; it is compared with all that bronze holds now. #}
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

    {%- do lakeweave._warn_held_files(spec.source, totals.held, totals.records, totals.rejected) -%}
    {%- if totals.files > 0 -%}
        {%- do lakeweave._warn_layout_changes(spec.source) -%}
    {%- endif -%}
    {%- if totals.files > totals.held | length and not rebuild -%}
        {%- do lakeweave._warn_null_columns(spec.source, target_relation) -%}
    {%- endif -%}

    {{ return({'relations': [target_relation]}) }}

{% endmaterialization %}

{# All files that are in the folder and not in the ledger. #}
{% macro _spark_take_in_all(spec, body, target_relation, rebuild, totals) -%}
    {%- call statement('inbox') -%}
        create or replace temporary view {{ spec.view }}__inbox using binaryFile
        options (path {{ lakeweave._spark_text(lakeweave._spark_path(spec.folder)) }}, recursiveFileLookup 'true')
    {%- endcall -%}
    {%- do spec.update({'listed': lakeweave.spark_listed_files(spec.view ~ '__inbox', spec.folder)}) -%}
    {%- set files = lakeweave._spark_fresh_files(spec) -%}

    {%- if rebuild or files -%}
        {%- do lakeweave.declare_lookups(body) -%}
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
    {%- for row in lakeweave.fetch_rows("select file_name, raw_text from " ~ spec.view ~ "__texts where record_number = 1", []) -%}
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
    {%- for row in lakeweave.fetch_rows(
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

{#
    As values, asked once: Spark plans a subquery again wherever it is used, and where nothing is
    new it sees that nothing is to be done. Up to a thousand of them, which is more than a build finds but after a long pause.
#}
{% macro spark___changed_contents(source) -%}
    {%- set found = lakeweave._spark_changed_contents(source) -%}
    {%- if found.contents | length > 1000 -%}
        {{ return(lakeweave.default___changed_contents(source)) }}
    {%- endif -%}
    {{ return(found.contents | join(', ') if found.contents else 'cast(null as string)') }}
{%- endmacro %}

{#
    The contents as literals, and whether one of the files has been replaced. Asked once for a run of the model: what compiles
    it, its hook and its MERGE have nothing in common but the graph.
#}
{% macro _spark_changed_contents(source) -%}
    {# Of this run and node alone: other threads write down theirs meanwhile. #}
    {%- set memory = graph.setdefault('lakeweave_changed_contents', {}).setdefault(invocation_id ~ ' ' ~ model.unique_id, {}) -%}
    {%- if source not in memory -%}
        {%- set found = {'contents': [], 'replaced': false} -%}
        {%- for row in lakeweave.fetch_rows(
            "select versions.file_id, max(versions.version) as version " ~ lakeweave._changed_files(source, lakeweave.default___built_until())
            ~ " and versions.file_id is not null group by versions.file_id order by version desc, versions.file_id limit 1001", []
        ) -%}
            {%- do found.contents.append("'" ~ row[0] ~ "'") -%}
            {%- if row[1] | int > 1 -%}
                {%- do found.update({'replaced': true}) -%}
            {%- endif -%}
        {%- endfor -%}
        {%- do memory.update({source: found}) -%}
    {%- endif -%}
    {{ return(memory[source]) }}
{%- endmacro %}

{# As a value: Delta does not read a table in a subquery so deep within a statement that changes it.
   https://docs.delta.io/latest/delta-update.html#upsert-into-a-table-using-merge #}
{% macro spark___built_until() -%}
    {%- set rows = lakeweave.fetch_rows("select cast(max(silver_loaded_at) as string) as built_until from " ~ this, [[none]]) -%}
    cast('{{ rows[0][0] or '1970-01-01' }}' as timestamp)
{%- endmacro %}

{# All contents of a file that was never replaced count, so each of their keys has a record. #}
{% macro spark___may_vanish(source, keep_if) -%}
    {%- set found = lakeweave._spark_changed_contents(source) -%}
    {{ return(found.contents and (found.replaced or keep_if is not none)) }}
{%- endmacro %}

{# Delta deletes by no subquery, but merges by one: https://docs.delta.io/latest/delta-update.html#delete-from-a-table #}
{% macro spark___delete_vanished_keys(key, changed_keys, newest_records, typed_key) -%}
    merge into {{ this }} as built
    using (
        select distinct changed.vanished_key
        from ({{ changed_keys }}) as changed (vanished_key)
        left anti join (
            select {{ typed_key }} as remaining_key from (
                {{ newest_records }}
            ) as newest
        ) as remaining on changed.vanished_key = remaining.remaining_key
    ) as vanished
    on built.{{ key }} = vanished.vanished_key
    when matched then delete
{%- endmacro %}
