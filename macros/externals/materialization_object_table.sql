{#
    An object table over Cloud Storage. It is created once and shows what is in the bucket from then on; a full refresh
    creates it anew, which is what a changed folder or connection needs.
    https://cloud.google.com/bigquery/docs/object-tables
#}
{% materialization object_table, adapter='bigquery', supported_languages=['sql'] %}

    {%- set target_relation = this.incorporate(type='external') -%}
    {%- set existing = load_cached_relation(this) -%}
    {%- set asked = config.get('meta')['object_table'] -%}

    {{ run_hooks(pre_hooks) }}
    {%- if existing is not none and existing.type != 'external' -%}
        {%- do adapter.drop_relation(existing) -%}
        {%- set existing = none -%}
    {%- endif -%}
    {%- call statement('main') -%}
        {{ lakeweave._create_object_table(target_relation, asked, should_full_refresh()) }}
    {%- endcall -%}
    {{ run_hooks(post_hooks) }}
    {{ return({'relations': [target_relation]}) }}

{% endmaterialization %}


{% macro _create_object_table(relation, asked, replace) -%}
    {%- set connection = lakeweave.setting('gcs_connection') -%}
    create {{ 'or replace external table' if replace else 'external table if not exists' }} {{ relation }}
    with connection {% if connection | lower == 'default' %}default{% else %}`{{ connection }}`{% endif %}
    options (
        object_metadata = 'SIMPLE',
        uris = [{{ lakeweave.text_literal(lakeweave._place_of_objects(asked.source, asked.table).uri ~ '/*') }}],
        description = {{ lakeweave.text_literal(model.description | trim) }}
    )
{%- endmacro %}
