{# The header of a file and the declared columns: the counterpart of lakeweave/ingestion/layout.py and names.py. #}

{#
    What the columns of the file are: by its header, or by a declared layout where it has none. A header names at least half
    of the declared columns. Names are matched as in lakeweave/ingestion/layout.py; tests/python/unit/test_layout_cases.py has the cases of both.
#}
{% macro _spark_layout(spec, file, first_record) -%}
    {%- set first = first_record.lstrip('\ufeff') -%}
    {%- set known, exact = {}, {} -%}
    {%- for column in spec.columns -%}
        {%- do exact.update({lakeweave._snake_case(column): column}) -%}
    {%- endfor -%}
    {%- do known.update(exact) -%}
    {%- for alias in spec.aliases if lakeweave._snake_case(alias) not in known -%}
        {%- do known.update({lakeweave._snake_case(alias): exact[lakeweave._snake_case(spec.aliases[alias])]}) -%}
    {%- endfor -%}
    {%- set best = namespace(delimiter=none, cells=[], shared=-1) -%}
    {%- set candidates = [spec.delimiter] if spec.delimiter else [',', ';', '\t', '|'] -%}
    {%- for delimiter in candidates -%}
        {%- set cells = lakeweave._spark_split(first, delimiter) -%}
        {%- set shared = [] -%}
        {%- for cell in cells -%}
            {%- set column = known.get(lakeweave._snake_case(cell)) -%}
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
        {%- do names.append(lakeweave._snake_case(cell)) -%}
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
    {%- set reserved = ['_file_id', '_content_hash', '_file_name', '_record_number', 'is_duplicate_in_file', 'processed_at'] + spec.columns | map('lower') | list + exact.keys() | list -%}
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
            {%- for _ in reserved + names if free.name in reserved + layout.extras -%}
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
    {%- set added = layout.changes | selectattr('change', 'in', ['added', 'duplicate', 'empty_name']) | map(attribute='column') | list -%}
    {%- set missing = layout.changes | selectattr('change', 'equalto', 'missing') | map(attribute='column') | list -%}
    {%- if spec.layout_policy == 'freeze' and (added or missing) -%}
        {%- set parts = [] -%}
        {%- if added -%}
            {%- do parts.append("has undeclared column(s) '" ~ added[:20] | join("', '") ~ "'") -%}
        {%- endif -%}
        {%- if missing -%}
            {%- do parts.append("lacks column(s) '" ~ missing[:20] | join("', '") ~ "'") -%}
        {%- endif -%}
        {%- do layout.update({
            'reason': 'layout_frozen',
            'message': 'The file ' ~ parts | join(' and ') ~ '; declare the new layout or correct the file, then release it.',
        }) -%}
    {%- endif -%}
    {%- set keyless = missing | select('in', spec.key) | list -%}
    {%- set undeclared = layout.changes | selectattr('change', 'equalto', 'added') | map(attribute='column') | list -%}
    {%- if keyless -%}
        {%- do layout.update({
            'reason': 'key_column_missing',
            'message': "The file lacks the key column(s) '" ~ keyless | join("', '") ~ "', without which no record of it has a row in silver."
                ~ (" It has the undeclared column(s) '" ~ undeclared[:12] | map('truncate', 60, true, '', 0) | join("', '") ~ "'" ~ (', …' if undeclared | length > 12 else '') ~ '.' if undeclared else '')
                ~ " If a column has another name here, declare it under `aliases`; if the key is another one, declare the column and the new `key`; otherwise correct the file.",
        }) -%}
    {%- endif -%}
    {{ return(layout) }}
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
        path {{ lakeweave.text_literal(lakeweave._spark_paths(files)) }},
        header '{{ layout.has_header | lower }}',
        multiLine 'true',
        mode 'PERMISSIVE',
        columnNameOfCorruptRecord '_corrupt_record',
        columnPruning 'false',
        sep {{ lakeweave.text_literal(layout.delimiter) }},
        quote '"',
        escape '"',
        encoding '{{ files[0].encoding }}'
    )
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
