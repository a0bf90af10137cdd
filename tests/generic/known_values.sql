{# Every value of the column is one of `values`; fails where more than `max_share` of the rows have another, warns below that. #}
{% test known_values(model, column_name, values, max_share=0.05) %}
{{ config(warn_if='> 0', error_if='> 0 and max(share) > ' ~ max_share) }}
{%- set literals = [] -%}
{%- for value in values -%}
    {%- do literals.append(lakeweave.text_literal(value)) -%}
{%- endfor -%}
{%- set failing -%}
select {{ column_name }}
from {{ model }}
where {{ column_name }} is not null and {{ column_name }} not in ({{ literals | join(', ') }})
{%- endset %}
{{ lakeweave.with_share(failing, model) }}
{% endtest %}
