{#
    After a seed was loaded: the words `null` and `NULL` where dbt made a NULL of them on Spark and Databricks, as it does
    with every text of that name. Elsewhere nothing is to be put back. `column` is one of the two columns of the seed.
#}
{% macro restore_seed_nulls(column, other) -%}
    {{ return(adapter.dispatch('restore_seed_nulls', 'lakeweave')(column, other)) }}
{%- endmacro %}

{% macro default__restore_seed_nulls(column, other) -%}
{%- endmacro %}
