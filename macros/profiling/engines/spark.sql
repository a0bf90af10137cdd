{# https://spark.apache.org/docs/latest/api/sql/index.html#to_json #}
{% macro spark___profile_text(column, kind) -%}
    {%- if kind == 'nested' -%}
        case when {{ column }} is not null then to_json(struct({{ column }})) end
    {%- else -%}
        {{ lakeweave.default___profile_text(column, kind) }}
    {%- endif -%}
{%- endmacro %}

{# https://spark.apache.org/docs/latest/sql-ref-syntax-qry-select-like.html #}
{% macro spark___profile_matches(expression, pattern) -%}
    {{ expression }} rlike r'{{ pattern }}'
{%- endmacro %}

{#
    No aggregate of Spark takes the first few by an order without collecting all, so the order comes from `_profile_order`.
    https://spark.apache.org/docs/latest/api/sql/index.html#collect_list
#}
{% macro spark___profile_most_frequent() -%}
    to_json(slice(array_sort(collect_list(
        case
            when shown is not null and frequency_order <= 6
                then named_struct('place', frequency_order, 'value', substr(shown, 1, 80), 'count', occurrences)
        end
    )), 1, 5))
{%- endmacro %}

{# https://spark.apache.org/docs/latest/sql-ref-syntax-qry-select-window.html #}
{% macro spark___profile_order() -%}
    row_number() over (order by occurrences desc, shown asc)
{%- endmacro %}
