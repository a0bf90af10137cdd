{#
    Stops a question into which a personal column goes unannounced, before anything is sent.

    Personal are the columns tagged `config: {meta: {pii: true}}` in the YAML of any model, seed, snapshot or source upstream;
    a parent can say `pii: false` of a column that it made harmless. The compiled body is read item by item: an alias whose
    expression names a personal column is personal too, through CTEs and subqueries, until nothing is added. What `redact`
    writes is left out.

    It reads names, not data. It errs on the side of stopping (a masked column that keeps its personal name is still
    personal). It does not see a column that an untagged model upstream renamed, nor a prompt that was put together
    upstream: tag it there, and see the data test `no_personal_data_in_prompts`.
#}
{% macro _refuse_personal_columns(body, asked) -%}
    {%- if asked.allow_pii -%}
        {{ return('') }}
    {%- endif -%}
    {%- set tagged = lakeweave._tagged_columns(model, asked.called.unique_id) -%}
    {%- set found = lakeweave._personal_origins(body, asked.input, tagged.keys() | list) -%}
    {%- if found -%}
        {%- set named = [] -%}
        {%- for column in found -%}
            {%- do named.append("`" ~ column ~ "` (tagged in " ~ tagged[column] ~ ")") -%}
        {%- endfor -%}
        {%- do exceptions.raise_compiler_error(
            "The body of " ~ this ~ " puts personal columns into `" ~ asked.input ~ "`: " ~ named | join(', ')
            ~ ". Mask them with lakeweave.redact('<column>'), or announce it: inference(…, allow_pii=true). Nothing was asked."
        ) -%}
    {%- endif -%}
{%- endmacro %}


{# Names of the personal columns upstream of a node, each with the node that tags it. #}
{% macro _tagged_columns(node, called_id) -%}
    {%- set seen, queue = [], node.depends_on.nodes | list -%}
    {%- set tagged, cleared = {}, [] -%}
    {%- for _ in range(10000) -%}
        {%- if not queue -%}
            {%- break -%}
        {%- endif -%}
        {%- set id = queue.pop() -%}
        {%- if id not in seen and id != called_id -%}
            {%- do seen.append(id) -%}
            {%- set upstream = graph.nodes.get(id) or graph.sources.get(id) -%}
            {%- if upstream -%}
                {%- for column in upstream.columns.values() -%}
                    {%- set meta = ((column.config or {}).get('meta') or {}) -%}
                    {%- set is_personal = meta.get('pii', (column.meta or {}).get('pii')) -%}
                    {%- if is_personal -%}
                        {%- do tagged.update({column.name | lower: upstream.name}) -%}
                    {%- elif is_personal is not none and is_personal is sameas false and id in node.depends_on.nodes -%}
                        {%- do cleared.append(column.name | lower) -%}
                    {%- endif -%}
                {%- endfor -%}
                {%- do queue.extend((upstream.depends_on or {}).get('nodes') or []) -%}
            {%- endif -%}
        {%- endif -%}
    {%- endfor -%}
    {%- set kept = {} -%}
    {%- for name, where in tagged.items() if name not in cleared -%}
        {%- do kept.update({name: where}) -%}
    {%- endfor -%}
    {{ return(kept) }}
{%- endmacro %}


{# The personal columns that go into the column `target_column` of an SQL text. #}
{% macro _personal_origins(sql, target_column, personal) -%}
    {%- set origins = {} -%}
    {%- for name in personal -%}
        {%- do origins.update({name: [name]}) -%}
    {%- endfor -%}
    {%- set items = lakeweave._select_items(sql) -%}
    {%- set state = namespace(grew=true) -%}
    {%- for _ in range(50) if state.grew -%}
        {%- set state.grew = false -%}
        {%- for item in items -%}
            {%- set own = origins.get(item.alias, []) -%}
            {%- for name in item.names -%}
                {%- for origin in origins.get(name, []) if origin not in own -%}
                    {%- do own.append(origin) -%}
                    {%- do origins.update({item.alias: own}) -%}
                    {%- set state.grew = true -%}
                {%- endfor -%}
            {%- endfor -%}
        {%- endfor -%}
    {%- endfor -%}
    {{ return(origins.get(target_column | lower, []) | unique | sort) }}
{%- endmacro %}


{# The items of every select list in an SQL text: `alias`, and the `names` that its expression mentions. #}
{% macro _select_items(sql) -%}
    {%- set re = modules.re -%}
    {%- set text = re.sub('(?s)/[*] lakeweave:redacted [*]/.*?/[*] lakeweave:end [*]/', ' null ', sql) -%}
    {%- set literal = "'(?:[^'\\\\]|\\\\.|'')*'" if target.type in ('bigquery', 'spark', 'databricks') else "'(?:[^']|'')*'" -%}
    {%- set double_quoted = '"(?:[^"\\\\]|\\\\.)*"' if target.type in ('bigquery', 'spark', 'databricks') else "(?!)" -%}
    {%- set tokens = re.findall(
        '(?s)--[^\n]*|/[*].*?[*]/|' ~ literal ~ '|' ~ double_quoted ~ '|"[^"]*"|`[^`]*`|[A-Za-z_][A-Za-z0-9_$]*|[0-9.]+|[(),]|[^ \n\r\t]', text
    ) -%}
    {%- set items = [] -%}
    {%- set stack = [{'in_list': false, 'names': [], 'last': '', 'before': '', 'all': []}] -%}
    {%- for token in tokens + [','] if not token.startswith('--') and not token.startswith('/*') -%}
        {%- set frame = stack[-1] -%}
        {%- set word = token | lower -%}
        {%- set is_text = token[0] == "'" or (token[0] == '"' and target.type in ('bigquery', 'spark', 'databricks')) -%}
        {%- set is_name = not is_text and (re.match('[A-Za-z_"`]', token) is not none) -%}
        {%- if word in ('select', 'distinct') -%}
            {%- do frame.update({'in_list': true, 'names': [], 'last': '', 'before': ''}) -%}
        {%- elif token == '(' -%}
            {%- do stack.append({'in_list': false, 'names': [], 'last': '', 'before': '', 'all': []}) -%}
        {%- elif token == ',' or word == 'from' or token == ')' -%}
            {%- if frame.in_list -%}
                {%- set names = frame.names | list -%}
                {%- if frame.last and frame.before not in ('', '.') -%}
                    {# The last name is the alias; it is not part of the expression. #}
                    {%- set names = names[:-1] -%}
                {%- endif -%}
                {%- if frame.last -%}
                    {%- do items.append({'alias': frame.last, 'names': names}) -%}
                {%- endif -%}
            {%- endif -%}
            {%- do frame.update({'names': [], 'last': '', 'before': '', 'in_list': frame.in_list and token == ','}) -%}
            {%- if token == ')' and stack | length > 1 -%}
                {%- do stack.pop() -%}
                {%- set outer = stack[-1] -%}
                {%- do outer.update({
                    'names': outer.names + frame['all'], 'all': outer['all'] + frame['all'], 'before': ')', 'last': ''
                }) -%}
            {%- endif -%}
        {%- elif is_name -%}
            {%- set name = word.strip('"`') -%}
            {%- if name not in ('as', 'case', 'when', 'then', 'else', 'end', 'and', 'or', 'not', 'null', 'is', 'in') -%}
                {%- do frame.update({'names': frame.names + [name], 'all': frame['all'] + [name], 'before': frame.get('previous', ''), 'last': name}) -%}
            {%- else -%}
                {%- do frame.update({'last': ''}) -%}
            {%- endif -%}
        {%- else -%}
            {%- do frame.update({'last': ''}) -%}
        {%- endif -%}
        {%- do stack[-1].update({'previous': '' if token in ('(', ',') or word in ('select', 'distinct', 'from') else word}) -%}
    {%- endfor -%}
    {{ return(items) }}
{%- endmacro %}
