{#
    dbt run-operation inference_plan [--args '{models: [name, …]}']

    What the next run would send and cost, for each inference model. It calls no model and changes nothing. The bodies are
    rendered and counted against the ledger, so their parents must have been built.

    It also says which models a change of endpoint, profile or version touches: questions that were answered under another
    `model_version` and would be asked again.

    On BigQuery the input's tokens can be counted exactly, which is free of a model's charge and scans the bodies once more:

    dbt run-operation inference_plan --args '{count_tokens: true}'
#}
{% macro inference_plan(models=none, count_tokens=false) -%}
    {%- if not execute -%}
        {{ return('') }}
    {%- endif -%}
    {%- set lines = [['model', 'asks', 'rows', 'distinct', 'answered', 'given up', 'to ask', 'tokens', 'cost', 'budget']] -%}
    {%- set notes = [] -%}
    {%- for node in graph.nodes.values() if node.resource_type == 'model' and node.config.materialized == 'inference'
            and (not models or node.name in models) -%}
        {%- set problem = lakeweave._plan_problem(node) -%}
        {%- if problem -%}
            {%- do notes.append(node.name ~ ': ' ~ problem) -%}
        {%- else -%}
            {%- do lines.append(lakeweave._planned(node, notes, count_tokens)) -%}
        {%- endif -%}
    {%- endfor -%}
    {%- if lines | length == 1 and not notes -%}
        {%- do notes.append('There is no inference model' ~ (' named ' ~ models | join(', ') if models else '') ~ '.') -%}
    {%- endif -%}
    {%- set widths = [] -%}
    {%- for place in range(lines[0] | length) -%}
        {%- do widths.append(lines | map(attribute=place) | map('string') | map('length') | max) -%}
    {%- endfor -%}
    {%- for line in lines -%}
        {%- set cells = [] -%}
        {%- for cell in line -%}
            {%- set pad = ' ' * (widths[loop.index0] - (cell | string | length)) -%}
            {%- do cells.append((cell | string) ~ pad if loop.index0 in (0, 1, 9) else pad ~ cell) -%}
        {%- endfor -%}
        {%- do print(cells | join('  ') | trim) -%}
    {%- endfor -%}
    {%- for note in notes -%}
        {%- do print(note) -%}
    {%- endfor -%}
    {%- if count_tokens and not lakeweave._counts_tokens() -%}
        {%- do print('`count_tokens` needs BigQuery (AI.COUNT_TOKENS); on ' ~ lakeweave.engine() ~ ' the tokens are estimated.') -%}
    {%- endif -%}
    {%- do print('Tokens are estimated: four characters each for the input, and as much output as is allowed. Costs are at '
        ~ "today's prices, scaled by what earlier calls of the model really cost.") -%}
{%- endmacro %}

{# Why a node cannot be planned; empty when it can. #}
{% macro _plan_problem(node) -%}
    {%- set missing = [] -%}
    {%- for id in node.depends_on.nodes -%}
        {%- set parent = graph.nodes.get(id) or graph.sources.get(id) -%}
        {%- if parent and parent.config.materialized == 'ephemeral' -%}
            {{ return('cannot be planned, because its parent ' ~ parent.name ~ ' is ephemeral') }}
        {%- elif parent and parent.config.materialized != 'remote_model' -%}
            {%- set relation = api.Relation.create(database=parent.database, schema=parent.schema, identifier=parent.alias or parent.identifier) -%}
            {%- if parent.resource_type != 'source' and load_relation(relation) is none -%}
                {%- do missing.append(parent.name) -%}
            {%- endif -%}
        {%- endif -%}
    {%- endfor -%}
    {%- if missing -%}
        {{ return('cannot be planned before these are built: ' ~ missing | join(', ')) }}
    {%- endif -%}
    {%- if lakeweave.called_model(node.config.meta.inference.model) is none -%}
        {{ return(lakeweave._called_model_problems(node.config.meta.inference)[0]) }}
    {%- endif -%}
    {{ return('') }}
{%- endmacro %}

{# The line of one node; what else there is to say about it goes to `notes`. #}
{% macro _planned(node, notes, count_tokens) -%}
    {%- set call_config = {} -%}
    {%- do call_config.update(node.config.meta.inference) -%}
    {%- set called = lakeweave.called_model(call_config.model) -%}
    {%- do call_config.update({
        'called': called,
        'model_version': lakeweave._model_version(called),
        'max_input_characters': call_config.max_input_characters or called.max_input_characters,
        'price': lakeweave._price_if_known(called),
        'node_id': node.unique_id,
    }) -%}
    {%- do call_config.update({'previous_options': lakeweave._previous_options_in_ledger(call_config)}) -%}
    {%- set output = lakeweave._estimated_output_tokens(call_config) -%}
    {%- set body = lakeweave._question_body(render(node.raw_code), call_config) -%}
    {%- set rows = lakeweave.fetch_rows(lakeweave._plan_sql(body, call_config, count_tokens), [[0, 0, 0, 0, 0, 0]]) -%}
    {%- set found = rows[0] -%}
    {%- set to_ask = found[4] | int -%}
    {%- set input_tokens = found[5] | int -%}
    {%- set limits = [] -%}
    {%- if call_config.max_calls_per_run is not none -%}
        {%- do limits.append(call_config.max_calls_per_run ~ ' calls') -%}
    {%- endif -%}
    {%- if call_config.max_cost_per_run is not none -%}
        {%- do limits.append('cost ' ~ call_config.max_cost_per_run) -%}
    {%- endif -%}
    {%- set price = call_config.price -%}
    {%- set cost = 'no price' -%}
    {%- if price -%}
        {%- set prices = lakeweave._checked_prices() -%}
        {%- set factor = (lakeweave._factor_of_history(call_config, prices) if prices is not none else none) or 1 -%}
        {%- set cost = '%.4f' | format((to_ask * price.per_call + input_tokens * price.per_input + to_ask * output * price.per_output) * factor)
            ~ (' ' ~ price.currency if price.currency else '') -%}
    {%- elif call_config.max_cost_per_run is not none or var('inference_max_cost_per_run', none) is not none -%}
        {%- do notes.append(node.name ~ ': would not start: there is a budget in money, but seeds/model_prices.csv has no price for `'
            ~ lakeweave._priced_version(called) ~ '` today.') -%}
    {%- endif -%}
    {%- if to_ask > 0 -%}
        {%- for row in lakeweave._answered_by_other_versions(body, call_config) -%}
            {%- do notes.append(node.name ~ ': ' ~ row[1] ~ ' of its questions would be asked again, because model_version changed from '
                ~ row[0] ~ ' to ' ~ call_config.model_version ~ '.') -%}
        {%- endfor -%}
    {%- endif -%}
    {{ return([
        node.name, call_config.model_version, found[0] | int, found[1] | int, found[2] | int, found[3] | int, to_ask,
        input_tokens + to_ask * output, cost, limits | join(', ') or 'none'
    ]) }}
{%- endmacro %}

{# The distinct inputs with the state of each in the ledger: `to ask`, `answered` or `given up`. #}
{% macro _judged_sql(body, call_config) -%}
    with

    staged as (
        {{ lakeweave._staged_sql(body, call_config) }}
    ),

    inputs as (
        select
            staged.fingerprint,
            min(cast(staged.{{ adapter.quote(call_config.input) }} as {{ dbt.type_string() }})) as input,
            min({{ lakeweave._content_of('staged', call_config) }}) as content
        from staged
        where staged.fingerprint is not null
        group by staged.fingerprint
    ),

    known as (
        {{ lakeweave._known_sql(call_config) }}
    ),

    judged as (
        select
            inputs.fingerprint,
            inputs.input,
            inputs.content,
            case
                when known.fingerprint is null then 'to ask'
                when known.is_answered = 1 then 'answered'
                when known.refused_at <= known.forgiven and known.attempts - known.forgiven < {{ call_config.max_attempts }} then 'to ask'
                else 'given up'
            end as verdict
        from inputs
        left join known on inputs.fingerprint = known.fingerprint
    )
{%- endmacro %}

{# Rows, distinct inputs, answered, given up, to ask, and the input's tokens of what is to be asked. #}
{% macro _plan_sql(body, call_config, count_tokens=false) -%}
    {{ lakeweave._judged_sql(body, call_config) }}

    select
        (select count(*) from staged) as row_count,
        count(*) as input_count,
        coalesce(sum(case when verdict = 'answered' then 1 else 0 end), 0) as answered,
        coalesce(sum(case when verdict = 'given up' then 1 else 0 end), 0) as given_up,
        coalesce(sum(case when verdict = 'to ask' then 1 else 0 end), 0) as to_ask,
        {% if count_tokens and lakeweave._counts_tokens() and call_config.function == 'generate_text' and call_config.called.endpoint_config.get('endpoint') -%}
        coalesce((
            select sum({{ lakeweave._counted_tokens('inputs.input', call_config.called.endpoint_config.endpoint) }})
            from judged as inputs
            where inputs.verdict = 'to ask'
        ), 0) as tokens
        {%- else -%}
        coalesce(sum(case when verdict = 'to ask' then {{ lakeweave._estimated_input_tokens('input', call_config) }} else 0 end), 0) as tokens
        {%- endif %}
    from judged
{%- endmacro %}

{# The tokens of a text as the endpoint counts them; four characters each where it does not say.
   https://cloud.google.com/bigquery/docs/reference/standard-sql/bigqueryml-syntax-ai-count-tokens #}
{% macro _counted_tokens(text, endpoint) -%}
    coalesce(ai.count_tokens({{ text }}, endpoint => {{ lakeweave.text_literal(endpoint) }}).result, cast(ceil(length({{ text }}) / 4.0) as int64))
{%- endmacro %}

{# How many of the questions that are to be asked were answered under each other version of the model, as rows; at most three versions. #}
{% macro _answered_by_other_versions(body, call_config) -%}
    {%- set same_name = "responses.function = " ~ lakeweave.text_literal(call_config.function) ~ " and responses.model = " ~ lakeweave.text_literal(call_config.model)
        ~ " and responses.state = 'ok'" -%}
    {%- set versions = lakeweave.fetch_rows(
        "select model_version, max(requested_at) as last_asked from " ~ lakeweave._known_responses() ~ " as responses where " ~ same_name
        ~ " and responses.model_version <> " ~ lakeweave.text_literal(call_config.model_version) ~ " group by model_version order by last_asked desc limit 3", []
    ) -%}
    {%- if not versions -%}
        {{ return([]) }}
    {%- endif -%}
    {%- set forms = [tojson(lakeweave._canonical_options(call_config.function, call_config.options), sort_keys=true)]
        + lakeweave._previous_options(call_config.function, call_config.options) -%}
    {%- set candidates = [] -%}
    {%- for version in versions -%}
        {%- for options in forms -%}
            {%- do candidates.append("select fingerprint, " ~ lakeweave.text_literal(version[0]) ~ " as model_version, "
                ~ lakeweave._fingerprint_of(call_config.function, call_config.model, version[0], options, 'content') ~ " as other_fingerprint from judged where verdict = 'to ask'") -%}
        {%- endfor -%}
    {%- endfor -%}
    {%- set sql -%}
        {{ lakeweave._judged_sql(body, call_config) }},

        candidates as (
            {{ candidates | join(' union all ') }}
        )

        select candidates.model_version, count(distinct candidates.fingerprint) as questions
        from candidates
        inner join {{ lakeweave._known_responses() }} as responses on candidates.other_fingerprint = responses.fingerprint
        where {{ same_name }}
        group by candidates.model_version
        order by questions desc, candidates.model_version
    {%- endset -%}
    {{ return(lakeweave.fetch_rows(sql, [])) }}
{%- endmacro %}

{# Whether the engine has a function that counts the tokens of a text. #}
{% macro _counts_tokens() -%}
    {{ return(adapter.dispatch('_counts_tokens', 'lakeweave')()) }}
{%- endmacro %}

{% macro default___counts_tokens() -%}
    {{ return(false) }}
{%- endmacro %}
