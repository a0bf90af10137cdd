{#
    The ingestion of a run with `--empty`: no file is read, the ledger stays as it is, and a bronze table that exists keeps its records. A table
    that does not exist is created without records. Returns what the materialization returns.
    https://docs.getdbt.com/docs/build/empty-flag
#}
{% macro _ingest_nothing(target_relation, existing, spec, body) -%}
    {{ lakeweave.run_hooks_outside(pre_hooks) }}
    {{ run_hooks(pre_hooks, inside_transaction=True) }}
    {%- if existing is none -%}
        {%- do adapter.dispatch('_stage_nothing', 'lakeweave')(spec) -%}
        {%- do lakeweave.declare_lookups(body) -%}
        {%- call statement('main') -%}
            {{ create_table_as(False, target_relation, 'select * from (' ~ body ~ ') as body where false') }}
        {%- endcall -%}
    {%- else -%}
        {%- call noop_statement('main', 'EMPTY', 'EMPTY') -%}
            {{ body }}
        {%- endcall -%}
    {%- endif -%}
    {{ run_hooks(post_hooks, inside_transaction=True) }}
    {%- do apply_grants(target_relation, config.get('grants'), should_revoke=should_revoke(existing, full_refresh_mode=False)) -%}
    {%- do persist_docs(target_relation, model) -%}
    {%- do adapter.commit() -%}
    {{ lakeweave.run_hooks_outside(post_hooks) }}
    {{ return({'relations': [target_relation]}) }}
{%- endmacro %}

{# A SELECT with the columns of delivered records and without a row. #}
{% macro _no_delivered_records(columns) -%}
    select
        {%- for column in columns %}
        cast(null as {{ dbt.type_string() }}) as {{ adapter.quote(column) }},
        {%- endfor %}
        cast(null as {{ dbt.type_string() }}) as _content_hash,
        cast(null as {{ dbt.type_string() }}) as _file_name,
        cast(null as {{ dbt.type_bigint() }}) as _record_number,
        cast(null as {{ dbt.type_boolean() }}) as is_duplicate_in_file
    where false
{%- endmacro %}

{# What the body reads where nothing is delivered. BigQuery reads the sources in place, and DuckDB's body has no rows. #}
{% macro default___stage_nothing(spec) -%}
{%- endmacro %}

{#
    The bronze table, or none where there is only a view: `dbt clone` makes views on an engine without clones, and a clone of bronze has no account
    in the ledger of this target. The view is dropped, and the deliveries are loaded as into a new table.
    https://docs.getdbt.com/reference/commands/clone
#}
{% macro _table_of_bronze(existing, source_name) -%}
    {%- if existing is none or not existing.is_view -%}
        {{ return(existing) }}
    {%- endif -%}
    {%- do lakeweave._refuse_missing_relation(source_name, existing, none) -%}
    {%- do log(source_name ~ ": " ~ lakeweave.shown_relation(existing) ~ " is a view, as `dbt clone` makes it. It is replaced by a table, and all deliveries are loaded.", info=true) -%}
    {%- do adapter.drop_relation(existing) -%}
    {{ return(none) }}
{%- endmacro %}
