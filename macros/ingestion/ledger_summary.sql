{# dbt run-operation ledger_summary: what was delivered and what became of it, by source. Changes nothing. #}
{% macro ledger_summary() -%}
    {%- set rows = lakeweave.fetch_rows(
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
    {%- set reasons = lakeweave.fetch_rows(
        "select source, file_name, reason, message from " ~ lakeweave.ledger_relation('files') ~ " where state = 'held' order by source, file_name", []
    ) -%}
    {%- for row in reasons -%}
        {%- do log("held: " ~ row[0] ~ ": " ~ lakeweave._shown_name(row[1]) ~ " (" ~ row[2] ~ ") " ~ lakeweave._shown_message(row[3]), info=True) -%}
    {%- endfor -%}
    {%- set rejected = lakeweave.fetch_rows(
        "select source, reason, count(*) as records from " ~ lakeweave.ledger_relation('rejected_records')
        ~ " group by source, reason order by source, reason", []
    ) -%}
    {%- for row in rejected -%}
        {%- do log("rejected: " ~ row[0] ~ ": " ~ row[2] ~ " record(s), " ~ row[1], info=True) -%}
    {%- endfor -%}
    {%- set layouts = lakeweave.fetch_rows(
        "select source, file_name, change, column_name, action from " ~ lakeweave.ledger_relation('layout_changes')
        ~ " where change in ('missing', 'added', 'duplicate', 'empty_name') order by source, file_name, change, column_name", []
    ) -%}
    {%- for row in layouts -%}
        {%- do log("layout: " ~ row[0] ~ ": " ~ lakeweave._shown_name(row[1]) ~ ": " ~ row[2] ~ " column " ~ lakeweave._shown_message(row[3]) ~ " (" ~ row[4] ~ ")", info=True) -%}
    {%- endfor -%}
    {%- set silver = lakeweave.fetch_rows(
        "select model_name, sum(delivered) as delivered, sum(typed) as typed, sum(with_untyped_values) as with_untyped_values,"
        ~ " sum(untyped_keys) as untyped_keys, sum(missing_keys) as missing_keys, sum(superseded) as superseded,"
        ~ " sum(filtered) as filtered, sum(repeats) as repeats, sum(unaccounted) as unaccounted"
        ~ " from " ~ lakeweave.ledger_relation('silver_records') ~ " group by model_name order by model_name", []
    ) -%}
    {%- for row in silver -%}
        {%- do log(
            "silver: " ~ row[0] ~ ": " ~ row[1] ~ " delivered = " ~ row[2] ~ " typed + " ~ row[3] ~ " with an untyped value + " ~ row[4]
            ~ " with an untyped key + " ~ row[5] ~ " without a key + " ~ row[6] ~ " superseded + " ~ row[7] ~ " filtered + " ~ row[8]
            ~ " repeats" ~ ("; " ~ row[9] ~ " UNACCOUNTED" if row[9] | int > 0 else ""), info=True
        ) -%}
    {%- endfor -%}
    {%- set untyped = lakeweave.fetch_rows(
        "select model_name, column_name, reason, untyped, example_1, first_file from " ~ lakeweave.ledger_relation('untyped_values')
        ~ " order by model_name, column_name, reason", []
    ) -%}
    {%- for row in untyped -%}
        {%- do log(
            "untyped: " ~ row[0] ~ "." ~ lakeweave._shown_message(row[1]) ~ ": " ~ row[3] ~ " (" ~ row[2] ~ ")" ~ (", for example " ~ tojson(row[4]) if row[4] else "")
            ~ ", first in " ~ lakeweave._shown_name(row[5]), info=True
        ) -%}
    {%- endfor -%}
{%- endmacro %}
