{# https://spark.apache.org/docs/latest/sql-ref-ansi-compliance.html#cast #}
{% macro spark__cast_or_null(expression, type) -%}
    try_cast({{ expression }} as {{ type }})
{%- endmacro %}

{# https://spark.apache.org/docs/latest/api/sql/index.html#regexp_extract #}
{% macro spark__regexp_extract(expression, pattern) -%}
    nullif(regexp_extract({{ expression }}, r'{{ lakeweave.spark_pattern(pattern) }}', 0), '')
{%- endmacro %}

{# Java writes a group as $1 where RE2 writes \1. https://spark.apache.org/docs/latest/api/sql/index.html#regexp_replace #}
{% macro spark__regexp_replace(expression, pattern, replacement) -%}
    regexp_replace({{ expression }}, r'{{ lakeweave.spark_pattern(pattern) }}', '{{ replacement | replace("\\", "$") }}')
{%- endmacro %}

{# https://spark.apache.org/docs/latest/sql-ref-literals.html#string-literal #}
{% macro spark__text_literal(text) -%}
    {{ return(lakeweave.bigquery__text_literal(text)) }}
{%- endmacro %}

{# https://spark.apache.org/docs/latest/api/sql/index.html#from_json; an object that is asked for as text comes as its JSON. #}
{% macro spark__json_rows(relation, column, path, fields) -%}
    (
        select
            held.* except (lakeweave_elements, lakeweave_place, lakeweave_element),
            held.lakeweave_place + 1 as place,
            {% for name, key in fields.items() -%}
            get_json_object(held.lakeweave_element, '$.{{ key }}') as {{ name }}{{ ',' if not loop.last }}
            {% endfor -%}
        from (
            select listed.*, posexplode(listed.lakeweave_elements) as (lakeweave_place, lakeweave_element)
            from (
                select
                    input_rows.*,
                    from_json(get_json_object(input_rows.{{ column }}, '$.{{ path }}'), 'array<string>') as lakeweave_elements
                from {{ relation }} as input_rows
            ) as listed
        ) as held
    )
{%- endmacro %}

{# https://spark.apache.org/docs/latest/api/sql/index.html#get_json_object #}
{% macro spark__json_text(column, key) -%}
    get_json_object({{ column }}, '$.{{ key }}')
{%- endmacro %}

{# A local session is alone, so the name stays: what a killed run left of it, on the disk too, the next one writes over. #}
{% macro spark__scratch_relation(target_relation, purpose) -%}
    {{ return(target_relation.incorporate(path={'identifier': target_relation.identifier ~ '__' ~ purpose}, type='table')) }}
{%- endmacro %}

{# A table and not a temporary view, which would be evaluated again, calls included, at each use.
   https://docs.delta.io/latest/delta-batch.html#create-a-table #}
{% macro spark__create_scratch(relation, sql) -%}
    create or replace table {{ relation }} using delta as
    {{ sql }}
{%- endmacro %}

{# https://spark.apache.org/docs/latest/sql-ref-syntax-aux-show-tables.html #}
{% macro spark__left_scratch(target_relation) -%}
    {%- set name = modules.re.escape(target_relation.identifier) ~ '__(?:inputs|asked|pending|answers|staged|changes|read)(?:_[0-9a-f]{8})?\\Z' -%}
    {%- set left = [] -%}
    {%- for row in lakeweave.fetch_rows("show tables in " ~ target_relation.without_identifier() ~ " like '" ~ target_relation.identifier ~ "__*'", [])
        if modules.re.match(name, row[1]) -%}
        {%- do left.append(target_relation.incorporate(path={'identifier': row[1]}, type='table')) -%}
    {%- endfor -%}
    {{ return(left) }}
{%- endmacro %}

{# https://spark.apache.org/docs/latest/api/sql/index.html#rlike #}
{% macro spark__is_blank(expression) -%}
    not rlike({{ expression }}, '[^\\s\\p{Z}\\p{Cc}\\p{Cf}]')
{%- endmacro %}

{#
    A setting without a meaning to Spark: lakeweave/spark/locks.py sees the statement.
    https://spark.apache.org/docs/latest/sql-ref-syntax-aux-conf-mgmt-set.html
#}
{% macro spark__session_lock(name=none) -%}
    {%- do run_query('set lakeweave.lock = ' ~ name if name else 'reset lakeweave.lock') -%}
{%- endmacro %}

{# https://docs.delta.io/latest/delta-batch.html#create-a-table #}
{% macro spark__write_relation(existing, target_relation, sql) -%}
    {%- if existing is not none and not (existing.is_delta and config.get('file_format', 'delta') == 'delta') -%}
        {%- do adapter.drop_relation(existing) -%}
    {%- endif -%}
    {%- call statement('main') -%}
        {{ create_table_as(False, target_relation, sql) }}
    {%- endcall -%}
{%- endmacro %}

{# https://spark.apache.org/docs/latest/sql-ref-syntax-aux-show-tables.html #}
{% macro spark__has_table(database, schema, name) -%}
    {%- set place = (adapter.quote(database) ~ '.' if database else '') ~ adapter.quote(schema) -%}
    {{ return(lakeweave.fetch_rows("show tables in " ~ place ~ " like '" ~ name ~ "'") is not none) }}
{%- endmacro %}

{# https://docs.delta.io/latest/delta-batch.html#create-a-table #}
{% macro spark__create_ledger_table(name, columns) -%}
    {{ lakeweave.default__create_ledger_table(name, columns) }}
    using delta
{%- endmacro %}

{# https://docs.delta.io/latest/delta-batch.html#add-columns #}
{% macro spark___add_columns_sql(relation, columns) -%}
    {%- set added = [] -%}
    {%- for column in columns -%}
        {%- do added.append(adapter.quote(column[0]) ~ " " ~ column[1]) -%}
    {%- endfor -%}
    {{ return(["alter table " ~ relation ~ " add columns (" ~ added | join(', ') ~ ")"]) }}
{%- endmacro %}

{# https://docs.delta.io/latest/delta-utility.html#convert-a-parquet-table-to-a-delta-table #}
{% macro spark__refuse_other_formats() -%}
    {%- set wanted = [] -%}
    {%- for node in graph.nodes.values() if node.resource_type in ('model', 'seed', 'snapshot') -%}
        {%- if node.config.materialized not in ('ephemeral', 'view') and node.config.get('file_format') == 'delta' -%}
            {%- do wanted.append(api.Relation.create(database=node.database, schema=node.schema, identifier=node.alias)) -%}
        {%- endif -%}
    {%- endfor -%}
    {%- set others = [] -%}
    {%- for relation in wanted -%}
        {%- set existing = load_cached_relation(relation) -%}
        {%- if existing is not none and existing.is_table and not existing.is_delta -%}
            {%- do others.append(existing | string) -%}
        {%- endif -%}
    {%- endfor -%}
    {%- if others -%}
        {%- do exceptions.raise_compiler_error(
            (others | sort | join(', ')) ~ (' exists' if others | length == 1 else ' exist') ~ " already and not as Delta, which this project needs. "
            ~ "Move what is to be kept (alter table … rename to …), drop the rest, and run this again; nothing was changed."
        ) -%}
    {%- endif -%}
{%- endmacro %}

{# There is no transaction to end, and COMMIT is no statement here: https://docs.delta.io/latest/concurrency-control.html #}
{% macro spark__run_hooks_outside(hooks) -%}
    {%- for hook in hooks | selectattr('transaction', 'equalto', false) -%}
        {%- set rendered = render(hook.get('sql')) | trim -%}
        {%- if rendered -%}
            {%- call statement(auto_begin=False) -%}
                {{ rendered }}
            {%- endcall -%}
        {%- endif -%}
    {%- endfor -%}
{%- endmacro %}

{# https://docs.delta.io/latest/delta-batch.html#overwrite #}
{% macro spark__restore_seed_nulls(column, other) -%}
    insert overwrite {{ this }}
    select
        coalesce(
            {{ column }},
            case row_number() over (partition by {{ column }} order by {{ other }}) when 1 then 'null' else 'NULL' end
        ) as {{ column }},
        {{ other }}
    from {{ this }}
{%- endmacro %}
