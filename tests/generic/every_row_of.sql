{# Every row of the relation `of` has a row here: each of its values of this column is in the column of the same name. #}
{% test every_row_of(model, column_name, of) %}

select delivered.{{ column_name }}
from {{ of }} as delivered
left join {{ model }} as built on delivered.{{ column_name }} = built.{{ column_name }}
where built.{{ column_name }} is null

{% endtest %}
