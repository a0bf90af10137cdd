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
    {%- set table_config = (config.get('meta') or {})['ingestion'] -%}
    {%- set declared = lakeweave.declared_source(table_config.source, table_config.table) -%}
    {%- set existing = lakeweave._table_of_bronze(load_cached_relation(this), table_config.source ~ '.' ~ table_config.table) -%}
    {%- set rebuild = existing is none or should_full_refresh() -%}
    {%- set spec = lakeweave._ingestion_spec(table_config, declared, rebuild) -%}
    {%- do lakeweave._refuse_source_problems(spec, declared) -%}
    {%- do spec.update(lakeweave._spark_places(spec, declared)) -%}
    {%- set totals = namespace(files=0, records=0, rejected=0, held=[], accounts=[]) -%}

    {%- do lakeweave.refuse_semicolon(sql) -%}
    {%- do lakeweave._refuse_missing_relation(spec.source, target_relation, existing) -%}
    {%- if flags.EMPTY -%}
        {{ return(lakeweave._ingest_nothing(target_relation, existing, spec, sql)) }}
    {%- endif -%}
    {{ run_hooks(pre_hooks) }}

    {# Delta commits each statement. The rows of a file in the ledger are the last statement of its batch. #}
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
        options (path {{ lakeweave.text_literal(lakeweave._spark_path(spec.folder)) }}, recursiveFileLookup 'true')
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
        {%- do lakeweave.spark___stage_nothing(spec) -%}
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

{% macro spark___stage_nothing(spec) -%}
    {%- call statement('stage_nothing') -%}
        create or replace temporary view {{ spec.view }} as
        {{ lakeweave._no_delivered_records(spec.columns) }}
    {%- endcall -%}
{%- endmacro %}
