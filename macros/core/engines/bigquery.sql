{# https://cloud.google.com/bigquery/docs/reference/standard-sql/conversion_functions#safe_casting #}
{% macro bigquery__cast_or_null(expression, type) -%}
    safe_cast({{ expression }} as {{ type }})
{%- endmacro %}

{# https://cloud.google.com/bigquery/docs/reference/standard-sql/string_functions#regexp_extract #}
{% macro bigquery__regexp_extract(expression, pattern) -%}
    regexp_extract({{ expression }}, r'{{ pattern }}')
{%- endmacro %}

{# https://cloud.google.com/bigquery/docs/reference/standard-sql/string_functions#regexp_replace #}
{% macro bigquery__regexp_replace(expression, pattern, replacement) -%}
    regexp_replace({{ expression }}, r'{{ pattern }}', r'{{ replacement }}')
{%- endmacro %}

{# https://cloud.google.com/bigquery/docs/reference/standard-sql/lexical#escape_sequences #}
{% macro bigquery__text_literal(text) -%}
    {{ return("'" ~ (text | string | replace("\\", "\\\\") | replace("'", "\\'") | replace("\n", "\\n") | replace("\r", "\\r")) ~ "'") }}
{%- endmacro %}

{# https://cloud.google.com/bigquery/docs/reference/standard-sql/json_functions#json_query_array #}
{% macro bigquery__json_rows(relation, column, path, fields) -%}
    (
        select
            input_rows.*,
            place + 1 as place,
            {% for name, key in fields.items() -%}
            json_value(element, '$.{{ key }}') as {{ name }}{{ ',' if not loop.last }}
            {% endfor -%}
        from {{ relation }} as input_rows
        cross join unnest(json_query_array(safe.parse_json(input_rows.{{ column }}), '$.{{ path }}')) as element with offset as place
    )
{%- endmacro %}

{# https://cloud.google.com/bigquery/docs/reference/standard-sql/json_functions#json_value #}
{% macro bigquery__json_text(column, key) -%}
    json_value(safe.parse_json({{ column }}), '$.{{ key }}')
{%- endmacro %}

{# A session's temporary table would need one session for the whole run; an expiring one does not.
   https://cloud.google.com/bigquery/docs/reference/standard-sql/data-definition-language#create_table_statement #}
{% macro bigquery__create_scratch(relation, sql) -%}
    create or replace table {{ relation }}
    options (expiration_timestamp = timestamp_add(current_timestamp(), interval 12 hour))
    as
    {{ sql }}
{%- endmacro %}

{# https://cloud.google.com/bigquery/docs/reference/standard-sql/string_functions#regexp_contains #}
{% macro bigquery__is_blank(expression) -%}
    not regexp_contains({{ expression }}, r'[^\s\p{Z}\p{Cc}\p{Cf}]')
{%- endmacro %}

{# https://cloud.google.com/bigquery/docs/reference/standard-sql/data-definition-language#create_table_statement #}
{% macro bigquery__write_relation(existing, target_relation, sql) -%}
    {%- if existing is not none and not existing.is_table -%}
        {%- do adapter.drop_relation(existing) -%}
    {%- elif not adapter.is_replaceable(existing, adapter.parse_partition_by(config.get('partition_by', none)), config.get('cluster_by', none)) -%}
        {%- do adapter.drop_relation(existing) -%}
    {%- endif -%}
    {%- call statement('main') -%}
        {{ create_table_as(False, target_relation, sql) }}
    {%- endcall -%}
{%- endmacro %}

{# A table takes few changes of its columns in ten seconds, so all go into one.
   https://cloud.google.com/bigquery/docs/reference/standard-sql/data-definition-language#alter_table_add_column_statement #}
{% macro bigquery___add_columns_sql(relation, columns) -%}
    {%- set added = [] -%}
    {%- for column in columns -%}
        {%- do added.append("add column if not exists " ~ adapter.quote(column[0]) ~ " " ~ column[1]) -%}
    {%- endfor -%}
    {{ return(["alter table " ~ relation ~ " " ~ added | join(', ')]) }}
{%- endmacro %}

{# https://cloud.google.com/bigquery/docs/reference/standard-sql/date_functions#extract #}
{% macro bigquery__iso_week(expression) -%}
    extract(isoweek from {{ expression }})
{%- endmacro %}
