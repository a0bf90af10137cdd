{# No value is left that seeds/standard_spellings.csv does not know as a standard of its domain. #}
{% test known_spelling(model, column_name, domain) %}

select {{ column_name }}
from {{ model }}
where {{ column_name }} is not null
    and {{ column_name }} not in (
        select standard from {{ ref('lakeweave', 'standard_spellings') }} where domain = '{{ domain }}'
    )

{% endtest %}
