{#
    A post-hook (`{sql: …, transaction: false}` on the embedded target, an ordinary one on the others, whose tables know no other): writes the model's table to the gold bucket as Parquet, where whoever reads
    it sees a whole version, the one before or the new one, and never a mixture. Below `gold_bucket`:

    * embedded: one file, `<model>/<model>.parquet`, written elsewhere and moved into place;
    * Spark, Databricks: a Delta table `<model>/` and its manifest, the list of the Parquet files of the version; partitioned by the
      columns that the model's `config.meta.published_partition_by` names;
    * BigQuery: a folder for each version below `gold_bucket_gcs`, and the external table `<model>_published`, which is
      switched from one to the next in one statement.
#}
{% macro publish_parquet() -%}
    {%- if not execute -%}
        {{ return('') }}
    {%- endif -%}
    {{ return(adapter.dispatch('_publish_parquet', 'lakeweave')(this)) }}
{%- endmacro %}

{% macro default___publish_parquet(relation) -%}
    {{ lakeweave.raise_unsupported('publish_parquet', ['duckdb', 'bigquery', 'spark', 'databricks']) }}
{%- endmacro %}

{# https://duckdb.org/docs/stable/sql/statements/copy#copy--to #}
{% macro duckdb___publish_parquet(relation) -%}
    {%- set bucket = lakeweave.setting('gold_bucket') -%}
    {%- set place = lakeweave._call_reader('lakeweave_publish_begin', {'bucket': bucket, 'name': relation.identifier}) -%}
    {%- do run_query("copy (select * from " ~ relation ~ ") to " ~ lakeweave.text_literal(place.staged) ~ " (format parquet, compression zstd)") -%}
    {%- do lakeweave._call_reader('lakeweave_publish_end', place) -%}
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

{# https://docs.delta.io/latest/delta-utility.html#generate-a-manifest-file #}
{% macro spark___publish_parquet(relation) -%}
    {%- set keys = (model.config.meta or {}).get('published_partition_by') or [] -%}
    {%- set place = 'delta.`' ~ lakeweave._absolute_uri(lakeweave.setting('gold_bucket')) ~ '/' ~ relation.identifier ~ '`' -%}
    {%- call statement('publish') -%}
        create or replace table {{ place }} using delta
        {%- if keys %}
        partitioned by ({{ keys | join(', ') }})
        {%- endif %}
        as select * from {{ relation }}
    {%- endcall -%}
    {%- call statement('manifest') -%}
        generate symlink_format_manifest for table {{ place }}
    {%- endcall -%}
    {{ return('') }}
{%- endmacro %}
