{#
    The reader stages the accepted records in the attached database `staging`, so a source needs no `database:` of its own.
    https://duckdb.org/docs/stable/sql/statements/attach
#}
{% macro duckdb___delivered_records(relation, source_name, table_name) -%}
    {%- if flags.EMPTY and execute -%}
    {# Nothing is staged with `--empty`. #}
    ({{ lakeweave._no_delivered_records(lakeweave.declared_source(source_name, table_name).columns.values() | map(attribute='name')) }})
    {%- else -%}
    {%- set staged = api.Relation.create(database='staging', schema=source_name, identifier=table_name) -%}
    (select * rename (_file_id as _content_hash) from {{ staged }})
    {%- endif -%}
{%- endmacro %}

{#
    Takes delivered files in. In one transaction per batch of files: the cleaned records, the ledger's rows about the files,
    the rejected records and the changes of layout. A kill leaves either all of a batch or nothing of it.

    A bronze table is the archive of what was delivered, so it is appended to and never rebuilt by accident: with
    `--full-refresh` it is rebuilt only when every file that the ledger knows can still be found.
#}
{% materialization ingestion, adapter='duckdb' %}

    {%- set target_relation = this.incorporate(type='table') -%}
    {%- set table_config = (config.get('meta') or {})['ingestion'] -%}
    {%- set declared = lakeweave.declared_source(table_config.source, table_config.table) -%}
    {%- set existing = lakeweave._table_of_bronze(load_cached_relation(this), table_config.source ~ '.' ~ table_config.table) -%}
    {%- set rebuild = existing is none or should_full_refresh() -%}
    {%- set spec = lakeweave._ingestion_spec(table_config, declared, rebuild) -%}
    {%- set staged = api.Relation.create(database='staging', schema=table_config.source, identifier=table_config.table) -%}

    {%- do lakeweave.refuse_semicolon(sql) -%}
    {%- do lakeweave._refuse_missing_relation(spec.source, target_relation, existing) -%}
    {%- if flags.EMPTY -%}
        {{ return(lakeweave._ingest_nothing(target_relation, existing, spec, sql)) }}
    {%- endif -%}

    {# The reader works in transactions of its own, so both kinds of pre-hooks are committed before it starts. #}
    {{ run_hooks(pre_hooks, inside_transaction=False) }}
    {{ run_hooks(pre_hooks, inside_transaction=True) }}
    {%- do adapter.commit() -%}

    {%- do lakeweave._read_database(spec, declared, existing) -%}
    {%- set plan = lakeweave.call_python('lakeweave_plan', spec) -%}
    {%- set totals = namespace(files=0, records=0, accepted=0, rejected=0, repeats=0, held=[], messages=[], created=not rebuild) -%}
    {%- for message in plan.messages if message not in plan.warnings -%}
        {%- do log(spec.source ~ ": " ~ lakeweave._shown_message(message), info=true) -%}
    {%- endfor -%}

    {# One call more than there are batches when a table is to be made: an empty delivery still gives an empty table. #}
    {%- for number in range([plan.batches, 1 if rebuild else 0] | max) -%}
        {%- set batch = lakeweave.call_python('lakeweave_stage', {'plan_id': plan.plan_id, 'batch': number}) -%}
        {# The transaction of the batch begins: its records, and its accounts in the ledger. #}
        {%- do adapter.commit() -%}
        {%- if not totals.created -%}
            {%- call statement('create') -%}
                create or replace table {{ target_relation }} as
                {{ lakeweave._with_extra_columns(sql, staged, batch.extra_columns) }}
            {%- endcall -%}
            {%- for name in ['files', 'rejected_records', 'skipped_spans', 'layout_changes'] -%}
                {%- call statement('forget') -%}
                    delete from {{ lakeweave.ledger_relation(name) }} where source = '{{ spec.source }}'
                {%- endcall -%}
            {%- endfor -%}
            {%- set totals.created = true -%}
        {%- else -%}
            {%- set present = adapter.get_columns_in_relation(target_relation) | map(attribute='name') | map('lower') | list -%}
            {%- for column in batch.extra_columns if column | lower not in present -%}
                {%- call statement('widen') -%}
                    alter table {{ target_relation }} add column {{ adapter.quote(column) }} varchar
                {%- endcall -%}
            {%- endfor -%}
            {# A released file gives way to its new reading. #}
            {%- call statement('replace') -%}
                delete from {{ target_relation }}
                where _content_hash in (select file_id from {{ staged.incorporate(path={'identifier': staged.identifier ~ '__files'}) }} where state = 'loaded')
            {%- endcall -%}
            {%- call statement('append') -%}
                insert into {{ target_relation }} by name
                {{ lakeweave._with_extra_columns(sql, staged, batch.extra_columns) }}
            {%- endcall -%}
        {%- endif -%}
        {%- do lakeweave._publish_accounts(spec.source, staged) -%}
        {%- if plan.touched -%}
            {# Files that were touched or copied and are the same: the ledger learns their new stat key, nothing else. #}
            {%- call statement('touch') -%}
                update {{ lakeweave.ledger_relation('files') }} as known
                set stat_key = touched.stat_key
                from {{ staged.incorporate(path={'identifier': staged.identifier ~ '__touched'}) }} as touched
                where known.source = '{{ spec.source }}' and known.file_name = touched.file_name and known.version = touched.version
            {%- endcall -%}
        {%- endif -%}
        {%- do lakeweave._check_accounts(target_relation, staged) -%}
        {%- do adapter.commit() -%}
        {# The transaction of the batch ends. A kill loses the batch, and the next run reads its files again. #}
        {%- set totals.files = totals.files + batch.files -%}
        {%- set totals.records = totals.records + batch.records -%}
        {%- set totals.accepted = totals.accepted + batch.accepted -%}
        {%- set totals.rejected = totals.rejected + batch.rejected -%}
        {%- set totals.repeats = totals.repeats + batch.repeats -%}
        {%- set totals.held = totals.held + batch.held -%}
        {%- set totals.messages = totals.messages + batch.messages -%}
    {%- endfor -%}

    {%- call statement('main') -%}
        select {{ totals.records }} as records
    {%- endcall -%}
    {# The last transaction: post-hooks, grants and descriptions. #}
    {{ run_hooks(post_hooks, inside_transaction=True) }}
    {%- do apply_grants(target_relation, config.get('grants'), should_revoke=should_revoke(existing, full_refresh_mode=rebuild)) -%}
    {%- do persist_docs(target_relation, model) -%}
    {%- do adapter.commit() -%}
    {{ run_hooks(post_hooks, inside_transaction=False) }}

    {%- do lakeweave._warn_held_files(spec.source, totals.held, totals.records, totals.rejected, plan.warnings, totals.messages) -%}
    {%- if totals.files > 0 -%}
        {%- do lakeweave._warn_layout_changes(spec.source) -%}
    {%- endif -%}
    {%- if totals.accepted > 0 and not rebuild -%}
        {%- do lakeweave._warn_null_columns(spec.source, target_relation) -%}
    {%- endif -%}

    {{ return({'relations': [target_relation]}) }}

{% endmaterialization %}

{#
    A table of a database is read first: what is new, changed or deleted since the last read becomes one more delivered file.
    Where the database is and who may read it is in the environment; it is in no statement and in no log.
#}
{% macro _read_database(spec, declared, existing) -%}
    {%- set database = lakeweave.source_settings(declared).get('database') -%}
    {%- if not database -%}
        {{ return('') }}
    {%- endif -%}
    {%- set columns = [] -%}
    {%- for column in declared.columns.values() -%}
        {%- set meta = ((column.config or {}).get('meta') or {}) if column.config is defined else {} -%}
        {%- do columns.append({'name': column.name, 'database_type': (meta or column.meta or {}).get('database_type')}) -%}
    {%- endfor -%}
    {%- set read = lakeweave.call_python('lakeweave_read_database', {
        'source': spec.source,
        'database': database,
        'columns': columns,
        'folder': spec.folder,
        'landing': lakeweave.setting('landing_path'),
        'archive': spec.archive,
        'bronze': (existing | string) if existing is not none else none,
        'ledger': spec.ledger,
    }) -%}
    {%- do log(
        spec.source ~ ": " ~ read.inserted ~ " new, " ~ read.changed ~ " changed, " ~ read.deleted ~ " deleted rows"
        ~ (" in " ~ read.file if read.file else ""), info=true
    ) -%}
    {{ return('') }}
{%- endmacro %}

{# Columns that a file brought along undeclared arrive as text beside what the model's body makes of the declared ones. #}
{% macro _with_extra_columns(body, staged, extra_columns) -%}
    {%- if not extra_columns -%}
        {{ return(body) }}
    {%- endif -%}
    select
        body.*,
        {%- for column in extra_columns %}
        staged.{{ adapter.quote(column) }}{{ ',' if not loop.last }}
        {%- endfor %}
    from ({{ body }}) as body
    inner join {{ staged }} as staged
        on body._content_hash = staged._file_id and body._record_number = staged._record_number
{%- endmacro %}

{% macro _publish_accounts(source, staged) -%}
    {%- set batches = {
        'files': '__files', 'rejected_records': '__rejected', 'skipped_spans': '__skipped', 'layout_changes': '__layout',
    } -%}
    {%- set columns = lakeweave.ledger_tables() -%}
    {%- for name in batches -%}
        {%- set names = columns[name] | map('first') | list -%}
        {%- set from_reader = names | reject('in', ['source', 'processed_at', 'invocation_id']) | list -%}
        {%- set accounts = staged.incorporate(path={'identifier': staged.identifier ~ batches[name]}) -%}
        {%- if name == 'files' -%}
            {# A released or replaced account of the same version gives way to the new one. #}
            {%- call statement('replace_account') -%}
                delete from {{ lakeweave.ledger_relation('files') }} as known
                using {{ accounts }} as fresh
                where known.source = '{{ source }}' and known.path = fresh.path and known.version = fresh.version
            {%- endcall -%}
        {%- endif -%}
        {%- if name != 'files' -%}
            {%- call statement('replace_' ~ name) -%}
                delete from {{ lakeweave.ledger_relation(name) }}
                where source = '{{ source }}'
                    and file_id in (
                        select file_id
                        from {{ staged.incorporate(path={'identifier': staged.identifier ~ '__files'}) }}
                        where state in ('loaded', 'held')
                    )
            {%- endcall -%}
        {%- endif -%}
        {%- call statement('account_' ~ name) -%}
            insert into {{ lakeweave.ledger_relation(name) }} (source, processed_at, invocation_id, {{ from_reader | join(', ') }})
            select '{{ source }}', {{ lakeweave.run_timestamp() }}, '{{ invocation_id }}', {{ from_reader | join(', ') }}
            from {{ accounts }}
        {%- endcall -%}
    {%- endfor -%}
{%- endmacro %}

{# Before the commit: each file has in the bronze table what its account says. A body that filters or multiplies records is found here. #}
{% macro _check_accounts(target_relation, staged) -%}
    {%- set accounts = staged.incorporate(path={'identifier': staged.identifier ~ '__files'}) -%}
    {%- set wrong = lakeweave.fetch_rows(
        "select accounts.file_name, accounts.accepted + accounts.repeats as expected, coalesce(loaded.records, 0) as found"
        ~ " from " ~ accounts ~ " as accounts left join ("
        ~ "select _content_hash, count(*) as records from " ~ target_relation
        ~ " where _content_hash in (select file_id from " ~ accounts ~ ") group by _content_hash"
        ~ ") as loaded on loaded._content_hash = accounts.file_id"
        ~ " where accounts.state = 'loaded' and accounts.accepted + accounts.repeats <> coalesce(loaded.records, 0) limit 5",
        []
    ) -%}
    {%- if wrong | length > 0 -%}
        {%- set first = wrong[0] -%}
        {%- do exceptions.raise_compiler_error(
            "The body of `" ~ model.name ~ "` does not keep every record: " ~ first[0] ~ " has " ~ first[1] ~ " accepted records, "
            ~ "and the body makes " ~ first[2] ~ " of them. A bronze model may clean values but neither drop nor multiply records; "
            ~ "filter in silver. Nothing of this batch is loaded."
        ) -%}
    {%- endif -%}
{%- endmacro %}

{# A transaction that has deleted rows cannot add columns any more. https://duckdb.org/docs/stable/sql/statements/alter_table #}
{% macro duckdb___empty_silver() -%}
    {%- set present = adapter.get_columns_in_relation(this) | map(attribute='name') | map('lower') | list -%}
    {%- set types = {'silver_loaded_at': dbt.type_timestamp(), '_record_number': dbt.type_bigint()} -%}
    {%- for name in lakeweave._account_column_names() if name not in present -%}
        {%- call statement('add_account_column') -%}
            alter table {{ this }} add column {{ name }} {{ types.get(name, dbt.type_string()) }}
        {%- endcall -%}
    {%- endfor -%}
    {{ lakeweave.default___empty_silver() }}
{%- endmacro %}

{% macro duckdb__archive_files(source) -%}
    {%- if '.' not in source -%}
        {%- do exceptions.raise_compiler_error("`archive_files` was given the source `" ~ source ~ "`; expected `name.table`, as in `thelook.users`.") -%}
    {%- endif -%}
    {%- set table_config = {'source': source.split('.')[0], 'table': source.split('.')[1]} -%}
    {%- set spec = lakeweave._ingestion_spec(table_config, lakeweave.declared_source(table_config.source, table_config.table), false) -%}
    {%- set answer = lakeweave.call_python('lakeweave_archive', spec) -%}
    {%- do log(source ~ ": " ~ answer.moved ~ " file(s) moved to " ~ spec.archive, info=True) -%}
{%- endmacro %}

{# https://docs.getdbt.com/reference/resource-configs/duckdb-configs #}
{% macro duckdb___silver_strategy() -%}
    {{ return('delete+insert') }}
{%- endmacro %}
