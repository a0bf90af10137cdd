{#
    One question for each group of rows: the texts of a group, a line each, are the input.

    The lines of a group are in the order of `order_by`, then of the text, so that the order of the rows in the body makes no
    difference. The question is therefore known by the content of its group. Whole lines are left out after `max_input_characters`
    characters; `rows_left_out` counts them, and the run tells it.
#}

{# The body whose rows are the questions: the body of the model, or its groups. #}
{% macro _question_body(body, call_config) -%}
    {%- if 'group_by' not in call_config -%}
        {{ return(body) }}
    {%- endif -%}
    {%- set names = get_columns_in_query(body) | map('lower') | list -%}
    {%- set problems = [] -%}
    {%- for argument, wanted in {'group_by': call_config.group_by, 'order_by': lakeweave._sorted_names(call_config.order_by), 'input': [call_config.input]}.items() -%}
        {%- for name in wanted if names and name | lower not in names -%}
            {%- do problems.append("`" ~ argument ~ "` has '" ~ name ~ "', which the body does not have; its columns are: " ~ names | join(', ') ~ ".") -%}
        {%- endfor -%}
    {%- endfor -%}
    {%- do lakeweave.raise_problems("The body of " ~ (this or 'this model'), problems) -%}
    {{ return(lakeweave._grouped_sql('(' ~ body ~ ')', call_config)) }}
{%- endmacro %}

{# The groups of a relation, as a query. #}
{% macro _grouped_sql(relation, call_config) -%}
    {%- set groups, order = [], [] -%}
    {%- for name in call_config.group_by -%}
        {%- do groups.append(adapter.quote(name)) -%}
    {%- endfor -%}
    {%- for given in call_config.order_by -%}
        {%- set words = given.split() -%}
        {%- do order.append(adapter.quote(words[0]) ~ (' desc' if words | length > 1 and words[1] | lower == 'desc' else ' asc') ~ ' nulls last') -%}
    {%- endfor -%}
    {%- set input = adapter.quote(call_config.input) -%}
    {%- set groups = groups | join(', ') -%}
    select
        {{ groups }},
        count(*) as row_count,
        cast(sum(case when lakeweave_line is null then 1 else 0 end) as {{ dbt.type_bigint() }}) as rows_without_text,
        cast(sum(case when lakeweave_line is not null and not lakeweave_fits then 1 else 0 end) as {{ dbt.type_bigint() }}) as rows_left_out,
        nullif({{ lakeweave._joined_lines('lakeweave_line', 'lakeweave_place', 'lakeweave_fits') }}, '') as {{ input }}
    from (
        select
            lakeweave_numbered.*,
            lakeweave_place = 1 or sum(length(lakeweave_line) + 1) over (
                partition by {{ groups }} order by lakeweave_place rows between unbounded preceding and current row
            ) <= {{ call_config.max_input_characters + 1 }} as lakeweave_fits
        from (
            select
                lakeweave_lines.*,
                row_number() over (
                    partition by {{ groups }}
                    order by case when lakeweave_line is null then 1 else 0 end, {{ (order + ['lakeweave_line']) | join(', ') }}
                ) as lakeweave_place
            from (
                select
                    lakeweave_rows.*,
                    case when not ({{ lakeweave.is_blank("coalesce(cast(lakeweave_rows." ~ input ~ " as " ~ dbt.type_string() ~ "), '')") }})
                        then {{ dbt.concat(["'- '", lakeweave.one_line('lakeweave_rows.' ~ input)]) }}
                    end as lakeweave_line
                from {{ relation }} as lakeweave_rows
            ) as lakeweave_lines
        ) as lakeweave_numbered
    ) as lakeweave_fitted
    group by {{ groups }}
{%- endmacro %}

{# The lines that fit, in their order, as one text. #}
{% macro _joined_lines(line, place, fits) -%}
    {{ return(adapter.dispatch('_joined_lines', 'lakeweave')(line, place, fits)) }}
{%- endmacro %}

{# https://duckdb.org/docs/stable/sql/functions/aggregates#string_aggarg-sep
   https://cloud.google.com/bigquery/docs/reference/standard-sql/aggregate_functions#string_agg #}
{% macro default___joined_lines(line, place, fits) -%}
    string_agg(case when {{ fits }} then {{ line }} end, {{ lakeweave.text_literal('\n') }} order by {{ place }})
{%- endmacro %}

{# The names of columns that an argument gives: one name, or a list. #}
{% macro _names_of(given) -%}
    {{ return([] if given is none else [given] if given is string else given | list if given is sequence and given is not mapping else [given | string]) }}
{%- endmacro %}

{# The names in `order_by` without `asc` and `desc`. #}
{% macro _sorted_names(order_by) -%}
    {%- set names = [] -%}
    {%- for given in order_by -%}
        {%- do names.append(given.split()[0]) -%}
    {%- endfor -%}
    {{ return(names) }}
{%- endmacro %}

{# The mistakes in `group_by` and `order_by`, as sentences. #}
{% macro _group_problems(call_config) -%}
    {%- set problems = [] -%}
    {%- if call_config.function != 'generate_text' -%}
        {%- do problems.append("`group_by` is given, but only `generate_text` asks about groups; `function` is " ~ tojson(call_config.function | string) ~ ".") -%}
    {%- endif -%}
    {%- if not call_config.group_by -%}
        {%- do problems.append("`group_by` is missing; expected a column of the body, or a list of columns.") -%}
    {%- endif -%}
    {%- for argument, pattern, expected in [('group_by', '\\w+', 'a column of the body'), ('order_by', '\\w+( +(asc|desc))?', "a column of the body, with or without 'desc'")] -%}
        {%- for name in call_config[argument] if name is not string or not modules.re.fullmatch(pattern, name, modules.re.I) -%}
            {%- do problems.append("`" ~ argument ~ "` has " ~ tojson(name | string) ~ "; expected " ~ expected ~ ".") -%}
        {%- endfor -%}
    {%- endfor -%}
    {%- for name in call_config.group_by if name is string and (name | lower in ('row_count', 'rows_without_text', 'rows_left_out') or name == call_config.input) -%}
        {%- do problems.append("`group_by` has `" ~ name ~ "`, which " ~ ("is the input." if name == call_config.input else "the answer brings; rename it.")) -%}
    {%- endfor -%}
    {%- if call_config.max_input_characters is none -%}
        {%- do problems.append("`max_input_characters` is missing; a question about a group needs a limit.") -%}
    {%- endif -%}
    {{ return(problems) }}
{%- endmacro %}

{# Says how many rows did not fit into the question of their group. #}
{% macro _warn_of_rows_left_out(staged, call_config) -%}
    {%- if 'group_by' in call_config -%}
        {%- set rows = lakeweave.fetch_rows(
            "select count(*) as groups_cut, sum(rows_left_out) as left_out, sum(row_count) as all_rows from " ~ staged ~ " where rows_left_out > 0", [[0, 0, 0]]
        ) -%}
        {%- if rows[0][0] | int > 0 -%}
            {%- do exceptions.warn(
                this ~ ": " ~ rows[0][1] | int ~ " of " ~ rows[0][2] | int ~ " rows in " ~ rows[0][0] | int ~ " groups do not fit into the question of their group "
                ~ "(max_input_characters = " ~ call_config.max_input_characters ~ "). They were left out; the column rows_left_out counts them."
            ) -%}
        {%- endif -%}
    {%- endif -%}
{%- endmacro %}
