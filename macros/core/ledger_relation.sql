{% macro ledger_relation(name) -%}
    {{ return(api.Relation.create(
        database=target.get('database'),
        schema=lakeweave.schema_name('ledger'),
        identifier=name,
        type='table'
    )) }}
{%- endmacro %}
