{% macro ledger_tables() -%}
    {%- set string_type, bigint_type, timestamp_type = dbt.type_string(), dbt.type_bigint(), dbt.type_timestamp() -%}
    {{ return({
        'files': [
            ('path', string_type), ('file_name', string_type), ('source', string_type), ('file_id', string_type),
            ('version', bigint_type), ('bytes', bigint_type), ('stat_key', string_type), ('format', string_type),
            ('encoding', string_type), ('delimiter', string_type), ('delivered_at', timestamp_type),
            ('records', bigint_type), ('accepted', bigint_type), ('rejected', bigint_type), ('repeats', bigint_type),
            ('state', string_type), ('reason', string_type), ('message', string_type), ('processed_at', timestamp_type),
            ('invocation_id', string_type), ('content_bytes', bigint_type), ('header_bytes', bigint_type),
            ('record_bytes', bigint_type), ('rejected_bytes', bigint_type), ('skipped_bytes', bigint_type),
            ('encoding_confidence', lakeweave.type_double()), ('counted_by', string_type), ('counted_records', bigint_type),
        ],
        'rejected_records': [
            ('source', string_type), ('file_id', string_type), ('file_name', string_type), ('record_number', bigint_type),
            ('line_number', bigint_type), ('raw_text', string_type), ('reason', string_type), ('column_name', string_type),
            ('message', string_type), ('processed_at', timestamp_type), ('invocation_id', string_type),
            ('bytes', bigint_type), ('raw_hash', string_type),
        ],
        'skipped_spans': [
            ('source', string_type), ('file_id', string_type), ('file_name', string_type), ('reason', string_type),
            ('spans', bigint_type), ('start_byte', bigint_type), ('bytes', bigint_type), ('line_number', bigint_type),
            ('message', string_type), ('processed_at', timestamp_type), ('invocation_id', string_type),
        ],
        'layout_changes': [
            ('source', string_type), ('file_id', string_type), ('file_name', string_type), ('column_name', string_type),
            ('change', string_type), ('policy', string_type), ('action', string_type), ('message', string_type),
            ('processed_at', timestamp_type), ('invocation_id', string_type),
        ],
        'silver_records': [
            ('model_name', string_type), ('relation', string_type), ('source', string_type), ('file_id', string_type),
            ('file_name', string_type), ('delivered', bigint_type), ('typed', bigint_type),
            ('with_untyped_values', bigint_type), ('untyped_keys', bigint_type), ('missing_keys', bigint_type),
            ('superseded', bigint_type), ('filtered', bigint_type), ('repeats', bigint_type), ('unaccounted', bigint_type),
            ('rule', string_type), ('files_known', bigint_type), ('processed_at', timestamp_type),
            ('invocation_id', string_type),
        ],
        'untyped_values': [
            ('model_name', string_type), ('relation', string_type), ('source', string_type), ('column_name', string_type),
            ('reason', string_type), ('untyped', bigint_type), ('records', bigint_type), ('example_1', string_type),
            ('example_2', string_type), ('example_3', string_type), ('is_masked', dbt.type_boolean()),
            ('first_file', string_type), ('processed_at', timestamp_type), ('invocation_id', string_type),
        ],
        'relations': [
            ('node_id', string_type), ('relation', string_type), ('version', string_type), ('parts', string_type),
            ('reads', string_type), ('mark', string_type), ('recorded_at', timestamp_type), ('invocation_id', string_type),
        ],
    }) }}
{%- endmacro %}
