{% materialization test, default %}
    {{ return(lakeweave._verdict_once(dbt.materialization_test_default)) }}
{% endmaterialization %}

{% materialization unit, default %}
    {%- do lakeweave.declare_lookups(sql, (model.extra_ctes or []) | map(attribute='sql') | list) -%}
    {{ return(lakeweave._unit_verdict_once(dbt.materialization_unit_default)) }}
{% endmaterialization %}

{# dbt shows the first rows of a seed with `--show`, and reads them from the file. #}
{% macro _computed_once_seed(build) -%}
    {%- if flags.SHOW -%}
        {{ return(build()) }}
    {%- endif -%}
    {%- do store_result('agate_table', response='OK') -%}
    {{ return(lakeweave._computed_once(build, (model.checksum or {}).get('checksum') | string)) }}
{%- endmacro %}
