{#
    What orders the records of change-data capture, oldest first: the commit in its full delivered precision, then the full
    load before the changes of the same moment. Within one commit the place in the files decides, which `newest_records`
    adds. A commit that is no timestamp is the oldest: it never replaces a record that has one.
#}
{% macro change_order(committed_at='dms_commit_ts', operation='op') -%}
    {{ return([
        lakeweave.parse_timestamp(committed_at),
        lakeweave.nanoseconds(committed_at),
        'case when ' ~ operation ~ ' is null then 0 else 1 end',
    ]) }}
{%- endmacro %}
