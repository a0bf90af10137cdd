{#
    Path, time and length of each file: those of the view `files` (a `binaryFile`), and those without a byte, which Spark's file
    sources leave out. A function of lakeweave/spark/files.py finds them; where there is none, on Databricks for one, they stay unseen.
#}
{% macro spark_listed_files(files, folder) -%}
    {%- if not lakeweave.is_local_engine() or not lakeweave.fetch_rows("show user functions like 'lakeweave_empty_files'") -%}
        {{ return(files) }}
    {%- endif -%}
    {{ return(
        "(select path, modificationTime, length from " ~ files ~ " where length > 0"
        ~ " union all select inline(lakeweave_empty_files(" ~ lakeweave.text_literal(folder) ~ ")))"
    ) }}
{%- endmacro %}
