{# One batch of files, by the layout of their headers: records into bronze, accounts into the ledger. #}

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
                where source = '{{ spec.source }}' and path = {{ lakeweave.text_literal(file.path) }} and version = {{ version }}
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
