{#
    dbt-bigquery's own, and where `vars.iceberg_storage` names a place (gs://bucket/prefix) bronze and silver as Apache Iceberg
    managed tables. This is one of the two names of dbt's that this project takes (the other is `spark__get_merge_sql`): its Iceberg tables know no connection but the default
    one, replace a table in a place that must be empty, and take JSON, which Iceberg does not support (docs/decisions/0008-externals.md).
    https://cloud.google.com/bigquery/docs/iceberg-tables#create-iceberg-tables
#}
{% macro bigquery__create_table_as(temporary, relation, compiled_code, language='sql') -%}
    {%- if temporary or language != 'sql' or not lakeweave._is_iceberg(model) -%}
        {{ return(dbt.bigquery__create_table_as(temporary, relation, compiled_code, language)) }}
    {%- endif -%}
    {{ lakeweave._create_iceberg_table(relation, compiled_code) }}
{%- endmacro %}

{# Models of bronze and silver, and any whose `config.meta.iceberg` says so. #}
{% macro _is_iceberg(node) -%}
    {%- if not lakeweave.setting('iceberg_storage') or node.resource_type != 'model' -%}
        {{ return(false) }}
    {%- endif -%}
    {%- set said = (node.config.get('meta') or {}).get('iceberg') -%}
    {{ return(said if said is not none else (node.fqn | length > 1 and node.fqn[1] in ('bronze', 'silver'))) }}
{%- endmacro %}

{#
    The files of a dropped table stay for a while, and a new one wants an empty place: so each creation has a folder of its own,
    named after its run.
#}
{% macro _create_iceberg_table(relation, body) -%}
    {%- set storage = lakeweave.setting('iceberg_storage').rstrip('/') -%}
    {%- set connection = lakeweave.setting('gcs_connection') -%}
    {%- set columns, problems = lakeweave._iceberg_columns(body), [] -%}
    {%- if not storage.startswith('gs://') -%}
        {%- do problems.append("`vars.iceberg_storage` is '" ~ storage ~ "'; expected gs://bucket/prefix.") -%}
    {%- endif -%}
    {%- for name, type in columns if type.split('<')[0] in ('BIGNUMERIC', 'INTERVAL', 'RANGE', 'GEOGRAPHY') -%}
        {%- do problems.append('column `' ~ name ~ '` is ' ~ type ~ ', which Iceberg does not support; cast it, or set `config: {meta: {iceberg: false}}`.') -%}
    {%- endfor -%}
    {%- set texts = [] -%}
    {%- for name, type in columns if type == 'JSON' -%}
        {%- if model.config.materialized == 'table' -%}
            {%- do texts.append('to_json_string(`' ~ name ~ '`) as `' ~ name ~ '`') -%}
        {%- else -%}
            {%- do problems.append('column `' ~ name ~ '` is JSON, which Iceberg does not support; select to_json_string(`' ~ name ~ '`), so that what is merged later is text too.') -%}
        {%- endif -%}
    {%- endfor -%}
    {%- do lakeweave.raise_problems('The Iceberg table ' ~ relation, problems) -%}
    {%- set options = adapter.get_table_options(config, model, false) -%}
    {%- do options.update({
        'file_format': "'PARQUET'",
        'table_format': "'ICEBERG'",
        'storage_uri': lakeweave.text_literal(storage ~ '/' ~ relation.schema ~ '/' ~ relation.identifier ~ '/' ~ invocation_id),
    }) -%}
    drop table if exists {{ relation }};
    create table {{ relation }}
    {{ partition_by(adapter.parse_partition_by(config.get('partition_by'))) }}
    {{ cluster_by(config.get('cluster_by')) }}
    with connection {{ 'default' if connection | lower == 'default' else '`' ~ connection ~ '`' }}
    {{ bigquery_options(options) }}
    as (
        {%- if texts %}
        select * replace ({{ texts | join(', ') }}) from ({{ body }})
        {%- else %}
        {{ body }}
        {%- endif %}
    );
{%- endmacro %}

{# Names and types of a query's columns; it is not executed. #}
{% macro _iceberg_columns(body) -%}
    {%- set columns = [] -%}
    {%- for column in adapter.get_column_schema_from_query('select * from (' ~ body ~ ') as body where false limit 0') -%}
        {%- do columns.append([column.name, column.data_type]) -%}
    {%- endfor -%}
    {{ return(columns) }}
{%- endmacro %}

{#
    Every reader of the table's files needs the metadata of the version that is there, so it is written after each build.
    https://cloud.google.com/bigquery/docs/iceberg-tables#create-iceberg-table-snapshots
#}
{% macro bigquery___sync_iceberg(relation) -%}
    {%- if lakeweave._is_iceberg(model) and model.config.materialized in lakeweave._tables_of_iceberg() -%}
        {%- do run_query('export table metadata from ' ~ relation) -%}
    {%- endif -%}
    {{ return('') }}
{%- endmacro %}

{#
    BigQuery writes to its own storage only; on S3 it reads what the other engines publish there.
    https://cloud.google.com/bigquery/docs/reference/standard-sql/export-statements
#}
{% macro bigquery___publish_parquet(relation) -%}
    {%- set folder = lakeweave.setting('gold_bucket_gcs') ~ '/' ~ relation.identifier ~ '/version=' ~ invocation_id -%}
    {%- call statement('export') -%}
        export data options (
            uri = '{{ folder }}/*.parquet', format = 'PARQUET', compression = 'ZSTD', overwrite = true
        ) as
        select * from {{ relation }}
    {%- endcall -%}
    {%- call statement('switch') -%}
        create or replace external table {{ relation.incorporate(path={'identifier': relation.identifier ~ '_published'}) }} (
            {%- for column in adapter.get_columns_in_relation(relation) %}
            {{ adapter.quote(column.name) }} {{ column.data_type }}{{ ',' if not loop.last }}
            {%- endfor %}
        )
        options (
            format = 'PARQUET',
            uris = ['{{ folder }}/*.parquet'],
            description = 'The published version of {{ relation.identifier }}.'
        )
    {%- endcall -%}
    {{ return('') }}
{%- endmacro %}
