{# Clustered, so that a run reads the answers of its own model only: https://cloud.google.com/bigquery/docs/clustered-tables #}
{% macro bigquery___create_response_table(name, columns) -%}
    {{ lakeweave.default___create_response_table(name, columns) }}
    {%- if name == 'model_responses' %}
    cluster by model, fingerprint
    {%- endif %}
{%- endmacro %}

{# https://cloud.google.com/bigquery/docs/reference/standard-sql/hash_functions#sha256 #}
{% macro bigquery__fingerprint(constants, input) -%}
    to_hex(sha256(concat({{ constants }}, {{ input }})))
{%- endmacro %}

{# https://cloud.google.com/bigquery/docs/reference/standard-sql/hash_functions#farm_fingerprint #}
{% macro bigquery___content_mark(columns) -%}
    concat(
        cast(count(*) as string),
        ' ',
        cast(sum(cast(farm_fingerprint(to_json_string(struct({{ columns | join(', ') }}))) as bignumeric)) as string)
    )
{%- endmacro %}

{% materialization remote_model, adapter='bigquery', supported_languages=['sql'] %}

    {%- set called = lakeweave.called_model(model.name, model.package_name) -%}
    {%- set version = lakeweave._model_version(called) -%}
    {%- set definition = lakeweave._create_model_sql(called) -%}
    {%- set known = lakeweave.fetch_rows(
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
    {%- set endpoint_config = called.endpoint_config -%}
    {%- set given = [] -%}
    {%- for kind in ['endpoint', 'service', 'path'] if endpoint_config.get(kind) -%}
        {%- do given.append(kind) -%}
    {%- endfor -%}
    {%- set problems = [] -%}
    {%- if given | length != 1 -%}
        {%- do problems.append("It gives " ~ (given | join(' and ') or 'nothing') ~ "; expected exactly one of: endpoint, service, path.") -%}
    {%- endif -%}
    {%- set format = (endpoint_config.get('format') or 'ONNX') | upper -%}
    {%- if format not in ('ONNX', 'TENSORFLOW', 'TENSORFLOW_LITE') -%}
        {%- do problems.append("`format` is '" ~ format ~ "'; expected ONNX, TENSORFLOW or TENSORFLOW_LITE.") -%}
    {%- endif -%}
    {%- do lakeweave.raise_problems("vars.endpoints." ~ lakeweave.engine() ~ "." ~ called.model, problems) -%}
    {%- if given[0] == 'path' -%}
    create or replace model {{ called.relation }}
    options (model_type = '{{ format }}', model_path = {{ lakeweave.text_literal(endpoint_config.path) }})
    {%- else -%}
    {%- set connection = endpoint_config.get('connection') -%}
    create or replace model {{ called.relation }}
    remote with connection {% if connection and connection | upper != 'DEFAULT' %}`{{ connection }}`{% else %}default{% endif %}
    options ({{ 'endpoint' if given[0] == 'endpoint' else 'remote_service_type' }} = {{ lakeweave.text_literal(endpoint_config[given[0]]) }})
    {%- endif -%}
{%- endmacro %}

{# https://cloud.google.com/bigquery/docs/reference/standard-sql/data-types#array_type #}
{% macro bigquery__type_embedding() -%}
    array<float64>
{%- endmacro %}

{# https://cloud.google.com/bigquery/docs/reference/standard-sql/lexical#comments #}
{% macro bigquery___hash_begins_comment() -%}
    {{ return(true) }}
{%- endmacro %}

{# https://cloud.google.com/bigquery/docs/reference/standard-sql/lexical#string_and_bytes_literals #}
{% macro bigquery___escapes_with_backslashes() -%}
    {{ return(true) }}
{%- endmacro %}

{# https://cloud.google.com/bigquery/pricing#bigquery-ml-pricing #}
{% macro bigquery___billing() -%}
    {{ return('batch') }}
{%- endmacro %}

{# https://cloud.google.com/bigquery/docs/reference/standard-sql/bigqueryml-syntax-ai-count-tokens #}
{% macro bigquery___counts_tokens() -%}
    {{ return(true) }}
{%- endmacro %}

{# https://cloud.google.com/bigquery/docs/reference/standard-sql/data-types#struct_type #}
{% macro bigquery___type_of_object(fields) -%}
    {%- set inner = [] -%}
    {%- for name, type in fields -%}
        {%- do inner.append(name ~ ' ' ~ type) -%}
    {%- endfor -%}
    {{ return('struct<' ~ inner | join(', ') ~ '>') }}
{%- endmacro %}

{# https://cloud.google.com/bigquery/docs/reference/standard-sql/json_functions#json_query #}
{% macro bigquery___json_part(json, path) -%}
    {{ return("json_query(" ~ json ~ ", '" ~ path ~ "')") }}
{%- endmacro %}

{# https://cloud.google.com/bigquery/docs/reference/standard-sql/json_functions#json_query_array #}
{% macro bigquery___is_wrong_array(field, json, path) -%}
    {%- set list = "json_query_array(" ~ json ~ ", '" ~ path ~ "')" -%}
    {%- set inner = field['items'] -%}
    {%- set wrong = lakeweave._is_wrong_value(inner, "json_value(item, '$')") if inner.type != 'object' else '' -%}
    {{ return("(" ~ list ~ " is null or exists (select 1 from unnest(" ~ list ~ ") as item where item = 'null'" ~ (' or ' ~ wrong if wrong) ~ "))") }}
{%- endmacro %}

{% macro bigquery___typed_columns(fields, response) -%}
    {%- set columns = [] -%}
    {%- for field in fields -%}
        {%- do columns.append(lakeweave._bigquery_value(field, response, '$.' ~ field.name, 1) ~ " as " ~ adapter.quote(field.name)) -%}
    {%- endfor -%}
    {{ return(columns) }}
{%- endmacro %}

{# The value of a field at a path of a JSON text; `depth` keeps the names of nested arrays apart. #}
{% macro _bigquery_value(field, json, path, depth) -%}
    {%- if field.type == 'array' -%}
        {%- set item, place = 'item_' ~ depth, 'place_' ~ depth -%}
        {%- set inner = field['items'] -%}
        {{ return("array(select " ~ lakeweave._bigquery_value(inner, item, '$', depth + 1) ~ " from unnest(json_query_array(" ~ json ~ ", '" ~ path
            ~ "')) as " ~ item ~ " with offset as " ~ place ~ " order by " ~ place ~ ")") }}
    {%- elif field.type == 'object' -%}
        {%- set parts = [] -%}
        {%- for each in field.fields -%}
            {%- do parts.append(lakeweave._bigquery_value(each, json, path ~ '.' ~ each.name, depth) ~ ' as ' ~ each.name) -%}
        {%- endfor -%}
        {{ return("if(coalesce(json_query(" ~ json ~ ", '" ~ path ~ "'), 'null') = 'null', null, struct(" ~ parts | join(', ') ~ "))") }}
    {%- endif -%}
    {%- set text = "json_value(" ~ json ~ ", '" ~ path ~ "')" -%}
    {{ return(text if field.type == 'string' else 'safe_cast(' ~ text ~ ' as ' ~ lakeweave._type_of_field(field) ~ ')') }}
{%- endmacro %}
