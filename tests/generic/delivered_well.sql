{#
    The values of a bronze column in the current versions of files: each is one of `values` where they are given, in any case, and present
    unless `or_null`. A version that was replaced does not count, so a corrected file heals the test. Warns of any, fails where
    more than `max_share` of the records fail.
#}
{% test delivered_well(model, column_name, values=none, or_null=false, max_share=0.05) %}
{{ config(warn_if='> 0', error_if='> 0 and max(share) > ' ~ max_share) }}
{%- set source = lakeweave._source_of_bronze(model, 'delivered_well') -%}
{%- set conditions = [] -%}
{%- if not or_null -%}
    {%- do conditions.append('records.' ~ column_name ~ ' is null') -%}
{%- endif -%}
{%- if values -%}
    {%- set literals = [] -%}
    {%- for value in values -%}
        {%- do literals.append(lakeweave.text_literal(value | upper)) -%}
    {%- endfor -%}
    {%- do conditions.append('upper(records.' ~ column_name ~ ') not in (' ~ literals | join(', ') ~ ')') -%}
{%- endif -%}
{%- set failing -%}
select
    records._content_hash as file_id,
    records._record_number as record_number,
    records.{{ column_name }} as delivered_value
from {{ model }} as records
inner join (
    {{ lakeweave._current_files(source) }}
) as current_files on records._content_hash = current_files.file_id
where {{ conditions | join(' or ') or 'false' }}
{%- endset %}
{{ lakeweave.with_share(failing, model) }}
{% endtest %}
