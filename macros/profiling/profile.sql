{#
    dbt run-operation profile --args '{relation: bronze_users}'

    Profiles each column of a table: type, NULLs, distinct values, the most frequent ones, least
    and greatest, lengths, and what looks suspicious. `relation` is the name of a model, seed or snapshot, `source.table`, or
    the name of a layer, for every model in it. One query for each table; it changes nothing.

    Values of columns that are marked as personal are left out, unless `personal: true`. With `output: json` one line of JSON for
    each table, which `python -m lakeweave.profile` makes a page of.
#}
{% macro profile(relation, output='table', personal=false) -%}
    {%- if not execute -%}
        {{ return('') }}
    {%- endif -%}
    {%- if output not in ['table', 'json'] -%}
        {%- do exceptions.raise_compiler_error("`profile` got the output `" ~ output ~ "`; expected `table` or `json`.") -%}
    {%- endif -%}
    {%- for node in lakeweave._profiled_nodes(relation) -%}
        {%- set found = load_relation(api.Relation.create(
            database=node.database, schema=node.schema, identifier=node.get('alias') or node.identifier
        )) -%}
        {%- if found is none -%}
            {%- do print(node.name ~ ": there is no such table yet. `dbt build --select " ~ node.name ~ "` makes it.") -%}
        {%- else -%}
            {%- set columns = lakeweave._profiled_columns(found, node) -%}
            {%- if not personal -%}
                {%- do lakeweave._without_personal_values(node, columns) -%}
            {%- endif -%}
            {%- if output == 'json' -%}
                {%- do print('lakeweave-profile: ' ~ tojson({'name': node.name, 'relation': found | string, 'columns': columns})) -%}
            {%- else -%}
                {%- do lakeweave._print_profile(node.name, columns) -%}
            {%- endif -%}
        {%- endif -%}
    {%- endfor -%}
{%- endmacro %}

{# The nodes of a name. #}
{% macro _profiled_nodes(name) -%}
    {%- set found = [] -%}
    {%- set names = [] -%}
    {%- for node in graph.nodes.values() if node.resource_type in ['model', 'seed', 'snapshot'] and node.config.enabled -%}
        {%- do names.append(node.name) -%}
        {%- if node.name == name or (node.resource_type == 'model' and node.fqn[1] == name and node.config.materialized != 'ephemeral') -%}
            {%- do found.append(node) -%}
        {%- endif -%}
    {%- endfor -%}
    {%- for source in graph.sources.values() if source.source_name ~ '.' ~ source.name == name -%}
        {%- do found.append(source) -%}
    {%- endfor -%}
    {%- if not found -%}
        {%- set similar = names | select('in', [name, 'bronze_' ~ name, 'silver_' ~ name]) | list -%}
        {%- do exceptions.raise_compiler_error(
            "`profile` got the relation `" ~ name ~ "`, which is no model, seed, snapshot, source.table or layer of this project."
            ~ (" Did you mean `" ~ similar | join('` or `') ~ "`?" if similar else " `dbt ls` lists their names.")
        ) -%}
    {%- endif -%}
    {{ return(found | sort(attribute='name')) }}
{%- endmacro %}

{# One mapping for each column, in the table's order. #}
{% macro _profiled_columns(relation, node) -%}
    {%- set columns = [] -%}
    {%- set branches = [] -%}
    {%- for column in adapter.get_columns_in_relation(relation) -%}
        {%- set kind = lakeweave._profiled_kind(column.data_type | lower) -%}
        {%- do columns.append({'name': column.name, 'type': modules.re.sub('^character varying.*', 'varchar', column.data_type | lower), 'kind': kind}) -%}
        {%- do branches.append(lakeweave._profile_of_column(relation, adapter.quote(column.name), kind, loop.index0)) -%}
    {%- endfor -%}
    {%- for row in lakeweave.fetch_rows(branches | join('\nunion all\n') ~ '\norder by 1', []) -%}
        {%- set measured = {} -%}
        {%- for name in lakeweave._profile_measures() -%}
            {%- set value = row[loop.index] -%}
            {%- if name in ['least', 'greatest', 'least_number', 'greatest_number', 'most_frequent'] or (name in ['shortest', 'longest'] and value is none) -%}
                {%- do measured.update({name: value}) -%}
            {%- else -%}
                {%- do measured.update({name: (value or 0) | int}) -%}
            {%- endif -%}
        {%- endfor -%}
        {%- do measured.update({'most_frequent': fromjson(measured.most_frequent or '[]') or []}) -%}
        {%- do measured.update(lakeweave._profile_extremes(measured)) -%}
        {%- set column = columns[row[0] | int] -%}
        {%- do column.update(measured) -%}
        {%- do column.update({
            'holds': lakeweave._profile_holds(column) | join(', '),
            'notes': lakeweave._profile_notes(column, lakeweave._is_text_by_design(node, column.name)),
        }) -%}
    {%- endfor -%}
    {{ return(columns | selectattr('row_count', 'defined') | list) }}
{%- endmacro %}

{# The extremes of a column whose texts are all numbers are those of the numbers: 9 is less than 10, and the text '9' is not. #}
{% macro _profile_extremes(measured) -%}
    {%- set filled = measured.row_count - measured.null_count -%}
    {%- if filled and measured.whole_numbers + measured.decimals == filled and not measured.numbers_out_of_range -%}
        {{ return({
            'least': lakeweave._profile_number(measured.least_number),
            'greatest': lakeweave._profile_number(measured.greatest_number),
        }) }}
    {%- endif -%}
    {{ return({}) }}
{%- endmacro %}

{# A number as text, without the zeros of its type: 12.500000000 as 12.5. #}
{% macro _profile_number(number) -%}
    {{ return(modules.re.sub('([.][0-9]*?)0+$', '\\1', number | string) | trim('.')) }}
{%- endmacro %}

{# Whether a column is text because that is declared: bronze keeps what was delivered, and another column has the type of its YAML. #}
{% macro _is_text_by_design(node, name) -%}
    {%- set declared = (node.columns or {}).get(name) or {} -%}
    {%- set of_seed = (node.config.get('column_types') or {}).get(name) if node.config else none -%}
    {%- set type = (declared.get('data_type') or of_seed or '') | lower -%}
    {{ return(
        (node.resource_type == 'model' and (node.fqn[1] == 'bronze' or node.config.materialized == 'ingestion'))
        or lakeweave._profiled_kind(type or '-') == 'text'
    ) }}
{%- endmacro %}

{# Takes the values of personal columns out; what was counted stays. #}
{% macro _without_personal_values(node, columns) -%}
    {%- for column in columns -%}
        {%- set described = (node.columns or {}).get(column.name) or {} -%}
        {%- if (described.get('meta') or {}).get('pii') or ((described.get('config') or {}).get('meta') or {}).get('pii') -%}
            {%- do column.update({'least': none, 'greatest': none, 'most_frequent': []}) -%}
            {%- do column.notes.append('personal: values left out') -%}
        {%- endif -%}
    {%- endfor -%}
{%- endmacro %}

{# text, number, time, boolean, or nested for whatever cannot be compared everywhere. #}
{% macro _profiled_kind(type) -%}
    {%- set word = modules.re.split('[^a-z]', type)[0] -%}
    {%- set words = {
        'text': ['varchar', 'string', 'text', 'char', 'character', 'uuid'],
        'boolean': ['boolean', 'bool'],
        'time': ['date', 'time', 'timestamp', 'datetime', 'timestamptz'],
        'number': [
            'tinyint', 'smallint', 'int', 'integer', 'bigint', 'hugeint', 'utinyint', 'usmallint', 'uinteger', 'ubigint', 'long', 'short',
            'byte', 'decimal', 'numeric', 'bignumeric', 'number', 'real', 'float', 'double',
        ],
    } -%}
    {%- if '[' not in type and '<' not in type -%}
        {%- for kind, known in words.items() if word in known -%}
            {{ return(kind) }}
        {%- endfor -%}
    {%- endif -%}
    {{ return('nested') }}
{%- endmacro %}

{# What the query measures, in its order. #}
{% macro _profile_measures() -%}
    {{ return([
        'row_count', 'null_count', 'distinct_count', 'least', 'greatest', 'shortest', 'longest', 'most_frequent',
        'whole_numbers', 'decimals', 'iso_dates', 'other_dates', 'amounts', 'emails', 'words', 'distinct_words', 'distinct_caseless',
        'padded', 'unreadable', 'negative', 'least_number', 'greatest_number', 'numbers_out_of_range',
    ]) }}
{%- endmacro %}

{# What a text looks like: the first that fits. The syntax is what RE2 and Java share. #}
{% macro _profile_patterns() -%}
    {{ return({
        'whole_numbers': '^ *[+-]?[0-9]+ *$',
        'decimals': '^ *[+-]?([0-9]+[.][0-9]*|[.][0-9]+)([eE][+-]?[0-9]+)? *$',
        'iso_dates': '^[0-9]{4}-[0-9]{2}-[0-9]{2}([ T]|$)',
        'other_dates': '^([0-9]{1,4}[-/. ][0-9A-Za-z]{1,9}|[A-Z][a-z]{2,8} [0-9]{1,2})[-/., ]+[0-9]{2,4}([ T]|$)',
        'amounts': '^[$€£¥] ?[0-9]|^[0-9.,]+ ?[$€£¥]$',
        'emails': '^[^@ ]+@[^@ ]+[.][^@ ]+$',
    }) }}
{%- endmacro %}

{#
    Everything about one column from its distinct values and how often each occurs, so that a pattern is looked for once for
    each value, and every figure is exact.
#}
{% macro _profile_of_column(relation, column, kind, place) -%}
    {#- What cannot be compared everywhere is compared as text. -#}
    {%- set value = lakeweave._profile_text(column, kind) if kind == 'nested' else column -%}
    {%- set shown = lakeweave._profile_text('value', kind) if kind in ['number', 'time', 'boolean'] else 'value' -%}
select
    {{ place }} as place,
    sum(occurrences) as row_count,
    sum(case when shown is null then occurrences else 0 end) as null_count,
    count(shown) as distinct_count,
    {%- if kind == 'nested' %}
    cast(null as {{ dbt.type_string() }}) as least,
    cast(null as {{ dbt.type_string() }}) as greatest,
    {%- else %}
    cast(min(value) as {{ dbt.type_string() }}) as least,
    cast(max(value) as {{ dbt.type_string() }}) as greatest,
    {%- endif %}
    min(length(shown)) as shortest,
    max(length(shown)) as longest,
    {{ lakeweave._profile_most_frequent() }} as most_frequent,
    {%- for name in lakeweave._profile_patterns() %}
    {{ "sum(case when looks_like = '" ~ name ~ "' then occurrences else 0 end)" if kind == 'text' else '0' }} as {{ name }},
    {%- endfor %}
    {%- if kind == 'text' %}
    sum(case when looks_like = 'words' then occurrences else 0 end) as words,
    sum(case when looks_like = 'words' then 1 else 0 end) as distinct_words,
    count(distinct case when looks_like = 'words' then lower(shown) end) as distinct_caseless,
    sum(case when shown <> trim(shown) then occurrences else 0 end) as padded,
    sum(case when {{ lakeweave._profile_matches('shown', '[\\x00-\\x08\\x0B\\x0C\\x0E-\\x1F\\x{FFFD}]') }} then occurrences else 0 end) as unreadable,
    {%- else %}
    0 as words,
    0 as distinct_words,
    0 as distinct_caseless,
    0 as padded,
    0 as unreadable,
    {%- endif %}
    {{ 'sum(case when value < 0 then occurrences else 0 end)' if kind == 'number' else '0' }} as negative,
    {%- set is_number = "looks_like in ('whole_numbers', 'decimals')" %}
    {%- set number = lakeweave.cast_or_null('case when ' ~ is_number ~ ' then trim(shown) end', dbt.type_numeric()) %}
    {%- if kind == 'text' %}
    cast(min({{ number }}) as {{ dbt.type_string() }}) as least_number,
    cast(max({{ number }}) as {{ dbt.type_string() }}) as greatest_number,
    sum(case when {{ is_number }} and {{ number }} is null then 1 else 0 end) as numbers_out_of_range
    {%- else %}
    cast(null as {{ dbt.type_string() }}) as least_number,
    cast(null as {{ dbt.type_string() }}) as greatest_number,
    0 as numbers_out_of_range
    {%- endif %}
from (
    select
        value,
        shown,
        occurrences,
        {{ lakeweave._profile_order() }} as frequency_order,
        {%- if kind == 'text' %}
        case
            when shown is null then null
            {%- for name, pattern in lakeweave._profile_patterns().items() %}
            when {{ lakeweave._profile_matches('shown', pattern) }} then '{{ name }}'
            {%- endfor %}
            else 'words'
        end as looks_like
        {%- else %}
        '' as looks_like
        {%- endif %}
    from (
        select value, {{ shown }} as shown, occurrences
        from (
            select {{ value }} as value, count(*) as occurrences
            from {{ relation }}
            group by 1
        ) as counted
    ) as shown_values
) as judged
{%- endmacro %}

{# A value as text. #}
{% macro _profile_text(column, kind) -%}
    {{ return(column if kind == 'text' else adapter.dispatch('_profile_text', 'lakeweave')(column, kind)) }}
{%- endmacro %}

{% macro default___profile_text(column, kind) -%}
    cast({{ column }} as {{ dbt.type_string() }})
{%- endmacro %}

{# Whether a text has a match of a pattern. #}
{% macro _profile_matches(expression, pattern) -%}
    {{ return(adapter.dispatch('_profile_matches', 'lakeweave')(expression, pattern)) }}
{%- endmacro %}

{# https://duckdb.org/docs/stable/sql/functions/regular_expressions #}
{% macro default___profile_matches(expression, pattern) -%}
    regexp_matches({{ expression }}, '{{ pattern }}')
{%- endmacro %}

{# The five most frequent values as JSON: [{"value": …, "count": …}, …]; of equals the first in the order of text. #}
{% macro _profile_most_frequent() -%}
    {{ return(adapter.dispatch('_profile_most_frequent', 'lakeweave')()) }}
{%- endmacro %}

{# https://duckdb.org/docs/stable/sql/functions/aggregates#arg_minarg-val-n #}
{% macro default___profile_most_frequent() -%}
    cast(to_json(
        arg_min({'value': left(shown, 80), 'count': occurrences}, {'a': -occurrences, 'b': shown}, 5) filter (shown is not null)
    ) as varchar)
{%- endmacro %}

{# The place of a value by how often it occurs, where `_profile_most_frequent` needs it. #}
{% macro _profile_order() -%}
    {{ return(adapter.dispatch('_profile_order', 'lakeweave')()) }}
{%- endmacro %}

{% macro default___profile_order() -%}
    0
{%- endmacro %}

{# What texts hold: how many values of each kind. #}
{% macro _profile_holds(column) -%}
    {%- set kinds = {
        'numbers': column.whole_numbers + column.decimals, 'dates': column.iso_dates + column.other_dates,
        'amounts with a symbol': column.amounts, 'e-mail addresses': column.emails, 'words': column.words,
    } -%}
    {%- set present = [] -%}
    {%- for name, times in kinds.items() if times -%}
        {%- do present.append("{:,} {}".format(times, name)) -%}
    {%- endfor -%}
    {{ return(present) }}
{%- endmacro %}

{# What a person should look at, in words. A column that is text by design may hold numbers or dates alone. #}
{% macro _profile_notes(column, is_text_by_design) -%}
    {%- set notes = [] -%}
    {%- set filled = column.row_count - column.null_count -%}
    {%- if column.row_count == 0 -%}
        {{ return(['the table is empty']) }}
    {%- elif filled == 0 -%}
        {{ return(['no value at all']) }}
    {%- endif -%}
    {%- set numbers = column.whole_numbers + column.decimals -%}
    {%- set dates = column.iso_dates + column.other_dates -%}
    {%- set present = lakeweave._profile_holds(column) -%}
    {%- if present | length > 1 -%}
        {%- do notes.append('mixed formats: ' ~ present | join(', ')) -%}
    {%- elif is_text_by_design -%}
    {%- elif numbers -%}
        {%- do notes.append('numbers as text') -%}
    {%- elif dates -%}
        {%- do notes.append('dates as text') -%}
    {%- elif column.amounts -%}
        {%- do notes.append('amounts with a symbol as text') -%}
    {%- endif -%}
    {%- if column.iso_dates and column.other_dates -%}
        {%- do notes.append("dates in several formats: {:,} ISO, {:,} others".format(column.iso_dates, column.other_dates)) -%}
    {%- endif -%}
    {%- if column.padded -%}
        {%- do notes.append("{:,} with blanks at an end".format(column.padded)) -%}
    {%- endif -%}
    {%- if column.unreadable -%}
        {%- do notes.append("{:,} with unreadable signs".format(column.unreadable)) -%}
    {%- endif -%}
    {%- if column.distinct_words > column.distinct_caseless -%}
        {%- do notes.append("{:,} spelled like another but for capitals".format(column.distinct_words - column.distinct_caseless)) -%}
    {%- endif -%}
    {%- if column.negative -%}
        {%- do notes.append("{:,} below zero".format(column.negative)) -%}
    {%- endif -%}
    {%- if column.distinct_count == 1 and column.row_count > 1 -%}
        {%- do notes.append('one value only') -%}
    {%- elif column.distinct_count == column.row_count and column.row_count > 1 -%}
        {%- do notes.append('every value differs') -%}
    {%- endif -%}
    {{ return(notes) }}
{%- endmacro %}

{# The profile as a table for the terminal. #}
{% macro _print_profile(name, columns) -%}
    {%- set lines = [['column', 'type', 'NULLs', 'distinct', 'least', 'greatest', 'length', 'most frequent', 'look at']] -%}
    {%- for column in columns -%}
        {%- set frequent = [] -%}
        {%- for each in column.most_frequent[:3] if each['count'] > 1 -%}
            {%- do frequent.append(each['value'] | truncate(18, true, '…', 0) ~ " ×{:,}".format(each['count'])) -%}
        {%- endfor -%}
        {%- set share = 100.0 * column.null_count / ([column.row_count, 1] | max) -%}
        {%- do lines.append([
            column.name,
            column.type | truncate(16, true, '…', 0),
            "{:,}".format(column.null_count) ~ (" ({:.0f} %)".format(share) if column.null_count else ''),
            "{:,}".format(column.distinct_count),
            (column.least or '') | truncate(20, true, '…', 0),
            (column.greatest or '') | truncate(20, true, '…', 0),
            '' if column.longest is none else (column.shortest ~ ('–' ~ column.longest if column.longest != column.shortest else '')),
            frequent | join(', '),
            column.notes | join('; '),
        ]) -%}
    {%- endfor -%}
    {%- do print(name ~ ": {:,} rows, {:,} columns".format(columns[0].row_count if columns else 0, columns | length)) -%}
    {%- set widths = [] -%}
    {%- for place in range(lines[0] | length) -%}
        {%- do widths.append(lines | map(attribute=place) | map('length') | max) -%}
    {%- endfor -%}
    {%- for line in lines -%}
        {%- set cells = [] -%}
        {%- for cell in line -%}
            {%- set flat = modules.re.sub('[\\x00-\\x1f]', ' ', cell) -%}
            {%- do cells.append(flat ~ ' ' * (widths[loop.index0] - (flat | length))) -%}
        {%- endfor -%}
        {%- do print('  ' ~ cells | join('  ') | trim) -%}
    {%- endfor -%}
    {%- do print('') -%}
{%- endmacro %}
