{#
    dbt run-operation inference_plan [--args '{models: [name, …]}']

    What the next run would ask and cost, for each inference model. It calls nothing and changes nothing. The bodies are
    rendered and counted against the ledger, so their parents must have been built.
#}
{% macro inference_plan(models=none) -%}
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
            {%- do lines.append(lakeweave._planned(node)) -%}
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
    {%- do print('Tokens are estimated: four characters each for the input, and as much output as is allowed.') -%}
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
    {%- if lakeweave._called_model(node.config.meta.inference.model) is none -%}
        {{ return(lakeweave._called_model_problems(node.config.meta.inference)[0]) }}
    {%- endif -%}
    {{ return('') }}
{%- endmacro %}


{# The line of one node. #}
{% macro _planned(node) -%}
    {%- set settings = {} -%}
    {%- do settings.update(node.config.meta.inference) -%}
    {%- set called = lakeweave._called_model(settings.model) -%}
    {%- do settings.update({
        'model_version': lakeweave._model_version(called),
        'max_input_characters': settings.max_input_characters or called.max_input_characters,
        'price': lakeweave._price_if_known(called),
    }) -%}
    {%- set output = lakeweave._estimated_output_tokens(settings) -%}
    {%- set rows = lakeweave.ask(lakeweave._plan_sql(render(node.raw_code), settings), [[0, 0, 0, 0, 0, 0]]) -%}
    {%- set found = rows[0] -%}
    {%- set to_ask = found[4] | int -%}
    {%- set tokens = (found[5] | int) + to_ask * output -%}
    {%- set limits = [] -%}
    {%- if settings.max_calls_per_run is not none -%}
        {%- do limits.append(settings.max_calls_per_run ~ ' calls') -%}
    {%- endif -%}
    {%- if settings.max_cost_per_run is not none -%}
        {%- do limits.append('cost ' ~ settings.max_cost_per_run) -%}
    {%- endif -%}
    {%- set price = settings.price -%}
    {%- set cost = 'no price' -%}
    {%- if price -%}
        {%- set cost = '%.4f' | format(to_ask * price.per_call + (found[5] | int) * price.per_input + to_ask * output * price.per_output) -%}
    {%- endif -%}
    {{ return([
        node.name, settings.model_version, found[0] | int, found[1] | int, found[2] | int, found[3] | int, to_ask, tokens, cost,
        limits | join(', ') or 'none'
    ]) }}
{%- endmacro %}


{# Rows, distinct inputs, answered, given up, to ask, and the tokens of what is to be asked. #}
{% macro _plan_sql(body, asked) -%}
    with

    staged as (
        {{ lakeweave._staged_sql(body, asked) }}
    ),

    inputs as (
        select
            fingerprint,
            min(cast({{ adapter.quote(asked.input) }} as {{ dbt.type_string() }})) as input
        from staged
        where fingerprint is not null
        group by fingerprint
    ),

    known as (
        {{ lakeweave._known_sql(asked) }}
    ),

    judged as (
        select
            inputs.input,
            case
                when known.fingerprint is null then 'to ask'
                when known.is_answered = 1 then 'answered'
                when known.refused_at <= known.forgiven and known.attempts - known.forgiven < {{ asked.max_attempts }} then 'to ask'
                else 'given up'
            end as verdict
        from inputs
        left join known on inputs.fingerprint = known.fingerprint
    )

    select
        (select count(*) from staged) as row_count,
        count(*) as input_count,
        coalesce(sum(case when verdict = 'answered' then 1 else 0 end), 0) as answered,
        coalesce(sum(case when verdict = 'given up' then 1 else 0 end), 0) as given_up,
        coalesce(sum(case when verdict = 'to ask' then 1 else 0 end), 0) as to_ask,
        coalesce(sum(case when verdict = 'to ask' then ceil(length(input) / 4.0) else 0 end), 0) as tokens
    from judged
{%- endmacro %}
