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
    {%- set records = lakeweave._bronze_records('newest_records', source_name, table_name, bronze, key, order_by, key_type) -%}
    ({{ lakeweave._newest_records(records.relation, records.source, key, keep_if, order_by, key_type) }})
{%- endmacro %}

{# The bronze relation that a silver model reads, and the source that the ledger knows it by. #}
{% macro _bronze_records(macro_name, source_name, table_name, bronze, key, order_by=[], key_type='integer', more_problems=[]) -%}
    {%- set problems = [] -%}
    {%- if key is not string or not key -%}
        {%- do problems.append("`key` is " ~ tojson(key | string) ~ "; expected the name of one column of the bronze table.") -%}
    {%- endif -%}
    {%- if (bronze is none) == (source_name is none or table_name is none) -%}
        {%- do problems.append(
            "source_name=" ~ source_name ~ ", table_name=" ~ table_name ~ ", bronze=" ~ bronze ~ "; expected either the names of a source and its "
            ~ "table or `bronze`: " ~ macro_name ~ "('thelook', 'orders', key='order_id') or " ~ macro_name ~ "(bronze=ref('bronze_orders'), key='order_id')."
        ) -%}
    {%- endif -%}
    {%- if order_by is string or order_by is not sequence -%}
        {%- do problems.append("`order_by` is " ~ tojson(order_by | string) ~ "; expected a list of expressions over the bronze columns.") -%}
    {%- endif -%}
    {%- if key_type not in ['integer', 'text'] -%}
        {%- do problems.append("`key_type` is " ~ tojson(key_type | string) ~ "; expected 'integer' or 'text'.") -%}
    {%- endif -%}
    {%- do lakeweave.raise_problems("The call of `" ~ macro_name ~ "` in `" ~ model.name ~ "`", problems + more_problems) -%}
    {%- set relation = ref('bronze_' ~ table_name) if bronze is none else bronze -%}
    {%- if model.resource_type == 'unit_test' -%}
        {{ return({'relation': relation, 'source': source_name ~ '.' ~ table_name if bronze is none else ''}) }}
    {%- endif -%}
    {%- set source = source_name ~ '.' ~ table_name if bronze is none else lakeweave._source_of_bronze(bronze, macro_name) -%}
    {%- do lakeweave.require_relation(relation) -%}
    {%- if execute and lakeweave.run_option('defer') and relation is not string -%}
        {%- do lakeweave._refuse_foreign_bronze(relation, source) -%}
    {%- endif -%}
    {# Silver accounts for each record of bronze, so it reads all of them: `--sample` begins at the models that read silver. #}
    {{ return({'relation': relation.render() if lakeweave.run_option('sample') and relation is not string else relation, 'source': source}) }}
{%- endmacro %}

{#
    With `--defer` a model reads the bronze table of another environment. The ledger of this target has to know its files: they order the
    records, and a file that the ledger does not have would be left out.
#}
{% macro _refuse_foreign_bronze(relation, source) -%}
    {%- for id in model.depends_on.nodes if id in graph.nodes -%}
        {%- set node = graph.nodes[id] -%}
        {%- if node.alias == relation.identifier and node.schema == relation.schema and node.database == relation.database -%}
            {{ return('') }}
        {%- endif -%}
    {%- endfor -%}
    {%- set unknown = lakeweave.fetch_rows(
        "select count(distinct _content_hash) as files from " ~ relation.render() ~ " where _content_hash not in (select file_id from "
        ~ lakeweave.ledger_relation('files') ~ " where source = '" ~ source ~ "' and state = 'loaded' and file_id is not null)", [[0]]
    )[0][0] | int -%}
    {%- if unknown > 0 -%}
        {%- do exceptions.raise_compiler_error(
            "`" ~ model.name ~ "` reads the deferred bronze table " ~ relation.render() ~ ", and the ledger of this target ("
            ~ lakeweave.ledger_relation('files') ~ ") does not know " ~ unknown ~ " file(s) of " ~ source ~ " in it. A silver model needs the account of its "
            ~ "files. Build bronze in this target: `-s +" ~ model.name ~ "`. Or defer the silver model too, and build the models that read it."
        ) -%}
    {%- endif -%}
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
    {%- endif -%}
    {{ return(expression) }}
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
