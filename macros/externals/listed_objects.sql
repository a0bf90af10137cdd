{#
    The objects of a source, as a relation with the columns of an object table. A content is only read for its hash, and
    only when the relation of this model does not know the hash already: for the same address, generation and size.
#}
{% macro listed_objects(source_name, table_name) -%}
    {{ return(adapter.dispatch('listed_objects', 'lakeweave')(source_name, table_name)) }}
{%- endmacro %}

{% macro default__listed_objects(source_name, table_name) -%}
    {%- do lakeweave.raise_unsupported('listed_objects', ['duckdb', 'spark', 'databricks', 'bigquery']) -%}
{%- endmacro %}

{# No rows, in the columns of an object table: used while nothing is executed. #}
{% macro _no_objects() -%}
    (
        select
            cast(null as {{ dbt.type_string() }}) as uri,
            cast(null as {{ dbt.type_bigint() }}) as generation,
            cast(null as {{ dbt.type_string() }}) as content_type,
            cast(null as {{ dbt.type_bigint() }}) as size,
            cast(null as {{ dbt.type_string() }}) as md5_hash,
            cast(null as {{ dbt.type_timestamp() }}) as updated,
            cast(null as {{ dbt.type_string() }}) as metadata
        where false
    )
{%- endmacro %}
