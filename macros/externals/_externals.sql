{#
    What is to be done about the external tables of some sources, in order, and what is wrong with them:
    `{'steps': […], 'problems': […]}`. A step is an object, its kind, an action (create, replace, refresh, nothing, by hand), why,
    its statements, and for a person commands and notes.
#}
{% macro _externals(sources, models=[]) -%}
    {%- set problems, steps, definitions = [], [], [] -%}
    {%- for declared in sources -%}
        {%- set found = [] -%}
        {%- set definition = lakeweave._external_definition(declared, found) -%}
        {%- for problem in found -%}
            {%- do problems.append('source ' ~ declared.source_name ~ '.' ~ declared.name ~ ': ' ~ problem) -%}
        {%- endfor -%}
        {%- if definition and not found -%}
            {%- do definitions.append(definition) -%}
        {%- endif -%}
    {%- endfor -%}
    {%- do lakeweave._externals_that_clash(definitions, problems) -%}
    {%- if not lakeweave._makes_externals() -%}
        {%- for definition in definitions -%}
            {%- do steps.append(lakeweave._external_step(definition, 'nothing', 'shared; a production target makes it')) -%}
        {%- endfor -%}
        {{ return({'steps': steps, 'problems': problems}) }}
    {%- endif -%}
    {%- do lakeweave._external_surroundings(definitions, models, steps, problems) -%}
    {%- set known = lakeweave._external_state(definitions) -%}
    {%- set noted = lakeweave._noted_externals() if definitions else {} -%}
    {%- for definition in definitions -%}
        {%- do lakeweave._external_steps(definition, known.get(definition.relation | string), noted, steps, problems) -%}
    {%- endfor -%}
    {{ return({'steps': steps, 'problems': problems}) }}
{%- endmacro %}

{# Whether this target has external tables of its own: `own_externals: false` leaves them to production. #}
{% macro _makes_externals() -%}
    {{ return(
        lakeweave.is_local_engine()
        or lakeweave.setting('own_externals')
        or target.name in lakeweave.setting('production_targets')
    ) }}
{%- endmacro %}

{# The sources with an `external:` block, all or those named `source` or `source.table`. #}
{% macro _external_sources(select=none) -%}
    {%- set wanted = [select] if select is string else (select or []) -%}
    {%- set found, names = [], [] -%}
    {%- for declared in graph.sources.values() | sort(attribute='unique_id') if declared.external is not none -%}
        {%- set full = declared.source_name ~ '.' ~ declared.name -%}
        {%- if not wanted or declared.source_name in wanted or full in wanted -%}
            {%- do found.append(declared) -%}
            {%- do names.extend([declared.source_name, full]) -%}
        {%- endif -%}
    {%- endfor -%}
    {%- set unknown = wanted | reject('in', names) | list -%}
    {%- if unknown -%}
        {%- do exceptions.raise_compiler_error(
            "`select` names " ~ unknown | join(', ') ~ ": no source, or table of a source, of that name has an `external:` block. "
            ~ "Write `source` or `source.table`, as in the YAML."
        ) -%}
    {%- endif -%}
    {{ return(found) }}
{%- endmacro %}

{% macro _externals_that_clash(definitions, problems) -%}
    {%- set seen = {} -%}
    {%- for definition in definitions -%}
        {%- set place = definition.relation | string -%}
        {%- if place in seen and seen[place].fingerprint != definition.fingerprint -%}
            {%- do problems.append(
                'source ' ~ definition.name ~ ' and source ' ~ seen[place].name ~ ' are both ' ~ place
                ~ ', with different definitions; give one another `schema` or `identifier`.'
            ) -%}
        {%- endif -%}
        {%- do seen.update({place: definition}) -%}
    {%- endfor -%}
{%- endmacro %}

{% macro _external_step(definition, action, why, statements=[]) -%}
    {{ return({
        'object': definition.relation | string, 'kind': definition.kind, 'action': action, 'why': why, 'statements': statements,
        'commands': [], 'notes': [], 'definition': definition,
    }) }}
{%- endmacro %}

{# What one object needs, given what there is in its place (`known`: type, fingerprint, columns; none when there is nothing). #}
{% macro _external_steps(definition, known, noted, steps, problems) -%}
    {%- if not known -%}
        {%- do steps.append(lakeweave._external_step(definition, 'create', 'new', lakeweave._create_external(definition, false))) -%}
    {%- elif known.type != definition.type -%}
        {%- do problems.append(
            'source ' ~ definition.name ~ ': ' ~ definition.relation ~ ' exists and is a ' ~ known.type ~ ', not a ' ~ definition.type
            ~ '; it was not made from this source. Drop or rename it, or give the source another `schema` or `identifier`.'
        ) -%}
    {%- elif known.fingerprint != definition.fingerprint -%}
        {%- set lost = lakeweave._lost_columns(definition, known) -%}
        {%- if lost and not definition.may_lose_columns -%}
            {%- do problems.append(
                'source ' ~ definition.name ~ ': replacing ' ~ definition.relation ~ ' would change what is read from it: ' ~ lost | join(', ')
                ~ '. If that is meant, say `external: {on_column_change: replace}`; else give the columns back in the YAML.'
            ) -%}
        {%- else -%}
            {%- set why = lakeweave._what_changed(definition, known, noted) -%}
            {%- do steps.append(lakeweave._external_step(definition, 'replace', why, lakeweave._create_external(definition, true))) -%}
        {%- endif -%}
    {%- elif not definition.refresh -%}
        {%- do steps.append(lakeweave._external_step(definition, 'nothing', '')) -%}
    {%- endif -%}
    {%- if definition.refresh and (not known or known.type == definition.type) -%}
        {%- do steps.append(lakeweave._external_step(definition, 'refresh', definition.get('refresh_what') or 'metadata cache', [definition.refresh])) -%}
        {%- do steps[-1].update({'definition': none}) -%}
    {%- endif -%}
{%- endmacro %}

{# Columns of the object that the definition lacks, or has with another type. #}
{% macro _lost_columns(definition, known) -%}
    {%- set lost, wanted = [], {} -%}
    {%- for name, type in definition.columns -%}
        {%- do wanted.update({name | lower: lakeweave._file_type(type)}) -%}
    {%- endfor -%}
    {%- if wanted -%}
        {%- for name, type in known.columns -%}
            {%- if name | lower not in wanted -%}
                {%- do lost.append('column ' ~ name ~ ' would be gone') -%}
            {%- elif lakeweave._canonical_type(wanted[name | lower]) != lakeweave._canonical_type(type) -%}
                {%- do lost.append('column ' ~ name ~ ' would be ' ~ wanted[name | lower] ~ ' instead of ' ~ type) -%}
            {%- endif -%}
        {%- endfor -%}
    {%- endif -%}
    {{ return(lost) }}
{%- endmacro %}

{# A type by one of its names, so that two spellings of one type are no change. #}
{% macro _canonical_type(type) -%}
    {%- set text = type | string | upper | replace(' ', '') -%}
    {%- set aliases = {
        'INT': 'INT64', 'INTEGER': 'INT64', 'BIGINT': 'INT64', 'SMALLINT': 'INT64', 'TINYINT': 'INT64', 'BYTEINT': 'INT64',
        'BOOLEAN': 'BOOL', 'DECIMAL': 'NUMERIC', 'BIGDECIMAL': 'BIGNUMERIC', 'DOUBLE': 'FLOAT64', 'FLOAT': 'FLOAT64',
        'VARCHAR': 'STRING', 'TEXT': 'STRING',
    } -%}
    {{ return(aliases.get(text, text)) }}
{%- endmacro %}

{# Which parts of a definition are other than those that the object was made with; the ledger has them by fingerprint. #}
{% macro _what_changed(definition, known, noted) -%}
    {%- if not known.fingerprint -%}
        {{ return('not made by Lakeweave') }}
    {%- endif -%}
    {%- set before = noted.get(known.fingerprint) -%}
    {%- if not before -%}
        {{ return('the definition changed') }}
    {%- endif -%}
    {%- set before, changed = fromjson(before), [] -%}
    {%- for part in (before.keys() | list + definition.parts.keys() | list) | unique | sort -%}
        {%- if before.get(part) != definition.parts.get(part) -%}
            {%- do changed.append(part ~ ': ' ~ (before.get(part) or 'none') ~ ' -> ' ~ (definition.parts.get(part) or 'none')) -%}
        {%- endif -%}
    {%- endfor -%}
    {{ return('changed: ' ~ changed | join('; ')) }}
{%- endmacro %}

{# The words with which every object says what it was made from; read back from its description. #}
{% macro _external_description(description, fingerprint) -%}
    {{ return((description ~ ' ' if description else '') ~ '(lakeweave definition ' ~ fingerprint ~ ')') }}
{%- endmacro %}

{# The fingerprint in a description; none where there is none. #}
{% macro _described_fingerprint(description) -%}
    {%- set found = modules.re.findall('lakeweave definition ([0-9a-f]{32})', description or '') -%}
    {{ return(found[-1] if found else none) }}
{%- endmacro %}
