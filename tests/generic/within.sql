{# Every value that is there lies between two bounds, both included. Fails where more than `max_share` of the rows have another, warns below that. #}
{% test within(model, column_name, at_least, at_most, max_share=0) %}
{{ config(warn_if='> 0', error_if='> 0 and max(share) > ' ~ max_share) }}
{%- set failing -%}
select {{ column_name }}
from {{ model }}
where {{ column_name }} < {{ at_least }} or {{ column_name }} > {{ at_most }}
{%- endset %}
{{ lakeweave.with_share(failing, model) }}
{% endtest %}
