{#
    A model that can be called. On BigQuery a MODEL object, replaced only when its definition changed: the ledger keeps the
    definition that it was last created with, because a MODEL has no place for it that SQL could read back. Elsewhere a
    relation of one row with the endpoint.
#}
{% materialization remote_model, default, supported_languages=['sql'] %}

    {%- set target_relation = this.incorporate(type='table') -%}
    {%- set existing = load_cached_relation(this) -%}
    {{ lakeweave.run_hooks_outside(pre_hooks) }}
    {{ run_hooks(pre_hooks, inside_transaction=True) }}
    {%- do lakeweave.write_relation(existing, target_relation, sql) -%}
    {{ run_hooks(post_hooks, inside_transaction=True) }}
    {%- do apply_grants(target_relation, config.get('grants'), should_revoke=should_revoke(existing, full_refresh_mode=True)) -%}
    {%- do persist_docs(target_relation, model) -%}
    {%- do adapter.commit() -%}
    {{ lakeweave.run_hooks_outside(post_hooks) }}
    {{ return({'relations': [target_relation]}) }}

{% endmaterialization %}
