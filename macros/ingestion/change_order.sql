{#
    What orders the records of change-data capture, oldest first: the commit, then the full load before the changes of the
    same moment. Within one commit the place in the files decides, which `newest_records` adds.
#}
{% macro change_order(committed_at='dms_commit_ts', operation='op') -%}
    {{ return([
        lakeweave.cast_or_null(committed_at, dbt.type_timestamp()),
        'case when ' ~ operation ~ ' is null then 0 else 1 end',
    ]) }}
{%- endmacro %}
