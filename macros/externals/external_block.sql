{# The `external:` block of a source, merged with the block of this engine. #}
{% macro external_block(declared, problems) -%}
    {%- set engines = ['bigquery', 'databricks', 'spark', 'duckdb'] -%}
    {%- set keys = [
        'location', 'file_format', 'options', 'partitions', 'connection', 'dataset_location', 'on_column_change', 'columns_of', 'using',
        'row_format', 'tbl_properties',
    ] -%}
    {%- set block = {'options': {}} -%}
    {%- set own = declared.external.get(lakeweave.engine()) or {} -%}
    {%- for part in [declared.external, own] -%}
        {%- for key in part if part[key] is not none and key not in engines -%}
            {%- if key not in keys -%}
                {%- do problems.append('`external.' ~ key ~ '` is not known; expected one of: ' ~ (keys[:8] + engines) | join(', ') ~ '.') -%}
            {%- elif key == 'options' -%}
                {%- if part.options is not mapping -%}
                    {%- do problems.append('`external.options` is ' ~ tojson(part.options) ~ '; expected names and values.') -%}
                {%- elif part.options and not lakeweave._takes_bigquery_options() and part is not sameas own -%}
                    {%- do block.update({'shared_options': part.options}) -%}
                {%- else -%}
                    {%- do block.options.update(part.options) -%}
                {%- endif -%}
            {%- else -%}
                {%- do block.update({key: part[key]}) -%}
            {%- endif -%}
        {%- endfor -%}
    {%- endfor -%}
    {%- if block.get('on_column_change', 'refuse') not in ('refuse', 'replace') -%}
        {%- do problems.append("`external.on_column_change` is '" ~ block.on_column_change ~ "'; expected refuse or replace.") -%}
    {%- endif -%}
    {{ return(block) }}
{%- endmacro %}
