{#
    After a seed was loaded: the words `null` and `NULL` where dbt made a NULL of them on Spark and Databricks, as it does
    with every text of that name. Elsewhere nothing is to be put back. `column` is one of the two columns of the seed.
#}
{% macro put_back_null(column, other) -%}
    {{ return(adapter.dispatch('put_back_null', 'lakeweave')(column, other)) }}
{%- endmacro %}

{% macro default__put_back_null(column, other) -%}
{%- endmacro %}

{# https://docs.delta.io/latest/delta-batch.html#overwrite #}
{% macro spark__put_back_null(column, other) -%}
    insert overwrite {{ this }}
    select
        coalesce(
            {{ column }},
            case row_number() over (partition by {{ column }} order by {{ other }}) when 1 then 'null' else 'NULL' end
        ) as {{ column }},
        {{ other }}
    from {{ this }}
{%- endmacro %}
