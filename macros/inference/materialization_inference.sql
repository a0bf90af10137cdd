{#
    Asks a model what it was not asked before, and joins the answers to the body.

        stage the body once → the distinct fingerprints that have no final answer in the ledger → cut to the budget, in a
        fixed order → ask in batches, each committed to the ledger before the next is sent → relation = body ⋈ ledger

    A relation that would come out as it is stays untouched, and so does an index on it. It can be dropped and rebuilt at will, by `--full-refresh` or by hand: what was paid for is in the ledger,
    which this never drops. Every row of the body is in the relation, whatever became of its call.

    Calls are ordered by their input, so that inputs which share a beginning follow one another (a server can then reuse
    what it computed for the beginning), and by the fingerprint. The budget cuts at the end of that order.
#}
{% materialization inference, default, supported_languages=['sql'] %}

    {%- set target_relation = this.incorporate(type='table') -%}
    {%- set existing = load_cached_relation(this) -%}
    {%- do lakeweave._ensure_response_ledger() -%}
    {%- do lakeweave.forget_scratch(target_relation) -%}
    {%- set call_config = lakeweave._call_config(config.get('meta')['inference']) -%}
    {%- set staged = lakeweave.scratch_relation(target_relation, 'inputs') -%}
    {%- set pending = lakeweave.scratch_relation(target_relation, 'pending') -%}

    {{ lakeweave.run_hooks_outside(pre_hooks) }}
    {{ run_hooks(pre_hooks, inside_transaction=True) }}

    {%- set body_columns = lakeweave._body_columns(sql, call_config) -%}
    {%- do lakeweave._refuse_personal_columns(sql, call_config) -%}

    {%- call statement('stage') -%}
        {{ config.get('sql_header') or '' }}
        {{ lakeweave.create_scratch(staged, lakeweave._staged_sql(sql, call_config)) }}
    {%- endcall -%}
    {%- call statement('pending') -%}
        {{ lakeweave.create_scratch(pending, lakeweave._pending_sql(staged, call_config)) }}
    {%- endcall -%}
    {%- do adapter.commit() -%}

    {%- do lakeweave._warn_of_personal_values(pending, call_config) -%}
    {%- set plan = lakeweave._plan_of_run(staged, pending, call_config) -%}
    {%- if plan.fit < plan.to_ask and call_config.on_over_budget == 'error' -%}
        {%- do exceptions.raise_compiler_error(lakeweave._over_budget_message(plan.limits, plan.fit, plan.to_ask) ~ " Nothing was asked.") -%}
    {%- endif -%}
    {%- set outcome = lakeweave._ask_in_batches(pending, plan, call_config) -%}
    {%- if outcome.over_budget and call_config.on_over_budget == 'error' -%}
        {%- do exceptions.raise_compiler_error(
            lakeweave._over_budget_message(outcome.limit, outcome.fit, plan.to_ask) ~ " Their answers are in the ledger; the relation is as it was."
        ) -%}
    {%- endif -%}

    {%- do lakeweave._refuse_failures(staged, body_columns, call_config, outcome) -%}
    {%- if plan.to_ask == 0 and lakeweave._is_unchanged(existing, staged, body_columns, call_config, outcome) -%}
        {%- if config.get('contract').enforced -%}
            {%- do get_assert_columns_equivalent(lakeweave._answered_sql(staged, body_columns, call_config, outcome)) -%}
        {%- endif -%}
        {%- call noop_statement('main', 'UNCHANGED', 'UNCHANGED') -%}
            {{ lakeweave._answered_sql(staged, body_columns, call_config, outcome) }}
        {%- endcall -%}
    {%- else -%}
        {%- do lakeweave.write_relation(existing, target_relation, lakeweave._answered_sql(staged, body_columns, call_config, outcome)) -%}
    {%- endif -%}
    {%- call statement('account') -%}
        {{ lakeweave._account_of_run_sql(target_relation, call_config) }}
    {%- endcall -%}

    {{ run_hooks(post_hooks, inside_transaction=True) }}
    {%- do apply_grants(target_relation, config.get('grants'), should_revoke=should_revoke(existing, full_refresh_mode=True)) -%}
    {%- do persist_docs(target_relation, model) -%}
    {%- do adapter.commit() -%}
    {%- do lakeweave.drop_scratch(pending) -%}
    {%- do lakeweave.drop_scratch(staged) -%}
    {{ lakeweave.run_hooks_outside(post_hooks) }}

    {%- do lakeweave._warn_unfinished(target_relation, plan, outcome, call_config) -%}
    {{ return({'relations': [target_relation]}) }}

{% endmaterialization %}

{# The settings of this node, with what only a running project knows: who answers, as which version, at which price. #}
{% macro _call_config(settings) -%}
    {%- set call_config = {} -%}
    {%- do call_config.update(settings) -%}
    {%- set called = lakeweave.called_model(settings.model) -%}
    {%- if called is none -%}
        {%- do lakeweave.raise_problems("The call of `inference` in " ~ this, lakeweave._called_model_problems(settings)) -%}
    {%- endif -%}
    {%- set answer = lakeweave._inference_functions()[settings.function].answer -%}
    {%- do call_config.update({
        'called': called,
        'model_version': lakeweave._model_version(called),
        'answer': answer,
        'node_id': model.unique_id,
        'warn_if_failed_share': lakeweave._share(settings.get('warn_if_failed_share'), 'inference_warn_if_failed_share', 0.1),
        'fail_if_failed_share': lakeweave._share(settings.get('fail_if_failed_share'), 'inference_fail_if_failed_share', none),
        'batch_size': settings.batch_size or var('inference_batch_size', none) or lakeweave._default_batch_size(settings.function),
        'max_input_characters': settings.max_input_characters or called.max_input_characters,
        'limits': lakeweave._limits(settings, called),
    }) -%}
    {%- do lakeweave._refuse_missing_ledgers() -%}
    {%- do call_config.update({'price': call_config.limits.price, 'previous_options': lakeweave._previous_options_in_ledger(call_config)}) -%}
    {{ return(call_config) }}
{%- endmacro %}

{#
    One batch is what a kill can lose, and what is between two commits. 512 is a multiple of the usual concurrencies, so that the last
    requests of a batch leave no worker idle. A statement of a warehouse takes more rows.
#}
{% macro _default_batch_size(function) -%}
    {%- if function in ('annotate_image', 'predict_image') or lakeweave.is_local_engine() -%}
        {{ return(512) }}
    {%- endif -%}
    {{ return(10000) }}
{%- endmacro %}

{# The columns of the body, quoted; an error when the body lacks the input or has a column that the answer brings. #}
{% macro _body_columns(body, call_config) -%}
    {%- set names = get_columns_in_query(body) -%}
    {%- if not names -%}
        {# No columns came back: an offline proof. The star is used instead. #}
        {{ return([]) }}
    {%- endif -%}
    {%- set lower = names | map('lower') | list -%}
    {%- set problems = [] -%}
    {%- for argument in ['input', 'content_hash'] if call_config[argument] is not none and call_config[argument] | lower not in lower -%}
        {%- do problems.append("`" ~ argument ~ "` is '" ~ call_config[argument] ~ "', which the body does not have; its columns are: " ~ names | join(', ') ~ ".") -%}
    {%- endfor -%}
    {%- set brought = lakeweave._answer_columns(call_config) -%}
    {%- for name in lower if name in brought -%}
        {%- do problems.append("The body has a column `" ~ name ~ "`, which the answer brings; rename it.") -%}
    {%- endfor -%}
    {%- do lakeweave.raise_problems("The body of " ~ this, problems) -%}
    {%- set quoted = [] -%}
    {%- for name in names -%}
        {%- do quoted.append(adapter.quote(name)) -%}
    {%- endfor -%}
    {{ return(quoted) }}
{%- endmacro %}

{% macro _answer_columns(call_config) -%}
    {{ return([call_config.answer] + (['embedding_model'] if call_config.answer == 'embedding' else [])
        + call_config.options.get('schema', []) | map(attribute='name') | map('lower') | list
        + ['response_state', 'response_status', 'fingerprint', 'responded_at']) }}
{%- endmacro %}

{#
    Body plus fingerprint. NULL as fingerprint marks a row that cannot be asked: there is nothing to ask, or too much.

    A question that the ledger knows under an earlier fingerprint of the same request keeps that fingerprint, so that what was paid
    for is not asked again; `call_config.previous_options` has the earlier forms that are in the ledger, usually none.
#}
{% macro _staged_sql(body, call_config) -%}
    {%- set content = lakeweave._content_of('body', call_config) -%}
    {%- set askable = "case when (" ~ lakeweave._reason_not_askable('body', call_config) ~ ") is null then " -%}
    {%- set now = lakeweave.fingerprint(call_config.function, call_config.model, call_config.model_version, call_config.options, content) -%}
    {%- if not call_config.previous_options -%}
    select
        body.*,
        {{ askable ~ now }} end as fingerprint
    from (
        {{ body }}
    ) as body
    {%- else -%}
    {%- set earlier = [] -%}
    {%- for options in call_config.previous_options -%}
        {%- do earlier.append('lakeweave_fingerprint_' ~ loop.index) -%}
    {%- endfor %}
    select
        hashed.* {{ lakeweave.star_without((['lakeweave_fingerprint'] + earlier) | join(', ')) }},
        case
            when known.is_answered = 1 then hashed.lakeweave_fingerprint
            {%- for name in earlier %}
            when known_{{ loop.index }}.is_answered = 1 then hashed.{{ name }}
            {%- endfor %}
            when known.fingerprint is not null then hashed.lakeweave_fingerprint
            {%- for name in earlier %}
            when known_{{ loop.index }}.fingerprint is not null then hashed.{{ name }}
            {%- endfor %}
            else hashed.lakeweave_fingerprint
        end as fingerprint
    from (
        select
            body.*,
            {{ askable ~ now }} end as lakeweave_fingerprint
            {%- for options in call_config.previous_options %},
            {{ askable ~ lakeweave._fingerprint_of(call_config.function, call_config.model, call_config.model_version, options, content) }} end as {{ earlier[loop.index0] }}
            {%- endfor %}
        from (
            {{ body }}
        ) as body
    ) as hashed
    {%- for name in ['lakeweave_fingerprint'] + earlier %}
    {%- set known = 'known' if loop.first else 'known_' ~ loop.index0 %}
    left join (
        {{ lakeweave._known_sql(call_config) }}
    ) as {{ known }} on hashed.{{ name }} = {{ known }}.fingerprint
    {%- endfor %}
    {%- endif %}
{%- endmacro %}

{# What a fingerprint is taken of: the input, or the hash of the content. #}
{% macro _content_of(alias, call_config) -%}
    {{ return("cast(" ~ alias ~ "." ~ adapter.quote(call_config.content_hash or call_config.input) ~ " as " ~ dbt.type_string() ~ ")") }}
{%- endmacro %}

{# The earlier forms of the options that the ledger has answers under. #}
{% macro _previous_options_in_ledger(call_config) -%}
    {%- set forms = [] -%}
    {%- for options in lakeweave._previous_options(call_config.function, call_config.options) -%}
        {%- do forms.append(lakeweave.text_literal(options)) -%}
    {%- endfor -%}
    {%- set found = [] -%}
    {%- if forms -%}
        {%- for row in lakeweave.fetch_rows(
            "select distinct options from " ~ lakeweave._known_responses() ~ " as responses where " ~ lakeweave._same_model(call_config)
            ~ " and options in (" ~ forms | join(', ') ~ ") order by options", []
        ) -%}
            {%- do found.append(row[0]) -%}
        {%- endfor -%}
    {%- endif -%}
    {{ return(found) }}
{%- endmacro %}

{# Why a row cannot be asked, as an SQL expression; NULL when it can. #}
{% macro _reason_not_askable(alias, call_config) -%}
    {%- set input = "cast(" ~ alias ~ "." ~ adapter.quote(call_config.input) ~ " as " ~ dbt.type_string() ~ ")" -%}
    case
        when {{ input }} is null then 'null input'
        when {{ lakeweave.is_blank(input) }} then 'empty input'
        {%- if call_config.content_hash %}
        when {{ alias }}.{{ adapter.quote(call_config.content_hash) }} is null then 'no content hash'
        {%- endif %}
        {%- if call_config.max_input_characters %}
        when length({{ input }}) > {{ call_config.max_input_characters }} then 'input is longer than {{ call_config.max_input_characters }} characters'
        {%- endif %}
    end
{%- endmacro %}

{# What is to be asked, once per fingerprint, with its place in the order and the estimated cost of one request. #}
{% macro _pending_sql(staged, call_config) -%}
    with

    inputs as (
        select
            fingerprint,
            min(cast({{ adapter.quote(call_config.input) }} as {{ dbt.type_string() }})) as input
        from {{ staged }}
        where fingerprint is not null
        group by fingerprint
    ),

    known as (
        {{ lakeweave._known_sql(call_config) }}
    )

    select
        inputs.fingerprint,
        inputs.input,
        coalesce(known.attempts, 0) as attempts,
        row_number() over (order by inputs.input, inputs.fingerprint) as place,
        {{ lakeweave._estimated_cost('inputs.input', call_config) if call_config.price else '0.0' }} as estimated_cost
    from inputs
    left join known on inputs.fingerprint = known.fingerprint
    where known.fingerprint is null or (
        known.is_answered = 0
        and known.refused_at <= known.forgiven
        and known.attempts - known.forgiven < {{ call_config.max_attempts }}
        and known.asked_in_this_run = 0
    )
{%- endmacro %}

{#
    What the ledger knows of each fingerprint of this model. An `offered` row is a mark, not an attempt: attempts up to it
    are forgiven. Attempts of this very run count once: nothing is asked twice in one run.
#}
{% macro _known_sql(call_config) -%}
    select
        fingerprint,
        max(attempt) as attempts,
        max(case when state = 'offered' then attempt else 0 end) as forgiven,
        max(case when state = 'failed' then attempt else 0 end) as refused_at,
        max(case when state = 'ok' then 1 else 0 end) as is_answered,
        max(case when invocation_id = '{{ invocation_id }}' then 1 else 0 end) as asked_in_this_run
    from {{ lakeweave._known_responses() }} as responses
    where {{ lakeweave._same_model(call_config) }}
    group by fingerprint
{%- endmacro %}

{# The ledger's rows of one model: the fingerprint says as much, but this is what a warehouse can prune by. #}
{% macro _same_model(call_config) -%}
    responses.function = {{ lakeweave.text_literal(call_config.function) }}
        and responses.model = {{ lakeweave.text_literal(call_config.model) }}
        and responses.model_version = {{ lakeweave.text_literal(call_config.model_version) }}
{%- endmacro %}

{# Numbers about this run before anything is asked: `fit` questions fit the budget at the estimated cost. #}
{% macro _plan_of_run(staged, pending, call_config) -%}
    {%- set limits = call_config.limits -%}
    {%- set factor = (lakeweave._factor_of_history(call_config, lakeweave._prices_relation()) if lakeweave._has_money_limit(call_config) else none) or 1 -%}
    {%- set fits, named = [], [] -%}
    {%- if limits.calls is not none -%}
        {%- do fits.append('place <= ' ~ limits.calls) -%}
        {%- do named.append('max_calls_per_run = ' ~ limits.calls) -%}
    {%- endif -%}
    {%- if limits.cost is not none -%}
        {%- do fits.append('0 < ' ~ limits.cost ~ ' and round(cost_so_far * ' ~ factor ~ ', 9) <= ' ~ limits.cost) -%}
    {%- endif -%}
    {%- set rows = lakeweave.fetch_rows(
        "select (select count(*) from " ~ staged ~ ") as row_count, (select count(distinct fingerprint) from " ~ staged ~ ") as input_count, "
        ~ "count(*) as to_ask, count(case when " ~ (fits | join(' and ') or '1 = 1') ~ " then 1 end) as fit, coalesce(max(cost_so_far), 0) as cost"
        ~ " from (select place, sum(estimated_cost) over (order by place rows between unbounded preceding and current row) as cost_so_far from "
        ~ pending ~ ") as waiting",
        [[0, 0, 0, 0, 0]]
    ) -%}
    {%- set found = rows[0] -%}
    {%- if limits.cost is not none -%}
        {%- do named.append('max_cost_per_run = ' ~ limits.cost ~ ' of an estimated ' ~ '%.4f' | format((found[4] | float) * factor)) -%}
    {%- endif -%}
    {{ return({
        'rows': found[0] | int,
        'inputs': found[1] | int,
        'to_ask': found[2] | int,
        'fit': found[3] | int,
        'factor': factor,
        'limits': named | join(', '),
    }) }}
{%- endmacro %}

{#
    Asks batch by batch. On DuckDB another thread may hold some of the questions: then its answers are waited
    for, and what it could not answer is left for the next run. Gives the reason why something was not sent, if any.
#}
{% macro _ask_in_batches(pending, plan, call_config) -%}
    {%- set seen = namespace(
        unsent=0, reason='', refused=0, stopped='', limit='', over_budget=false, is_zero=false, last=0, asked=0, told=modules.datetime.datetime.now()
    ) -%}
    {%- for round in range(3) -%}
        {%- set seen.refused = 0 -%}
        {%- set seen.last = 0 -%}
        {%- for number in range([plan.to_ask, 99999] | min) -%}
            {%- do lakeweave._take_lock(call_config) -%}
            {%- set next = lakeweave._next_batch(pending, seen.last, seen.asked, plan, lakeweave._spent(call_config), call_config) -%}
            {%- if next.questions == 0 -%}
                {%- do lakeweave._release_lock(call_config) -%}
                {%- set seen.is_zero = next.is_zero -%}
                {%- if next.stop and next.is_run -%}
                    {%- set seen.stopped = next.stop -%}
                {%- elif next.stop -%}
                    {%- set seen.over_budget = true -%}
                    {%- set seen.limit = next.limit -%}
                {%- endif -%}
                {%- break -%}
            {%- endif -%}
            {%- for sql in lakeweave._batch_statements(pending, seen.last, next, call_config) -%}
                {%- call statement('batch') -%}
                    {{ sql }}
                {%- endcall -%}
            {%- endfor -%}
            {%- do adapter.commit() -%}
            {%- set report = lakeweave._settle(call_config) -%}
            {%- set seen.last = next.last -%}
            {%- set seen.asked = seen.asked + next.questions -%}
            {%- set seen.refused = seen.refused + report.refused -%}
            {%- if report.unsent > 0 -%}
                {%- set seen.unsent = seen.unsent + report.unsent -%}
                {%- set seen.reason = report.reason -%}
                {%- break -%}
            {%- endif -%}
            {%- if (modules.datetime.datetime.now() - seen.told).total_seconds() > 15 -%}
                {%- set seen.told = modules.datetime.datetime.now() -%}
                {%- do log(this ~ ": asked " ~ seen.last ~ " of " ~ plan.to_ask ~ " questions", info=True) -%}
            {%- endif -%}
        {%- endfor -%}
        {%- if seen.refused == 0 or seen.unsent > 0 or seen.stopped or seen.over_budget -%}
            {%- break -%}
        {%- endif -%}
        {%- do lakeweave._wait(call_config) -%}
    {%- endfor -%}
    {%- set left = lakeweave.fetch_rows("select count(*) as open_questions from (" ~ lakeweave._open_sql(pending, 0) ~ ") as waiting", [[0]])[0][0] | int
        if seen.over_budget or seen.stopped else 0 -%}
    {{ return({
        'unsent': seen.unsent,
        'reason': seen.reason,
        'stopped': seen.stopped if left > 0 else '',
        'over_budget': seen.over_budget and left > 0,
        'limit': seen.limit,
        'is_zero': seen.is_zero,
        'fit': plan.to_ask - left,
        'left': left,
    }) }}
{%- endmacro %}

{# The questions of one batch. Questions that another model of this run has asked meanwhile are left out. #}
{% macro _batch_sql(pending, after, next) -%}
    select pending.fingerprint, pending.input, pending.attempts, pending.place
    from {{ pending }} as pending
    left join (
        {{ lakeweave._asked_meanwhile_sql() }}
    ) as meanwhile on pending.fingerprint = meanwhile.fingerprint
    where pending.place > {{ after }} and pending.place <= {{ next.last }} and meanwhile.fingerprint is null
{%- endmacro %}

{# The ledger's rows from answers to a batch. #}
{% macro _ledger_rows_sql(answers, call_config) -%}
    insert into {{ lakeweave.ledger_relation('model_responses') }} (
        fingerprint, function, model, model_version, options, response, embedding, status, state, attempt,
        requested_at, invocation_id, node_id, estimated_input_tokens, estimated_output_tokens,
        {{ lakeweave._columns_of_call() | join(', ') }}
    )
    select
        fingerprint,
        {{ lakeweave.text_literal(call_config.function) }},
        {{ lakeweave.text_literal(call_config.model) }},
        {{ lakeweave.text_literal(call_config.model_version) }},
        {{ lakeweave.text_literal(tojson(call_config.options, sort_keys=true)) }},
        case when response_state = 'ok' then response end,
        case when response_state = 'ok' then embedding end,
        response_status,
        response_state,
        attempts + 1,
        {{ lakeweave._now() }},
        '{{ invocation_id }}',
        {{ lakeweave.text_literal(call_config.node_id) }},
        {{ lakeweave._estimated_input_tokens('input', call_config) }},
        {{ lakeweave._estimated_output_tokens(call_config) }},
        {{ lakeweave._columns_of_call() | join(',\n        ') }}
    from {{ answers }}
    where response_state <> 'unsent'
{%- endmacro %}

{# This moment in UTC, as a timestamp: when a batch was sent. #}
{% macro _now() -%}
    cast('{{ modules.datetime.datetime.now(modules.pytz.utc).strftime("%Y-%m-%d %H:%M:%S.%f") }}' as {{ dbt.type_timestamp() }})
{%- endmacro %}

{#
    Whether the relation is already what would be written: same columns and types, and the same rows by count and sum of
    their hashes. The answers themselves need not be compared: the ledger never changes an answer to a fingerprint.
#}
{% macro _is_unchanged(existing, staged, body_columns, call_config, outcome) -%}
    {%- if existing is none or not existing.is_table or not body_columns or should_full_refresh() -%}
        {{ return(false) }}
    {%- endif -%}
    {%- set types = {} -%}
    {%- for column in adapter.get_columns_in_relation(staged) -%}
        {%- do types.update({column.name | lower: column.dtype}) -%}
    {%- endfor -%}
    {%- set present = adapter.get_columns_in_relation(existing) -%}
    {%- if present | map(attribute='name') | map('lower') | list
            != (body_columns | map('replace', adapter.quote('x')[0], '') | map('lower') | list) + lakeweave._answer_columns(call_config) -%}
        {{ return(false) }}
    {%- endif -%}
    {%- for column in present if column.name | lower in types and types[column.name | lower] != column.dtype -%}
        {{ return(false) }}
    {%- endfor -%}
    {%- set compared = body_columns + ['response_state', 'response_status', 'fingerprint', 'responded_at'] -%}
    {%- set mark = lakeweave._content_mark(compared) -%}
    {%- set rows = lakeweave.fetch_rows(
        "select (select " ~ mark ~ " from " ~ existing ~ " as content) as found, (select " ~ mark ~ " from ("
        ~ lakeweave._answered_sql(staged, body_columns, call_config, outcome, false) ~ ") as content) as wanted"
    ) -%}
    {{ return(rows is not none and rows[0][0] is not none and rows[0][0] | string == rows[0][1] | string) }}
{%- endmacro %}

{# Count and sum of the rows' hashes, as one text. A sum, because equal rows would vanish in an exclusive or. #}
{% macro _content_mark(columns) -%}
    {{ return(adapter.dispatch('_content_mark', 'lakeweave')(columns)) }}
{%- endmacro %}

{# https://duckdb.org/docs/stable/sql/functions/utility#hashvalue #}
{% macro default___content_mark(columns) -%}
    concat(count(*), ' ', sum(cast(hash({{ columns | join(', ') }}) as hugeint)))
{%- endmacro %}

{# Body and ledger joined: one row for every row of the body. `with_answer` false leaves the answer's column out. #}
{% macro _answered_sql(staged, body_columns, call_config, outcome, with_answer=true) -%}
    {%- set not_asked = 'not asked yet' -%}
    {%- if outcome.reason -%}
        {%- set not_asked = 'not asked: ' ~ outcome.reason -%}
    {%- elif outcome.stopped -%}
        {%- set not_asked = 'not asked: ' ~ outcome.stopped -%}
    {%- endif -%}
    select
        {% if body_columns -%}
            {% for column in body_columns %}
        staged.{{ column }},
            {%- endfor %}
        {%- else -%}
        staged.* {{ lakeweave.star_without('fingerprint') }},
        {%- endif %}
        {%- if with_answer %}
        answers.{{ call_config.answer }},
        {%- if call_config.answer == 'embedding' %}
        case
            when answers.state = 'ok' then {{ lakeweave.text_literal(call_config.model ~ '@' ~ call_config.model_version) }}
        end as embedding_model,
        {%- endif %}
        {%- if 'schema' in call_config.options %}
        {%- for typed in lakeweave._typed_columns(call_config.options.schema, 'answers.response') %}
        {{ typed }},
        {%- endfor %}
        {%- endif %}
        {%- endif %}
        case
            when staged.fingerprint is null then 'failed'
            when answers.fingerprint is null then 'pending'
            when answers.state = 'ok' then 'ok'
            when answers.attempt <= answers.forgiven then 'retryable'
            when answers.state = 'failed' or answers.attempt - answers.forgiven >= {{ call_config.max_attempts }} then 'failed'
            else 'retryable'
        end as response_state,
        case
            when staged.fingerprint is null then {{ lakeweave._reason_not_askable('staged', call_config) }}
            when answers.fingerprint is null then {{ lakeweave.text_literal(not_asked) }}
            else answers.status
        end as response_status,
        staged.fingerprint,
        answers.requested_at as responded_at
    from {{ staged }} as staged
    left join (
        select *
        from (
            select
                fingerprint,
                {% if with_answer -%}
                {{ call_config.answer }},
                {% endif -%}
                state,
                status,
                attempt,
                requested_at,
                max(case when state = 'offered' then attempt else 0 end) over (partition by fingerprint) as forgiven,
                row_number() over (
                    partition by fingerprint
                    order by
                        case state when 'ok' then 0 when 'offered' then 2 else 1 end,
                        case when state = 'ok' then requested_at end,
                        attempt desc
                ) as place
            from {{ lakeweave._known_responses() }} as responses
            where {{ lakeweave._same_model(call_config) }}
                and fingerprint in (select fingerprint from {{ staged }})
        ) as ranked
        where place = 1 and state <> 'offered'
    ) as answers on staged.fingerprint = answers.fingerprint
{%- endmacro %}

{# One row about this run: what was asked, and what the ledger answered for nothing. #}
{% macro _account_of_run_sql(target_relation, call_config) -%}
    {%- set mine = "invocation_id = '" ~ invocation_id ~ "' and node_id = " ~ lakeweave.text_literal(call_config.node_id) ~ " and state <> 'offered'" -%}
    {%- set ledger = lakeweave.ledger_relation('model_responses') -%}
    insert into {{ lakeweave.ledger_relation('inference_runs') }} (
        invocation_id, node_id, function, model, model_version, ran_at, row_count, input_count, answered_before, calls,
        ok, retryable, failed, pending
    )
    select
        '{{ invocation_id }}',
        {{ lakeweave.text_literal(call_config.node_id) }},
        {{ lakeweave.text_literal(call_config.function) }},
        {{ lakeweave.text_literal(call_config.model) }},
        {{ lakeweave.text_literal(call_config.model_version) }},
        {{ lakeweave._now() }},
        inputs.row_count,
        inputs.input_count,
        inputs.answered - coalesce(calls.ok, 0),
        coalesce(calls.calls, 0),
        inputs.ok,
        inputs.retryable,
        inputs.failed,
        inputs.pending
    from (
        select
            count(*) as row_count,
            count(distinct fingerprint) as input_count,
            count(distinct case when response_state = 'ok' then fingerprint end) as answered,
            coalesce(sum(case when response_state = 'ok' then 1 else 0 end), 0) as ok,
            coalesce(sum(case when response_state = 'retryable' then 1 else 0 end), 0) as retryable,
            coalesce(sum(case when response_state = 'failed' then 1 else 0 end), 0) as failed,
            coalesce(sum(case when response_state = 'pending' then 1 else 0 end), 0) as pending
        from {{ target_relation }}
    ) as inputs
    cross join (
        select
            count(*) as calls,
            coalesce(sum(case when state = 'ok' then 1 else 0 end), 0) as ok
        from {{ ledger }}
        where {{ mine }}
    ) as calls
{%- endmacro %}

{# Quiet when all is well; a warning with numbers when something was left. #}
{% macro _warn_unfinished(target_relation, plan, outcome, call_config) -%}
    {%- if outcome.unsent > 0 -%}
        {%- do exceptions.warn(target_relation ~ ": questions were left pending, because the model could not be asked. " ~ outcome.reason
            ~ " The next run sends them.") -%}
    {%- elif outcome.stopped -%}
        {%- do exceptions.warn(target_relation ~ ": " ~ outcome.left ~ " questions were left pending: " ~ outcome.stopped ~ "." ~ lakeweave._what_comes_next(outcome)) -%}
    {%- endif -%}
    {%- if outcome.over_budget -%}
        {%- do exceptions.warn(lakeweave._over_budget_message(outcome.limit, outcome.fit, plan.to_ask) ~ " The others are pending." ~ lakeweave._what_comes_next(outcome)) -%}
    {%- endif -%}
    {%- do lakeweave._warn_failures(target_relation, call_config) -%}
    {%- do lakeweave._warn_other_models(target_relation, call_config) -%}
{%- endmacro %}
