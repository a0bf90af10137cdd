{% macro ledger_tables() -%}
    {%- set text, whole, moment = dbt.type_string(), dbt.type_bigint(), dbt.type_timestamp() -%}
    {{ return({
        'files': [
            ('path', text), ('file_name', text), ('source', text), ('file_id', text), ('version', whole),
            ('bytes', whole), ('stat_key', text), ('format', text), ('encoding', text), ('delimiter', text),
            ('delivered_at', moment), ('records', whole), ('accepted', whole), ('rejected', whole), ('repeats', whole),
            ('state', text), ('reason', text), ('message', text), ('processed_at', moment), ('invocation_id', text),
            ('content_bytes', whole), ('header_bytes', whole), ('record_bytes', whole), ('rejected_bytes', whole),
            ('skipped_bytes', whole), ('encoding_confidence', lakeweave.type_double()),
            ('counted_by', text), ('counted_records', whole),
        ],
        'rejected_records': [
            ('source', text), ('file_id', text), ('file_name', text), ('record_number', whole), ('line_number', whole),
            ('raw_text', text), ('reason', text), ('column_name', text), ('message', text), ('processed_at', moment),
            ('invocation_id', text), ('bytes', whole), ('raw_hash', text),
        ],
        'skipped_spans': [
            ('source', text), ('file_id', text), ('file_name', text), ('reason', text), ('spans', whole), ('start_byte', whole),
            ('bytes', whole), ('line_number', whole), ('message', text), ('processed_at', moment), ('invocation_id', text),
        ],
        'layout_changes': [
            ('source', text), ('file_id', text), ('file_name', text), ('column_name', text), ('change', text),
            ('policy', text), ('action', text), ('message', text), ('processed_at', moment), ('invocation_id', text),
        ],
        'silver_records': [
            ('model_name', text), ('relation', text), ('source', text), ('file_id', text), ('file_name', text),
            ('delivered', whole), ('typed', whole), ('with_untyped_values', whole), ('untyped_keys', whole),
            ('missing_keys', whole), ('superseded', whole), ('filtered', whole), ('repeats', whole), ('unaccounted', whole),
            ('rule', text), ('files_known', whole), ('processed_at', moment), ('invocation_id', text),
        ],
        'untyped_values': [
            ('model_name', text), ('relation', text), ('source', text), ('column_name', text), ('reason', text),
            ('untyped', whole), ('records', whole), ('example_1', text), ('example_2', text), ('example_3', text),
            ('is_masked', dbt.type_boolean()), ('first_file', text), ('processed_at', moment), ('invocation_id', text),
        ],
        'relations': [
            ('node_id', text), ('relation', text), ('version', text), ('parts', text), ('reads', text), ('mark', text),
            ('recorded_at', moment), ('invocation_id', text),
        ],
    }) }}
{%- endmacro %}
