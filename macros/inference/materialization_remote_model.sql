{#
    A model that can be called. On BigQuery a MODEL object, replaced only when its definition changed: the ledger keeps the
    definition that it was last created with, because a MODEL has no place for it that SQL could read back. Elsewhere a
    relation of one row that says what stands behind the name.
#}
{% materialization remote_model, default, supported_languages=['sql'] %}

    {%- set target_relation = this.incorporate(type='table') -%}
    {%- set existing = load_cached_relation(this) -%}
    {{ lakeweave._run_hooks_outside(pre_hooks) }}
    {{ run_hooks(pre_hooks, inside_transaction=True) }}
    {%- do lakeweave._write_relation(existing, target_relation, sql) -%}
    {{ run_hooks(post_hooks, inside_transaction=True) }}
    {%- do apply_grants(target_relation, config.get('grants'), should_revoke=should_revoke(existing, full_refresh_mode=True)) -%}
    {%- do persist_docs(target_relation, model) -%}
    {%- do adapter.commit() -%}
    {{ lakeweave._run_hooks_outside(post_hooks) }}
    {{ return({'relations': [target_relation]}) }}

{% endmaterialization %}


{% materialization remote_model, adapter='bigquery', supported_languages=['sql'] %}

    {%- set called = lakeweave._called_model(model.name, model.package_name) -%}
    {%- set version = lakeweave._model_version(called) -%}
    {%- set definition = lakeweave._create_model_sql(called) -%}
    {%- set known = lakeweave.ask(
        "select definition from " ~ lakeweave.ledger_relation('models') ~ " where relation = " ~ lakeweave.text_literal(this)
        ~ " order by created_at desc limit 1",
        []
    ) -%}

    {{ run_hooks(pre_hooks) }}
    {%- if known and known[0][0] == local_md5(definition) and not should_full_refresh() -%}
        {%- call noop_statement('main', 'UNCHANGED', 'UNCHANGED') -%}
            {{ definition }}
        {%- endcall -%}
    {%- else -%}
        {%- call statement('main') -%}
            {{ definition }}
        {%- endcall -%}
        {%- call statement('record') -%}
            insert into {{ lakeweave.ledger_relation('models') }} (
                model, relation, function, model_version, definition, created_at, invocation_id, node_id
            )
            select
                {{ lakeweave.text_literal(called.model) }},
                {{ lakeweave.text_literal(this) }},
                {{ lakeweave.text_literal(called.function) }},
                {{ lakeweave.text_literal(version) }},
                '{{ local_md5(definition) }}',
                {{ lakeweave._now() }},
                '{{ invocation_id }}',
                {{ lakeweave.text_literal(model.unique_id) }}
        {%- endcall -%}
    {%- endif -%}
    {{ run_hooks(post_hooks) }}
    {{ return({'relations': []}) }}

{% endmaterialization %}


{#
    CREATE MODEL: remote over an endpoint or a service, or an imported file.
    https://cloud.google.com/bigquery/docs/reference/standard-sql/bigqueryml-syntax-create-remote-model
    https://cloud.google.com/bigquery/docs/reference/standard-sql/bigqueryml-syntax-create-onnx
#}
{% macro _create_model_sql(called) -%}
    {%- set behind = called.behind -%}
    {%- set given = [] -%}
    {%- for kind in ['endpoint', 'service', 'path'] if behind.get(kind) -%}
        {%- do given.append(kind) -%}
    {%- endfor -%}
    {%- if given | length != 1 -%}
        {%- do exceptions.raise_compiler_error(
            "vars.endpoints." ~ target.type ~ "." ~ called.model ~ " gives " ~ (given | join(' and ') or 'nothing')
            ~ "; expected exactly one of: endpoint, service, path."
        ) -%}
    {%- endif -%}
    {%- if given[0] == 'path' -%}
    {%- set format = (behind.get('format') or 'ONNX') | upper -%}
    {%- if format not in ('ONNX', 'TENSORFLOW', 'TENSORFLOW_LITE') -%}
        {%- do exceptions.raise_compiler_error(
            "vars.endpoints." ~ target.type ~ "." ~ called.model ~ ".format is '" ~ format ~ "'; expected ONNX, TENSORFLOW or TENSORFLOW_LITE."
        ) -%}
    {%- endif -%}
    create or replace model {{ called.relation }}
    options (model_type = '{{ format }}', model_path = {{ lakeweave.text_literal(behind.path) }})
    {%- else -%}
    {%- set connection = behind.get('connection') -%}
    create or replace model {{ called.relation }}
    remote with connection {% if connection and connection | upper != 'DEFAULT' %}`{{ connection }}`{% else %}default{% endif %}
    options ({{ 'endpoint' if given[0] == 'endpoint' else 'remote_service_type' }} = {{ lakeweave.text_literal(behind[given[0]]) }})
    {%- endif -%}
{%- endmacro %}
