{#
    The newest record of each key of a bronze table, as a table expression with the bronze columns, the key typed.

    Recency does not depend on the clock: files are ordered by their names (digit runs as numbers), records by their place in
    the file. So it makes no difference in which order, how late or in how many runs the files came. A file name whose
    content was replaced counts with its last version only; a content that came under several names counts from its first.
    A source that knows better gives `order_by`: expressions over the bronze columns that come before the file's name.
    Exact repeats within a file do not count. In an incremental run only keys are read that a newly accounted file touches. A unit test has no ledger: there the
    fixture's `_content_hash` is used as the name.
#}
{% macro newest_records(source_name=none, table_name=none, key=none, keep_if=none, order_by=[], key_type='integer', bronze=none) -%}
    {%- set records = lakeweave._bronze_records('newest_records', source_name, table_name, bronze, key) -%}
    ({{ lakeweave._newest_records(records.relation, records.source, key, keep_if, order_by, key_type) }})
{%- endmacro %}

{# The bronze relation that a silver model reads, and the source that the ledger knows it by. #}
{% macro _bronze_records(macro_name, source_name, table_name, bronze, key) -%}
    {%- if not key or (bronze is none) == (source_name is none or table_name is none) -%}
        {%- do exceptions.raise_compiler_error(
            "`" ~ macro_name ~ "` in `" ~ model.name ~ "` needs a `key`, and either the names of a source and its table or `bronze`. "
            ~ "It was given source_name=" ~ source_name ~ ", table_name=" ~ table_name ~ ", bronze=" ~ bronze ~ ", key=" ~ key
            ~ ". Write " ~ macro_name ~ "('thelook', 'orders', key='order_id') or " ~ macro_name ~ "(bronze=ref('bronze_orders'), key='order_id')."
        ) -%}
    {%- endif -%}
    {%- if bronze is none -%}
        {{ return({'relation': ref('bronze_' ~ table_name), 'source': source_name ~ '.' ~ table_name}) }}
    {%- endif -%}
    {{ return({
        'relation': bronze,
        'source': '' if model.resource_type == 'unit_test' else lakeweave._source_of_bronze(bronze, macro_name),
    }) }}
{%- endmacro %}

{% macro _newest_records(records, source, key, keep_if=none, order_by=[], key_type='integer') -%}
    {%- set only_changed = model.resource_type != 'unit_test' and lakeweave._reads_only_changes() %}
    select newest.*
    from (
        {{ lakeweave._ordered_records(records, source, key, order_by, only_changed, key_type) | indent(8) }}
    ) as newest
    where newest._recency = 1
        {%- if keep_if %}
        and {{ keep_if }}
        {%- endif %}
{%- endmacro %}

{% macro _ordered_records(records, source, key, order_by=[], only_changed=false, key_type='integer') -%}
    {%- set typed_key = lakeweave._typed_key('records.' ~ key, key_type) -%}
    {%- set in_unit_test = model.resource_type == 'unit_test' -%}
    select
        records.*,
        row_number() over (
            partition by {{ typed_key }}
            order by
                {%- for expression in order_by %}
                {{ expression }} desc,
                {%- endfor %}
                {{ lakeweave.natural_order('records._content_hash') if in_unit_test else 'files.file_sequence' }} desc,
                records._record_number desc
        ) as _recency
    from {{ records }} as records
    {%- if not in_unit_test %}
    inner join (
        {{ lakeweave._current_files(source) | indent(8) }}
    ) as files on records._content_hash = files.file_id
    {%- endif %}
    where {{ typed_key }} is not null
        and not records.is_duplicate_in_file
        {%- if only_changed %}
        and {{ typed_key }} in (
            {{ lakeweave._changed_keys(records, source, key, key_type) | indent(12) }}
        )
        {%- endif %}
{%- endmacro %}

{# A key as silver has it: `integer` (a value that is no whole number is no key) or `text`, as bronze has it. #}
{% macro _typed_key(expression, key_type) -%}
    {%- if key_type == 'integer' -%}
        {{ return(lakeweave.to_integer(expression)) }}
    {%- elif key_type == 'text' -%}
        {{ return(expression) }}
    {%- endif -%}
    {%- do exceptions.raise_compiler_error(
        "`key_type` is '" ~ key_type ~ "' in `" ~ model.name ~ "`; expected 'integer' or 'text'."
    ) -%}
{%- endmacro %}

{# The contents that count, each with the place of its first delivery. #}
{% macro _current_files(source) -%}
    select
        deliveries.file_id,
        min(deliveries.file_sequence) as file_sequence
    from (
        select
            files.file_id,
            {{ lakeweave.natural_order('files.file_name') }} as file_sequence,
            row_number() over (partition by files.path order by files.version desc) as recency
        from {{ lakeweave.ledger_relation('files') }} as files
        where files.source = '{{ source }}' and files.state in ('loaded', 'repeat')
    ) as deliveries
    where deliveries.recency = 1
    group by deliveries.file_id
{%- endmacro %}

{# The keys in files that were accounted since this model was last built, in every version of them. #}
{% macro _changed_keys(records, source, key, key_type='integer') -%}
    select {{ lakeweave._typed_key('changed.' ~ key, key_type) }}
    from {{ records }} as changed
    where {{ lakeweave._typed_key('changed.' ~ key, key_type) }} is not null
        and changed._content_hash in ({{ lakeweave._changed_contents(source) | indent(8) }})
{%- endmacro %}

{# The contents of those files, as the list of an `in`. #}
{% macro _changed_contents(source) -%}
    {{ return(adapter.dispatch('_changed_contents', 'lakeweave')(source)) }}
{%- endmacro %}

{% macro default___changed_contents(source) %}
    select versions.file_id
    {{ lakeweave._changed_files(source) }}
{%- endmacro %}

{% macro _changed_files(source, built_until=none) -%}
    from {{ lakeweave.ledger_relation('files') }} as versions
    where versions.source = '{{ source }}'
        and versions.path in (
            select fresh.path
            from {{ lakeweave.ledger_relation('files') }} as fresh
            where fresh.source = '{{ source }}'
                and fresh.processed_at > {{ (built_until or lakeweave._built_until()) | indent(16) }}
        )
{%- endmacro %}

{# When this model was last built, as an expression. #}
{% macro _built_until() -%}
    {{ return(adapter.dispatch('_built_until', 'lakeweave')()) }}
{%- endmacro %}

{% macro default___built_until() -%}
    (
        select coalesce(max(built.silver_loaded_at), cast('1970-01-01' as {{ dbt.type_timestamp() }}))
        from {{ this }} as built
    )
{%- endmacro %}
