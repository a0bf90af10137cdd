{#
    The budget of a run: requests and money, of one model and of all models together.

        limits → spent so far, from the ledger → the next batch → ask → the ledger → …

    Under a budget in money the first batch is small, and each batch is at most four times what was asked before it. After each
    batch what the ledger measured replaces the estimate: the most expensive question of this run, before that the mean of earlier runs.
    A batch is sent only when all of it fits at that cost, so spending passes the budget by at most the small first batch as long as
    no later question costs more than the most expensive one so far, and by at most one batch in any case.
#}

{# Questions of the first batch under a budget in money, and how much larger than all before it a batch may be. #}
{% macro _first_batch_size() -%}
    {{ return(5) }}
{%- endmacro %}

{% macro _batch_growth() -%}
    {{ return(4) }}
{%- endmacro %}

{# A limit as a number: a number, or a text that is one. None when it is neither. #}
{% macro _number_of(value, whole=false) -%}
    {%- if value is boolean -%}
        {{ return(none) }}
    {%- elif value is string -%}
        {%- if modules.re.match('\\A\\s*[0-9]+\\s*\\Z', value) -%}
            {{ return(value | int) }}
        {%- elif not whole and modules.re.match('\\A\\s*([0-9]+\\.[0-9]*|\\.[0-9]+)\\s*\\Z', value) -%}
            {{ return(value | float) }}
        {%- endif -%}
        {{ return(none) }}
    {%- elif value is number and value >= 0 and value < 1e300 and not (whole and value != value | int) -%}
        {{ return(value | int if whole else value) }}
    {%- endif -%}
    {{ return(none) }}
{%- endmacro %}

{# The limits of the whole run, from the project's variables, as numbers. An error when one is something else. #}
{% macro _limits_of_run() -%}
    {%- set problems = [] -%}
    {%- set limits = {'calls': none, 'cost': none} -%}
    {%- set calls, cost = var('inference_max_calls_per_run', none), var('inference_max_cost_per_run', none) -%}
    {%- if calls is not none -%}
        {%- do limits.update({'calls': lakeweave._number_of(calls, true)}) -%}
        {%- if limits.calls is none -%}
            {%- do problems.append("`inference_max_calls_per_run` is " ~ tojson(calls | string) ~ "; expected a whole number of at least 0.") -%}
        {%- endif -%}
    {%- endif -%}
    {%- if cost is mapping -%}
        {%- set amounts = {} -%}
        {%- for currency, amount in cost.items() -%}
            {%- do amounts.update({currency: lakeweave._number_of(amount)}) -%}
            {%- if amounts[currency] is none -%}
                {%- do problems.append("`inference_max_cost_per_run` is " ~ tojson(amount | string) ~ " for " ~ currency ~ "; expected an amount of at least 0.") -%}
            {%- endif -%}
        {%- endfor -%}
        {%- do limits.update({'cost': amounts}) -%}
    {%- elif cost is not none -%}
        {%- do limits.update({'cost': lakeweave._number_of(cost)}) -%}
        {%- if limits.cost is none -%}
            {%- do problems.append("`inference_max_cost_per_run` is " ~ tojson(cost | string)
                ~ "; expected an amount of at least 0, or a mapping of currencies to amounts such as {USD: 20}.") -%}
        {%- endif -%}
    {%- endif -%}
    {%- do lakeweave.raise_problems("The budget of the run (vars of dbt_project.yml)", problems) -%}
    {{ return(limits) }}
{%- endmacro %}

{# All limits of one model in this run, and its price where one of them is in money. #}
{% macro _limits(settings, called) -%}
    {%- set run = lakeweave._limits_of_run() -%}
    {%- set limits = {
        'calls': settings.max_calls_per_run, 'cost': settings.max_cost_per_run, 'run_calls': run.calls, 'run_cost': run.cost,
        'price': none,
    } -%}
    {%- if limits.cost is not none or limits.run_cost is not none -%}
        {%- set price = lakeweave._price(called, 'max_cost_per_run' if limits.cost is not none else 'inference_max_cost_per_run') -%}
        {%- do limits.update({'price': price}) -%}
        {%- if limits.run_cost is mapping and price.currency is none -%}
            {%- do limits.update({'run_cost': none}) -%}
        {%- elif limits.run_cost is mapping -%}
            {%- if price.currency not in limits.run_cost -%}
                {%- do exceptions.raise_compiler_error(
                    this ~ " is paid in " ~ price.currency ~ ", for which `inference_max_cost_per_run` has no amount; it has: "
                    ~ (limits.run_cost | join(', ') or 'none') ~ ". Nothing was asked. Currencies are never added up: give an amount for each."
                ) -%}
            {%- endif -%}
            {%- do limits.update({'run_cost': limits.run_cost[price.currency]}) -%}
        {%- endif -%}
    {%- endif -%}
    {{ return(limits) }}
{%- endmacro %}

{% macro _has_money_limit(call_config) -%}
    {{ return(call_config.limits.cost is not none or call_config.limits.run_cost is not none) }}
{%- endmacro %}

{#
    What was spent in this run so far, from the ledger: requests of this model and of all, money of this model and of all that are
    paid in its currency. `factor` is the cost of the most expensive question, as a multiple of its estimate, none before the first one.
#}
{% macro _spent(call_config) -%}
    {%- set in_run = "invocation_id = '" ~ invocation_id ~ "'" -%}
    {%- set mine = "node_id = " ~ lakeweave.text_literal(call_config.node_id) -%}
    {%- set rows = none -%}
    {%- if lakeweave._has_money_limit(call_config) -%}
        {%- set same_currency = "currency = " ~ lakeweave.text_literal(call_config.price.currency) if call_config.price.currency else '1 = 0' -%}
        {%- set prices = lakeweave._prices_relation() -%}
        {%- set rows = lakeweave.fetch_rows(
            "select coalesce(sum(case when " ~ mine ~ " then coalesce(requests, 1) else 0 end), 0) as my_requests, coalesce(sum(coalesce(requests, 1)), 0) as requests, "
            ~ "coalesce(sum(case when " ~ mine ~ " then cost end), 0) as my_cost, coalesce(sum(case when " ~ same_currency ~ " then cost end), 0) as cost, "
            ~ "max(case when " ~ mine ~ " then cost / nullif(estimated_cost, 0) end) as factor from ("
            ~ lakeweave._priced_responses(prices, 'responses.' ~ in_run) ~ ") as priced"
        ) -%}
    {%- elif call_config.limits.calls is not none or call_config.limits.run_calls is not none -%}
        {%- set rows = lakeweave.fetch_rows(
            "select coalesce(sum(case when " ~ mine ~ " then coalesce(requests, 1) else 0 end), 0) as my_requests, coalesce(sum(coalesce(requests, 1)), 0) as requests, "
            ~ "0 as my_cost, 0 as cost, null as factor from " ~ lakeweave.ledger_relation('model_responses') ~ " where " ~ in_run ~ " and state <> 'offered'"
        ) -%}
    {%- endif -%}
    {%- set row = rows[0] if rows else [0, 0, 0, 0, none] -%}
    {{ return({
        'my_requests': row[0] | int, 'requests': row[1] | int, 'my_cost': row[2] | float, 'cost': row[3] | float,
        'factor': row[4] | float if row[4] is not none else none,
    }) }}
{%- endmacro %}

{# How many times the estimate a question cost in earlier runs, in the mean; none without any. #}
{% macro _factor_of_history(call_config, prices) -%}
    {%- set rows = lakeweave.fetch_rows(
        "select sum(cost) / nullif(sum(estimated_cost), 0) as factor from (" ~ lakeweave._priced_responses(
            prices, lakeweave._same_model(call_config)
            ~ " and responses.options = " ~ lakeweave.text_literal(tojson(call_config.options, sort_keys=true))
            ~ " and responses.invocation_id <> '" ~ invocation_id ~ "'"
        ) ~ ") as priced where not is_estimated"
    ) -%}
    {{ return(rows[0][0] | float if rows and rows[0][0] is not none else none) }}
{%- endmacro %}

{#
    The next batch: the questions after place `after` up to place `last`. `stop` says why there is none although questions are left,
    `is_run` that it is the budget of the whole run, and `is_zero` that the limit is exactly 0.
#}
{% macro _next_batch(pending, after, asked_so_far, plan, spent, call_config) -%}
    {%- set limits = call_config.limits -%}
    {%- set next = {'last': after, 'questions': 0, 'stop': '', 'is_run': false, 'is_zero': false, 'requests': none} -%}
    {%- if after >= plan.to_ask -%}
        {{ return(next) }}
    {%- endif -%}
    {%- set size = namespace(cap=call_config.batch_size, money=none, name='', limit=none, is_run=false, used=0) -%}
    {%- for name, limit, used, is_run in [
        ('max_calls_per_run', limits.calls, spent.my_requests, false),
        ('inference_max_calls_per_run', limits.run_calls, spent.requests, true),
    ] if limit is not none -%}
        {%- set left = [limit - used, 0] | max -%}
        {%- if left == 0 and not next.stop -%}
            {%- do next.update({
                'stop': ('the calls of the whole run are used up (' if is_run else 'the calls are used up (') ~ name ~ ' = ' ~ limit ~ ')',
                'limit': name ~ ' = ' ~ limit, 'is_run': is_run, 'is_zero': limit == 0,
            }) -%}
        {%- endif -%}
        {%- set size.cap = [size.cap, left] | min -%}
        {%- do next.update({'requests': left if next.requests is none else [left, next.requests] | min}) -%}
    {%- endfor -%}
    {%- for name, limit, used, is_run in [
        ('max_cost_per_run', limits.cost, spent.my_cost, false),
        ('inference_max_cost_per_run', limits.run_cost, spent.cost, true),
    ] if limit is not none -%}
        {%- set left = limit - used -%}
        {%- if size.money is none or left < size.money -%}
            {%- set size.money = left -%}
            {%- set size.name = name -%}
            {%- set size.limit = limit -%}
            {%- set size.is_run = is_run -%}
            {%- set size.used = used -%}
        {%- endif -%}
    {%- endfor -%}
    {%- if next.stop -%}
        {{ return(next) }}
    {%- endif -%}
    {%- if size.money is none -%}
        {%- do next.update({'last': [after + size.cap, plan.to_ask] | min}) -%}
        {%- do next.update({'questions': next.last - after}) -%}
        {{ return(next) }}
    {%- endif -%}
    {%- set factor = spent.factor if spent.factor is not none else plan.factor -%}
    {%- if size.limit > 0 -%}
        {%- set size.cap = [size.cap, [lakeweave._first_batch_size(), asked_so_far * lakeweave._batch_growth()] | max] | min -%}
        {%- set rows = lakeweave.fetch_rows(
            "select coalesce(max(case when number <= " ~ size.cap ~ " and round(cost * " ~ factor ~ ", 9) <= " ~ (size.money | round(9)) ~ " then place end), " ~ after
            ~ ") as last, count(case when number <= " ~ size.cap ~ " and round(cost * " ~ factor ~ ", 9) <= " ~ (size.money | round(9))
            ~ " then 1 end) as questions, count(*) as open_questions from (" ~ lakeweave._open_sql(pending, after) ~ ") as waiting",
            [[after, 0, 0]]
        ) -%}
        {%- do next.update({'last': rows[0][0] | int, 'questions': rows[0][1] | int}) -%}
        {%- if next.questions > 0 or rows[0][2] | int == 0 -%}
            {{ return(next) }}
        {%- endif -%}
    {%- endif -%}
    {%- set limit = size.name ~ ' = ' ~ size.limit ~ (' ' ~ call_config.price.currency if call_config.price.currency else '') -%}
    {%- set spent_so_far = '%.4f' | format(size.used) ~ ' was spent' -%}
    {%- if size.is_run -%}
        {%- set stop = 'the cost of the whole run is used up (' ~ limit ~ '; ' ~ spent_so_far ~ ')' -%}
    {%- else -%}
        {%- set stop = 'the cost reached ' ~ limit ~ ' (' ~ spent_so_far ~ ')' -%}
    {%- endif -%}
    {%- do next.update({'stop': stop, 'limit': stop, 'is_run': size.is_run, 'is_zero': size.limit == 0}) -%}
    {{ return(next) }}
{%- endmacro %}

{# The questions after a place that no model has sent in this run, numbered, with the estimated cost up to each. #}
{% macro _open_sql(pending, after) -%}
    select
        pending.place,
        row_number() over (order by pending.place) as number,
        sum(pending.estimated_cost) over (order by pending.place rows between unbounded preceding and current row) as cost
    from {{ pending }} as pending
    left join (
        {{ lakeweave._asked_meanwhile_sql() }}
    ) as meanwhile on pending.fingerprint = meanwhile.fingerprint
    where pending.place > {{ after }} and meanwhile.fingerprint is null
{%- endmacro %}

{# What was asked in this run so far, by any model. #}
{% macro _asked_meanwhile_sql() -%}
    select distinct fingerprint
    from {{ lakeweave.ledger_relation('model_responses') }}
    where invocation_id = '{{ invocation_id }}' and state <> 'offered'
{%- endmacro %}

{# The sentence about a budget that did not suffice. #}
{% macro _over_budget_message(limit, fit, to_ask) -%}
    {{ return(this ~ " is over its budget (" ~ limit ~ "): " ~ fit ~ " of " ~ to_ask ~ " questions fit.") }}
{%- endmacro %}

{# What the next run does about the questions that are left. A limit of 0 sends nothing in any run. #}
{% macro _what_comes_next(outcome) -%}
    {{ return(" A limit of 0 sends nothing in any run." if outcome.is_zero else " The next run sends them.") }}
{%- endmacro %}
