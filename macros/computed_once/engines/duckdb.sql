{#
    DuckDB keeps no modification time of a table, so the mark is a checksum of the rows, and of the columns with their types. It is read
    again only where the blocks of the table in the file are others than when the mark was recorded.
#}

{% macro duckdb___engine_keeps_marks() -%}
    {{ return(true) }}
{%- endmacro %}

{% macro duckdb___mark_of_existing(relation, parents) -%}
    {%- if relation.is_view -%}
        {{ return(lakeweave._duckdb_mark_of_view(relation, parents)) }}
    {%- endif -%}
    {%- set memory = lakeweave._version_memory() -%}
    {%- set name = lakeweave._name_of_relation(relation.database, relation.schema, relation.identifier) -%}
    {%- set kept = memory.rows.get('storage ' ~ name) -%}
    {%- set stamp = lakeweave._duckdb_stamp(relation) if kept else none -%}
    {%- if stamp and stamp == kept.version -%}
        {{ return(kept.mark) }}
    {%- endif -%}
    {%- do memory.unstamped.update({name: relation}) -%}
    {{ return(lakeweave._duckdb_checksum(relation)) }}
{%- endmacro %}

{# Reads the whole table.
   https://duckdb.org/docs/stable/sql/functions/utility#hashvalue
   https://duckdb.org/docs/stable/configuration/pragmas#table-information #}
{% macro _duckdb_checksum(relation) -%}
    {%- set row = lakeweave.fetch_rows(
        "select (" ~ lakeweave._duckdb_columns(relation) ~ ") as columns, count(*) as row_count, cast(sum(hash(lakeweave_row)) as varchar) as row_hash from "
        ~ relation ~ " as lakeweave_row", [[none, none, none]]
    )[0] -%}
    {{ return('table ' ~ row[0] ~ ' ' ~ row[1] ~ ' ' ~ row[2]) }}
{%- endmacro %}

{% macro _duckdb_columns(relation) -%}
    {{ return("select md5(string_agg(concat_ws('|', name, type, \"notnull\", dflt_value, pk), ', ' order by cid)) from pragma_table_info("
        ~ lakeweave.text_literal(relation | string) ~ ")") }}
{%- endmacro %}

{#
    Where the table is in the file: its segments, the checksums that DuckDB keeps of its blocks, and which rows are deleted. No row is
    read. None where a part of the table is not in the file yet, or where the plugin cannot see the file.
    https://duckdb.org/docs/stable/configuration/pragmas#storage-information
    https://duckdb.org/docs/stable/internals/storage
#}
{% macro _duckdb_stamp(relation) -%}
    {%- set memory = lakeweave._version_memory() -%}
    {%- if not memory.environment.split(' ')[2] or relation.database | lower != target.database | lower -%}
        {{ return(none) }}
    {%- endif -%}
    {%- set row = lakeweave.fetch_rows(
        "with segments as (select * from pragma_storage_info(" ~ lakeweave.text_literal(relation | string) ~ ")),"
        ~ " blocks as (select distinct unnest(list_append(additional_block_ids, block_id)) as block_id from segments)"
        ~ " select (" ~ lakeweave._duckdb_columns(relation) ~ "), (select count(*) from " ~ relation ~ "),"
        ~ " (select coalesce(sum(count), 0) from segments where column_path = '[0, 0]'),"
        ~ " (select coalesce(bool_and(persistent and not has_updates"
        ~ " and (block_id >= 0 or segment_type = 'VALIDITY' or contains(stats, 'Has No Null: false') or contains(stats, 'Min: '))), true) from segments),"
        ~ " (select md5(string_agg(concat_ws('|', row_group_id, column_path, segment_type, start, count, compression, stats, block_id, block_offset,"
        ~ " segment_info, additional_block_ids), ', ' order by row_group_id, column_path, segment_id)) from segments),"
        ~ " lakeweave_block_checksums((select path from duckdb_databases() where lower(database_name) = lower(" ~ lakeweave.text_literal(relation.database)
        ~ ")), coalesce((select to_json(list(block_id order by block_id)) from blocks where block_id >= 0), '[]'))", [[none, 0, 0, false, none, none]]
    )[0] -%}
    {%- if not row[3] or not row[5] -%}
        {{ return(none) }}
    {%- endif -%}
    {%- set deleted = '' if row[1] == row[2] else lakeweave.fetch_rows("select cast(bit_xor(hash(rowid)) as varchar) from " ~ relation)[0][0] -%}
    {{ return(local_md5([row[0], row[1], row[2], row[4], row[5], deleted] | join(' '))) }}
{%- endmacro %}

{#
    At the end of a run: what was read whole is written to the file, read once more, now that nothing else writes, and recorded with its
    place in the file. The next run reads none of it.
#}
{% macro duckdb___record_storage() -%}
    {%- set memory = lakeweave._version_memory() -%}
    {%- if not memory.unstamped or not memory.environment.split(' ')[2] -%}
        {{ return('') }}
    {%- endif -%}
    {%- do adapter.commit() -%}
    {%- call statement('checkpoint', auto_begin=false) -%}
        checkpoint
    {%- endcall -%}
    {%- set rows = [] -%}
    {%- for name in memory.unstamped | list -%}
        {%- set relation = load_cached_relation(memory.unstamped[name]) -%}
        {%- set stamp = lakeweave._duckdb_stamp(relation) if relation is not none and relation.is_table else none -%}
        {%- if stamp -%}
            {%- do rows.append(['storage', name, {'version': stamp, 'parts': {}, 'reads': {}, 'mark': lakeweave._duckdb_checksum(relation)}]) -%}
        {%- endif -%}
    {%- endfor -%}
    {{ return(rows) }}
{%- endmacro %}

{# A view is its definition and what that reads. https://duckdb.org/docs/stable/sql/meta/duckdb_table_functions#duckdb_views #}
{% macro _duckdb_mark_of_view(relation, parents) -%}
    {%- set rows = lakeweave.fetch_rows(
        "select sql from duckdb_views() where not internal and lower(database_name) = lower(" ~ lakeweave.text_literal(relation.database)
        ~ ") and lower(schema_name) = lower(" ~ lakeweave.text_literal(relation.schema) ~ ") and lower(view_name) = lower("
        ~ lakeweave.text_literal(relation.identifier) ~ ")", [[none]]
    ) -%}
    {%- set body = modules.re.search('(?is)^create view .*? as (.*?);?\\s*$', rows[0][0] or '') -%}
    {%- if not body -%}
        {{ return(none) }}
    {%- endif -%}
    {%- set found = lakeweave.duckdb___engine_reads(body.group(1), false) -%}
    {%- if found.always -%}
        {{ return(none) }}
    {%- endif -%}
    {%- set marks = [rows[0][0]] -%}
    {%- for name in found.names | sort -%}
        {%- set mark = lakeweave._mark_as_read(name, lakeweave._parents_by_id(parents)) -%}
        {%- if mark is none -%}
            {{ return(none) }}
        {%- endif -%}
        {%- do marks.append(name ~ ' ' ~ mark) -%}
    {%- endfor -%}
    {{ return('view ' ~ local_md5(tojson(marks))) }}
{%- endmacro %}

{#
    DuckDB parses the statement, and its catalogue says of each function whether the answer is always the same.
    https://duckdb.org/docs/stable/data/json/sql_to_and_from_json
    https://duckdb.org/docs/stable/sql/meta/duckdb_table_functions#duckdb_functions
#}
{% macro duckdb___engine_reads(code, is_deterministic) -%}
    {%- set parsed = lakeweave.fetch_rows(
        "with parsed as (select json_serialize_sql(" ~ lakeweave.text_literal(code) ~ ") as tree),"
        ~ " functions as (select distinct unnest(json_extract_string(tree, '$..function_name')) as function_name from parsed),"
        ~ " known as (select function_name, bool_and(internal and function_type in ('scalar', 'aggregate', 'macro') and coalesce(stability, 'CONSISTENT') = 'CONSISTENT'"
        ~ " or function_name in " ~ lakeweave._duckdb_harmless_functions() ~ ") as is_consistent from duckdb_functions() group by function_name)"
        ~ " select tree ->> '$.error', tree ->> '$.error_message',"
        ~ " (select string_agg(function_name, ', ' order by function_name) from functions left join known using (function_name)"
        ~ " where not starts_with(function_name, 'lakeweave_vector_') and (not coalesce(is_consistent, function_name in " ~ lakeweave._duckdb_window_functions()
        ~ ") or regexp_matches(function_name, '" ~ lakeweave._duckdb_outside_functions() ~ "'))),"
        ~ " to_json(json_extract_string(tree, '$..catalog_name')), to_json(json_extract_string(tree, '$..schema_name')), to_json(json_extract_string(tree, '$..table_name')),"
        ~ " to_json(json_extract_string(tree, '$..cte_map.map[*].key')), to_json(json_extract(tree, '$..column_names')),"
        ~ " len(list_filter(json_extract_string(tree, '$..sample.method'), lambda method: method is not null)) > 0 or contains(cast(tree as varchar), '\"SHOW_REF\"')"
        ~ " from parsed", [[none]]
    )[0] -%}
    {%- if parsed[0] != 'false' -%}
        {{ return({'names': [], 'always': 'DuckDB cannot read it as one SELECT: ' ~ parsed[1]}) }}
    {%- endif -%}
    {# An object table: the state of the folder decides, if the code has the folder as a literal. #}
    {%- set places = modules.re.findall("lakeweave_list_objects\\('((?:[^']|'')*)'\\)", code) -%}
    {%- set all_are_known = places and places | length == modules.re.findall('lakeweave_list_objects', code) | length -%}
    {%- set differing = (parsed[2] or '').split(', ') | reject('in', ['', 'lakeweave_list_objects', 'lakeweave_object_hash'] if all_are_known else ['']) | list -%}
    {%- if differing and not is_deterministic -%}
        {{ return({'names': [], 'always': 'it calls ' ~ differing | join(', ') ~ ', and the result may differ'}) }}
    {%- endif -%}
    {%- set clocks = ['current_date', 'current_time', 'current_timestamp', 'localtime', 'localtimestamp', 'current_user', 'session_user', 'user', 'current_role', 'current_catalog', 'current_schema'] -%}
    {%- for names in fromjson(parsed[7]) if names | length == 1 and names[0] | lower in clocks and not is_deterministic -%}
        {{ return({'names': [], 'always': 'it reads ' ~ names[0] | lower}) }}
    {%- endfor -%}
    {%- if parsed[8] and not is_deterministic -%}
        {{ return({'names': [], 'always': 'it takes a sample or lists the catalogue'}) }}
    {%- endif -%}
    {%- set catalogs, schemas, tables = fromjson(parsed[3]), fromjson(parsed[4]), fromjson(parsed[5]) -%}
    {%- set defined, read, outside = fromjson(parsed[6]) | map('lower') | list, [], [] -%}
    {%- for table in tables -%}
        {%- if schemas[loop.index0] -%}
            {%- do read.append(lakeweave._name_of_relation(catalogs[loop.index0], schemas[loop.index0], table)) -%}
        {# A CTE may have the name of a table that its own body reads. #}
        {%- elif table | lower not in defined or load_cached_relation(api.Relation.create(database=target.database, schema=target.schema, identifier=table)) is not none -%}
            {%- do outside.append(table) -%}
        {%- endif -%}
    {%- endfor -%}
    {%- if outside -%}
        {{ return({'names': [], 'always': 'it reads ' ~ outside | unique | sort | join(', ') ~ ' without a schema'}) }}
    {%- endif -%}
    {%- for place in places -%}
        {%- do read.append('objects ' ~ place | replace("''", "'")) -%}
    {%- endfor -%}
    {{ return({'names': read | unique | list, 'always': none}) }}
{%- endmacro %}

{% macro duckdb___mark_of_objects(place) -%}
    {{ return(lakeweave.fetch_rows(
        "select 'objects ' || count(*) || ' ' || coalesce(md5(string_agg(concat_ws('|', object.uri, object.generation, object.size), ', ' order by object.uri)), '')"
        ~ " from (select unnest(lakeweave_list_objects(" ~ lakeweave.text_literal(place) ~ ")) as object)"
    )[0][0]) }}
{%- endmacro %}

{# Functions that make rows of their arguments, and the time zones that this version of DuckDB knows. #}
{% macro _duckdb_harmless_functions() -%}
    {{ return("('range', 'generate_series', 'unnest', 'repeat', 'repeat_row', 'json_each', 'json_tree', 'pg_timezone_names', 'struct_extract', 'array_extract')") }}
{%- endmacro %}

{# Those that the catalogue does not list. #}
{% macro _duckdb_window_functions() -%}
    {{ return("('row_number', 'rank', 'dense_rank', 'rank_dense', 'percent_rank', 'cume_dist', 'ntile', 'lag', 'lead', 'first_value', 'last_value', 'nth_value', 'fill', 'unnest', 'grouping', 'list_value', 'array_extract', 'struct_extract', 'coalesce')") }}
{%- endmacro %}

{# Consistent by the catalogue, and yet they read the clock, the session or the environment. #}
{% macro _duckdb_outside_functions() -%}
    {{ return('^(current_|get_current|getenv|getvariable|current_setting|age$|ago$|version$|pg_[^t]|has_|inet_|session_|user$|in_search_path|txid|query|reservoir_quantile)') }}
{%- endmacro %}

{#
    All settings but those that bound what a query may use: time zone, collation, order of NULLs and the like. And from the plugin the
    versions of the packages, and a digest of the code that SQL can call.
    https://duckdb.org/docs/stable/sql/meta/duckdb_table_functions#duckdb_settings
#}
{% macro duckdb___engine_environment() -%}
    {%- set rows = lakeweave.fetch_rows(
        "select version(), md5(string_agg(name || '=' || coalesce(value, ''), ', ' order by name)), (select count(*) from duckdb_functions() where function_name = 'lakeweave_environment')"
        ~ " from duckdb_settings() where not regexp_matches(name, '(memory|threads|directory|log|profil|progress|secret|user|password|autocheckpoint|checkpoint|allocator|http|s3_|cache|extension|access_mode|lock)')"
    ) -%}
    {%- set code = lakeweave.fetch_rows("select lakeweave_environment('')")[0][0] if rows[0][2] else '' -%}
    {{ return([rows[0][0], rows[0][1], code] | join(' ')) }}
{%- endmacro %}

{% macro duckdb___python_is_not_deterministic(code) -%}
    {%- if not lakeweave._version_memory().environment.split(' ')[2] -%}
        {{ return('it is Python, which the plugin lakeweave.plugin examines, and the profile has no such plugin') }}
    {%- endif -%}
    {%- set reason = lakeweave.fetch_rows("select lakeweave_python_reads(" ~ lakeweave.text_literal(code) ~ ")")[0][0] -%}
    {{ return(reason or none) }}
{%- endmacro %}

{#
    dbt's own materializations, asked for their version first. dbt takes them in the project that defines them; a project that installs
    this one names them in a file of its own (docs/computed_once.md).
    https://docs.getdbt.com/guides/create-new-materializations
#}
{% materialization table, adapter='duckdb', supported_languages=['sql', 'python'] %}
    {%- if model['language'] != 'python' -%}
        {{ return(lakeweave._computed_once(dbt.materialization_table_duckdb, model['compiled_code'])) }}
    {%- endif -%}
    {# dbt submits Python only where `statement` is called by the materialization itself, so its own cannot be called from here. #}
    {%- set state = lakeweave._state_of_node(model['compiled_code']) -%}
    {%- if state is not none and state.unchanged -%}
        {{ return(lakeweave._answer_unchanged()) }}
    {%- endif -%}
    {%- if state is not none -%}
        {%- do lakeweave._tell_reason(state) -%}
    {%- endif -%}
    {%- set existing = load_cached_relation(this) -%}
    {%- set target_relation = this.incorporate(type='table') -%}
    {%- set intermediate = make_intermediate_relation(target_relation) -%}
    {%- set backup = make_backup_relation(target_relation, existing.type if existing is not none else 'table') -%}
    {%- do drop_relation_if_exists(load_cached_relation(intermediate)) -%}
    {%- do drop_relation_if_exists(load_cached_relation(backup)) -%}
    {{ run_hooks(pre_hooks, inside_transaction=False) }}
    {{ run_hooks(pre_hooks, inside_transaction=True) }}
    {%- call statement('main', language='python') -%}
        {{- create_table_as(False, intermediate, compiled_code, 'python') }}
    {%- endcall -%}
    {%- if existing is not none -%}
        {%- do drop_indexes_on_relation(existing) -%}
        {%- do adapter.rename_relation(existing, backup) -%}
    {%- endif -%}
    {%- do adapter.rename_relation(intermediate, target_relation) -%}
    {%- do create_indexes(target_relation) -%}
    {{ run_hooks(post_hooks, inside_transaction=True) }}
    {%- do apply_grants(target_relation, config.get('grants'), should_revoke=should_revoke(existing, full_refresh_mode=True)) -%}
    {%- do persist_docs(target_relation, model) -%}
    {%- do adapter.commit() -%}
    {%- do drop_relation_if_exists(backup) -%}
    {{ run_hooks(post_hooks, inside_transaction=False) }}
    {%- if state is not none -%}
        {%- do lakeweave._remember_version(state, target_relation) -%}
    {%- endif -%}
    {{ return({'relations': [target_relation]}) }}
{% endmaterialization %}

{# A Python model is built by dbt, and always. #}
{% materialization incremental, adapter='duckdb' %}
    {{ return(lakeweave._computed_once(dbt.materialization_incremental_duckdb, model['compiled_code'], settles=true)) }}
{% endmaterialization %}

{% materialization view, adapter='duckdb' %}
    {{ return(lakeweave._computed_once(dbt.materialization_view_default, model['compiled_code'])) }}
{% endmaterialization %}

{% materialization seed, adapter='duckdb' %}
    {{ return(lakeweave._computed_once_seed(dbt.materialization_seed_default)) }}
{% endmaterialization %}

{% materialization snapshot, adapter='duckdb' %}
    {{ return(lakeweave._computed_once(dbt.materialization_snapshot_default, model['compiled_code'])) }}
{% endmaterialization %}
