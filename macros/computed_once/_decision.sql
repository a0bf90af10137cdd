{#
    Whether this node is unchanged: none where versions are not used for it, otherwise
    {'unchanged': bool, 'reason': why not, 'key': …, 'row': what is recorded when it is done, or none where it is always built}
#}
{% macro _state_of_node(code, more={}, has_relation=true) -%}
    {%- if not lakeweave._is_computed_once(model) or config.get('incremental_strategy') == 'microbatch' -%}
        {{ return(none) }}
    {%- endif -%}
    {%- set memory = lakeweave._version_memory() -%}
    {%- set own_name = lakeweave._name_of_relation(this.database, this.schema, this.identifier) -%}
    {%- set key = model.unique_id ~ ' ' ~ own_name -%}
    {%- set parts = lakeweave._version_parts(model, code, memory.environment, more) -%}
    {%- set version = local_md5(tojson(parts, sort_keys=true)) -%}
    {%- set recorded = memory.rows.get(key) -%}
    {%- set state = {'unchanged': false, 'reason': '', 'key': key, 'name': own_name, 'row': none} -%}

    {%- set found = {'names': recorded.reads.keys() | list, 'always': none} if recorded and recorded.version == version else lakeweave._reads_of_node(code) -%}
    {%- set always = found.always or lakeweave._hooks_are_unknown() -%}
    {%- set parents = lakeweave._parents_by_id(model.depends_on.nodes or []) if model.depends_on is defined else [] -%}
    {%- set marks = {} -%}
    {%- for name in found.names if name != own_name and not always -%}
        {%- do marks.update({name: lakeweave._mark_as_read(name, parents)}) -%}
    {%- endfor -%}
    {%- set unknown = [] -%}
    {%- for name in marks if marks[name] is none -%}
        {%- do unknown.append(name) -%}
    {%- endfor -%}
    {%- if unknown and not always -%}
        {%- set always = 'nothing is known of the state of ' ~ unknown | sort | join(', ') -%}
    {%- endif -%}
    {%- if always -%}
        {%- do state.update({'reason': 'always: ' ~ always}) -%}
        {{ return(state) }}
    {%- endif -%}
    {%- do state.update({'row': {
        'version': version, 'parts': parts, 'reads': marks, 'mark': '',
    }}) -%}

    {%- if not recorded -%}
        {%- do state.update({'reason': 'no version is recorded'}) -%}
    {%- elif flags.FULL_REFRESH and (not has_relation or should_full_refresh()) -%}
        {%- do state.update({'reason': '--full-refresh'}) -%}
    {%- elif recorded.version != version -%}
        {%- do state.update({'reason': lakeweave._changed_part(recorded.parts, parts)}) -%}
    {%- else -%}
        {%- set changed = [] -%}
        {%- for name in marks if recorded.reads.get(name) != marks[name] -%}
            {%- do changed.append(name) -%}
        {%- endfor -%}
        {%- if changed -%}
            {%- do state.update({'reason': changed | sort | join(', ') ~ ' changed'}) -%}
        {%- elif has_relation -%}
            {%- set mark = lakeweave._mark_of_relation(this, model.depends_on.nodes) -%}
            {%- if mark is none -%}
                {%- do state.update({'reason': 'its relation is absent'}) -%}
            {%- elif mark != recorded.mark -%}
                {%- do state.update({'reason': 'its relation was changed by something else'}) -%}
                {%- do log(this ~ ": built again, because something else changed the relation since it was built", info=true) -%}
            {%- else -%}
                {%- do memory.marks.update({own_name: mark}) -%}
                {%- do state.update({'unchanged': true}) -%}
            {%- endif -%}
        {%- else -%}
            {%- do state.update({'unchanged': true}) -%}
        {%- endif -%}
    {%- endif -%}
    {{ return(state) }}
{%- endmacro %}

{#
    Hooks have effects that no version knows: a node with a hook is always built, unless the hook does nothing but call macros of this
    project that account for the rows or that change the relation itself.
#}
{% macro _hooks_are_unknown() -%}
    {%- set harmless = [] -%}
    {%- for name in ['_before_silver', '_account_for_silver', 'restore_seed_nulls'] + ([] if lakeweave.setting('iceberg') else ['sync_iceberg']) -%}
        {%- do harmless.append('lakeweave' ~ '.' ~ name) -%}
    {%- endfor -%}
    {%- for hook in (model.config.get('pre-hook') or []) + (model.config.get('post-hook') or []) -%}
        {%- set text = (hook.sql if hook is mapping else hook) | trim -%}
        {%- set called = modules.re.findall('([\\w.]+)\\s*[(]', text) -%}
        {%- set unknown = called | reject('in', harmless) | list -%}
        {%- if text and (unknown or not called or not modules.re.match('^[{][{][^{}]*[}][}]$', text)) -%}
            {{ return('it has a hook: ' ~ text) }}
        {%- endif -%}
    {%- endfor -%}
    {{ return(none) }}
{%- endmacro %}

{#
    Builds with `build`, one of dbt's materializations, or answers UNCHANGED. `settles`: the relation is also made from its own
    rows, so its version is recorded only when a build has changed nothing.
#}
{% macro _computed_once(build, code, settles=false) -%}
    {%- set state = lakeweave._state_of_node(code) -%}
    {%- if state is none -%}
        {{ return(build()) }}
    {%- endif -%}
    {%- if state.unchanged -%}
        {{ return(lakeweave._answer_unchanged()) }}
    {%- endif -%}
    {%- do lakeweave._tell_reason(state) -%}
    {%- set before = lakeweave._mark_of_relation(this, model.depends_on.nodes) if settles and state.row else none -%}
    {%- set built = build() -%}
    {%- do lakeweave._remember_version(state, built.relations[0], before, settles) -%}
    {{ return(built) }}
{%- endmacro %}

{# Why a relation is built: for each in dbt's log, and by reason in the last lines of the run. #}
{% macro _tell_reason(state) -%}
    {%- do log(state.name ~ ": built, because " ~ state.reason) -%}
    {%- do lakeweave._version_memory().reasons.update({state.name: state.reason}) -%}
{%- endmacro %}

{# What dbt wants of a materialization, from one that did nothing but its grants. #}
{% macro _answer_unchanged() -%}
    {%- set relation = load_cached_relation(this) -%}
    {%- do apply_grants(relation, config.get('grants'), should_revoke=true) -%}
    {%- call noop_statement('main', 'UNCHANGED', 'UNCHANGED', 0) -%}
        -- unchanged: {{ relation }}
    {%- endcall -%}
    {{ return({'relations': [relation]}) }}
{%- endmacro %}

{# What is recorded at the end of the run. #}
{% macro _remember_version(state, relation, before=none, settles=false) -%}
    {%- set memory = lakeweave._version_memory() -%}
    {%- if state.row -%}
        {# dbt's cache learns of a new relation only after this. #}
        {%- set mark = lakeweave._mark_of_existing(relation, model.depends_on.nodes) -%}
        {%- do memory.marks.update({state.name: mark}) -%}
        {%- if mark is not none and (not settles or lakeweave._settled(relation, before, mark)) -%}
            {%- do state.row.update({'mark': mark}) -%}
            {%- do memory.pending.update({state.key: state.row}) -%}
        {%- endif -%}
    {%- endif -%}
{%- endmacro %}
