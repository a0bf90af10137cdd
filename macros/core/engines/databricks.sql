{# dbt-databricks uses Spark's variants before the default ones. #}
{% macro databricks__scratch_relation(target_relation, purpose) -%}
    {{ return(lakeweave.default__scratch_relation(target_relation, purpose)) }}
{%- endmacro %}

{# Another run may be at work on the model, so only those of half a day ago.
   https://docs.delta.io/latest/delta-utility.html#retrieve-delta-table-details #}
{% macro databricks__left_scratch(target_relation) -%}
    {%- set before = (modules.datetime.datetime.now(modules.pytz.utc) - modules.datetime.timedelta(hours=12)) | string -%}
    {%- set left = [] -%}
    {%- for scratch in lakeweave.spark__left_scratch(target_relation)
        if (lakeweave.fetch_rows("describe detail " ~ scratch)[0]['createdAt'] | string) < before -%}
        {%- do left.append(scratch) -%}
    {%- endfor -%}
    {{ return(left) }}
{%- endmacro %}

{# Every table of Unity Catalog's own is Delta, and the adapter does not tell the format of the others. #}
{% macro databricks__refuse_other_formats() -%}
{%- endmacro %}
