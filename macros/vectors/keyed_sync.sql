{#
    Synchronizes the table of the model below the call with its query, row by row: new keys are inserted, changed rows
    updated, vanished keys deleted, and nothing else is touched. The table itself is never replaced while its columns stay, so
    a vector index on it stays, and on BigQuery a column that the engine fills.

    `autonomous_embedding` (BigQuery): {'column': …, 'source': …, 'model': …} has BigQuery embed the text column `source`
    in the background into `column`, which must not be in the body. See docs/vectors.md.
#}
{% macro keyed_sync(key, autonomous_embedding=none) -%}
    {{- config(materialized='keyed_sync', meta={'keyed_sync': {'key': key, 'autonomous_embedding': autonomous_embedding}}) -}}
    {%- if autonomous_embedding -%}
        {%- set missing = [] -%}
        {%- for name in ['column', 'source', 'model'] if not autonomous_embedding[name] -%}
            {%- do missing.append("`autonomous_embedding." ~ name ~ "` is missing.") -%}
        {%- endfor -%}
        {%- do lakeweave.raise_problems("The call of `keyed_sync` in " ~ (this or 'this model'), missing) -%}
    -- depends_on: {{ ref(autonomous_embedding.model) }}
    {%- endif %}
{% endmacro %}
