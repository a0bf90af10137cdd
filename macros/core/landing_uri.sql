{# Where the warehouses find a source's files: the folder `gcp/inbox/users` of the landing zone is `<landing_gcs>/inbox/users`. #}
{% macro landing_uri(declared) -%}
    {%- set meta = lakeweave.source_settings(declared) -%}
    {%- set folder = meta.get('folder') or (declared.source_name ~ '/' ~ declared.name) -%}
    {%- if folder.startswith('gcp/') -%}
        {{ return(lakeweave.setting('landing_gcs') ~ '/' ~ folder[4:]) }}
    {%- elif folder.startswith('aws/') -%}
        {{ return(lakeweave.setting('landing_s3') ~ '/' ~ folder[4:]) }}
    {%- endif -%}
    {{ return(folder) }}
{%- endmacro %}
