{#
    The check of a body on engines that run no Python of ours. It reads tokens, and refuses all that could carry a personal
    column into the input under another name:

    * a personal name in an expression; on its own in a select list (`email`, `u.email`) it keeps its name, and is allowed
    * the name of a relation as a value (`to_json_string(u)`), a star in a function (`struct(*)`), `select as struct`
    * a bare personal name or a star in a branch of a set operation, where names go by position, and in a subquery that is a
      value (`(select email) as prompt`)
    * column lists (`with c(prompt) as`), `unpivot`, `pivot`, pipes, a query that begins with `from`, a relation that is not
      upstream, and a function of a schema, which may read tables itself
    * comments and texts that may end elsewhere than they seem to: a comment in a comment, a backslash before the last quote of
      a raw text, texts between dollar signs

    Conditions (`where`, `on`, `group by`, `order by`) choose rows and are allowed. A name that a model upstream gives to an
    expression over a personal name is personal too, as far as its SQL shows it.
#}
{% macro _personal_columns_by_name(question) -%}
    {%- set tagged = lakeweave._personal_names(question.nodes) -%}
    {%- if not tagged -%}
        {{ return({'found': [], 'problem': '', 'unread': []}) }}
    {%- endif -%}
    {%- set tokens = lakeweave._sql_tokens(question.body) -%}
    {%- set relations = {} -%}
    {%- for node in question.nodes.values() -%}
        {%- set name = node.identifier | lower -%}
        {%- do relations.update({name: relations.get(name, []) + [(node.schema or '') | lower]}) -%}
    {%- endfor -%}
    {%- set read = lakeweave._uses_of_names(tokens, tagged.keys() | list, relations) -%}
    {%- set found = [] -%}
    {%- for name in read.found | unique | sort -%}
        {%- do found.append("`" ~ name ~ "` (tagged in " ~ tagged[name] ~ ")") -%}
    {%- endfor -%}
    {%- if question.input | lower in tagged and (read.passes_star or question.input | lower in read.passed) and not found -%}
        {%- do found.append("`" ~ question.input ~ "` (tagged in " ~ tagged[question.input | lower] ~ ")") -%}
    {%- endif -%}
    {%- if not found and read.problems -%}
        {%- for name, where in tagged.items() -%}
            {%- do found.append("`" ~ name ~ "` (tagged in " ~ where ~ ")") -%}
        {%- endfor -%}
        {{ return({'found': found | sort, 'problem': read.problems | unique | join('; ') ~ '.', 'unread': []}) }}
    {%- endif -%}
    {{ return({'found': found, 'problem': '', 'unread': []}) }}
{%- endmacro %}

{# The personal names of some nodes, each with the node that tags it: by its YAML, or as another name of a tagged column in its SQL. #}
{% macro _personal_names(nodes) -%}
    {%- set tagged, cleared, items = {}, [], [] -%}
    {%- for node in nodes.values() -%}
        {%- for name, said in node.pii.items() -%}
            {%- if said -%}
                {%- do tagged.update({name: node.name}) -%}
            {%- else -%}
                {%- do cleared.append(node.name ~ '.' ~ name) -%}
            {%- endif -%}
        {%- endfor -%}
    {%- endfor -%}
    {%- if tagged -%}
        {%- for node in nodes.values() -%}
            {%- for item in lakeweave._select_items(lakeweave._without_redacted(node.compiled_code or lakeweave._names_in_jinja(node.raw_code or ''))) -%}
                {%- if node.name ~ '.' ~ item.alias not in cleared -%}
                    {%- do items.append(item) -%}
                {%- endif -%}
            {%- endfor -%}
        {%- endfor -%}
        {%- set state = namespace(grew=true) -%}
        {%- for _ in range(50) if state.grew -%}
            {%- set state.grew = false -%}
            {%- for item in items if item.alias not in tagged -%}
                {%- for name in item.names if name in tagged and item.alias not in tagged -%}
                    {%- do tagged.update({item.alias: tagged[name]}) -%}
                    {%- set state.grew = true -%}
                {%- endfor -%}
            {%- endfor -%}
        {%- endfor -%}
    {%- endif -%}
    {{ return(tagged) }}
{%- endmacro %}

{# The file of a model with the texts in its Jinja as names: a call of a macro mentions a column so. #}
{% macro _names_in_jinja(raw) -%}
    {%- set state = namespace(text=raw) -%}
    {%- for inside in modules.re.findall('(?s)[{][{](.*?)[}][}]', raw) | unique -%}
        {%- set state.text = state.text | replace('{' ~ '{' ~ inside ~ '}' ~ '}', ' (' ~ inside | replace("'", ' ') | replace('"', ' ') ~ ') ') -%}
    {%- endfor -%}
    {{ return(state.text) }}
{%- endmacro %}
