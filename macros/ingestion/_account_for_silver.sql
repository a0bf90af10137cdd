{#
    The account of a silver model, as its post-hook: where every record of bronze is (`ledger.silver_records`, a row for each
    delivered content) and which delivered values could not be typed (`ledger.untyped_values`, a row for each column and
    reason). Both are a function of bronze, the file ledger and the model's table, so a rerun, another order of deliveries
    and a rebuild give the same account. They are written again when the file ledger has changed since the last account.
#}
{% macro _account_for_silver() -%}
    {# With `--empty` no record of bronze was read, and a clone has no body. There is nothing to account for. #}
    {%- if not execute or flags.EMPTY or flags.WHICH == 'clone' -%}
        {{ return('') }}
    {%- endif -%}
    {%- set rows = lakeweave._remembered_of_silver('rows') -%}
    {%- set account = lakeweave.ledger_relation('silver_records') -%}
    {%- set known = lakeweave.fetch_rows(
        "select files.known, accounts.files_known from (select count(*) as known from " ~ lakeweave.ledger_relation('files')
        ~ " where source = '" ~ rows.source ~ "') as files cross join (select max(files_known) as files_known from " ~ account
        ~ " where model_name = '" ~ model.name ~ "') as accounts", [[0, none]]
    )[0] -%}
    {%- if known[1] is not none and known[0] | int == known[1] | int and model.config.materialized != 'table' -%}
        {{ return('') }}
    {%- endif -%}
    {%- do lakeweave._require_account_columns(adapter.get_columns_in_relation(this) | map(attribute='name') | map('lower') | list) -%}
    {%- for name in ['silver_records', 'untyped_values'] -%}
        {%- call statement('forget_' ~ name) -%}
            delete from {{ lakeweave.ledger_relation(name) }} where model_name = '{{ model.name }}'
        {%- endcall -%}
    {%- endfor -%}
    {%- call statement('account_for_records') -%}
        {{ lakeweave._account_for_records(rows, known[0]) }}
    {%- endcall -%}
    {%- set found = lakeweave.fetch_rows(
        "select sum(with_untyped_values) as with_untyped_values, sum(untyped_keys + missing_keys) as without_key, sum(unaccounted) as unaccounted,"
        ~ " sum(typed) + sum(with_untyped_values) as records, sum(superseded + filtered) as left_out from " ~ account
        ~ " where model_name = '" ~ model.name ~ "'", [[0, 0, 0, 0, 0]]
    )[0] -%}
    {%- set order_keys = lakeweave._order_keys(rows) if (found[4] or 0) | int > 0 else [] -%}
    {%- if (found[0] or 0) | int + (found[1] or 0) | int > 0 or order_keys -%}
        {%- call statement('account_for_values') -%}
            {{ lakeweave._account_for_values(rows, (found[0] or 0) | int > 0, (found[1] or 0) | int > 0, order_keys, (found[3] or 0) | int) }}
        {%- endcall -%}
        {%- do lakeweave._warn_of_untyped_values() -%}
    {%- endif -%}
    {%- if (found[2] or 0) | int > 0 -%}
        {%- do exceptions.warn(
            model.name ~ ": " ~ found[2] ~ " record(s) of bronze are in no account: their keys are in no row and no rule leaves them "
            ~ "out. See " ~ lakeweave.shown_relation(lakeweave.ledger_relation('silver_records')) ~ "; a build with --full-refresh reads all records again."
        ) -%}
    {%- endif -%}
    {{ return('') }}
{%- endmacro %}

{# Names each column with untyped values, their count and up to three of them. #}
{% macro _warn_of_untyped_values() -%}
    {%- for row in lakeweave.fetch_rows(
        "select column_name, reason, untyped, records, example_1, example_2, example_3, first_file from " ~ lakeweave.ledger_relation('untyped_values')
        ~ " where model_name = '" ~ model.name ~ "' order by column_name, reason", []
    ) -%}
        {%- set examples = [row[4], row[5], row[6]] | reject('none') | map('tojson') | join(', ') -%}
        {%- do exceptions.warn(
            model.name ~ ": " ~ row[2] ~ " value(s) of `" ~ lakeweave._shown_message(row[0]) ~ "` in " ~ row[3] ~ " records are untyped (" ~ row[1] ~ ")"
            ~ (", for example " ~ examples if examples else "") ~ "; first in " ~ lakeweave._shown_name(row[7]) ~ ". See " ~ lakeweave.shown_relation(lakeweave.ledger_relation('untyped_values')) ~ "."
        ) -%}
    {%- endfor -%}
{%- endmacro %}
