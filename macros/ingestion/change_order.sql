{#
    What orders the records of change-data capture, oldest first: the commit to the nanosecond, then the full load before the
    changes of the same moment. Within one commit the place in the files decides, which `newest_records` adds. A commit whose time
    was not delivered, or is no timestamp, is the oldest; the ledger counts it as untyped.
#}
{% macro change_order(committed_at='dms_commit_ts', operation='op', formats=none) -%}
    {{ return([
        lakeweave.parse_timestamp(committed_at, formats),
        lakeweave.nanoseconds(committed_at),
        'case when ' ~ operation ~ ' is null then 0 else 1 end',
    ]) }}
{%- endmacro %}
