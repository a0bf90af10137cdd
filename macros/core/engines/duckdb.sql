{# https://duckdb.org/docs/stable/sql/expressions/cast#try_cast #}
{% macro duckdb__cast_or_null(expression, type) -%}
    try_cast({{ expression }} as {{ type }})
{%- endmacro %}

{# https://duckdb.org/docs/stable/data/json/json_functions #}
{% macro duckdb__json_rows(relation, column, path, fields) -%}
    (
        select
            held.* exclude (lakeweave_elements, lakeweave_element),
            {% for name, key in fields.items() -%}
            json_extract_string(held.lakeweave_element, '$.{{ key }}') as {{ name }}{{ ',' if not loop.last }}
            {% endfor -%}
        from (
            select
                listed.*,
                unnest(range(1, len(listed.lakeweave_elements) + 1)) as place,
                unnest(listed.lakeweave_elements) as lakeweave_element
            from (
                select
                    input_rows.*,
                    json_extract(try_cast(input_rows.{{ column }} as json), '$.{{ path }}[*]') as lakeweave_elements
                from {{ relation }} as input_rows
            ) as listed
        ) as held
    )
{%- endmacro %}

{# https://duckdb.org/docs/stable/data/json/json_functions #}
{% macro duckdb__json_text(column, key) -%}
    json_extract_string(try_cast({{ column }} as json), '$.{{ key }}')
{%- endmacro %}

{# A temporary table belongs to the thread's connection, so its name may stay the same. #}
{% macro duckdb__scratch_relation(target_relation, purpose) -%}
    {%- set name = target_relation.schema ~ '__' ~ target_relation.identifier ~ '__' ~ purpose -%}
    {{ return(api.Relation.create(identifier=name, type='table').include(database=false, schema=false)) }}
{%- endmacro %}

{# https://duckdb.org/docs/stable/sql/statements/create_table#temporary-tables #}
{% macro duckdb__create_scratch(relation, sql) -%}
    create or replace temporary table {{ relation }} as
    {{ sql }}
{%- endmacro %}

{# https://duckdb.org/docs/stable/sql/expressions/star#exclude-clause #}
{% macro duckdb__star_without(column) -%}
    exclude ({{ column }})
{%- endmacro %}

{# Beside, then swapped: readers see the old relation until the new one is whole. A table with an index cannot be renamed.
   https://duckdb.org/docs/stable/sql/statements/alter_table #}
{% macro duckdb__write_relation(existing, target_relation, sql) -%}
    {%- set fresh = make_intermediate_relation(target_relation) -%}
    {%- set old = make_backup_relation(target_relation, 'table' if existing is none else existing.type) -%}
    {%- do drop_relation_if_exists(load_cached_relation(fresh)) -%}
    {%- do drop_relation_if_exists(load_cached_relation(old)) -%}
    {%- call statement('main') -%}
        {{ create_table_as(False, fresh, sql) }}
    {%- endcall -%}
    {%- if existing is not none -%}
        {%- do drop_indexes_on_relation(existing) -%}
        {%- do adapter.rename_relation(existing, old) -%}
    {%- endif -%}
    {%- do adapter.rename_relation(fresh, target_relation) -%}
    {%- do create_indexes(target_relation) -%}
    {%- do adapter.commit() -%}
    {%- do drop_relation_if_exists(old if existing is not none else none) -%}
{%- endmacro %}

{# https://duckdb.org/docs/stable/sql/meta/duckdb_table_functions#duckdb_tables #}
{% macro duckdb__has_table(database, schema, name) -%}
    {{ return(lakeweave.fetch_rows(
        "select 1 as found from information_schema.tables where table_catalog = "
        ~ (lakeweave.text_literal(database) if database else 'current_database()')
        ~ " and table_schema = " ~ lakeweave.text_literal(schema) ~ " and table_name = " ~ lakeweave.text_literal(name)
    ) is not none) }}
{%- endmacro %}

{# dbt-duckdb opens a transaction that `run_query` leaves open. #}
{% macro duckdb__execute_statement(sql) -%}
    {%- do run_query(sql) -%}
    {%- do adapter.commit() -%}
{%- endmacro %}

{# https://github.com/duckdb/dbt-duckdb#writing-your-own-plugins #}
{% macro duckdb__require_plugin() -%}
    {%- set callers = ['vector_search', 'vector_index', 'object_table', 'listed_objects'] -%}
    {%- set calling = [] -%}
    {%- for node in graph.nodes.values() if node.unique_id in selected_resources and node.resource_type == 'model' -%}
        {%- set called = [] -%}
        {%- for macro in node.depends_on.macros if macro.split('.')[1] == 'lakeweave' and macro.split('.')[2] in callers -%}
            {%- do called.append(macro) -%}
        {%- endfor -%}
        {%- if called or node.config.materialized in ('ingestion', 'inference') -%}
            {%- do calling.append(node.name) -%}
        {%- endif -%}
    {%- endfor -%}
    {%- if calling and lakeweave.fetch_rows("select 1 from duckdb_functions() where function_name = 'lakeweave_plan' limit 1", []) | length == 0 -%}
        {%- do exceptions.raise_compiler_error(
            calling | sort | join(', ') ~ ": the target `" ~ target.name ~ "` has no plugin `lakeweave.plugin`, whose functions these models call. Add"
            ~ " `plugins: [{module: lakeweave.plugin, alias: lakeweave}]` to the target in profiles.yml, and install the package `lakeweave`."
        ) -%}
    {%- endif -%}
    {{ return('') }}
{%- endmacro %}
