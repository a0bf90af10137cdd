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
