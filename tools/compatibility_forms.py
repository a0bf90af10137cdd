"""Write macros/core/compatibility_form.sql, the compatibility form (NFKC) of a text in Jinja, from Python's Unicode tables.

    python tools/compatibility_forms.py

Jinja in dbt has no Unicode tables, and a cluster of Databricks has no function for them. Characters without a letter or digit
are left out: a column's name has none.
"""

from __future__ import annotations

import unicodedata
from functools import cache
from pathlib import Path

MACRO = Path(__file__).resolve().parents[1] / "macros" / "core" / "compatibility_form.sql"
WIDTH = 110
"""Characters of a line of the table."""

SURROGATES = range(0xD800, 0xE000)
HANGUL = range(0xAC00, 0xD7A4)

HEAD = """{#
    A text in its compatibility form (NFKC), as lakeweave/ingestion/names.py has it: full-width letters, ligatures and letters
    with separate marks become the usual ones. Marks of one letter are expected in the canonical order. Written by
    tools/compatibility_forms.py; do not edit it.
    https://www.unicode.org/reports/tr15/
#}
{% macro compatibility_form(text) -%}
    {%- if not modules.re.search('[^\\x00-\\x7f]', text) -%}
        {{ return(text) }}
    {%- endif -%}
    {%- set tables = lakeweave._compatibility_tables() -%}
    {%- set written = namespace(text='') -%}
    {%- for character in text -%}
        {%- set written.text = written.text ~ tables.forms.get(character, character) -%}
    {%- endfor -%}
    {%- set composed = namespace(text='') -%}
    {%- set leads, vowels, tails = 'ᄀᄁᄂᄃᄄᄅᄆᄇᄈᄉᄊᄋᄌᄍᄎᄏᄐᄑᄒ', 'ᅡᅢᅣᅤᅥᅦᅧᅨᅩᅪᅫᅬᅭᅮᅯᅰᅱᅲᅳᅴᅵ', 'ᆨᆩᆪᆫᆬᆭᆮᆯᆰᆱᆲᆳᆴᆵᆶᆷᆸᆹᆺᆻᆼᆽᆾᆿᇀᇁᇂ' -%}
    {%- for character in written.text -%}
        {%- set last = composed.text[-1:] -%}
        {%- if last and last ~ character in tables.composed -%}
            {%- set composed.text = composed.text[:-1] ~ tables.composed[last ~ character] -%}
        {%- elif last and last in leads and character in vowels -%}
            {%- set number = 44032 + 28 * (21 * leads.index(last) + vowels.index(character)) -%}
            {%- set composed.text = composed.text[:-1] ~ '%c' | format(number) -%}
        {%- elif '가' <= last <= '힣' and character in tails and lakeweave._code_point(last) % 28 == 44032 % 28 -%}
            {%- set number = lakeweave._code_point(last) + 1 + tails.index(character) -%}
            {%- set composed.text = composed.text[:-1] ~ '%c' | format(number) -%}
        {%- else -%}
            {%- set composed.text = composed.text ~ character -%}
        {%- endif -%}
    {%- endfor -%}
    {{ return(composed.text) }}
{%- endmacro %}

{% macro _code_point(character) -%}
    {%- set bytes = character.encode('utf-16-be') -%}
    {{ return(256 * bytes[0] + bytes[1]) }}
{%- endmacro %}

{# Each character with its form, and each letter and mark with the character that they make; split once in a run. #}
{% macro _compatibility_tables() -%}
    {%- set tables = lakeweave.run_memory('compatibility_forms', shared=true) -%}
    {%- if 'composed' not in tables -%}
        {%- set forms, composed = {}, {} -%}
        {%- for entry in lakeweave._compatibility_forms().split() -%}
            {%- do forms.update({entry[0]: entry[1:]}) -%}
        {%- endfor -%}
        {%- for entry in lakeweave._compatible_compositions().split() -%}
            {%- do composed.update({entry[:2]: entry[2:]}) -%}
        {%- endfor -%}
        {%- do tables.update({'forms': forms}) -%}
        {%- do tables.update({'composed': composed}) -%}
    {%- endif -%}
    {{ return(tables) }}
{%- endmacro %}
"""


@cache
def forms() -> list[str]:
    """Each character whose compatibility form differs, followed by the form."""
    found = []
    for number in range(0x80, 0x110000):
        if number in SURROGATES or number in HANGUL:
            continue
        character = chr(number)
        form = unicodedata.normalize("NFKC", character)
        if form != character and (character.isalnum() or any(map(str.isalnum, form))):
            # Other characters of the form end a word of a name, as a blank does.
            found.append(character + "".join(c if not c.isspace() else "_" for c in form))
    return found


@cache
def compositions() -> list[str]:
    """Each letter and mark, followed by the character that they make."""
    found = []
    for number in range(0x110000):
        parts = unicodedata.decomposition(chr(number)).split()
        if number in HANGUL or len(parts) != 2 or parts[0].startswith("<"):
            continue
        pair = "".join(chr(int(part, 16)) for part in parts)
        if unicodedata.normalize("NFC", pair) == chr(number) and chr(number).isalnum():
            found.append(pair + chr(number))
    return found


def _macro(name: str, entries: list[str]) -> str:
    lines, line = [], ""
    for entry in entries:
        if len(line) + len(entry) > WIDTH:
            lines.append(line)
            line = ""
        line += " " * bool(line) + entry
    return "\n".join([f"{{% macro {name}() -%}}", *(f"    {line}" for line in [*lines, line]), "{%- endmacro %}", ""])


def text() -> str:
    """The file."""
    return "\n".join(
        [HEAD, _macro("_compatibility_forms", forms()), _macro("_compatible_compositions", compositions())]
    )


if __name__ == "__main__":
    MACRO.write_text(text(), encoding="utf-8")
