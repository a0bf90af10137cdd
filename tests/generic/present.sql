{# The column has a value in every row; fails where more than `max_share` of the rows lack it, warns below that. #}
{% test present(model, column_name, max_share=0.05) %}
{{ config(warn_if='> 0', error_if='> 0 and max(share) > ' ~ max_share) }}
{{ lakeweave.with_share('select * from (select ' ~ column_name ~ ' from ' ~ model ~ ') as delivered where ' ~ column_name ~ ' is null', model) }}
{% endtest %}
