{#
    stage the body → the table is absent, of another kind, of other columns, or to be refreshed: write it whole
                   → otherwise one MERGE, which deletes what the body no longer has
#}
{% materialization keyed_sync, default, supported_languages=['sql'] %}

    {%- set target_relation = this.incorporate(type='table') -%}
    {%- set existing = load_cached_relation(this) -%}
    {%- set settings = config.get('meta')['keyed_sync'] -%}
    {%- do lakeweave.forget_scratch(target_relation) -%}
    {%- set staged = lakeweave.scratch_relation(target_relation, 'staged') -%}

    {%- do lakeweave.refuse_semicolon(sql) -%}
    {{ lakeweave.run_hooks_outside(pre_hooks) }}
    {{ run_hooks(pre_hooks, inside_transaction=True) }}

    {%- call statement('stage') -%}
        {{ config.get('sql_header') or '' }}
        {{ lakeweave.create_scratch(staged, sql) }}
    {%- endcall -%}

    {%- set columns = adapter.get_columns_in_relation(staged) -%}
    {%- if lakeweave._can_be_merged(existing, columns, settings) -%}
        {%- call statement('main') -%}
            {{ lakeweave._merge_keyed_sync(target_relation, staged, columns | map(attribute='name') | list, settings.key) }}
        {%- endcall -%}
    {%- elif settings.autonomous_embedding -%}
        {%- do lakeweave._create_autonomous(existing, target_relation, staged, columns, settings.autonomous_embedding) -%}
    {%- else -%}
        {%- do lakeweave.write_relation(existing, target_relation, 'select * from ' ~ staged) -%}
    {%- endif -%}

    {{ run_hooks(post_hooks, inside_transaction=True) }}
    {%- do apply_grants(target_relation, config.get('grants'), should_revoke=should_revoke(existing, full_refresh_mode=True)) -%}
    {%- do persist_docs(target_relation, model) -%}
    {%- do adapter.commit() -%}
    {%- do lakeweave.drop_scratch(staged) -%}
    {{ lakeweave.run_hooks_outside(post_hooks) }}

    {{ return({'relations': [target_relation]}) }}

{% endmaterialization %}

{# Whether the table that is there has just the columns of the body, and of the same types. #}
{% macro _can_be_merged(existing, columns, settings) -%}
    {%- if existing is none or not existing.is_table or should_full_refresh() -%}
        {{ return(false) }}
    {%- endif -%}
    {%- set wanted, present = [], [] -%}
    {%- for column in columns -%}
        {%- do wanted.append(column.name | lower ~ ' ' ~ column.dtype | lower) -%}
    {%- endfor -%}
    {%- set filled = settings.autonomous_embedding.column | lower if settings.autonomous_embedding else '' -%}
    {%- for column in adapter.get_columns_in_relation(existing) if column.name | lower != filled -%}
        {%- do present.append(column.name | lower ~ ' ' ~ column.dtype | lower) -%}
    {%- endfor -%}
    {{ return(wanted | sort == present | sort) }}
{%- endmacro %}

{# The three engines share MERGE with its third branch.
   https://duckdb.org/docs/stable/sql/statements/merge_into
   https://cloud.google.com/bigquery/docs/reference/standard-sql/dml-syntax#merge_statement
   https://docs.delta.io/latest/delta-update.html#upsert-into-a-table-using-merge #}
{% macro _merge_keyed_sync(target_relation, staged, columns, key) -%}
    {%- set quoted = [] -%}
    {%- for column in columns -%}
        {%- do quoted.append(adapter.quote(column)) -%}
    {%- endfor -%}
    merge into {{ target_relation }} as built
    using {{ staged }} as staged
    on built.{{ adapter.quote(key) }} = staged.{{ adapter.quote(key) }}
    when matched and {{ lakeweave._row_mark('built', quoted) }} <> {{ lakeweave._row_mark('staged', quoted) }} then update set
        {%- for column in quoted %}
        {{ column }} = staged.{{ column }}{{ ',' if not loop.last }}
        {%- endfor %}
    when not matched then insert ({{ quoted | join(', ') }})
        values ({% for column in quoted %}staged.{{ column }}{{ ', ' if not loop.last }}{% endfor %})
    when not matched by source then delete
{%- endmacro %}

{# What tells two versions of a row apart: never NULL, arrays included. #}
{% macro _row_mark(alias, columns) -%}
    {%- set qualified = [] -%}
    {%- for column in columns -%}
        {%- do qualified.append(alias ~ '.' ~ column) -%}
    {%- endfor -%}
    {{ return(adapter.dispatch('_row_mark', 'lakeweave')(qualified)) }}
{%- endmacro %}

{# https://duckdb.org/docs/stable/sql/functions/utility#hashvalue #}
{% macro default___row_mark(columns) -%}
    hash({{ columns | join(', ') }})
{%- endmacro %}

{# A table with a column that the engine fills, which must be there before the first row. #}
{% macro _create_autonomous(existing, target_relation, staged, columns, filled) -%}
    {{ return(adapter.dispatch('_create_autonomous', 'lakeweave')(existing, target_relation, staged, columns, filled)) }}
{%- endmacro %}

{% macro default___create_autonomous(existing, target_relation, staged, columns, filled) -%}
    {%- do exceptions.raise_compiler_error(
        "`keyed_sync(autonomous_embedding=…)` in " ~ this ~ " needs BigQuery; the adapter is `" ~ lakeweave.engine()
        ~ "`. Leave it out on this target and bring the vectors by `inference`."
    ) -%}
{%- endmacro %}

{% macro _autonomous_table_sql(target_relation, columns, filled) -%}
    {%- set called = lakeweave.called_model(filled.model) -%}
    {%- if called is none or not called.endpoint_config.get('connection') -%}
        {%- do exceptions.raise_compiler_error(
            "The autonomous embedding of " ~ target_relation ~ " needs an endpoint and a connection of its own. Give them: "
            ~ "vars: {endpoints: {bigquery: {" ~ filled.model ~ ": {endpoint: text-embedding-005, connection: us.my-connection}}}}."
        ) -%}
    {%- endif -%}
    create table {{ target_relation }} (
        {%- for column in columns %}
        {{ adapter.quote(column.name) }} {{ column.data_type }},
        {%- endfor %}
        {{ adapter.quote(filled.column) }} struct<result array<float64>, status string> generated always as (
            ai.embed(
                {{ adapter.quote(filled.source) }},
                connection_id => {{ lakeweave.text_literal(called.endpoint_config.connection) }},
                endpoint => {{ lakeweave.text_literal(called.endpoint_config.endpoint) }}
            )
        ) stored options (asynchronous = true)
    )
{%- endmacro %}
