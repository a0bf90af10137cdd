{# Warns of the files of this run whose columns are not the declared ones, with the ways out. #}
{% macro _warn_layout_changes(source_name) -%}
    {%- set files = {} -%}
    {%- for row in lakeweave.fetch_rows(
        "select file_name, change, column_name, policy, action from " ~ lakeweave.ledger_relation('layout_changes')
        ~ " where source = '" ~ source_name ~ "' and invocation_id = '" ~ invocation_id
        ~ "' and change in ('missing', 'added', 'duplicate', 'empty_name') order by file_name, change, column_name", []
    ) -%}
        {%- set file = files.setdefault(row[0], {'missing': [], 'new': [], 'policy': row[3], 'actions': []}) -%}
        {%- do file['missing' if row[1] == 'missing' else 'new'].append('`' ~ lakeweave._shown_message(row[2]) ~ '`') -%}
        {%- if row[4] not in file.actions -%}
            {%- do file.actions.append(row[4]) -%}
        {%- endif -%}
    {%- endfor -%}
    {%- for name, file in files.items() -%}
        {%- if loop.index <= 5 -%}
            {%- do exceptions.warn(
                source_name ~ ": " ~ lakeweave._shown_name(name) ~ " has another layout than declared"
                ~ ("; missing: " ~ file.missing | join(', ') if file.missing else "")
                ~ ("; new: " ~ file.new | join(', ') if file.new else "")
                ~ " (" ~ file.actions | join(', ') ~ "). A column that has another name now is declared under `aliases`; a new one is "
                ~ "declared under `columns`; `layout_policy` (now " ~ file.policy ~ ") decides about all others. See " ~ lakeweave.shown_relation(lakeweave.ledger_relation('layout_changes')) ~ "."
            ) -%}
        {%- endif -%}
    {%- endfor -%}
    {%- if files | length > 5 -%}
        {%- do exceptions.warn(source_name ~ ": " ~ (files | length - 5) ~ " more files have another layout than declared; see " ~ lakeweave.shown_relation(lakeweave.ledger_relation('layout_changes')) ~ ".") -%}
    {%- endif -%}
{%- endmacro %}
