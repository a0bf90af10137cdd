{# For the local models: the folder behind each beginning of an address. #}
{% macro local_places() -%}
    {%- set landing = lakeweave.setting('landing_path') -%}
    {{ return({
        lakeweave.setting('landing_gcs') ~ '/': landing ~ '/gcp/',
        lakeweave.setting('landing_s3') ~ '/': landing ~ '/aws/',
    }) }}
{%- endmacro %}
