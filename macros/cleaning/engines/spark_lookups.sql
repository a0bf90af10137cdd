{#
    A small table that a whole query looks things up in, as one value. Spark plans a scalar subquery again at every place
    where it stands, and a bronze model has dozens of them. So the value is put into a variable of the session first, and the
    query reads that: for an ingestion by its materialization (`declare_lookups`), where there is anything to take in; for
    other tables here, once for a model. Anywhere else, compiled analyses included, it is the subquery.

    Spark takes no subquery in an argument of `transform`. There every statement that runs reads the variable. A unit test has its
    seeds in common table expressions, so its materialization declares the variable.
    https://spark.apache.org/docs/latest/sql-ref-syntax-ddl-declare-variable.html
#}
{% macro _lookup(name, is_in_transform=false) -%}
    {%- set query = lakeweave._lookup_query(name) -%}
    {%- set materialized = model.config.materialized if model.resource_type == 'model' -%}
    {%- set is_declared = materialized == 'ingestion' or is_in_transform and model.resource_type == 'unit_test' -%}
    {%- if not is_declared and execute -%}
        {%- if is_in_transform and flags.WHICH in ('run', 'build', 'test', 'show')
            or materialized in ('incremental', 'table') and flags.WHICH in ('run', 'build') -%}
            {%- do lakeweave._declare_lookup(name) -%}
            {%- set is_declared = true -%}
        {%- endif -%}
    {%- endif -%}
    {{ return('session.lakeweave_' ~ name if is_declared else '(' ~ query ~ ')') }}
{%- endmacro %}

{# The words that mean "no value", in small letters. #}
{% macro _lookup_null_sentinels() -%}
    select collect_list(lower(sentinel)) from {{ lakeweave.package_seed('null_sentinels') }}
{%- endmacro %}

{# The currency of each symbol or word, in lower case. #}
{% macro _lookup_currency_symbols() -%}
    select map_from_entries(collect_list(struct(symbols.symbol, symbols.value_type)))
    from (
        select lower(symbol) as symbol, max(value_type) as value_type
        from {{ lakeweave.package_seed('currency_symbols') }}
        group by lower(symbol)
    ) as symbols
{%- endmacro %}

{# The standard spelling of each known one, by its domain and itself in small letters. #}
{% macro _lookup_standard_spellings() -%}
    select map_from_entries(collect_list(struct(spellings.spelling, spellings.standard)))
    from (
        select concat(domain, ' ', lower(spelling)) as spelling, max(standard) as standard
        from {{ lakeweave.package_seed('standard_spellings') }}
        group by concat(domain, ' ', lower(spelling))
    ) as spellings
{%- endmacro %}

{% macro _lookup_types() -%}
    {{ return({'null_sentinels': 'array<string>', 'currency_symbols': 'map<string, string>', 'standard_spellings': 'map<string, string>'}) }}
{%- endmacro %}

{# Once for a node, whose statements all go through one session. A unit test has its seeds in common table expressions. #}
{% macro _declare_lookup(name, common_tables=[]) -%}
    {%- set declared = lakeweave.run_memory('lookups') -%}
    {%- if name not in declared -%}
        {%- do declared.update({name: true}) -%}
        {%- do run_query('declare or replace variable lakeweave_' ~ name ~ ' ' ~ lakeweave._lookup_types()[name]) -%}
        {%- set before = 'with ' ~ common_tables | join(', ') if common_tables else '' -%}
        {%- do run_query('set var lakeweave_' ~ name ~ ' = (' ~ before ~ lakeweave._lookup_query(name) ~ ')') -%}
    {%- endif -%}
{%- endmacro %}

{% macro _lookup_query(name) -%}
    {%- set queries = {
        'null_sentinels': lakeweave._lookup_null_sentinels,
        'currency_symbols': lakeweave._lookup_currency_symbols,
        'standard_spellings': lakeweave._lookup_standard_spellings,
    } -%}
    {{ return(queries[name]()) }}
{%- endmacro %}
