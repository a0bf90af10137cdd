{# Values that are not NULL are between min_value and max_value, both included. Fails when more than `max_share` of the rows have another value, warns below that. #}
{% test accepted_range(model, column_name, min_value, max_value, max_share=0) %}
{{ config(warn_if='> 0', error_if='> 0 and max(share) > ' ~ max_share) }}
{%- set failing -%}
select {{ column_name }}
from {{ model }}
where {{ column_name }} < {{ min_value }} or {{ column_name }} > {{ max_value }}
{%- endset %}
{{ lakeweave.with_share(failing, model) }}
{% endtest %}
