{#
    The account of a silver model, as its post-hook: where every record of bronze is (`ledger.silver_records`, a row for each
    delivered content) and which delivered values could not be typed (`ledger.untyped_values`, a row for each column and
    reason). Both are a function of bronze, the file ledger and the model's table, so a rerun, another order of deliveries
    and a rebuild give the same account. They are written again when the file ledger has changed since the last account.
#}
{% macro _account_for_silver() -%}
    {%- if not execute -%}
        {{ return('') }}
    {%- endif -%}
    {%- set rows = lakeweave._remembered_of_silver('rows') -%}
    {%- set account = lakeweave.ledger_relation('silver_records') -%}
    {%- set known = lakeweave.fetch_rows(
        "select files.known, accounts.files_known from (select count(*) as known from " ~ lakeweave.ledger_relation('files')
        ~ " where source = '" ~ rows.source ~ "') as files cross join (select max(files_known) as files_known from " ~ account
        ~ " where model_name = '" ~ model.name ~ "') as accounts", [[0, none]]
    )[0] -%}
    {%- if known[1] is not none and known[0] | int == known[1] | int and model.config.materialized != 'table' -%}
        {{ return('') }}
    {%- endif -%}
    {%- do lakeweave._require_account_columns(adapter.get_columns_in_relation(this) | map(attribute='name') | map('lower') | list) -%}
    {%- for name in ['silver_records', 'untyped_values'] -%}
        {%- call statement('forget_' ~ name) -%}
            delete from {{ lakeweave.ledger_relation(name) }} where model_name = '{{ model.name }}'
        {%- endcall -%}
    {%- endfor -%}
    {%- call statement('account_for_records') -%}
        {{ lakeweave._account_for_records(rows, known[0]) }}
    {%- endcall -%}
    {%- set found = lakeweave.fetch_rows(
        "select sum(with_untyped_values) as with_untyped_values, sum(untyped_keys + missing_keys) as without_key, sum(unaccounted) as unaccounted,"
        ~ " sum(typed) + sum(with_untyped_values) as records, sum(superseded + filtered) as left_out from " ~ account
        ~ " where model_name = '" ~ model.name ~ "'", [[0, 0, 0, 0, 0]]
    )[0] -%}
    {%- set order_keys = lakeweave._order_keys(rows) if (found[4] or 0) | int > 0 else [] -%}
    {%- if (found[0] or 0) | int + (found[1] or 0) | int > 0 or order_keys -%}
        {%- call statement('account_for_values') -%}
            {{ lakeweave._account_for_values(rows, (found[0] or 0) | int > 0, (found[1] or 0) | int > 0, order_keys, (found[3] or 0) | int) }}
        {%- endcall -%}
        {%- do lakeweave._warn_of_untyped_values() -%}
    {%- endif -%}
    {%- if (found[2] or 0) | int > 0 -%}
        {%- do exceptions.warn(
            model.name ~ ": " ~ found[2] ~ " record(s) of bronze are in no account: their keys are in no row and no rule leaves them "
            ~ "out. See ledger.silver_records; a build with --full-refresh reads all records again."
        ) -%}
    {%- endif -%}
    {{ return('') }}
{%- endmacro %}

{# Each record of bronze is in exactly one place. Silver itself says which are in it; all others are looked up by their keys. #}
{% macro _account_for_records(rows, files_known) -%}
    {%- set key = lakeweave._typed_key('bronze.' ~ rows.key, rows.key_type) -%}
    insert into {{ lakeweave.ledger_relation('silver_records') }} (
        model_name, relation, source, file_id, file_name, delivered, typed, with_untyped_values, untyped_keys, missing_keys,
        superseded, filtered, repeats, unaccounted, rule, files_known, processed_at, invocation_id
    )
    with

    files as (

        select
            file_id,
            min(file_name) as file_name,
            max(accepted + repeats) as delivered
        from {{ lakeweave.ledger_relation('files') }}
        where source = '{{ rows.source }}' and state = 'loaded'
        group by file_id

    ),

    current_files as (

        {{ lakeweave._current_files(rows.source) | indent(8) }}

    ),

    records as (

        select
            bronze._content_hash as file_id,
            bronze._record_number as record_number,
            bronze.is_duplicate_in_file as is_repeat,
            {%- for expression in rows.order_by %}
            {{ expression }} as order_{{ loop.index }},
            {%- endfor %}
            {{ 'coalesce(' ~ rows.keep_if ~ ', false)' if rows.keep_if else 'true' }} as is_kept,
            bronze.{{ rows.key }} is null as lacks_key,
            {%- for expression in rows.version or [] %}
            {{ expression }} as version_{{ loop.index }},
            {%- endfor %}
            {{ key }} as record_key
        from {{ rows.records }} as bronze

    ),

    placed as (

        select
            records.*,
            current_files.file_sequence,
            case
                when records.is_repeat then 'repeat'
                when current_files.file_id is null then 'superseded'
                when records.lacks_key then 'missing_key'
                when records.record_key is null then 'untyped_key'
                when silver._content_hash = records.file_id and silver._record_number = records.record_number
                    then case when silver.untyped_values is null then 'typed' else 'with_untyped_values' end
                {%- if not rows.version %}
                when silver.{{ rows.key }} is not null then 'superseded'
                {%- endif %}
                else 'absent'
            end as place
        from records
        left join current_files on records.file_id = current_files.file_id
        {%- if rows.version %}
        left join {{ this }} as silver
            on records.file_id = silver._content_hash and records.record_number = silver._record_number
        {%- else %}
        left join {{ this }} as silver on records.record_key = silver.{{ rows.key }}
        {%- endif %}

    ),

    {#
        No row has the key: the newest record of it was left out by the rule, or for an unknown reason. Of versions, no row has the record.
        A version that cannot be distinguished from others counts as its own.
    -#}
    ranked as (

        select
            file_id,
            place,
            is_kept,
            row_number() over (
                partition by
                    record_key
                    {%- for expression in rows.version or [] %},
                    version_{{ loop.index }}
                    {%- endfor %}
                    {%- if rows.version %},
                    case when version_1 is null then file_id end,
                    case when version_1 is null then record_number end
                    {%- endif %}
                order by
                    {%- for expression in rows.order_by %}
                    order_{{ loop.index }} desc,
                    {%- endfor %}
                    file_sequence desc,
                    record_number desc
            ) as recency
        from placed
        where {{ "place in ('typed', 'with_untyped_values', 'absent')" if rows.version else "place = 'absent'" }}

    ),

    absent as (

        select
            file_id,
            is_kept,
            recency
        from ranked
        where place = 'absent'

    ),

    counted as (

        select
            file_id,
            place,
            count(*) as records
        from placed
        where place <> 'absent'
        group by file_id, place
        union all
        select
            file_id,
            case when recency > 1 then 'superseded' when is_kept then 'unaccounted' else 'filtered' end as place,
            count(*) as records
        from absent
        group by file_id, case when recency > 1 then 'superseded' when is_kept then 'unaccounted' else 'filtered' end

    ),

    accounts as (

        select
            files.file_id,
            files.file_name,
            files.delivered,
            {%- for place in ['typed', 'with_untyped_values', 'untyped_key', 'missing_key', 'superseded', 'filtered', 'repeat', 'unaccounted'] %}
            sum(case when counted.place = '{{ place }}' then counted.records else 0 end) as {{ place }}_records{{ ',' if not loop.last }}
            {%- endfor %}
        from files
        left join counted on files.file_id = counted.file_id
        group by files.file_id, files.file_name, files.delivered

    )

    select
        '{{ model.name }}',
        '{{ this.schema }}.{{ this.identifier }}',
        '{{ rows.source }}',
        file_id,
        file_name,
        delivered,
        {%- for place in ['typed', 'with_untyped_values', 'untyped_key', 'missing_key', 'superseded', 'filtered', 'repeat', 'unaccounted'] %}
        cast({{ place }}_records as {{ dbt.type_bigint() }}),
        {%- endfor %}
        {{ lakeweave.text_literal(rows.keep_if) if rows.keep_if else 'cast(null as ' ~ dbt.type_string() ~ ')' }},
        {{ files_known }},
        {{ lakeweave.run_timestamp() }},
        '{{ invocation_id }}'
    from accounts
{%- endmacro %}

{# The typed values that order the records: a record that has none is taken for the oldest of its key. #}
{% macro _order_keys(rows) -%}
    {%- set found = [] -%}
    {%- for values in (lakeweave._remembered_of_silver('columns') or {}).values() -%}
        {%- for value in values if value.typed in rows.order_by -%}
            {%- do found.append(value) -%}
        {%- endfor -%}
    {%- endfor -%}
    {{ return(found) }}
{%- endmacro %}

{#
    The untyped values by column, from the rows of silver that have any. From bronze: the keys that could not be typed, and the
    order keys that could not be typed of the records that are in no row.
#}
{% macro _account_for_values(rows, has_values, has_keys, order_keys, records) -%}
    {%- set columns = lakeweave._remembered_of_silver('columns') or {} -%}
    {%- set personal = lakeweave._personal_column_names() -%}
    {%- set text = dbt.type_string() -%}
    insert into {{ lakeweave.ledger_relation('untyped_values') }} (
        model_name, relation, source, column_name, reason, untyped, records, example_1, example_2, example_3, is_masked,
        first_file, processed_at, invocation_id
    )
    with

    untyped as (
        {%- set selects = [] -%}
        {%- for column, values in columns.items() if has_values -%}
            {%- set value = lakeweave.json_text('untyped_values', column) -%}
            {%- do selects.append(
                "select _content_hash as file_id, '" ~ column ~ "' as column_name, '" ~ values[0].reason ~ "' as reason, "
                ~ (lakeweave._masked(value) if column | lower in personal else value) ~ " as delivered_value from " ~ this
                ~ " where untyped_values is not null and " ~ value ~ " is not null"
            ) -%}
        {%- endfor -%}
        {%- if has_keys -%}
            {%- set value = 'cast(bronze.' ~ rows.key ~ ' as ' ~ text ~ ')' -%}
            {%- do selects.append(
                "select bronze._content_hash as file_id, '" ~ rows.key ~ "' as column_name, case when bronze." ~ rows.key
                ~ " is null then 'missing_key' else 'untyped_key' end as reason, "
                ~ (lakeweave._masked(value) if rows.key | lower in personal else value) ~ " as delivered_value from " ~ rows.records
                ~ " as bronze inner join (" ~ lakeweave._current_files(rows.source) ~ ") as current_files on bronze._content_hash = current_files.file_id"
                ~ " where not bronze.is_duplicate_in_file and " ~ lakeweave._typed_key('bronze.' ~ rows.key, rows.key_type) ~ " is null"
            ) -%}
        {%- endif -%}
        {%- for order_key in order_keys -%}
            {%- set value = 'cast(' ~ order_key.expression ~ ' as ' ~ text ~ ')' -%}
            {%- do selects.append(
                "select unordered.file_id, '" ~ order_key.column ~ "' as column_name, 'untyped_order_key' as reason, "
                ~ (lakeweave._masked('unordered.delivered_value') if order_key.column | lower in personal else 'unordered.delivered_value')
                ~ " as delivered_value from (select _content_hash as file_id, _record_number as record_number, " ~ value
                ~ " as delivered_value from " ~ rows.records ~ " where not is_duplicate_in_file and " ~ order_key.expression ~ " is not null and "
                ~ order_key.typed ~ " is null and " ~ lakeweave._typed_key(rows.key, rows.key_type) ~ " is not null) as unordered inner join ("
                ~ lakeweave._current_files(rows.source) ~ ") as current_files on unordered.file_id = current_files.file_id left join " ~ this
                ~ " as silver on unordered.file_id = silver._content_hash and unordered.record_number = silver._record_number"
                ~ " where silver._record_number is null"
            ) -%}
        {%- endfor %}

        {{ selects | join('\n        union all\n        ') }}

    ),

    files as (

        select
            file_id,
            min(file_name) as file_name
        from {{ lakeweave.ledger_relation('files') }}
        where source = '{{ rows.source }}' and state = 'loaded'
        group by file_id

    ),

    by_value as (

        select
            untyped.column_name,
            untyped.reason,
            untyped.delivered_value,
            count(*) as untyped_records,
            min(files.file_name) as first_file
        from untyped
        left join files on untyped.file_id = files.file_id
        group by untyped.column_name, untyped.reason, untyped.delivered_value

    ),

    ranked as (

        select
            by_value.*,
            row_number() over (partition by column_name, reason order by untyped_records desc, delivered_value) as place
        from by_value

    )

    select
        '{{ model.name }}',
        '{{ this.schema }}.{{ this.identifier }}',
        '{{ rows.source }}',
        column_name,
        reason,
        cast(sum(untyped_records) as {{ dbt.type_bigint() }}),
        cast({{ records }} as {{ dbt.type_bigint() }}),
        max(case when place = 1 then delivered_value end),
        max(case when place = 2 then delivered_value end),
        max(case when place = 3 then delivered_value end),
        {{ "lower(column_name) in ('" ~ personal | join("', '") ~ "')" if personal else 'false' }},
        min(first_file),
        {{ lakeweave.run_timestamp() }},
        '{{ invocation_id }}'
    from ranked
    group by column_name, reason
{%- endmacro %}

{# Names of the columns that are tagged `pii` in this model, the models that it reads and their sources. #}
{% macro _personal_column_names() -%}
    {%- set names, nodes = [], [model] -%}
    {%- for id in model.depends_on.nodes if id in graph.nodes -%}
        {%- do nodes.append(graph.nodes[id]) -%}
        {%- for above in graph.nodes[id].depends_on.nodes if above in graph.sources -%}
            {%- do nodes.append(graph.sources[above]) -%}
        {%- endfor -%}
    {%- endfor -%}
    {%- for node in nodes -%}
        {%- for column in (node.columns or {}).values() -%}
            {%- if ((column.config or {}).get('meta') or {}).get('pii', (column.meta or {}).get('pii')) and column.name | lower not in names -%}
                {%- do names.append(column.name | lower) -%}
            {%- endif -%}
        {%- endfor -%}
    {%- endfor -%}
    {{ return(names) }}
{%- endmacro %}

{# The form of a personal value without its content: digits as 9, other characters but punctuation as x. #}
{% macro _masked(value) -%}
    {{ return(lakeweave.regexp_replace(lakeweave.regexp_replace(value, '[^-0-9 .,:;/@+()]', 'x'), '[0-9]', '9')) }}
{%- endmacro %}

{# Names each column with untyped values, their count and up to three of them. #}
{% macro _warn_of_untyped_values() -%}
    {%- for row in lakeweave.fetch_rows(
        "select column_name, reason, untyped, records, example_1, example_2, example_3, first_file from " ~ lakeweave.ledger_relation('untyped_values')
        ~ " where model_name = '" ~ model.name ~ "' order by column_name, reason", []
    ) -%}
        {%- set examples = [row[4], row[5], row[6]] | reject('none') | map('tojson') | join(', ') -%}
        {%- do exceptions.warn(
            model.name ~ ": " ~ row[2] ~ " value(s) of `" ~ lakeweave._shown_message(row[0]) ~ "` in " ~ row[3] ~ " records are untyped (" ~ row[1] ~ ")"
            ~ (", for example " ~ examples if examples else "") ~ "; first in " ~ lakeweave._shown_name(row[7]) ~ ". See ledger.untyped_values."
        ) -%}
    {%- endfor -%}
{%- endmacro %}
