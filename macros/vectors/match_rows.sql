{#
    Which rows of two relations match, in the column `matches`: a row for each pair of a row of `left` and one of its `candidates`
    nearest rows of `right`, found by `vector_search` over the column `embedding` of both. It is the whole model:

        {{ lakeweave.match_rows(model='gemini', left=ref('offers'), right=ref('products'), left_input='title', right_input='name',
            condition='{left} offers the product {right}.', candidates=5) }}

    The relation has `left_key`, `right_key`, `distance`, `pair` (the texts that were sent) and the answer. A pair that is no
    candidate is not asked, so a match further away than that is not found. A row of `left` without a candidate or without a text stays,
    with the state `failed`. Keys must be unique. If both sides are the same relation, a row is not its own candidate. With `symmetric`
    the order of the two texts makes no difference, and a pair is asked once whichever side it comes from.

    With `as_table` it is a table expression, like `generate_text`. Other arguments are those of `inference`.
#}
{% macro match_rows(
    model,
    left,
    right,
    condition,
    left_input,
    right_input=none,
    left_key='id',
    right_key=none,
    candidates=10,
    embedding='embedding',
    symmetric=false,
    column='matches',
    options={},
    as_table=false
) -%}
    {%- set pairs = {
        'left': left, 'right': right, 'left_input': left_input, 'right_input': right_input or left_input,
        'left_key': left_key, 'right_key': right_key or left_key, 'candidates': candidates, 'embedding': embedding, 'symmetric': symmetric,
    } -%}
    {%- set problems = [] -%}
    {%- for name, value in {'condition': condition, 'left_input': left_input, 'right_input': pairs.right_input, 'left_key': left_key,
        'right_key': pairs.right_key, 'embedding': embedding}.items() if value is not string or not value | trim -%}
        {%- do problems.append("`" ~ name ~ "` is " ~ tojson(value | string) ~ "; expected a text.") -%}
    {%- endfor -%}
    {%- set placeholders = modules.re.findall('[{]([A-Za-z_]\\w*)[}]', condition | string) -%}
    {%- for name in ['left', 'right'] if name not in placeholders -%}
        {%- do problems.append("`condition` has no {" ~ name ~ "}; expected a sentence with {left} and {right}.") -%}
    {%- endfor -%}
    {%- for name in placeholders | unique if name not in ('left', 'right') -%}
        {%- do problems.append("`condition` has {" ~ name ~ "}; its placeholders are {left} and {right}.") -%}
    {%- endfor -%}
    {%- if candidates is not integer or candidates is boolean or candidates < 1 -%}
        {%- do problems.append("`candidates` is " ~ tojson(candidates | string) ~ "; expected a whole number of at least 1.") -%}
    {%- endif -%}
    {%- for name, value in {'symmetric': symmetric, 'as_table': as_table}.items() if value is not boolean -%}
        {%- do problems.append("`" ~ name ~ "` is " ~ tojson(value | string) ~ "; expected true or false.") -%}
    {%- endfor -%}
    {%- for name, value in {'left': left, 'right': right}.items() if value is none or not value | string | trim -%}
        {%- do problems.append("`" ~ name ~ "` is missing; expected a relation, the name of a CTE, or a query in brackets.") -%}
    {%- endfor -%}
    {%- do lakeweave.raise_problems("The call of `match_rows` in " ~ (this or 'this query'), problems) -%}
    {%- set body = lakeweave._pairs_sql(pairs) -%}
    {%- set call = lakeweave.filter_rows(
        model, 'pair', condition | replace('{left}', 'Left') | replace('{right}', 'Right'), column=column, options=options,
        relation='(' ~ body ~ ')' if as_table else none, **kwargs
    ) -%}
    {{ return(call if as_table else call ~ '\n' ~ body) }}
{%- endmacro %}

{# The candidates, and each row of the left side that has none. #}
{% macro _pairs_sql(pairs) -%}
    {%- set is_same = pairs.left | string == pairs.right | string and pairs.left_key == pairs.right_key -%}
    {%- set left_key, right_key = adapter.quote(pairs.left_key), adapter.quote(pairs.right_key) -%}
    {%- set left_text, right_text = 'left_rows.' ~ adapter.quote(pairs.left_input), 'right_rows.' ~ adapter.quote(pairs.right_input) -%}
    {%- set left_line, right_line = lakeweave.one_line(left_text), lakeweave.one_line(right_text) -%}
    {%- set right_label = lakeweave.text_literal('\nRight: ') -%}
    {%- set pair = dbt.concat(["'Left: '", left_line, right_label, right_line]) -%}
    {%- set turned = dbt.concat(["'Left: '", right_line, right_label, left_line]) -%}
    select
        left_rows.{{ left_key }} as left_key,
        candidates.right_key,
        candidates.distance,
        case
            when {{ lakeweave.is_blank("coalesce(cast(" ~ left_text ~ " as " ~ dbt.type_string() ~ "), '')") }} then null
            when {{ lakeweave.is_blank("coalesce(cast(" ~ right_text ~ " as " ~ dbt.type_string() ~ "), '')") }} then null
            {%- if pairs.symmetric %}
            when {{ left_line }} > {{ right_line }} then {{ turned }}
            {%- endif %}
            else {{ pair }}
        end as pair
    from {{ pairs.left }} as left_rows
    left join (
        select
            left_key,
            right_key,
            distance,
            row_number() over (partition by left_key order by distance, right_key) as place
        from (
            select
                query.{{ left_key }} as left_key,
                base.{{ right_key }} as right_key,
                distance
            from {{ lakeweave.vector_search(pairs.right, pairs.embedding, pairs.left, top_k=pairs.candidates + (1 if is_same else 0)) }}
        ) as neighbours
        {%- if is_same %}
        where left_key <> right_key
        {%- endif %}
    ) as candidates on left_rows.{{ left_key }} = candidates.left_key and candidates.place <= {{ pairs.candidates }}
    left join {{ pairs.right }} as right_rows on candidates.right_key = right_rows.{{ right_key }}
{%- endmacro %}
