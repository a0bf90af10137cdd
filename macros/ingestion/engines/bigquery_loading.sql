{# One batch of files: its records into bronze, and its accounts into the ledger, in one transaction. #}

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
