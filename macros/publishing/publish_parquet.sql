{#
    A post-hook (`{sql: …, transaction: false}` on DuckDB, an ordinary one on the others, whose tables know no other): writes the model's table to the gold bucket as Parquet, where a reader
    sees a whole version, the one before or the new one, and never a mixture. Below `gold_bucket`:

    * DuckDB: one file, `<model>/<model>.parquet`, written elsewhere and moved into place;
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
