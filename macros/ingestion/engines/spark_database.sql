{#
    A table of a database on Spark and Databricks: what is new, changed or deleted since what bronze holds becomes one more
    delivered file, `read_<n>/part-….csv`, which is then taken in like any other. The promises are those of lakeweave/databases.

    The table is read by JDBC, in `database.partitions` parts by ranges of the key, or out of a foreign catalog that the variable
    `databases` names. Where the database is and who reads it is in the session's settings `spark.lakeweave.<connection>.address`,
    `.user` and `.phrase` (Spark puts stars where a name has `url`, `password` or `credential` in it), which the statements only
    name: here they come from the environment, on a cluster from its secrets.
    A file of SQLite is read by the driver; Databricks, which has none, takes in the files that a build of another target left.

    The parts are connections of their own and see no common state: what a row becomes meanwhile shows in the next read.

    https://spark.apache.org/docs/latest/sql-data-sources-jdbc.html
    https://docs.databricks.com/en/connect/external-systems/jdbc.html
    https://docs.databricks.com/en/query-federation/database-federation.html
#}

{# Reads the database, if the source is in one; whether a file was delivered. `bronze` holds all that was delivered before. #}
{% macro _spark_read_database(spec, declared, bronze) -%}
    {%- set database = lakeweave.source_settings(declared).get('database') -%}
    {%- set where = lakeweave._spark_address(database) if database else none -%}
    {%- if not where -%}
        {{ return(false) }}
    {%- endif -%}
    {%- do lakeweave.forget_scratch(bronze) -%}
    {%- set changes = lakeweave.scratch_relation(bronze, 'changes') -%}
    {%- set fresh = lakeweave.scratch_relation(bronze, 'read') -%}

    {%- set columns = lakeweave._spark_database_columns(spec, declared, database, where) -%}
    {%- set watermark = lakeweave._spark_watermark(bronze, database) -%}
    {%- do lakeweave._spark_read_rows(spec, database, where, columns, fresh, watermark) -%}
    {%- set keys = lakeweave._spark_read_keys(spec, database, where, columns) -%}
    {%- if watermark and lakeweave._spark_has_unknown_keys(keys, fresh, bronze, database) -%}
        {# A row came in with an old moment in it: a late transaction, a restored backup. All rows are read. #}
        {%- do lakeweave._spark_read_rows(spec, database, where, columns, fresh, none) -%}
    {%- endif -%}

    {%- set number = lakeweave._spark_next_read(spec) -%}
    {%- do run_query(lakeweave.create_scratch(changes, lakeweave._spark_changes(fresh, keys, bronze, database, columns, number))) -%}
    {%- set counts = {'I': 0, 'U': 0, 'D': 0} -%}
    {%- for row in lakeweave.fetch_rows("select op, count(*) as changes from " ~ changes ~ " group by op", []) -%}
        {%- do counts.update({row[0]: row[1] | int}) -%}
    {%- endfor -%}
    {%- set found = counts['I'] + counts['U'] + counts['D'] -%}
    {%- set name = 'read_' ~ '%06d' | format(number) -%}
    {%- if found > 0 -%}
        {%- call statement('deliver') -%}
            {{ lakeweave._spark_deliver(spec.folder ~ '/' ~ name, changes, database, columns) }}
        {%- endcall -%}
    {%- endif -%}
    {%- do lakeweave.drop_scratch(changes) -%}
    {%- do lakeweave.drop_scratch(fresh) -%}
    {%- do log(
        spec.source ~ ": " ~ counts['I'] ~ " new, " ~ counts['U'] ~ " changed, " ~ counts['D'] ~ " deleted rows"
        ~ (" in " ~ name if found > 0 else ""), info=true
    ) -%}
    {{ return(found > 0) }}
{%- endmacro %}

{# Before the first read its folder is not there, and Spark lists no folder that is not. What begins with `_` is not listed. #}
{% macro _spark_make_folder_of_reads(spec, declared) -%}
    {%- if lakeweave.source_settings(declared).get('database') -%}
        {%- call statement('make_folder') -%}
            insert overwrite directory {{ lakeweave.text_literal(spec.folder ~ '/_reads') }} using csv
            select 'nothing' as reads where false
        {%- endcall -%}
    {%- endif -%}
{%- endmacro %}

{# SQLite has no server, so the driver reads it and makes a view of its rows: the Python for that, or nothing. #}
{% macro _spark_read_file(spec, declared) -%}
    {%- set database = lakeweave.source_settings(declared).get('database') -%}
    {%- if not database or not (lakeweave._spark_address(database) or {}).get('is_file') -%}
        {{ return('') }}
    {%- endif -%}
    {{ return(
        "import json\nfrom lakeweave.spark.databases import show_file\nshow_file(spark, **json.loads(" ~ tojson(tojson({
            'view': spec.view ~ '__database', 'connection': database.connection, 'default_url': database.get('default_url'),
            'landing': lakeweave.setting('landing_path'), 'table': database.table, 'source': spec.source,
        })) ~ "))\n"
    ) }}
{%- endmacro %}

{# The relation that the table is read from; `parts` above one splits it by ranges of the key. #}
{% macro _spark_database_rows(spec, database, where, columns, parts) -%}
    {%- if where.catalog -%}
        {{ return(lakeweave._spark_database_table(database, where)) }}
    {%- endif -%}
    {%- set view = spec.view ~ '__database' -%}
    {%- if where.is_file -%}
        {{ return(view) }}
    {%- endif -%}
    {%- set options = {'dbtable': lakeweave._spark_database_table(database, where)} -%}
    {%- if parts > 1 -%}
        {%- set key = where.quote ~ columns[database.key].original ~ where.quote -%}
        {%- call statement('bounds_view') -%}
            {{ lakeweave._spark_database_view(spec.view ~ '__bounds', database, where, {
                'query': 'select min(' ~ key ~ ') as low, max(' ~ key ~ ') as high from ' ~ lakeweave._spark_database_table(database, where)
            }) }}
        {%- endcall -%}
        {%- set bounds = lakeweave.fetch_rows("select cast(low as bigint) as low, cast(high as bigint) as high from " ~ spec.view ~ "__bounds", [[none, none]])[0] -%}
        {%- if bounds[0] is not none -%}
            {%- do options.update({
                'partitionColumn': columns[database.key].original, 'lowerBound': bounds[0] | int, 'upperBound': bounds[1] | int + 1,
                'numPartitions': parts,
            }) -%}
        {%- endif -%}
    {%- endif -%}
    {%- call statement('database_view') -%}
        {{ lakeweave._spark_database_view(view, database, where, options) }}
    {%- endcall -%}
    {{ return(view) }}
{%- endmacro %}

{# Key, hash and watermark of each row as the deliveries before left it. #}
{% macro _spark_known_rows(bronze, database) -%}
    select known.key, known.row_hash, known.watermark
    from (
        select
            {{ adapter.quote(database.key) }} as key,
            row_hash,
            {{ adapter.quote(database.watermark) if database.watermark else 'cast(null as string)' }} as watermark,
            op,
            row_number() over (
                partition by {{ adapter.quote(database.key) }} order by cast(read_number as bigint) desc, _record_number desc
            ) as recency
        from {{ bronze }}
    ) as known
    where known.recency = 1 and known.op <> 'D'
{%- endmacro %}

{# The moment from which on rows are read; none for all of them. #}
{% macro _spark_watermark(bronze, database) -%}
    {%- if not database.watermark -%}
        {{ return(none) }}
    {%- endif -%}
    {%- set rows = lakeweave.fetch_rows(
        "select date_format(max(try_cast(watermark as timestamp_ntz)) - make_dt_interval(0, 0, 0, " ~ database.get('overlap_seconds', 3600)
        ~ "), 'yyyy-MM-dd HH:mm:ss.SSSSSS') as watermark from (" ~ lakeweave._spark_known_rows(bronze, database) ~ ") as known", [[none]]
    ) -%}
    {{ return(rows[0][0]) }}
{%- endmacro %}

{# The rows from the watermark on, as text; the comparison with it is done by the database. #}
{% macro _spark_read_rows(spec, database, where, columns, fresh, watermark) -%}
    {%- set rows = lakeweave._spark_database_rows(spec, database, where, columns, database.get('partitions', 4) | int) -%}
    {%- set selected -%}
        select
            {%- for name in columns %}
            {{ columns[name].text }} as {{ adapter.quote(name) }}{{ ',' if not loop.last }}
            {%- endfor %}
        from {{ rows }}
        {%- if watermark %}
        {%- set moment = '`' ~ columns[database.watermark].original ~ '`' %}
        where {{ 'cast(' ~ moment ~ ' as timestamp_ntz)' if where.is_file else moment }} >= timestamp_ntz'{{ watermark }}'
        {%- endif %}
    {%- endset -%}
    {%- do run_query(lakeweave.create_scratch(fresh, selected)) -%}
{%- endmacro %}

{# All keys that are there; read after the rows, so that a row that comes in between is not taken for a deleted one. #}
{% macro _spark_read_keys(spec, database, where, columns) -%}
    {%- set rows = lakeweave._spark_database_rows(spec, database, where, columns, database.get('partitions', 4) | int) -%}
    {{ return("(select " ~ columns[database.key].text ~ " as key from " ~ rows ~ ")") }}
{%- endmacro %}

{% macro _spark_has_unknown_keys(keys, fresh, bronze, database) -%}
    {%- set rows = lakeweave.fetch_rows(
        "select count(*) as unknown from " ~ keys ~ " as present left anti join (" ~ lakeweave._spark_known_rows(bronze, database)
        ~ ") as known on present.key = known.key left anti join " ~ fresh ~ " as fresh on present.key = fresh." ~ adapter.quote(database.key),
        [[0]]
    ) -%}
    {{ return(rows[0][0] | int > 0) }}
{%- endmacro %}

{# One more than any read that the ledger knows; files that it does not know were taken in just before. #}
{% macro _spark_next_read(spec) -%}
    {%- set rows = lakeweave.fetch_rows(
        "select max(try_cast(regexp_extract(file_name, 'read_([0-9]+)', 1) as bigint)) as number from "
        ~ lakeweave.ledger_relation('files') ~ " where source = '" ~ spec.source ~ "'", [[none]]
    ) -%}
    {{ return((rows[0][0] or 0) | int + 1) }}
{%- endmacro %}

{# What differs from what is known, with the same hash as lakeweave/databases/reading.py makes. #}
{% macro _spark_changes(fresh, keys, bronze, database, columns, number) -%}
    {%- set key = adapter.quote(database.key) -%}
    {%- set texts = [] -%}
    {%- for name in columns -%}
        {%- do texts.append('coalesce(' ~ adapter.quote(name) ~ ', char(0))') -%}
    {%- endfor -%}
    with

    known as (
        {{ lakeweave._spark_known_rows(bronze, database) }}
    ),

    hashed as (
        select *, md5(concat_ws(char(31), {{ texts | join(', ') }})) as row_hash
        from {{ fresh }}
    )

    select
        case when known.key is null then 'I' else 'U' end as op,
        {%- for name in columns %}
        hashed.{{ adapter.quote(name) }},
        {%- endfor %}
        hashed.row_hash,
        {{ number }} as read_number
    from hashed
    left join known on hashed.{{ key }} = known.key
    where known.key is null or known.row_hash is distinct from hashed.row_hash
    union all
    select
        'D',
        {%- for name in columns %}
        {{ 'known.key' if name == database.key else 'cast(null as string)' }},
        {%- endfor %}
        known.row_hash,
        {{ number }}
    from known
    left anti join {{ keys }} as present on known.key = present.key
{%- endmacro %}

{# One file, moved into its place when it is complete: https://spark.apache.org/docs/latest/sql-ref-syntax-dml-insert-overwrite-directory.html #}
{% macro _spark_deliver(folder, changes, database, columns) -%}
    insert overwrite directory {{ lakeweave.text_literal(folder) }} using csv
    options (
        header 'true', quoteAll 'true', escape '"', lineSep '\n', nullValue '', emptyValue '',
        ignoreLeadingWhiteSpace 'false', ignoreTrailingWhiteSpace 'false'
    )
    select /*+ coalesce(1) */ *
    from (
        select
            op,
            {%- for name in columns %}
            {{ adapter.quote(name) }},
            {%- endfor %}
            row_hash,
            read_number
        from {{ changes }}
        order by try_cast({{ adapter.quote(database.key) }} as bigint), op
    ) as ordered
{%- endmacro %}
