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
    {%- set problems = [] -%}
    {%- if output not in ['table', 'json'] -%}
        {%- do problems.append("`output` is '" ~ output ~ "'; expected 'table' or 'json'.") -%}
    {%- endif -%}
    {%- set nodes = lakeweave._profiled_nodes(relation, problems) -%}
    {%- do lakeweave.raise_problems('The call of `profile`', problems) -%}
    {%- for node in nodes -%}
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

{# The nodes of a name. A name of nothing is added to `problems`. #}
{% macro _profiled_nodes(name, problems) -%}
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
        {%- do problems.append(
            "`relation` is '" ~ name ~ "', which is no model, seed, snapshot, source.table or layer of this project."
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
