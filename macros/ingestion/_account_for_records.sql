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
