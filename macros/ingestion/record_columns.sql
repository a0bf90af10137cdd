{# The columns that say where a bronze record came from and when it was taken in; last in every bronze model. #}
{% macro record_columns() -%}
        is_duplicate_in_file,
        {{ lakeweave.run_timestamp() }} as processed_at,
        _content_hash,
        {{ '_file_name as ' if model.resource_type == 'unit_test' }}{{ lakeweave.file_name_column() }},
        _record_number
{%- endmacro %}
