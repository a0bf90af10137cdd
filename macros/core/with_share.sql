{#
    For a generic test: its failing rows, each with `share`, the part of the rows of `model` that fail. The test warns of any
    and fails above `max_share`:

        config(warn_if='> 0', error_if='> 0 and max(share) > ' ~ max_share)

    A table that stands before others has such tests, so that one bad value among millions is a warning and does not stop the build.
#}
{% macro with_share(failing, model) -%}
    select
        failing.*,
        cast(count(*) over () as {{ lakeweave.type_double() }}) / (select count(*) from {{ model }}) as share
    from (
        {{ failing | indent(8) }}
    ) as failing
{%- endmacro %}
