{# Tables that live as long as one model's run. #}

{% macro _scratch_relation(target_relation, purpose) -%}
    {{ return(adapter.dispatch('_scratch_relation', 'lakeweave')(target_relation, purpose)) }}
{%- endmacro %}

{# Two runs at once must not meet in a scratch table, so it carries the beginning of the run's id. #}
{% macro default___scratch_relation(target_relation, purpose) -%}
    {%- set name = target_relation.identifier ~ '__' ~ purpose ~ '_' ~ (invocation_id | replace('-', ''))[:8] -%}
    {{ return(target_relation.incorporate(path={'identifier': name}, type='table')) }}
{%- endmacro %}

{# A local session is alone, so the name stays: what a killed run left of it, on the disk too, the next one writes over. #}
{% macro spark___scratch_relation(target_relation, purpose) -%}
    {{ return(target_relation.incorporate(path={'identifier': target_relation.identifier ~ '__' ~ purpose}, type='table')) }}
{%- endmacro %}

{# dbt-databricks asks for Spark's variants before the default ones. #}
{% macro databricks___scratch_relation(target_relation, purpose) -%}
    {{ return(lakeweave.default___scratch_relation(target_relation, purpose)) }}
{%- endmacro %}

{# A temporary table belongs to the thread's connection, so its name may stay the same. #}
{% macro duckdb___scratch_relation(target_relation, purpose) -%}
    {%- set name = target_relation.schema ~ '__' ~ target_relation.identifier ~ '__' ~ purpose -%}
    {{ return(api.Relation.create(identifier=name, type='table').include(database=false, schema=false)) }}
{%- endmacro %}


{% macro _create_scratch(relation, sql) -%}
    {{ return(adapter.dispatch('_create_scratch', 'lakeweave')(relation, sql)) }}
{%- endmacro %}

{% macro default___create_scratch(relation, sql) -%}
    {%- do lakeweave.raise_unsupported('_create_scratch', ['duckdb', 'spark', 'databricks', 'bigquery']) -%}
{%- endmacro %}

{# https://duckdb.org/docs/stable/sql/statements/create_table#temporary-tables #}
{% macro duckdb___create_scratch(relation, sql) -%}
    create or replace temporary table {{ relation }} as
    {{ sql }}
{%- endmacro %}

{# A session's temporary table would need one session for the whole run; an expiring one does not.
   https://cloud.google.com/bigquery/docs/reference/standard-sql/data-definition-language#create_table_statement #}
{% macro bigquery___create_scratch(relation, sql) -%}
    create or replace table {{ relation }}
    options (expiration_timestamp = timestamp_add(current_timestamp(), interval 12 hour))
    as
    {{ sql }}
{%- endmacro %}

{# A table and not a temporary view, which would be evaluated anew, calls included, at each use.
   https://docs.delta.io/latest/delta-batch.html#create-a-table #}
{% macro spark___create_scratch(relation, sql) -%}
    create or replace table {{ relation }} using delta as
    {{ sql }}
{%- endmacro %}


{# What a killed run of the same model left. A scratch table of BigQuery expires, one of the embedded target ends with its
   connection; on Spark it stays. #}
{% macro _forget_scratch(target_relation) -%}
    {%- for left in adapter.dispatch('_left_scratch', 'lakeweave')(target_relation) -%}
        {%- do lakeweave._drop_scratch(left) -%}
    {%- endfor -%}
{%- endmacro %}

{% macro default___left_scratch(target_relation) -%}
    {{ return([]) }}
{%- endmacro %}

{# https://spark.apache.org/docs/latest/sql-ref-syntax-aux-show-tables.html #}
{% macro spark___left_scratch(target_relation) -%}
    {%- set name = modules.re.escape(target_relation.identifier) ~ '__(?:asked|pending|answers|staged|changes|read)(?:_[0-9a-f]{8})?\\Z' -%}
    {%- set left = [] -%}
    {%- for row in lakeweave.ask("show tables in " ~ target_relation.without_identifier() ~ " like '" ~ target_relation.identifier ~ "__*'", [])
        if modules.re.match(name, row[1]) -%}
        {%- do left.append(target_relation.incorporate(path={'identifier': row[1]}, type='table')) -%}
    {%- endfor -%}
    {{ return(left) }}
{%- endmacro %}

{# Another run may be at work on the model, so only those of half a day ago.
   https://docs.delta.io/latest/delta-utility.html#retrieve-delta-table-details #}
{% macro databricks___left_scratch(target_relation) -%}
    {%- set before = (modules.datetime.datetime.now(modules.pytz.utc) - modules.datetime.timedelta(hours=12)) | string -%}
    {%- set left = [] -%}
    {%- for scratch in lakeweave.spark___left_scratch(target_relation)
        if (lakeweave.ask("describe detail " ~ scratch)[0]['createdAt'] | string) < before -%}
        {%- do left.append(scratch) -%}
    {%- endfor -%}
    {{ return(left) }}
{%- endmacro %}


{% macro _drop_scratch(relation) -%}
    {%- do run_query("drop table if exists " ~ relation) -%}
{%- endmacro %}


{#
    A test for text that holds nothing to ask: only spaces of any script, control characters and characters of no width. The classes
    Z, Cc and Cf of Unicode, which every engine's regular expressions know.
#}
{% macro _is_blank(expression) -%}
    {{ return(adapter.dispatch('_is_blank', 'lakeweave')(expression)) }}
{%- endmacro %}

{# https://duckdb.org/docs/stable/sql/functions/regular_expressions #}
{% macro default___is_blank(expression) -%}
    not regexp_matches({{ expression }}, '[^\s\p{Z}\p{Cc}\p{Cf}]')
{%- endmacro %}

{# https://cloud.google.com/bigquery/docs/reference/standard-sql/string_functions#regexp_contains #}
{% macro bigquery___is_blank(expression) -%}
    not regexp_contains({{ expression }}, r'[^\s\p{Z}\p{Cc}\p{Cf}]')
{%- endmacro %}

{# https://spark.apache.org/docs/latest/api/sql/index.html#rlike #}
{% macro spark___is_blank(expression) -%}
    not rlike({{ expression }}, '[^\\s\\p{Z}\\p{Cc}\\p{Cf}]')
{%- endmacro %}


{# What follows a star to leave one column out. #}
{% macro _star_without(column) -%}
    {{ return(adapter.dispatch('_star_without', 'lakeweave')(column)) }}
{%- endmacro %}

{# https://spark.apache.org/docs/latest/sql-ref-syntax-qry-star.html #}
{% macro default___star_without(column) -%}
    except ({{ column }})
{%- endmacro %}

{# https://duckdb.org/docs/stable/sql/expressions/star#exclude-clause #}
{% macro duckdb___star_without(column) -%}
    exclude ({{ column }})
{%- endmacro %}


{# Puts the finished relation in its place, as the adapter's own `table` does. #}
{% macro _write_relation(existing, target_relation, sql) -%}
    {{ return(adapter.dispatch('_write_relation', 'lakeweave')(existing, target_relation, sql)) }}
{%- endmacro %}

{% macro default___write_relation(existing, target_relation, sql) -%}
    {%- do lakeweave.raise_unsupported('_write_relation', ['duckdb', 'spark', 'databricks', 'bigquery']) -%}
{%- endmacro %}

{# Beside, then swapped: readers see the old relation until the new one is whole. A table with an index cannot be renamed.
   https://duckdb.org/docs/stable/sql/statements/alter_table #}
{% macro duckdb___write_relation(existing, target_relation, sql) -%}
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

{# https://cloud.google.com/bigquery/docs/reference/standard-sql/data-definition-language#create_table_statement #}
{% macro bigquery___write_relation(existing, target_relation, sql) -%}
    {%- if existing is not none and not existing.is_table -%}
        {%- do adapter.drop_relation(existing) -%}
    {%- elif not adapter.is_replaceable(existing, adapter.parse_partition_by(config.get('partition_by', none)), config.get('cluster_by', none)) -%}
        {%- do adapter.drop_relation(existing) -%}
    {%- endif -%}
    {%- call statement('main') -%}
        {{ create_table_as(False, target_relation, sql) }}
    {%- endcall -%}
{%- endmacro %}

{# https://docs.delta.io/latest/delta-batch.html#create-a-table #}
{% macro spark___write_relation(existing, target_relation, sql) -%}
    {%- if existing is not none and not (existing.is_delta and config.get('file_format', 'delta') == 'delta') -%}
        {%- do adapter.drop_relation(existing) -%}
    {%- endif -%}
    {%- call statement('main') -%}
        {{ create_table_as(False, target_relation, sql) }}
    {%- endcall -%}
{%- endmacro %}
