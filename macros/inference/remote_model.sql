{#
    Makes a file of models/ml a model that can be called: it is a node, so that lineage shows its dependants. The project
    sets its endpoint by target and model name. There is no default:

        vars:
          endpoints:
            bigquery:
              gemini: {endpoint: gemini-3.1-flash-lite, connection: us.gemini}
              vision: {service: CLOUD_AI_VISION_V1, connection: us.vision}
              yoga_pose: {path: "gs://bucket/yoga.onnx", format: ONNX}
            databricks:
              gemini: databricks-meta-llama-3-3-70b-instruct
            duckdb:
              yoga_pose: {path: lakeweave/models/yoga.onnx}
              gemini: {rules: my_rules}

    On DuckDB and on Spark the profile says which local model answers; `rules` is a Python module of rules for its backend
    `offline`. `version` is the project's own mark:
    a new one makes every answer of this model new content.
#}
{% macro remote_model(function, version=none, max_input_characters=none, endpoint=none) -%}
    {%- set functions = lakeweave._inference_functions() -%}
    {%- set problems = [] -%}
    {%- if function not in functions -%}
        {%- do problems.append("`function` is " ~ tojson(function | string) ~ "; expected one of: " ~ functions | join(', ') ~ ".") -%}
    {%- endif -%}
    {%- if version is not none and (version is not string or '#' in version) -%}
        {%- do problems.append("`version` is " ~ tojson(version | string) ~ "; expected a text without '#'.") -%}
    {%- endif -%}
    {%- if max_input_characters is not none and (max_input_characters is not integer or max_input_characters < 1) -%}
        {%- do problems.append("`max_input_characters` is " ~ tojson(max_input_characters | string) ~ "; expected a whole number of at least 1.") -%}
    {%- endif -%}
    {%- for name in kwargs -%}
        {%- do problems.append("`" ~ name ~ "` is not an argument; expected: function, version, max_input_characters, endpoint.") -%}
    {%- endfor -%}
    {%- set endpoint_config = endpoint or var('endpoints', {}).get(lakeweave.engine(), {}).get(model.name) or {} -%}
    {%- if endpoint_config is string -%}
        {%- set endpoint_config = {'path' if function == 'predict_image' and lakeweave.is_local_engine() else 'endpoint': endpoint_config} -%}
    {%- endif -%}
    {%- set known = ['endpoint', 'service', 'path', 'format', 'connection', 'rules'] -%}
    {%- for name in endpoint_config if name not in known -%}
        {%- do problems.append("vars.endpoints." ~ lakeweave.engine() ~ "." ~ model.name ~ " has `" ~ name ~ "`; expected: " ~ known | join(', ') ~ ".") -%}
    {%- endfor -%}
    {%- do lakeweave.raise_problems("The call of `remote_model` in " ~ model.name, problems) -%}
    {{- config(
        materialized='remote_model',
        meta={'remote_model': {
            'function': function,
            'version': version,
            'max_input_characters': max_input_characters,
            'endpoint_config': endpoint_config,
        }}
    ) -}}
    {%- if execute -%}
        {{ lakeweave._model_row(lakeweave.called_model(model.name, model.package_name)) }}
    {%- else -%}
        select 1 as nothing
    {%- endif -%}
{%- endmacro %}
