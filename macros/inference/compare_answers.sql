{#
    dbt run-operation compare_answers --args '{after: customer_churn_risk, key: user_id, answer: churn_risk}'
    dbt run-operation compare_answers --args '{before: customer_churn_risk, after: customer_churn_risk, key: user_id, answer: churn_risk}'

    Compares the answers of two inference models to the same rows: two prompts, or two called models. It prints how many answers changed,
    from what to what, what each side cost according to the ledger, and with `golden` how many answers were right, and whether a changed
    one became right or wrong. `golden` has the columns `key` and `expected`. It calls no model.

    Without `before` the model is compared with the newest earlier version of itself in the ledger: another called model, other options or
    another schema. If the text of the input changed, `earlier_input` is the earlier one as SQL over the columns of the relation, named
    `present` there.

    `examples` is how many changed rows are shown by their key. A model that is compared with itself shows what its answers cost.
#}
{% macro compare_answers(before=none, after=none, key='id', answer='response', golden=none, expected='expected', examples=10, earlier_input=none) -%}
    {%- if not execute -%}
        {{ return('') }}
    {%- endif -%}
    {%- set nodes, relations, problems = {}, {}, [] -%}
    {%- if after is none -%}
        {%- do problems.append("`after` is missing; expected the name of a model.") -%}
    {%- endif -%}
    {%- if before is not none and earlier_input is not none -%}
        {%- do problems.append("`earlier_input` is given with `before`, which has its own input; leave one of them out.") -%}
    {%- endif -%}
    {%- for argument, name in {'before': before, 'after': after, 'golden': golden}.items() if name is not none -%}
        {%- for node in graph.nodes.values() if node.name == name and node.resource_type in ('model', 'seed', 'snapshot') -%}
            {%- do nodes.update({argument: node}) -%}
            {%- do relations.update({argument: api.Relation.create(database=node.database, schema=node.schema, identifier=node.alias)}) -%}
        {%- endfor -%}
        {%- if argument not in nodes -%}
            {%- do problems.append("`" ~ argument ~ "` is " ~ tojson(name | string) ~ "; expected the name of a model" ~ (' or a seed.' if argument == 'golden' else '.')) -%}
        {%- elif argument != 'golden' and nodes[argument].config.materialized != 'inference' -%}
            {%- do problems.append("`" ~ argument ~ "` is '" ~ name ~ "', which asks no model; expected a model with a call of `inference`.") -%}
        {%- elif load_relation(relations[argument]) is none -%}
            {%- do problems.append("`" ~ argument ~ "` is '" ~ name ~ "', which has not been built.") -%}
        {%- endif -%}
    {%- endfor -%}
    {%- if not lakeweave._names_of(key) -%}
        {%- do problems.append("`key` is missing; expected a column, or a list of columns.") -%}
    {%- endif -%}
    {%- do lakeweave.raise_problems("The call of `compare_answers`", problems) -%}
    {%- set titles = {'before': before, 'after': after} -%}
    {%- if before is none -%}
        {%- set earlier = lakeweave._earlier_answers(nodes.after, relations.after, earlier_input) -%}
        {%- do nodes.update({'before': nodes.after}) -%}
        {%- do relations.update({'before': earlier.sql}) -%}
        {%- do titles.update({'before': after ~ ' by ' ~ earlier.version ~ ', earlier'}) -%}
    {%- endif -%}
    {%- set compared = lakeweave._compared_answers_sql(relations, lakeweave._names_of(key), answer, expected) -%}

    {%- set totals = lakeweave.fetch_rows(
        "select count(*), sum(is_before), sum(is_after), sum(is_both), sum(is_both * is_changed), sum(is_golden), sum(is_golden * right_before), sum(is_golden * right_after) from ("
        ~ compared ~ ") as compared", [[0, 0, 0, 0, 0, 0, 0, 0]]
    )[0] -%}
    {%- do print(titles.before ~ ' has ' ~ totals[1] | int ~ ' rows, ' ~ after ~ ' has ' ~ totals[2] | int ~ '; both have ' ~ totals[3] | int ~ ', of which '
        ~ totals[4] | int ~ ' have another answer.') -%}
    {%- if 'golden' in relations -%}
        {%- do print('Right of ' ~ totals[5] | int ~ ' golden rows: ' ~ totals[6] | int ~ ' before, ' ~ totals[7] | int ~ ' after.') -%}
    {%- endif -%}
    {%- for side in ['before', 'after'] -%}
        {%- do print(titles[side] ~ ' (' ~ nodes[side].config.meta.inference.model ~ '): ' ~ lakeweave._cost_of_answers(relations[side])) -%}
    {%- endfor -%}
    {%- for row in lakeweave.fetch_rows(
        "select given_before, given_after, direction, count(*) as row_count from (" ~ compared ~ ") as compared where is_both = 1 and is_changed = 1 "
        ~ "group by given_before, given_after, direction order by 4 desc, 1, 2, 3", []
    ) -%}
        {%- if loop.index <= 50 -%}
            {%- do print((row[3] | string) ~ ' from ' ~ tojson(row[0]) ~ ' to ' ~ tojson(row[1]) ~ (': ' ~ row[2] if row[2] else '')) -%}
        {%- elif loop.last -%}
            {%- do print('And ' ~ loop.length - 50 ~ ' other changes.') -%}
        {%- endif -%}
    {%- endfor -%}
    {%- for row in lakeweave.fetch_rows(
        "select shown_key, given_before, given_after from (" ~ compared ~ ") as compared where is_both = 1 and is_changed = 1 order by shown_key limit " ~ examples | int, []
    ) -%}
        {%- do print('  ' ~ row[0] ~ ': ' ~ tojson(row[1]) ~ ' to ' ~ tojson(row[2])) -%}
    {%- endfor -%}
{%- endmacro %}

{# Both answers to each key, and whether they are right. Numbers are 0 and 1. #}
{% macro _compared_answers_sql(relations, keys, answer, expected) -%}
    {%- set text, columns, shown = dbt.type_string(), [], [] -%}
    {%- for name in keys -%}
        {%- do columns.append(adapter.quote(name)) -%}
        {%- do shown.append("coalesce(cast(" ~ adapter.quote(name) ~ " as " ~ text ~ "), 'NULL')") -%}
        {%- if not loop.last -%}
            {%- do shown.append("', '") -%}
        {%- endif -%}
    {%- endfor -%}
    {%- set given, sides = "lower(trim(cast(" ~ answer ~ " as " ~ text ~ ")))", [] -%}
    {%- for side in ['before', 'after'] -%}
        {%- do sides.append("select " ~ columns | join(', ') ~ ", '" ~ side ~ "' as side, " ~ given ~ " as answer from " ~ relations[side]) -%}
    {%- endfor -%}
    {%- if 'golden' in relations -%}
        {%- do sides.append("select " ~ columns | join(', ') ~ ", 'golden' as side, lower(trim(cast(" ~ expected ~ " as " ~ text ~ "))) as answer from " ~ relations.golden) -%}
    {%- endif -%}
    select
        found.*,
        case when coalesce(given_before, '') = coalesce(given_after, '') then 0 else 1 end as is_changed,
        is_before * is_after as is_both,
        case when given_before = wanted then 1 else 0 end as right_before,
        case when given_after = wanted then 1 else 0 end as right_after,
        case
            when is_golden = 0 then ''
            when given_after = wanted then 'now right'
            when given_before = wanted then 'now wrong'
            else 'wrong both times'
        end as direction
    from (
        select
            {{ dbt.concat(shown) if shown | length > 1 else shown[0] }} as shown_key,
            max(case when side = 'before' then answer end) as given_before,
            max(case when side = 'after' then answer end) as given_after,
            max(case when side = 'golden' then answer end) as wanted,
            max(case when side = 'before' then 1 else 0 end) as is_before,
            max(case when side = 'after' then 1 else 0 end) as is_after,
            max(case when side = 'golden' then 1 else 0 end) as is_golden
        from (
            {{ sides | join(' union all ') }}
        ) as listed
        group by {{ columns | join(', ') }}
    ) as found
{%- endmacro %}

{# What the answers of a relation took, as words. #}
{% macro _cost_of_answers(relation) -%}
    {%- set prices = lakeweave._checked_prices() -%}
    {%- set priced = lakeweave._priced_responses(prices) if prices is not none else
        "select responses.*, cast(null as " ~ dbt.type_string() ~ ") as currency, cast(null as " ~ lakeweave.type_double() ~ ") as cost from "
        ~ lakeweave.ledger_relation('model_responses') ~ " as responses" -%}
    {%- set words = [] -%}
    {%- for row in lakeweave.fetch_rows(
        "select currency, sum(coalesce(requests, 1)), sum(input_tokens), sum(output_tokens), sum(cost) from (" ~ priced ~ ") as priced where fingerprint in (select fingerprint from "
        ~ relation ~ ") and state <> 'offered' group by currency order by currency", []
    ) -%}
        {%- do words.append((row[1] | int | string) ~ ' requests, ' ~ (row[2] or 0) | int ~ ' tokens of input, ' ~ (row[3] or 0) | int ~ ' of output, '
            ~ ('%.4f' | format(row[4] | float) ~ ' ' ~ (row[0] or '') if row[4] is not none else 'no price')) -%}
    {%- endfor -%}
    {{ return(words | join('; ') ~ '.' if words else 'nothing in the ledger.') }}
{%- endmacro %}
