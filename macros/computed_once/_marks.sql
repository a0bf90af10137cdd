{#
    The state of a relation as a node reads it, or none where nothing can be known. A mark is kept for the run only once the node that
    builds the relation is done: when one of its children asks, or where it is not part of the run.
#}
{% macro _mark_as_read(name, parents) -%}
    {%- if name.startswith('objects ') -%}
        {{ return(lakeweave._mark_of_objects(name[8:])) }}
    {%- endif -%}
    {%- set memory = lakeweave._version_memory() -%}
    {%- set owner = memory.owners.get(name) -%}
    {%- if owner is none -%}
        {{ return(lakeweave._mark_of_others(name)) }}
    {%- endif -%}
    {%- set is_running = owner.node_id in selected_resources -%}
    {%- if is_running and owner.node_id not in parents -%}
        {{ return(none) }}
    {%- endif -%}
    {%- if name not in memory.marks -%}
        {%- do memory.marks.update({name: lakeweave._mark_of_relation(
            api.Relation.create(database=owner.database, schema=owner.schema, identifier=owner.alias), owner.parents
        )}) -%}
    {%- endif -%}
    {{ return(memory.marks[name]) }}
{%- endmacro %}

{# A relation that no node of the project builds. It is read each time: a node of this run may write it. #}
{% macro _mark_of_others(name) -%}
    {%- set words = name.split('.') -%}
    {%- set recorded = lakeweave.ledger_relation('relations') -%}
    {%- if words | length != 3 or name == lakeweave._name_of_relation(recorded.database, recorded.schema, recorded.identifier) -%}
        {{ return(none) }}
    {%- endif -%}
    {{ return(lakeweave._mark_of_relation(api.Relation.create(database=words[0], schema=words[1], identifier=words[2]), [])) }}
{%- endmacro %}

{# What the engine knows of the state of a relation, as text; none where the relation is absent or the engine does not know. #}
{% macro _mark_of_relation(relation, parents) -%}
    {%- set existing = load_cached_relation(relation) -%}
    {%- if existing is none -%}
        {{ return(none) }}
    {%- endif -%}
    {{ return(lakeweave._mark_of_existing(existing, parents)) }}
{%- endmacro %}

{% macro _mark_of_existing(relation, parents) -%}
    {{ return(adapter.dispatch('_mark_of_existing', 'lakeweave')(relation, parents)) }}
{%- endmacro %}

{% macro default___mark_of_existing(relation, parents) -%}
    {{ return(none) }}
{%- endmacro %}

{# The files of a folder, as an object table lists them. #}
{% macro _mark_of_objects(place) -%}
    {{ return(adapter.dispatch('_mark_of_objects', 'lakeweave')(place)) }}
{%- endmacro %}

{% macro default___mark_of_objects(place) -%}
    {{ return(none) }}
{%- endmacro %}

{# Whether a build has changed nothing, by the marks before and after it. #}
{% macro _settled(relation, before, after) -%}
    {{ return(adapter.dispatch('_settled', 'lakeweave')(relation, before, after)) }}
{%- endmacro %}

{% macro default___settled(relation, before, after) -%}
    {{ return(before == after) }}
{%- endmacro %}

{# Rows of `ledger.relations` about how the engine keeps the relations that were read whole in this run. #}
{% macro _record_storage() -%}
    {{ return(adapter.dispatch('_record_storage', 'lakeweave')() or []) }}
{%- endmacro %}

{% macro default___record_storage() -%}
    {{ return([]) }}
{%- endmacro %}

{# Whether this engine tells what is needed to skip a relation. #}
{% macro _engine_keeps_marks() -%}
    {{ return(adapter.dispatch('_engine_keeps_marks', 'lakeweave')()) }}
{%- endmacro %}

{% macro default___engine_keeps_marks() -%}
    {{ return(false) }}
{%- endmacro %}

{# The version of the engine, the settings that shape a result, and the code outside of the project. #}
{% macro _engine_environment() -%}
    {{ return(adapter.dispatch('_engine_environment', 'lakeweave')()) }}
{%- endmacro %}

{% macro default___engine_environment() -%}
    {{ return('') }}
{%- endmacro %}
