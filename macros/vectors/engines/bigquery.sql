{# https://cloud.google.com/bigquery/docs/reference/standard-sql/json_functions#to_json_string #}
{% macro bigquery___row_mark(columns) -%}
    to_json_string(struct({{ columns | join(', ') }}))
{%- endmacro %}

{# https://cloud.google.com/bigquery/docs/autonomous-embedding-generation #}
{% macro bigquery___create_autonomous(existing, target_relation, staged, columns, filled) -%}
    {%- do drop_relation_if_exists(existing) -%}
    {%- do run_query(lakeweave._autonomous_table_sql(target_relation, columns, filled)) -%}
    {%- set quoted = [] -%}
    {%- for column in columns -%}
        {%- do quoted.append(adapter.quote(column.name)) -%}
    {%- endfor -%}
    {%- call statement('main') -%}
        insert into {{ target_relation }} ({{ quoted | join(', ') }})
        select {{ quoted | join(', ') }}
        from {{ staged }}
    {%- endcall -%}
{%- endmacro %}

{#
    One index for each table, at most ten statements about it a day, none under 5,000 rows. The definition's hash is in the
    index's name, so a changed definition is another index. https://cloud.google.com/bigquery/docs/vector-index
#}
{% macro bigquery___look_after_vector_index(relation, declared) -%}
    {%- set name = lakeweave._vector_index_name(relation, declared) -%}
    {%- set rows = lakeweave.fetch_rows("select count(*) as row_count from " ~ relation, [[0]]) -%}
    {%- set known = lakeweave.fetch_rows(lakeweave._vector_indexes_sql(relation), []) -%}
    {%- set state = namespace(present=false, done='unchanged') -%}
    {%- for index in known -%}
        {%- if index[0] == name -%}
            {%- set state.present = true -%}
        {%- else -%}
            {%- do run_query("drop vector index if exists " ~ adapter.quote(index[0]) ~ " on " ~ relation) -%}
            {%- set state.done = 'replaced' -%}
        {%- endif -%}
    {%- endfor -%}
    {%- if not state.present -%}
        {%- if rows[0][0] | int < [declared.minimum_rows or 0, 5000] | max -%}
            {{ return('too_small') }}
        {%- endif -%}
        {%- do run_query(lakeweave._create_vector_index_sql(relation, declared, name)) -%}
        {{ return('replaced' if state.done == 'replaced' else 'created') }}
    {%- endif -%}
    {%- set drifted = lakeweave.fetch_rows("select * from vector_index.statistics(table " ~ relation ~ ")", [[none]]) -%}
    {%- if drifted[0][0] is not none and drifted[0][0] | float >= declared.drift -%}
        {%- do run_query("alter vector index " ~ adapter.quote(name) ~ " on " ~ relation ~ " rebuild") -%}
        {{ return('rebuilt') }}
    {%- endif -%}
    {{ return('unchanged') }}
{%- endmacro %}

{% macro bigquery___vector_index_state(relation, declared) -%}
    {%- set rows = lakeweave.fetch_rows("select count(*) as row_count from " ~ relation, [[0]]) -%}
    {%- set known = lakeweave.fetch_rows(lakeweave._vector_indexes_sql(relation), []) -%}
    {%- if not known -%}
        {{ return([declared.index_type, declared.distance_type, rows[0][0], 'none', '0 %', 'BigQuery makes none under 5,000 rows; searches are exact']) }}
    {%- endif -%}
    {%- set found = known[0] -%}
    {%- set note = found[5] or ((found[3] or 0) ~ ' rows not indexed, refreshed ' ~ (found[4] or 'never')) -%}
    {%- if found[0] != lakeweave._vector_index_name(relation, declared) -%}
        {%- set note = 'its definition changed; the next build replaces it' -%}
    {%- endif -%}
    {{ return([declared.index_type, declared.distance_type, rows[0][0], found[1], (found[2] or 0) ~ ' %', note]) }}
{%- endmacro %}

{#
    BigQuery decides which index is used, if any. The base may not be filtered by its vectors, so rows without one must
    not be in it. https://cloud.google.com/bigquery/docs/reference/standard-sql/search_functions#vector_search
#}
{% macro bigquery__vector_search(base, query, call_config) -%}
    {%- set settings = {} -%}
    {%- if call_config.use_brute_force -%}
        {%- do settings.update({'use_brute_force': true}) -%}
    {%- elif call_config.fraction_lists_to_search is not none -%}
        {%- do settings.update({'fraction_lists_to_search': call_config.fraction_lists_to_search}) -%}
    {%- endif -%}
    {%- set searched = 'table ' ~ base if base is not string else (base if base.strip().startswith('(') else '(select * from ' ~ base ~ ')') -%}
    (
        select found.query, found.base, found.distance
        from vector_search(
            {{ searched }},
            {{ lakeweave.text_literal(call_config.column) }},
            (
                select query.*
                from {{ query }} as query
                where (select count(*) from unnest(query.{{ adapter.quote(call_config.query_column) }}) as element where element <> 0) > 0
            ),
            query_column_to_search => {{ lakeweave.text_literal(call_config.query_column) }},
            top_k => {{ call_config.top_k }},
            distance_type => {{ lakeweave.text_literal(call_config.distance_type) }},
            options => {{ lakeweave.text_literal(tojson(settings, sort_keys=true)) }}
        ) as found
        where ({{ lakeweave._one_model_only(base, query, call_config) }})
    )
{%- endmacro %}

{# https://cloud.google.com/bigquery/docs/reference/standard-sql/array_functions#array_length #}
{% macro bigquery___vector_length(vector) -%}
    {{ return('coalesce(array_length(' ~ vector ~ '), 0)') }}
{%- endmacro %}
