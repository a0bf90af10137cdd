{# A bronze table is rebuilt only when every content that the ledger has as loaded can still be found. #}
{% macro _spark_check_nothing_is_lost(spec, files, known) -%}
    {%- set found = files | map(attribute='file_id') | list -%}
    {%- set lost = [] -%}
    {%- for file_id in known.names if file_id not in found -%}
        {%- do lost.append(known.names[file_id]) -%}
    {%- endfor -%}
    {%- if lost -%}
        {%- do exceptions.raise_compiler_error(
            spec.source ~ " cannot be rebuilt: the ledger has " ~ lost | length ~ " loaded file(s) that are not in " ~ spec.folder
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
    {%- for row in lakeweave.fetch_rows(questions | join(' union all ') ~ ' order by place', []) if row[2] | int > 0 -%}
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
    {%- for row in lakeweave.fetch_rows(questions | join(' union all '), []) -%}
        {%- set table = tables[row[0]] -%}
        {%- call statement('forget_unaccounted') -%}
            delete from {{ table[0] }} where {{ table[2] }} and {{ table[1] }} = '{{ row[1] }}'
        {%- endcall -%}
    {%- endfor -%}
{%- endmacro %}

{# From the ledger: versions of each path, state of each delivery, all contents, and the records of those that are loaded. #}
{% macro _spark_known(spec) -%}
    {%- set known = lakeweave._spark_nothing_known() -%}
    {%- for row in lakeweave.fetch_rows(
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

{# After the rows are in: each file has what its account will say, and is still the file that was read. #}
{% macro _spark_check_loaded(spec, files, target_relation) -%}
    {%- set ids = lakeweave._spark_texts_list(files | map(attribute='file_id') | list) -%}
    {%- set loaded, present, wrong = {}, {}, [] -%}
    {%- for row in lakeweave.fetch_rows("select _content_hash, count(*) as records from " ~ target_relation ~ " where _content_hash in (" ~ ids ~ ") group by _content_hash", []) -%}
        {%- do loaded.update({row[0]: row[1] | int}) -%}
    {%- endfor -%}
    {%- call statement('present') -%}
        create or replace temporary view {{ spec.view }}__present using binaryFile
        options (path {{ lakeweave.text_literal(lakeweave._spark_paths(files)) }})
    {%- endcall -%}
    {%- for row in lakeweave.fetch_rows(
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
                '{{ spec.source }}', '{{ file.file_id }}', {{ lakeweave.text_literal(file.file_name) }}, {{ lakeweave.text_literal(change.column) }},
                '{{ change.change }}', '{{ spec.layout_policy }}', '{{ change.action }}', {{ lakeweave.text_literal(change.message) }},
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
        rejected_bytes, skipped_bytes, encoding_confidence, counted_by, counted_records
    )
    values
    {%- for file in files %}
    (
        {{ lakeweave.text_literal(file.path) }}, {{ lakeweave.text_literal(file.file_name) }}, '{{ spec.source }}',
        {{ lakeweave.text_literal(file.file_id) }}, {{ file.version }}, {{ file.bytes }}, '{{ file.stat_key }}',
        {{ lakeweave.text_literal(file.format) }}, {{ lakeweave.text_literal(file.encoding) }}, {{ lakeweave.text_literal(file.delimiter) }},
        cast('{{ file.delivered_at }}' as timestamp), {{ 'cast(null as bigint)' if file.records is none else file.records }}, {{ file.accepted }},
        {{ file.rejected }}, {{ file.repeats }}, '{{ file.state }}', {{ lakeweave.text_literal(file.reason) }},
        {{ lakeweave.text_literal(file.message) }}, {{ lakeweave.run_timestamp() }}, '{{ invocation_id }}',
        cast(null as bigint), cast(null as bigint), cast(null as bigint), cast(null as bigint), cast(null as bigint),
        cast(null as {{ lakeweave.type_double() }}), {{ "'lines'" if file.state == 'loaded' else 'cast(null as string)' }}, cast(null as bigint)
    ){{ ',' if not loop.last }}
    {%- endfor %}
{%- endmacro %}
