{# dbt run-operation ledger_summary: what was delivered and what became of it, by source. Changes nothing. #}
{% macro ledger_summary() -%}
    {%- set rows = lakeweave.ask(
        "select source, state, count(*) as files, coalesce(sum(records), 0) as records, coalesce(sum(accepted), 0) as accepted,"
        ~ " coalesce(sum(rejected), 0) as rejected, coalesce(sum(repeats), 0) as repeats"
        ~ " from " ~ lakeweave.ledger_relation('files') ~ " group by source, state order by source, state", []
    ) -%}
    {%- if rows | length == 0 -%}
        {%- do log("The ledger is empty: nothing was delivered yet.", info=True) -%}
        {{ return('') }}
    {%- endif -%}
    {%- do log("%-34s %-9s %7s %12s %12s %10s %10s" | format('source', 'state', 'files', 'records', 'accepted', 'rejected', 'repeats'), info=True) -%}
    {%- for row in rows -%}
        {%- do log("%-34s %-9s %7d %12d %12d %10d %10d" | format(row[0], row[1], row[2], row[3], row[4], row[5], row[6]), info=True) -%}
    {%- endfor -%}
    {%- set reasons = lakeweave.ask(
        "select source, file_name, reason, message from " ~ lakeweave.ledger_relation('files') ~ " where state = 'held' order by source, file_name", []
    ) -%}
    {%- for row in reasons -%}
        {%- do log("held: " ~ row[0] ~ ": " ~ lakeweave._shown_name(row[1]) ~ " (" ~ row[2] ~ ") " ~ lakeweave._shown_message(row[3]), info=True) -%}
    {%- endfor -%}
    {%- set rejected = lakeweave.ask(
        "select source, reason, count(*) as records from " ~ lakeweave.ledger_relation('rejected_records')
        ~ " group by source, reason order by source, reason", []
    ) -%}
    {%- for row in rejected -%}
        {%- do log("rejected: " ~ row[0] ~ ": " ~ row[2] ~ " record(s), " ~ row[1], info=True) -%}
    {%- endfor -%}
{%- endmacro %}
