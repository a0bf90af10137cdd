{#
    Every value of the column is in the column `field` of the relation `to`; fails where more than `max_share` of the rows have
    a value that is not, warns below that.
#}
{% test refers_to(model, column_name, to, field, max_share=0.05) %}
{{ config(warn_if='> 0', error_if='> 0 and max(share) > ' ~ max_share) }}
{%- set failing -%}
select referring.{{ column_name }} as {{ column_name }}
from {{ model }} as referring
left join {{ to }} as referred on referring.{{ column_name }} = referred.{{ field }}
where referring.{{ column_name }} is not null and referred.{{ field }} is null
{%- endset %}
{{ lakeweave.with_share(failing, model) }}
{% endtest %}
