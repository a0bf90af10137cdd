{# How files are read on Spark and Databricks: by two readers that must agree; see materialization_ingestion_spark.sql. #}

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
        {%- do literals.append(lakeweave._spark_text(value)) -%}
    {%- endfor -%}
    {{ return(literals | join(', ')) }}
{%- endmacro %}

{# The name of the file that a row is read from, as the ledger has it. #}
{% macro _spark_file_name(spec, files) -%}
    {%- if files | length == 1 -%}
        {{ return(lakeweave._spark_text(files[0].file_name)) }}
    {%- endif -%}
    {{ return("substring(input_file_name(), locate(" ~ lakeweave._spark_text(spec.marker) ~ ", input_file_name()) + " ~ (spec.marker | length) ~ ")") }}
{%- endmacro %}

{# The content's hash, from the file's name. #}
{% macro _spark_file_id(files) -%}
    {%- set pairs = [] -%}
    {%- for file in files -%}
        {%- do pairs.append(lakeweave._spark_text(file.file_name) ~ ", '" ~ file.file_id ~ "'") -%}
    {%- endfor -%}
    {{ return('element_at(map(' ~ pairs | join(', ') ~ '), file_name)') }}
{%- endmacro %}

{% macro _spark_read_texts(spec, files) -%}
    {%- call statement('lines') -%}
        create or replace temporary view {{ spec.view }}__lines (value string) using text
        options (path {{ lakeweave._spark_text(lakeweave._spark_paths(files)) }})
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

{#
    What the columns of the file are: by its header, or by a declared layout where it has none. A header names at least half
    of the declared columns. Names are matched as lakeweave/ingestion/names.py does it, without its compatibility forms.
#}
{% macro _spark_layout(spec, file, first_record) -%}
    {%- set first = first_record.lstrip('\ufeff') -%}
    {%- set known, exact = {}, {} -%}
    {%- for column in spec.columns -%}
        {%- do exact.update({lakeweave._spark_snake_case(column): column}) -%}
    {%- endfor -%}
    {%- do known.update(exact) -%}
    {%- for alias in spec.aliases if lakeweave._spark_snake_case(alias) not in known -%}
        {%- do known.update({lakeweave._spark_snake_case(alias): exact[lakeweave._spark_snake_case(spec.aliases[alias])]}) -%}
    {%- endfor -%}
    {%- set best = namespace(delimiter=none, cells=[], shared=-1) -%}
    {%- set candidates = [spec.delimiter] if spec.delimiter else [',', ';', '\t', '|'] -%}
    {%- for delimiter in candidates -%}
        {%- set cells = lakeweave._spark_split(first, delimiter) -%}
        {%- set shared = [] -%}
        {%- for cell in cells -%}
            {%- set column = known.get(lakeweave._spark_snake_case(cell)) -%}
            {%- if column and column not in shared -%}
                {%- do shared.append(column) -%}
            {%- endif -%}
        {%- endfor -%}
        {%- if shared | length > best.shared -%}
            {%- set best.delimiter = delimiter -%}
            {%- set best.cells = cells -%}
            {%- set best.shared = shared | length -%}
        {%- endif -%}
    {%- endfor -%}
    {%- set layout = {'delimiter': best.delimiter, 'has_header': true, 'names': [], 'columns': {}, 'extras': [], 'changes': [], 'reason': none, 'message': none} -%}

    {%- if spec.header == 'no' or best.shared * 2 < spec.columns | length -%}
        {%- set found = namespace(columns=none) -%}
        {%- for declared in spec.layouts if spec.header != 'yes' and lakeweave._spark_matches(file.file_name, declared.get('pattern', '*')) -%}
            {%- for delimiter in candidates -%}
                {%- if found.columns is none and lakeweave._spark_split(first, delimiter) | length == declared['columns'] | length -%}
                    {%- set found.columns = declared['columns'] -%}
                    {%- do layout.update({'delimiter': delimiter, 'has_header': false}) -%}
                {%- endif -%}
            {%- endfor -%}
        {%- endfor -%}
        {%- if found.columns is none -%}
            {%- do layout.update({
                'reason': 'header_mismatch',
                'message': 'The file has no header that shares at least half of the declared columns, and no declared layout fits. It begins: ' ~ first[:120],
            }) -%}
            {{ return(layout) }}
        {%- endif -%}
        {%- set best.cells = found.columns -%}
    {%- endif -%}

    {%- set order = [] -%}
    {%- set names = [] -%}
    {%- for cell in best.cells -%}
        {%- do names.append(lakeweave._spark_snake_case(cell)) -%}
    {%- endfor -%}
    {# A column that carries the declared name itself goes before one that carries an alias. #}
    {%- set places = {} -%}
    {%- for table in [exact, known] -%}
        {%- for name in names -%}
            {%- if name in table and table[name] not in places.values() and loop.index0 not in places -%}
                {%- do places.update({loop.index0: table[name]}) -%}
            {%- endif -%}
        {%- endfor -%}
    {%- endfor -%}
    {%- set added = {'evolve': 'column added', 'freeze': 'file held', 'discard_row': 'records with a value rejected'}[spec.layout_policy] -%}
    {%- set reserved = ['_content_hash', '_file_name', '_record_number', 'is_duplicate_in_file', 'processed_at'] + spec.columns | map('lower') | list + exact.keys() | list -%}
    {%- for name in names -%}
        {%- set cell = best.cells[loop.index0] -%}
        {%- do layout.names.append(cell) -%}
        {%- if loop.index0 in places -%}
            {%- set column = places[loop.index0] -%}
            {%- do layout.columns.update({column: loop.index0}) -%}
            {%- do order.append(column) -%}
            {%- if name not in exact -%}
                {%- do layout.changes.append({'column': column, 'change': 'renamed', 'action': 'matched by alias', 'message': "Column '" ~ cell ~ "' is read as '" ~ column ~ "'."}) -%}
            {%- endif -%}
        {%- else -%}
            {%- set free = namespace(name=name, number=0) -%}
            {%- for _ in names if free.name in reserved + layout.extras -%}
                {%- set free.number = free.number + 1 -%}
                {%- set free.name = name ~ '_' ~ free.number -%}
            {%- endfor -%}
            {%- if cell | trim == '' -%}
                {%- set change, message = 'empty_name', 'Column ' ~ loop.index ~ ' has no name.' -%}
            {%- elif name in known or name in names[:loop.index0] -%}
                {%- set change, message = 'duplicate', 'Column ' ~ loop.index ~ " repeats the name '" ~ cell ~ "'; it is called '" ~ free.name ~ "'." -%}
            {%- else -%}
                {%- set change, message = 'added', "Column '" ~ cell ~ "' is not declared." -%}
            {%- endif -%}
            {%- do layout.extras.append(free.name) -%}
            {%- do layout.columns.update({free.name: loop.index0}) -%}
            {%- do layout.changes.append({'column': free.name, 'change': change, 'action': added, 'message': message}) -%}
        {%- endif -%}
    {%- endfor -%}
    {%- if layout.has_header -%}
        {%- if order != spec.columns | select('in', order) | list -%}
            {%- do layout.changes.append({'column': none, 'change': 'reordered', 'action': 'matched by name', 'message': 'The columns come as ' ~ order | join(', ') ~ '.'}) -%}
        {%- endif -%}
        {%- for column in spec.columns if column not in layout.columns -%}
            {%- do layout.changes.append({
                'column': column, 'change': 'missing', 'action': 'file held' if spec.layout_policy == 'freeze' or column in spec.key else 'filled with null',
                'message': "The file has no column '" ~ column ~ "'.",
            }) -%}
        {%- endfor -%}
    {%- endif -%}
    {%- set breaking = layout.changes | rejectattr('change', 'in', ['renamed', 'reordered']) | map(attribute='message') | list -%}
    {%- if spec.layout_policy == 'freeze' and breaking -%}
        {%- do layout.update({'reason': 'layout_frozen', 'message': breaking | join(' ')}) -%}
    {%- endif -%}
    {%- set keyless = layout.changes | selectattr('change', 'equalto', 'missing') | map(attribute='column') | select('in', spec.key) | list -%}
    {%- if keyless -%}
        {%- do layout.update({
            'reason': 'key_column_missing',
            'message': "The file lacks the key column(s) '" ~ keyless | join("', '") ~ "', without which no record of it has a row in silver. "
                ~ "If a column has another name here, declare it under `aliases`; if the key is another one, declare the column and the new `key`; otherwise correct the file.",
        }) -%}
    {%- endif -%}
    {{ return(layout) }}
{%- endmacro %}

{% macro _spark_snake_case(name) -%}
    {%- set words = modules.re.sub('([A-Z]+)([A-Z][a-z])', '\\1_\\2', modules.re.sub('([a-z0-9])([A-Z])', '\\1_\\2', name)) -%}
    {%- set words = modules.re.sub('[\\W_]+', '_', words).strip('_').lower()[:120].strip('_') -%}
    {{ return('unnamed' if not words else ('_' ~ words if words[0].isdigit() else words)) }}
{%- endmacro %}

{# The fields of one record. #}
{% macro _spark_split(record, delimiter) -%}
    {%- set separator = modules.re.escape(delimiter) -%}
    {%- set fields = [] -%}
    {%- for quoted, plain in modules.re.findall(separator ~ '(?:("(?:[^"]|"")*")|([^' ~ separator ~ ']*))', delimiter ~ record) -%}
        {%- do fields.append(quoted[1:-1] | replace('""', '"') if quoted else plain) -%}
    {%- endfor -%}
    {{ return(fields) }}
{%- endmacro %}

{# The CSV reader: columns by place, all text. A record whose fields do not fit is marked, not dropped. #}
{% macro _spark_fields(spec, files, layout) -%}
    create or replace temporary view {{ spec.view }}__fields (
        {%- for _ in layout.names %}
        c{{ loop.index0 }} string,
        {%- endfor %}
        _corrupt_record string
    )
    using csv
    options (
        path {{ lakeweave._spark_text(lakeweave._spark_paths(files)) }},
        header '{{ layout.has_header | lower }}',
        multiLine 'true',
        mode 'PERMISSIVE',
        columnNameOfCorruptRecord '_corrupt_record',
        columnPruning 'false',
        sep {{ lakeweave._spark_text(layout.delimiter) }},
        quote '"',
        escape '"',
        encoding '{{ files[0].encoding }}'
    )
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
            regexp_count(concat({{ lakeweave._spark_text(layout.delimiter) }}, raw_text), r'{{ separator ~ field }}') as fields,
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
                when raw_text = {{ lakeweave._spark_text(files[0].header) }} then 'repeated_header'
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

{% macro _spark_with_extra_columns(body, spec, layout) -%}
    {%- if not layout.extras or spec.layout_policy != 'evolve' -%}
        {{ return(body) }}
    {%- endif -%}
    select
        body.*,
        {%- for column in layout.extras %}
        staged.{{ adapter.quote(column) }}{{ ',' if not loop.last }}
        {%- endfor %}
    from ({{ body }}) as body
    inner join {{ spec.view }} as staged
        on body._content_hash = staged._content_hash and body._record_number = staged._record_number
{%- endmacro %}
