{#
    An object table over Cloud Storage. It shows what is in the bucket, so nothing is done while it is as its definition says; a
    changed folder or connection, or a full refresh, replaces it.
    https://cloud.google.com/bigquery/docs/object-tables
#}
{% materialization object_table, adapter='bigquery', supported_languages=['sql'] %}

    {%- set target_relation = this.incorporate(type='external') -%}
    {%- set existing = load_cached_relation(this) -%}
    {%- set object_config = config.get('meta')['object_table'] -%}
    {%- set definition = lakeweave._object_table_definition(target_relation, object_config) -%}

    {{ run_hooks(pre_hooks) }}
    {%- if existing is not none and existing.type != 'external' -%}
        {%- do adapter.drop_relation(existing) -%}
        {%- set existing = none -%}
    {%- endif -%}
    {%- set known = lakeweave._external_state([definition]).get(this | string) -%}
    {%- if known and known.fingerprint == definition.fingerprint and not should_full_refresh() -%}
        {%- call noop_statement('main', 'UNCHANGED', 'UNCHANGED') -%}
            {{ lakeweave._create_external(definition, false)[0] }}
        {%- endcall -%}
    {%- else -%}
        {%- call statement('main') -%}
            {{ lakeweave._create_external(definition, existing is not none)[0] }}
        {%- endcall -%}
    {%- endif -%}
    {%- do apply_grants(target_relation, config.get('grants'), should_revoke=should_revoke(existing, full_refresh_mode=should_full_refresh())) -%}
    {{ run_hooks(post_hooks) }}
    {{ return({'relations': [target_relation]}) }}

{% endmaterialization %}

{% macro _object_table_definition(relation, object_config) -%}
    {%- set uri = lakeweave.place_of_objects(object_config.source, object_config.table).uri ~ '/*' -%}
    {%- set connection = lakeweave.setting('gcs_connection') -%}
    {%- set parts = {'uris': '[' ~ lakeweave.text_literal(uri) ~ ']', 'connection': connection, 'description': model.description | trim} -%}
    {{ return({
        'relation': relation,
        'parts': parts,
        'fingerprint': local_md5(tojson(parts, sort_keys=true)),
        'options': [['object_metadata', "'SIMPLE'"], ['uris', parts.uris]],
        'connection': connection,
    }) }}
{%- endmacro %}

{# https://cloud.google.com/bigquery/docs/object-table-introduction #}
{% macro bigquery___object_table_materialization() -%}
    {{ return('object_table') }}
{%- endmacro %}
