{# The measures of one column, as one query. #}

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
