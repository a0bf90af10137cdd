{#
    An option of this run, such as `sample` or `defer`; none where it is not given. `flags` has `EMPTY` and `FULL_REFRESH`, and neither of these.
    https://docs.getdbt.com/reference/dbt-jinja-functions/flags
#}
{% macro run_option(name) -%}
    {{ return((invocation_args_dict or {}).get(name)) }}
{%- endmacro %}
