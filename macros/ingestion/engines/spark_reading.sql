{# How files are read on Spark and Databricks: by two readers that must agree; see spark.sql. #}

{# Several files as one path. https://hadoop.apache.org/docs/stable/api/org/apache/hadoop/fs/FileSystem.html #}
{% macro _spark_paths(files) -%}
    {%- if files | length == 1 -%}
        {{ return(lakeweave._spark_path(files[0].path)) }}
    {%- endif -%}
    {%- set folders = files[0].path.split('/')[:-1] -%}
    {%- set common = namespace(depth=folders | length) -%}
    {%- for file in files -%}
        {%- for depth in range(common.depth) if depth < common.depth and file.path.split('/')[depth] != folders[depth] -%}
            {%- set common.depth = depth -%}
        {%- endfor -%}
    {%- endfor -%}
    {%- set rests = [] -%}
    {%- for file in files -%}
        {%- do rests.append(file.path.split('/')[common.depth:] | join('/')) -%}
    {%- endfor -%}
    {{ return((folders[:common.depth] | join('/')) ~ '/{' ~ rests | join(',') ~ '}') }}
{%- endmacro %}

{% macro _spark_texts_list(values) -%}
    {%- set literals = [] -%}
    {%- for value in values -%}
        {%- do literals.append(lakeweave.text_literal(value)) -%}
    {%- endfor -%}
    {{ return(literals | join(', ')) }}
{%- endmacro %}

{# The name of the file that a row is read from, as the ledger has it. #}
{% macro _spark_file_name(spec, files) -%}
    {%- if files | length == 1 -%}
        {{ return(lakeweave.text_literal(files[0].file_name)) }}
    {%- endif -%}
    {{ return("substring(input_file_name(), locate(" ~ lakeweave.text_literal(spec.marker) ~ ", input_file_name()) + " ~ (spec.marker | length) ~ ")") }}
{%- endmacro %}

{# The content's hash, from the file's name. #}
{% macro _spark_file_id(files) -%}
    {%- set pairs = [] -%}
    {%- for file in files -%}
        {%- do pairs.append(lakeweave.text_literal(file.file_name) ~ ", '" ~ file.file_id ~ "'") -%}
    {%- endfor -%}
    {{ return('element_at(map(' ~ pairs | join(', ') ~ '), file_name)') }}
{%- endmacro %}

{% macro _spark_read_texts(spec, files) -%}
    {%- call statement('lines') -%}
        create or replace temporary view {{ spec.view }}__lines (value string) using text
        options (path {{ lakeweave.text_literal(lakeweave._spark_paths(files)) }})
    {%- endcall -%}
    {%- call statement('texts') -%}
        {{ lakeweave._spark_texts(spec, files) }}
    {%- endcall -%}
{%- endmacro %}

{#
    The files' records as bare text, by lines put together while a quote is open. `monotonically_increasing_id` grows with
    the place in the file: the parts of one file are numbered in its order.
    https://spark.apache.org/docs/latest/api/sql/index.html#monotonically_increasing_id
#}
{% macro _spark_texts(spec, files) -%}
    {%- set encoding = files[0].encoding -%}
    create or replace temporary view {{ spec.view }}__texts as
    with

    placed as (
        select
            {{ lakeweave._spark_file_name(spec, files) }} as file_name,
            monotonically_increasing_id() as place,
            value,
            regexp_count(value, '"') as quotes
        from {{ spec.view }}__lines
    ),

    marked as (
        select
            file_name,
            row_number() over (partition by file_name order by place) as line_number,
            value,
            coalesce(sum(quotes) over (partition by file_name order by place rows between unbounded preceding and 1 preceding), 0) % 2 = 0 as begins
        from placed
    ),

    numbered as (
        select
            file_name,
            line_number,
            value,
            sum(case when begins then 1 else 0 end) over (
                partition by file_name order by line_number rows between unbounded preceding and current row
            ) as record_number
        from marked
        where not (begins and value = '')
    ),

    texts as (
        select
            file_name,
            record_number,
            min(line_number) as line_number,
            count(*) as lines,
            concat_ws('\n', transform(array_sort(collect_list(struct(line_number, value))), line -> line.value)) as raw_text
        from numbered
        group by file_name, record_number
    )

    select
        file_name,
        record_number,
        line_number,
        lines,
        {%- if encoding | upper == 'UTF-8' %}
        make_valid_utf8(raw_text) as raw_text,
        is_valid_utf8(raw_text) as is_decodable
        {%- else %}
        decode(cast(raw_text as binary), '{{ encoding }}') as raw_text,
        true as is_decodable
        {%- endif %}
    from texts
{%- endmacro %}

{# Both readings side by side, record by record, with the reason where a record is rejected. #}
{% macro _spark_records(spec, files, layout) -%}
    {%- set separator = '\\t' if layout.delimiter == '\t' else modules.re.escape(layout.delimiter) -%}
    {%- set field = '(?:"(?:[^"]++|"")*+"|[^"' ~ separator ~ ']*+)' -%}
    {%- set width = layout.names | length -%}
    create or replace temporary view {{ spec.view }}__records as
    with

    fields as (
        select *, row_number() over (partition by field_file order by place) as field_number
        from (
            select *, {{ lakeweave._spark_file_name(spec, files) }} as field_file, monotonically_increasing_id() as place
            from {{ spec.view }}__fields
        ) as placed
    ),

    texts as (
        select
            file_name as text_file,
            record_number - {{ 1 if layout.has_header else 0 }} as text_number,
            line_number,
            lines,
            raw_text,
            is_decodable,
            regexp_count(concat({{ lakeweave.text_literal(layout.delimiter) }}, raw_text), r'{{ separator ~ field }}') as fields,
            raw_text rlike r'\A{{ field }}(?:{{ separator ~ field }})*+\z' as is_well_formed
        from {{ spec.view }}__texts
        {%- if layout.has_header %}
        where record_number > 1
        {%- endif %}
    ),

    judged as (
        select
            texts.*,
            fields.*,
            coalesce(text_file, field_file) as file_name,
            fields._corrupt_record is not null as is_corrupt,
            not is_well_formed and lines > 1 as is_torn,
            case
                when not is_decodable then 'undecodable_bytes'
                when contains(raw_text, char(0)) then 'nul_byte'
                when not is_well_formed and regexp_count(raw_text, '"') % 2 = 1 then 'unclosed_quote'
                when not is_well_formed then 'malformed_quote'
                when fields < {{ width }} then 'too_few_fields'
                when fields > {{ width }} then 'too_many_fields'
                {%- if layout.has_header %}
                when raw_text = {{ lakeweave.text_literal(files[0].header) }} then 'repeated_header'
                {%- endif %}
                {%- if spec.layout_policy == 'discard_row' and layout.extras %}
                when coalesce({% for column in layout.extras %}nullif(c{{ layout.columns[column] }}, ''){{ ', ' if not loop.last }}{% endfor %}) is not null
                    then 'unexpected_column'
                {%- endif %}
            end as reason
        from texts
        full outer join fields on texts.text_file = fields.field_file and texts.text_number = fields.field_number
    )

    select
        *,
        text_number as record_number,
        row_number() over (
            partition by file_name, reason is null{% for _ in layout.names %}, coalesce(c{{ loop.index0 }}, ''){% endfor %}
            order by text_number
        ) > 1 as is_duplicate_in_file
    from judged
{%- endmacro %}

{# The accepted records under the declared names, where the model's body reads them. #}
{% macro _spark_staged(spec, files, layout) -%}
    create or replace temporary view {{ spec.view }} as
    select
        {%- for column in spec.columns %}
        {{ 'c' ~ layout.columns[column] if column in layout.columns else 'cast(null as string)' }} as {{ adapter.quote(column) }},
        {%- endfor %}
        {%- if spec.layout_policy == 'evolve' %}
        {%- for column in layout.extras %}
        c{{ layout.columns[column] }} as {{ adapter.quote(column) }},
        {%- endfor %}
        {%- endif %}
        {{ lakeweave._spark_file_id(files) }} as _content_hash,
        file_name as _file_name,
        cast(record_number as bigint) as _record_number,
        is_duplicate_in_file
    from {{ spec.view }}__records
    where reason is null and file_name in ({{ lakeweave._spark_texts_list(files | map(attribute='file_name') | list) }})
{%- endmacro %}
