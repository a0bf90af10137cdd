{% macro ledger_relation(name) -%}
    {{ return(api.Relation.create(
        database=target.database,
        schema=lakeweave.schema_name('ledger'),
        identifier=name,
        type='table'
    )) }}
{%- endmacro %}
