{#
    Every delivered date is a date of the calendar in one of the `formats` (as strptime has them). `delivered` is the bronze model.
    Says which values are not, and what to do.
#}
{% test delivered_as_date(model, column_name, delivered, formats, delivered_column=none, max_share=0.05, pivot=none) %}
{{ config(warn_if='> 0', error_if='> 0 and max(share) > ' ~ max_share) }}
{%- set delivered_column = delivered_column or column_name -%}
{%- set impossible -%}
select records.{{ delivered_column }}, records._record_number
from {{ model }} as typed
inner join {{ delivered }} as records
    on typed._content_hash = records._content_hash and typed._record_number = records._record_number
where typed.{{ column_name }} is null
    and records.{{ delivered_column }} is not null
    and {{ lakeweave.parse_timestamp('records.' ~ delivered_column, formats, pivot) }} is null
{%- endset -%}
{%- do lakeweave.explain_failure(
    "select " ~ delivered_column ~ ", count(*) from (" ~ impossible ~ ") as impossible group by " ~ delivered_column ~ " order by 2 desc, 1 limit 5",
    column_name ~ " of " ~ model ~ " is NULL where a value was delivered that is no date in the format " ~ formats | join(' or ') ~ " (value, records)",
    "Ask the source for a corrected delivery, or give the model the format that it uses; nothing was guessed, the rows are kept without a date.",
    max_share,
    model
) -%}
{{ lakeweave.with_share(impossible, model) }}
{% endtest %}
