{#
    Stops a question into which a personal column goes unannounced, before anything is sent.

    Personal are the columns tagged `config: {meta: {pii: true}}` in the YAML of any model, seed, snapshot or source upstream,
    and the columns that a model upstream computes from them. A model can set `pii: false` for a column that it made harmless. Only what
    `redact` writes is left out, and only if it is exactly what `redact` writes.

    The check fails closed: a body that it does not understand is refused while any column upstream is personal. On DuckDB
    and Spark it is column lineage, see lakeweave/personal. BigQuery and Databricks run no Python of ours, so there the
    stricter rules of `_personal_columns_by_name` hold; `python -m lakeweave.personal` reads their compiled SQL by lineage too.
#}
{% macro _refuse_personal_columns(body, call_config) -%}
    {%- if call_config.allow_pii -%}
        {{ return('') }}
    {%- endif -%}
    {%- set nodes = lakeweave._upstream_nodes(model, call_config.called.unique_id) -%}
    {%- set tagged = [] -%}
    {%- for node in nodes.values() if true in node.pii.values() -%}
        {%- do tagged.append(node.name) -%}
    {%- endfor -%}
    {%- if not tagged -%}
        {{ return('') }}
    {%- endif -%}
    {%- set reads = lakeweave._reads_of_the_template(model.raw_code) -%}
    {%- if reads -%}
        {%- set verdict = {
            'problem': "its template reads tables while dbt compiles it (" ~ reads | join(', ') ~ "), and the SQL has the result as text.",
            'found': lakeweave._personal_names(nodes) | list | sort, 'unread': [],
        } -%}
    {%- else -%}
        {%- set verdict = {'problem': none, 'found': [], 'unread': []} -%}
        {# What is in a file is known by the column of its address. #}
        {%- for input in [call_config.input] + ([call_config.file] if call_config.get('file') else []) if not verdict.problem -%}
            {%- set more = lakeweave._personal_verdict({
                'dialect': lakeweave.engine(),
                'body': lakeweave._without_redacted(body),
                'input': input,
                'nodes': nodes,
            }) -%}
            {%- do verdict.update({'problem': more.problem, 'found': verdict.found + more.found, 'unread': verdict.unread + more.unread}) -%}
        {%- endfor -%}
    {%- endif -%}
    {%- set way_out = "Mask them with lakeweave.redact('<column>'), or announce it: inference(…, allow_pii=true). Nothing was asked." -%}
    {%- if verdict.problem -%}
        {%- do exceptions.raise_compiler_error(
            "The body of " ~ this ~ " is not understood, so it may put personal columns into `" ~ call_config.input ~ "`: " ~ verdict.problem
            ~ " Personal columns upstream: " ~ verdict.found | join(', ') ~ ". Write the body in plainer SQL. " ~ way_out
        ) -%}
    {%- elif verdict.found -%}
        {%- do exceptions.raise_compiler_error(
            "The body of " ~ this ~ " puts personal columns into `" ~ call_config.input ~ "`: " ~ verdict.found | join(', ') ~ ". " ~ way_out
        ) -%}
    {%- endif -%}
    {%- if verdict.unread -%}
        {%- do exceptions.warn(
            "The SQL of " ~ verdict.unread | unique | sort | join(', ') ~ ", upstream of " ~ this ~ ", could not be read for column lineage: "
            ~ "a personal column that was renamed there is not known as one. Tag the columns there that hold personal data."
        ) -%}
    {%- endif -%}
{%- endmacro %}

{# The calls in a template's Jinja that read tables: https://docs.getdbt.com/reference/dbt-jinja-functions/run_query #}
{% macro _reads_of_the_template(raw) -%}
    {%- set calls = [] -%}
    {%- for inside in modules.re.findall('(?s)[{](?:[{].*?[}]|%.*?%)[}]', raw) -%}
        {%- do calls.extend(modules.re.findall(
            '\\b(run_query|statement|load_result|execute|fetch_rows|get_column_values|get_query_results_as_dict|get_single_value)\\s*[(]', inside
        )) -%}
    {%- endfor -%}
    {{ return(calls | unique | sort) }}
{%- endmacro %}

{#
    The nodes upstream of a node, by id, without the called model: name, relation, tags, SQL as far as dbt has it, and parents.
    `pii` has the columns that the YAML speaks of, with what it says.
#}
{% macro _upstream_nodes(node, called_id) -%}
    {%- set found, queue = {}, node.depends_on.nodes | list -%}
    {%- for _ in range(100000) -%}
        {%- if not queue -%}
            {%- break -%}
        {%- endif -%}
        {%- set id = queue.pop() -%}
        {%- if id not in found and id != called_id -%}
            {%- set upstream = graph.nodes.get(id) or graph.sources.get(id) -%}
            {%- if upstream -%}
                {%- set pii = {} -%}
                {%- for column in upstream.columns.values() -%}
                    {%- set said = ((column.config or {}).get('meta') or {}).get('pii', (column.meta or {}).get('pii')) -%}
                    {%- if said is not none -%}
                        {%- do pii.update({column.name | lower: (said | string | lower) not in ('false', 'no', '0', '')}) -%}
                    {%- endif -%}
                {%- endfor -%}
                {%- set parents = (upstream.depends_on or {}).get('nodes') or [] -%}
                {%- set call_config = ((upstream.config or {}).get('meta') or {}).get('inference') or {} -%}
                {%- do found.update({id: {
                    'name': upstream.name,
                    'resource_type': upstream.resource_type | string,
                    'source_name': upstream.get('source_name'),
                    'database': upstream.database,
                    'schema': upstream.schema,
                    'identifier': upstream.get('identifier') or upstream.get('alias') or upstream.name,
                    'language': upstream.get('language') | string,
                    'compiled_code': upstream.get('compiled_code'),
                    'raw_code': upstream.get('raw_code'),
                    'input': call_config.get('input'),
                    'depends_on': parents,
                    'pii': pii,
                }}) -%}
                {%- do queue.extend(parents) -%}
            {%- endif -%}
        {%- endif -%}
    {%- endfor -%}
    {{ return(found) }}
{%- endmacro %}

{# The text of a body with a plain text in the place of each call of `redact`; only what `redact` writes itself is replaced. #}
{% macro _without_redacted(sql) -%}
    {%- set marks = modules.re.findall('(?s)/[*] lakeweave:redacted (label|initial|domain|digits) (.*?) [*]/', sql) -%}
    {%- set state = namespace(sql=sql) -%}
    {%- for kind, column in marks | unique -%}
        {%- set state.sql = state.sql | replace(lakeweave.redact(column, kind), "'[redacted]'") -%}
    {%- endfor -%}
    {{ return(state.sql) }}
{%- endmacro %}

{# `found` (personal columns that go into the input), `problem` (why the body is not understood), `unread` (models upstream). #}
{% macro _personal_verdict(question) -%}
    {{ return(adapter.dispatch('_personal_verdict', 'lakeweave')(question)) }}
{%- endmacro %}

{% macro default___personal_verdict(question) -%}
    {{ return(lakeweave._personal_columns_by_name(question)) }}
{%- endmacro %}
