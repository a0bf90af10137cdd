{# What the reader needs to know, from the source's YAML. Settings of the table win over those of the source. #}
{% macro _ingestion_spec(table_config, declared, rebuild) -%}
    {%- set meta = lakeweave.source_settings(declared) -%}
    {%- set landing = lakeweave.setting('landing_path') -%}
    {#- YAML reads a bare yes or no as a boolean. -#}
    {%- set header = {'True': 'yes', 'False': 'no', 'None': 'auto'}.get(meta.get('header') | string, meta.get('header')) -%}
    {{ return({
        'source': table_config.source ~ '.' ~ table_config.table,
        'schema': table_config.source,
        'table': table_config.table,
        'folder': landing ~ '/' ~ (meta.get('folder') or (table_config.source ~ '/' ~ table_config.table)),
        'archive': (landing ~ '/' ~ meta.get('archive')) if meta.get('archive') else none,
        'patterns': meta.get('patterns') or ['*'],
        'columns': declared.columns.values() | map(attribute='name') | list,
        'aliases': meta.get('aliases') or {},
        'layout_policy': meta.get('layout_policy') or 'evolve',
        'layouts': meta.get('layouts') or [],
        'header': header,
        'delimiter': meta.get('delimiter'),
        'encoding': meta.get('encoding'),
        'sheet': meta.get('sheet'),
        'key': [meta.get('key')] if meta.get('key') is string else (meta.get('key') or []),
        'max_rejected_share': meta.get('max_rejected_share'),
        'max_record_chars': meta.get('max_record_chars'),
        'batch_bytes': lakeweave.setting('ingestion_batch_bytes'),
        'ledger': lakeweave.ledger_relation('files') | string,
        'reload': rebuild,
    }) }}
{%- endmacro %}
