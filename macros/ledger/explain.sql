{#
    dbt run-operation explain --args '{model: customer_metrics}'

    Prints a model in plain words: what it is, what it reads and what reads it, its columns and tests, how fresh it is and what its
    model calls have used. Changes nothing.
#}
{% macro explain(model) -%}
    {%- if not execute -%}
        {{ return('') }}
    {%- endif -%}
    {%- set found = graph.nodes.values() | selectattr('resource_type', 'equalto', 'model') | selectattr('name', 'equalto', model) | list -%}
    {%- if not found -%}
        {%- do lakeweave.raise_problems('The call of `explain`', ["`model` is '" ~ model ~ "'; expected the name of a model, such as silver_users."]) -%}
    {%- endif -%}
    {%- set node = found[0] -%}
    {%- set relation = load_relation(api.Relation.create(database=node.database, schema=node.schema, identifier=node.alias)) -%}
    {%- set lines = [
        node.name ~ " is the " ~ node.config.materialized ~ " " ~ node.schema ~ "." ~ node.alias ~ ".",
        node.description | trim | replace('\n', ' ') or "It has no description.",
    ] -%}
    {%- do lines.extend(lakeweave._explained_lineage(node)) -%}
    {%- do lines.extend(lakeweave._explained_columns(node)) -%}
    {%- do lines.extend(lakeweave._explained_state(node, relation)) -%}
    {%- for line in lines -%}
        {%- do print(line) -%}
    {%- endfor -%}
{%- endmacro %}

{# What it reads, down to the sources, and what reads it. #}
{% macro _explained_lineage(node) -%}
    {%- set everything = dict(graph.nodes, **graph.sources) -%}
    {%- set lines = [] -%}
    {%- set parents = [] -%}
    {%- for id in node.depends_on.nodes if id in everything -%}
        {%- do parents.append(everything[id].name if everything[id].resource_type != 'source' else everything[id].source_name ~ '.' ~ everything[id].name) -%}
    {%- endfor -%}
    {%- do lines.append("It reads " ~ (parents | unique | sort | join(', ') or "no other relation") ~ ".") -%}
    {%- set sources = [] -%}
    {%- for source in lakeweave._explained_sources(node) -%}
        {%- do sources.append(source.source_name ~ '.' ~ source.name) -%}
    {%- endfor -%}
    {%- if sources -%}
        {%- do lines.append("Its data comes from " ~ sources | unique | sort | join(', ') ~ ".") -%}
    {%- endif -%}
    {%- set children = [] -%}
    {%- for other in graph.nodes.values() | list + graph.exposures.values() | list
            if other.resource_type not in ['test', 'operation'] and node.unique_id in (other.depends_on.nodes or []) -%}
        {%- do children.append(other.name) -%}
    {%- endfor -%}
    {%- do lines.append("It is read by " ~ (children | unique | sort | join(', ') or "nothing in this project") ~ ".") -%}
    {{ return(lines) }}
{%- endmacro %}

{# The sources above a node. #}
{% macro _explained_sources(node) -%}
    {%- set state = {'next': node.depends_on.nodes | list, 'seen': [], 'sources': []} -%}
    {%- for level in range(100) if state.next -%}
        {%- set following = [] -%}
        {%- for id in state.next if id not in state.seen -%}
            {%- do state.seen.append(id) -%}
            {%- if id in graph.sources -%}
                {%- do state.sources.append(graph.sources[id]) -%}
            {%- elif id in graph.nodes -%}
                {%- do following.extend(graph.nodes[id].depends_on.nodes) -%}
            {%- endif -%}
        {%- endfor -%}
        {%- do state.update({'next': following}) -%}
    {%- endfor -%}
    {{ return(state.sources) }}
{%- endmacro %}

{# Its columns, which of them are personal, and the data tests. #}
{% macro _explained_columns(node) -%}
    {%- set personal = [] -%}
    {%- for name, column in node.columns.items() if (column.meta or {}).get('pii') or ((column.config or {}).get('meta') or {}).get('pii') -%}
        {%- do personal.append(name) -%}
    {%- endfor -%}
    {%- set required = [] -%}
    {%- for name, column in node.columns.items() if column.constraints | default([], true) | selectattr('type', 'equalto', 'not_null') | list -%}
        {%- do required.append(name) -%}
    {%- endfor -%}
    {%- set tests = [] -%}
    {%- for test in graph.nodes.values() if test.resource_type == 'test' and node.unique_id in test.depends_on.nodes -%}
        {%- set name = (test.test_metadata or {}).get('name') or test.name -%}
        {%- do tests.append(name ~ (' of ' ~ test.column_name if test.column_name else '')) -%}
    {%- endfor -%}
    {{ return([
        "Its YAML describes " ~ node.columns | length ~ " columns. Personal: " ~ (personal | join(', ') or 'none') ~ ". Contract: "
            ~ ('enforced' if node.config.contract.enforced else 'not enforced') ~ "." ~ (" Never NULL by contract: " ~ required | join(', ') ~ "." if required else ''),
        "Data tests: " ~ (tests | unique | sort | join(', ') or 'none') ~ ".",
    ]) }}
{%- endmacro %}

{# Its rows, the newest file of its sources, and its model calls. #}
{% macro _explained_state(node, relation) -%}
    {%- set lines = [] -%}
    {%- if relation is none -%}
        {%- do lines.append("It is not built in this target.") -%}
    {%- else -%}
        {%- do lines.append("It has " ~ lakeweave.fetch_rows('select count(*) as row_count from ' ~ relation, [[0]])[0][0] ~ " rows.") -%}
    {%- endif -%}
    {%- set names = [] -%}
    {%- for source in lakeweave._explained_sources(node) -%}
        {%- do names.append(lakeweave.text_literal(source.source_name ~ '.' ~ source.name)) -%}
    {%- endfor -%}
    {%- set schema = lakeweave.schema_name('ledger') -%}
    {%- if names and lakeweave.has_table(target.get('database'), schema, 'files') -%}
        {%- set newest = lakeweave.fetch_rows(
            'select max(processed_at) as newest, count(*) as file_count from ' ~ lakeweave.ledger_relation('files') ~ ' where source in (' ~ names | unique | join(', ') ~ ')',
            [[none, 0]]
        )[0] -%}
        {%- do lines.append("The ledger has " ~ newest[1] ~ " files of its sources; the newest was read at " ~ newest[0] ~ ".") -%}
    {%- endif -%}
    {%- if lakeweave.has_table(target.get('database'), schema, 'model_responses') -%}
        {%- set calls = lakeweave.fetch_rows(
            'select count(*) as call_count, coalesce(sum(estimated_input_tokens), 0) as input_tokens, coalesce(sum(estimated_output_tokens), 0) as output_tokens from '
            ~ lakeweave.ledger_relation('model_responses') ~ ' where node_id = ' ~ lakeweave.text_literal(node.unique_id),
            [[0, 0, 0]]
        )[0] -%}
        {%- do lines.append(
            "It has asked models " ~ calls[0] ~ " times: about " ~ calls[1] ~ " tokens sent, " ~ calls[2] ~ " received." if calls[0] | int
            else "It has asked no model, which costs nothing."
        ) -%}
    {%- endif -%}
    {{ return(lines) }}
{%- endmacro %}
