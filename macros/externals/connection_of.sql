{#
    The connection that the `external:` block names, or else the project's connection for the cloud. None for Google Sheets and for
    `connection: none`. https://cloud.google.com/bigquery/docs/connections-api-intro
#}
{% macro connection_of(block, uris, format) -%}
    {%- set said = block.get('connection') or block.options.get('connection_name') -%}
    {%- if said -%}
        {{ return(none if said | string | lower == 'none' else said | string | replace('`', '')) }}
    {%- elif format == 'google_sheets' -%}
        {{ return(none) }}
    {%- endif -%}
    {{ return(lakeweave.setting('aws_connection' if uris[0].startswith('s3://') else 'gcs_connection')) }}
{%- endmacro %}
