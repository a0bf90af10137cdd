{#
    `ledger.externals`: what was made from which definition, and when. The objects carry their fingerprint themselves; this says
    what a fingerprint stood for, and remembers connections, which SQL cannot ask for.
#}
{% macro _externals_ledger() -%}
    {{ return(lakeweave.ledger_relation('externals')) }}
{%- endmacro %}

{# Definitions by fingerprint. #}
{% macro _noted_externals() -%}
    {%- set noted = {} -%}
    {%- if lakeweave._has_externals_ledger() -%}
        {%- for row in lakeweave.fetch_rows('select distinct fingerprint, definition from ' ~ lakeweave._externals_ledger(), []) -%}
            {%- do noted.update({row[0]: row[1]}) -%}
        {%- endfor -%}
    {%- endif -%}
    {{ return(noted) }}
{%- endmacro %}

{% macro _has_externals_ledger() -%}
    {%- set ledger = lakeweave._externals_ledger() -%}
    {{ return(adapter.get_relation(ledger.database, ledger.schema, ledger.identifier) is not none) }}
{%- endmacro %}

{% macro _note_externals(steps) -%}
    {%- set text, moment = dbt.type_string(), dbt.type_timestamp() -%}
    {%- set ledger = lakeweave._externals_ledger() -%}
    {%- do adapter.create_schema(ledger.without_identifier()) -%}
    {%- do lakeweave.execute_statement(lakeweave.create_ledger_table('externals', [
        ('object', text), ('kind', text), ('fingerprint', text), ('definition', text), ('action', text), ('applied_at', moment),
        ('invocation_id', text),
    ])) -%}
    {%- set rows = [] -%}
    {%- for step in steps -%}
        {%- set row -%}
            select
                {{ lakeweave.text_literal(step.object) }} as object,
                {{ lakeweave.text_literal(step.kind) }} as kind,
                {{ lakeweave.text_literal(step.definition.fingerprint) }} as fingerprint,
                {{ lakeweave.text_literal(tojson(step.definition.parts, sort_keys=true)) }} as definition,
                {{ lakeweave.text_literal(step.action) }} as action,
                {{ lakeweave.run_timestamp() }} as applied_at,
                '{{ invocation_id }}' as invocation_id
        {%- endset -%}
        {%- do rows.append(row) -%}
    {%- endfor -%}
    {%- do lakeweave.execute_statement(
        'insert into ' ~ ledger ~ ' (object, kind, fingerprint, definition, action, applied_at, invocation_id)\n' ~ rows | join('\nunion all\n')
    ) -%}
{%- endmacro %}
