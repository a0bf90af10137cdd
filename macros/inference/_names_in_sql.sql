{# Which names an SQL text uses, and where: the tokens of the text, and its select lists. #}

{#
    The pieces of an SQL text without its comments: words, quoted names, texts, single signs. `/*` stands for a comment or a text
    that may end elsewhere.
#}
{% macro _sql_pieces(sql) -%}
    {%- set escapes = lakeweave._escapes_with_backslashes() -%}
    {%- set hash_begins_comment = lakeweave._hash_begins_comment() -%}
    {%- set comment = '--[^\r\n]*|/[*].*?[*]/' ~ ('|#[^\r\n]*' if hash_begins_comment else '') -%}
    {%- set prefixed = "(?<![\\w$])[rReE](?:(?!''')'[^']*'|(?!\"\"\")\"[^\"]*\")" -%}
    {%- set literal = "'''(?:[^\\\\]|\\\\.)*?'''|\"\"\"(?:[^\\\\]|\\\\.)*?\"\"\"|'(?:[^'\\\\]|\\\\.|'')*'" if escapes else "'(?:[^']|'')*'" -%}
    {%- set double_quoted = '"(?:[^"\\\\]|\\\\.)*"' if escapes else '(?!)' -%}
    {%- set pieces = [] -%}
    {%- for piece in modules.re.findall(
        '(?s)' ~ comment ~ '|' ~ prefixed ~ '|' ~ literal ~ '|' ~ double_quoted
            ~ '|"[^"]*"|`[^`]*`|[^\\W\\d][\\w$]*|[0-9][0-9.]*[A-Za-z0-9]*|[|]>|[^ \n\r\t]', sql
    ) -%}
        {%- set is_prefixed = piece | length > 2 and piece[0] in 'rReE' and piece[-1] in ('"', "'") -%}
        {%- if piece[:2] in ('--', '/*') or (piece[0] == '#' and hash_begins_comment) -%}
            {%- if (piece[:2] == '/*' and '/*' in piece[2:]) or (piece[:2] == '--' and piece.endswith('\\')) -%}
                {%- do pieces.append('/*') -%}
            {%- endif -%}
        {%- elif is_prefixed -%}
            {%- do pieces.append('/*' if piece[-2] == '\\' else piece[1:]) -%}
        {%- else -%}
            {%- do pieces.append(piece) -%}
        {%- endif -%}
    {%- endfor -%}
    {{ return(pieces) }}
{%- endmacro %}

{# The pieces with what they are. `schema` is what a quoted name has before its last dot. #}
{% macro _sql_tokens(sql) -%}
    {%- set escapes = lakeweave._escapes_with_backslashes() -%}
    {%- set tokens = [] -%}
    {%- for piece in lakeweave._sql_pieces(sql) -%}
        {%- set is_text = piece[0] == "'" or (piece[0] == '"' and escapes) -%}
        {%- set is_name = not is_text and (modules.re.match('(?:[^\\W\\d]|["`])', piece) is not none) and (piece | length > 1 or piece not in '"`') -%}
        {%- set word = piece | lower -%}
        {%- set parts = word.strip('"`').split('.') if is_name else [word] -%}
        {%- do tokens.append({
            'word': 'TEXT' if is_text and piece | length > 1 else parts[-1], 'schema': parts[-2] if parts | length > 1 else '',
            'is_name': is_name, 'is_quoted': is_name and piece[0] in '"`',
        }) -%}
    {%- endfor -%}
    {{ return(tokens) }}
{%- endmacro %}

{# How the names `tagged` are used in tokens; `relations` has the schemas of each relation upstream by its name: `found`, `problems` as sentences, `passed` (bare names), `passes_star`. #}
{% macro _uses_of_names(tokens, tagged, relations) -%}
    {%- set found, problems, passed, uses, carried = [], [], [], [], [] -%}
    {%- set state = namespace(selects=0, frames=1, passes_star=false) -%}
    {%- set aliases, set_frames, ctes = {}, [], [] -%}
    {%- set root = {'id': 0, 'clause': '', 'selects': [], 'start': -1, 'chain': [0], 'is_value': false, 'has_ctes': false} -%}
    {%- set stack = [root] -%}
    {%- set nothing = {'word': '', 'is_name': false, 'is_quoted': false} -%}
    {%- for token in tokens -%}
        {%- set i = loop.index0 -%}
        {%- set word = token.word -%}
        {%- set before = tokens[i - 1] if i else nothing -%}
        {%- set next = tokens[i + 1] if i + 1 < tokens | length else nothing -%}
        {%- set after = tokens[i + 2] if i + 2 < tokens | length else nothing -%}
        {%- set frame = stack[-1] -%}
        {%- set plain = not token.is_quoted -%}
        {%- if word in ("'", '"', '`', '|>', '/*', '$', '#') -%}
            {%- do problems.append("it has a text or a comment whose end is not certain, pipes, or columns by number") -%}
        {%- elif plain and word == 'identifier' and next.word == '(' -%}
            {%- do problems.append("it uses identifier(…)") -%}
        {%- elif plain and word == 'with' and frame.clause in ('', 'expression') -%}
            {%- do frame.update({'has_ctes': true}) -%}
        {%- elif plain and word == 'from' and (frame.clause == '' or (frame.clause == 'expression' and (before.word == '(' or frame.has_ctes))) -%}
            {%- do problems.append("it begins with `from`") -%}
        {%- elif plain and word == 'columns' and next.word == '(' -%}
            {%- do problems.append("it uses columns(…)") -%}
        {%- elif plain and word in ('unpivot', 'pivot', 'match_recognize') and next.word == '(' -%}
            {%- do problems.append("it uses " ~ word) -%}
        {%- elif word == '(' -%}
            {%- set is_cte = before.word == 'as' or (before.word == 'materialized') -%}
            {%- set is_argument = before.is_name and before.word not in ('from', 'join', 'lateral') -%}
            {%- set inner = 'condition' if frame.clause == 'condition' else ('except' if before.word == 'except' and frame.clause == 'select' else 'expression') -%}
            {%- do frame.update({'relation_next': false}) -%}
            {%- set state.frames = state.frames + 1 -%}
            {%- do stack.append({
                'id': state.frames, 'clause': inner, 'selects': frame.selects | list, 'start': i,
                'chain': [state.frames] if is_cte else frame.chain + [state.frames], 'has_ctes': false,
                'is_value': before.word != 'exists' and (frame.is_value or (not is_cte and (frame.clause == 'select' or (frame.clause == 'from' and is_argument)))),
            }) -%}
            {%- if frame.clause == 'from' and before.is_name and before.word not in ('from', 'join', 'lateral', 'unnest', 'explode',
                'explode_outer', 'posexplode', 'posexplode_outer', 'generate_array', 'generate_date_array', 'generate_series', 'range', 'on', 'using') -%}
                {%- do problems.append("`" ~ before.word ~ "(…)` in its FROM is a column list or a function of a table") -%}
            {%- elif before.is_name and frame.clause in ('select', 'expression') and (before.is_quoted or (i > 2 and tokens[i - 2].word == '.'
                and tokens[i - 3].is_name and tokens[i - 3].word not in ('safe', 'net', 'keys', 'aead', 'hll_count', 'kll_quantiles', 'obj', 'ai', 'ml'))) -%}
                {%- do problems.append("`" ~ before.word ~ "(…)` is a function of a schema") -%}
            {%- endif -%}
        {%- elif word == ')' -%}
            {%- if stack | length > 1 -%}
                {%- do stack.pop() -%}
            {%- endif -%}
            {%- if next.word == 'as' and after.word == '(' -%}
                {%- do problems.append("a CTE or a relation has a column list") -%}
            {%- endif -%}
        {%- elif plain and word == 'select' -%}
            {%- set state.selects = state.selects + 1 -%}
            {%- do frame.update({'clause': 'select', 'selects': frame.selects[:frame.get('outer', frame.selects | length)] + [state.selects],
                'outer': frame.get('outer', frame.selects | length), 'start': i}) -%}
            {%- do aliases.update({state.selects: []}) -%}
            {%- if next.word == 'as' -%}
                {%- do problems.append("it uses `select as`") -%}
            {%- endif -%}
        {%- elif plain and word in ('distinct', 'all') and before.word == 'select' -%}
            {%- do frame.update({'start': i}) -%}
        {%- elif plain and word in ('union', 'intersect', 'minus') or (plain and word == 'except' and before.word != '*') -%}
            {%- do set_frames.append(frame.id) -%}
            {%- do frame.update({'clause': ''}) -%}
        {%- elif plain and word in ('from', 'join') and frame.clause in ('select', 'from', 'condition') and before.word != 'distinct' -%}
            {%- do frame.update({'clause': 'from', 'relation_next': true}) -%}
        {%- elif plain and word in ('where', 'on', 'using', 'having', 'qualify', 'group', 'order', 'limit', 'window', 'cluster', 'distribute', 'sort')
            and frame.clause in ('from', 'condition') and before.word != '.' -%}
            {# Not in a select list: `within group`, `window(…)` and a column named `sort` begin no clause. #}
            {%- do frame.update({'clause': 'condition', 'joins': word in ('on', 'using')}) -%}
        {%- elif plain and word == 'lateral' and frame.clause == 'condition' and frame.joins -%}
            {%- do frame.update({'clause': 'from'}) -%}
        {%- elif word == ',' -%}
            {%- if frame.clause == 'select' -%}
                {%- do frame.update({'start': i}) -%}
            {%- elif frame.clause == 'from' or (frame.clause == 'condition' and frame.joins) -%}
                {# The condition of a join ends where the next relation begins. #}
                {%- do frame.update({'clause': 'from', 'relation_next': true}) -%}
            {%- endif -%}
        {%- elif word == '*' -%}
            {%- if frame.clause == 'select' and (frame.start == i - 1 or before.word == '.') -%}
                {%- set state.passes_star = true -%}
                {%- do carried.append(frame.chain) -%}
                {%- if frame.is_value -%}
                    {%- do problems.append("a subquery that is a value has a star") -%}
                {%- endif -%}
            {%- elif before.word == '.' or (before.word in ('(', ',') and not (before.word == '(' and i > 1 and tokens[i - 2].word == 'count')) -%}
                {%- do problems.append("it has a star in a function") -%}
            {%- endif -%}
        {%- elif token.is_name -%}
            {%- if frame.clause == 'from' -%}
                {%- if next.word == '.' or (plain and word in ('as', 'left', 'right', 'full', 'inner', 'outer', 'cross', 'lateral', 'natural', 'semi', 'anti', 'view')) -%}
                    {# Part of a longer name, or no name. #}
                {%- else -%}
                    {%- if frame.get('relation_next') and next.word != '(' -%}
                        {%- set schema = token.schema or (tokens[i - 2].word if before.word == '.' and i > 1 else '') -%}
                        {%- if word not in relations -%}
                            {%- do ctes.append(word) -%}
                        {%- elif schema and schema not in relations[word] and '' not in relations[word] -%}
                            {%- do problems.append("`" ~ schema ~ "." ~ word ~ "` in its FROM is no relation upstream") -%}
                        {%- endif -%}
                    {%- endif -%}
                    {%- do frame.update({'relation_next': false}) -%}
                    {%- for select in frame.selects[-1:] -%}
                        {%- do aliases[select].append(word) -%}
                    {%- endfor -%}
                {%- endif -%}
            {%- elif before.word == 'as' or next.word == '.' -%}
                {# An alias, or what a column belongs to. A personal column may have fields. #}
                {%- if next.word == '.' and word in tagged and word not in relations and frame.clause in ('select', 'expression') -%}
                    {%- do found.append(word) -%}
                {%- endif -%}
            {%- elif next.word == '(' -%}
                {# A function. #}
            {%- else -%}
                {%- if frame.clause != 'condition' -%}
                    {%- do uses.append({'word': word, 'selects': frame.selects | list}) -%}
                {%- endif -%}
                {%- if word in tagged and frame.clause not in ('condition', 'except', '') -%}
                    {%- set qualifiers = (i - frame.start - 1) -%}
                    {%- set is_bare = frame.clause == 'select' and not frame.is_value and (next.word in (',', 'from', ')', '', 'union', 'except', 'intersect'))
                        and (qualifiers == 0 or (before.word == '.' and qualifiers % 2 == 0 and tokens[frame.start + 1:i] | selectattr('is_name') | list | length == qualifiers / 2)) -%}
                    {%- if is_bare -%}
                        {%- do passed.append(word) -%}
                        {%- do carried.append(frame.chain) -%}
                    {%- else -%}
                        {%- do found.append(word) -%}
                    {%- endif -%}
                {%- endif -%}
            {%- endif -%}
        {%- endif -%}
    {%- endfor -%}
    {%- for chain in carried -%}
        {%- if chain | select('in', set_frames) | list -%}
            {%- do problems.append("a branch of a set operation passes a personal column or a star on by its position") -%}
        {%- endif -%}
    {%- endfor -%}
    {%- for use in uses -%}
        {%- for select in use.selects if use.word in aliases.get(select, []) -%}
            {%- do problems.append("the relation `" ~ use.word ~ "` is used as a value") -%}
        {%- endfor -%}
    {%- endfor -%}
    {%- set defined = [] -%}
    {%- for token in tokens -%}
        {%- if token.is_name and loop.nextitem is defined and loop.nextitem.word == 'as' -%}
            {%- do defined.append(token.word) -%}
        {%- endif -%}
    {%- endfor -%}
    {%- for name in ctes if name not in defined -%}
        {%- do problems.append("`" ~ name ~ "` in its FROM is no relation upstream") -%}
    {%- endfor -%}
    {{ return({'found': found, 'problems': problems, 'passed': passed, 'passes_star': state.passes_star}) }}
{%- endmacro %}

{# The items of every select list in an SQL text: `alias`, and the `names` that its expression mentions. #}
{% macro _select_items(sql) -%}
    {%- set re = modules.re -%}
    {%- set text = re.sub('(?s)/[*] lakeweave:redacted [^*]*[*]/.*?/[*] lakeweave:end [*]/', ' null ', sql) -%}
    {%- set tokens = lakeweave._sql_pieces(text) -%}
    {%- set items = [] -%}
    {%- set stack = [{'in_list': false, 'names': [], 'last': '', 'before': '', 'all': []}] -%}
    {%- for token in tokens + [','] -%}
        {%- set frame = stack[-1] -%}
        {%- set word = token | lower -%}
        {%- set is_text = token[0] == "'" or (token[0] == '"' and lakeweave._escapes_with_backslashes()) -%}
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

{# Whether a backslash escapes in a text of the engine's SQL, which double quotes also enclose. #}
{% macro _escapes_with_backslashes() -%}
    {{ return(adapter.dispatch('_escapes_with_backslashes', 'lakeweave')()) }}
{%- endmacro %}

{% macro default___escapes_with_backslashes() -%}
    {{ return(false) }}
{%- endmacro %}

{# Whether `#` begins a comment in the engine's SQL. #}
{% macro _hash_begins_comment() -%}
    {{ return(adapter.dispatch('_hash_begins_comment', 'lakeweave')()) }}
{%- endmacro %}

{% macro default___hash_begins_comment() -%}
    {{ return(false) }}
{%- endmacro %}
