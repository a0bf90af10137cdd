{#
    Describes a model that can be called, from its node: name, function, its endpoint on this target,
    and its relation. None when there is no such node or it is not a remote model.
#}
{% macro called_model(name, package_name=none) -%}
    {%- for node in graph.nodes.values() if node.resource_type == 'model' and node.name == name -%}
        {%- set described = node.config.meta.get('remote_model') -%}
        {%- if described and (package_name is none or node.package_name == package_name) -%}
            {%- set endpoint_config = described.endpoint_config or {} -%}
            {{ return({
                'model': name,
                'function': described.function,
                'version': described.version,
                'max_input_characters': described.max_input_characters,
                'endpoint_config': endpoint_config,
                'relation': api.Relation.create(database=node.database, schema=node.schema, identifier=node.alias),
                'unique_id': node.unique_id,
            }) }}
        {%- endif -%}
    {%- endfor -%}
    {{ return(none) }}
{%- endmacro %}

{# The version that answers: part of every fingerprint. #}
{% macro _model_version(called) -%}
    {{ return(adapter.dispatch('_model_version', 'lakeweave')(called)) }}
{%- endmacro %}

{# A warehouse's model is its endpoint, service or imported file, and the project's own mark. #}
{% macro default___model_version(called) -%}
    {%- set endpoint_config = called.endpoint_config -%}
    {%- set stands = endpoint_config.get('endpoint') or endpoint_config.get('service') or endpoint_config.get('path') -%}
    {%- if not stands -%}
        {%- do exceptions.raise_compiler_error(
            "The model `" ~ called.model ~ "` has no endpoint on `" ~ lakeweave.engine() ~ "`. There is no default: set it in dbt_project.yml, "
            ~ "e.g. vars: {endpoints: {" ~ lakeweave.engine() ~ ": {" ~ called.model ~ ": <endpoint>}}}."
        ) -%}
    {%- endif -%}
    {{ return(stands ~ ('#' ~ called.version if called.version else '')) }}
{%- endmacro %}

{# The model's specification for the local functions, as JSON. `more` adds keys. #}
{% macro _model_spec(called, more={}) -%}
    {%- set spec = {'model': called.model} -%}
    {%- if called.endpoint_config.get('path') -%}
        {%- do spec.update({'path': called.endpoint_config.path}) -%}
    {%- endif -%}
    {%- if called.endpoint_config.get('rules') -%}
        {%- do spec.update({'rules': called.endpoint_config.rules}) -%}
    {%- endif -%}
    {%- do spec.update(more) -%}
    {{ return(tojson(spec, sort_keys=true)) }}
{%- endmacro %}

{# The one row with the endpoint of a model. #}
{% macro _model_row(called) -%}
    {{ return(adapter.dispatch('_model_row', 'lakeweave')(called)) }}
{%- endmacro %}

{% macro default___model_row(called) -%}
    {%- set endpoint_config = called.endpoint_config -%}
    select
        {{ lakeweave.text_literal(called.model) }} as model,
        {{ lakeweave.text_literal(called.function) }} as function,
        {{ lakeweave.text_literal(endpoint_config.get('endpoint') or endpoint_config.get('service') or endpoint_config.get('path') or '') }} as endpoint,
        {{ lakeweave.text_literal(lakeweave._model_version(called)) }} as model_version,
        {{ lakeweave.text_literal(tojson(endpoint_config, sort_keys=true)) }} as options
{%- endmacro %}

{# A model that cannot answer ends the node with one sentence, before a statement calls the model. #}
{% macro _refuse_unready_model(called) -%}
    {{ return(adapter.dispatch('_refuse_unready_model', 'lakeweave')(called)) }}
{%- endmacro %}

{# Elsewhere the engine or the service says so. #}
{% macro default___refuse_unready_model(called) -%}
    {{ return('') }}
{%- endmacro %}
