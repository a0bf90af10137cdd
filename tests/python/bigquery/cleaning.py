"""One query that puts every cleaning macro to work on texts that people really deliver."""

from __future__ import annotations

import itertools
import re
from pathlib import Path

from ..value_cases import CASES, random_cases

ARGUMENTS: dict[str, tuple[str, ...]] = {
    "typed_value": ("'delivered', lakeweave.to_integer('delivered')",),
    "cast_or_null": ("'canonical', dbt.type_timestamp()", "'canonical', lakeweave.type_double()"),
    "regexp_extract": ("'delivered', '[0-9]+'", "'delivered', '^[A-Za-z ]+$'"),
    "regexp_replace": ("'delivered', '[0-9]', '#'", "'delivered', '([A-Za-z]+)', '<\\\\1>'"),
    "to_money": ("'delivered'", "'delivered', decimal_mark=','"),
    "parse_timestamp": (
        "'delivered'",
        "'delivered', ['%d-%m-%Y']",
        "'delivered', ['%m-%d-%y'], pivot=70",
        "'delivered', ['epoch_seconds', 'epoch_milliseconds', 'epoch_microseconds']",
    ),
    "clean_text": ("'delivered'", "'delivered', sentinels=false", "'delivered', keep=['null', 'na']"),
    "standardize": ("'delivered', 'country'", "'delivered', 'gender', otherwise=\"'unknown'\""),
}
"""Arguments of the macros that want more than an expression; every other is called with the expression alone.

`cast_or_null` is each engine's own cast, and the engines read other than canonical texts differently by nature."""

CANONICAL = re.compile(r"-?\d+(\.\d+)?|\d{4}-\d\d-\d\d \d\d:\d\d:\d\d(\.\d+)?|(?!inf)[A-Za-z ]+")
"""Whole and decimal numbers, ISO timestamps, and words that are neither (`inf` is a timestamp to DuckDB)."""

CORE = ("cast_or_null", "natural_order", "regexp_extract", "regexp_replace", "text_literal")
"""Macros of macros/core that take an expression."""

NO_EXPRESSION = frozenset({"declare_lookups"})
"""Public macros of macros/cleaning that give no expression."""

DELIVERED: tuple[str | None, ...] = (
    None, "", " ", "\t\n", "\u00a0", "N/A", "n/a", "null", "NULL", "None", "unknown", "-", "--", "?",
    "Rio de Janeiro", "RIO DE JANEIRO", "rio de janeiro", "saint-étienne", "O'NEIL", "mcdonald", "McDonald", "Zoë Zürich",
    "  padded  ", "two  blanks", "tab\tinside", "line\nbreak", "\u00a0no-break\u00a0", "back\\slash", 'double "quotes"',
    "0", "7", "+7", "-7", "007", "42.7", "1e3", "0x1A", "9223372036854775807", "9223372036854775808", "1,234", " 12 ",
    "12.50", "$12.50", "EUR12.50", "€ 12,50", "12.50 dollars", "£1,234.50", "¥100", "free", "12.5.3", "-3.10", ".5", "5.",
    "24.989999771118164", "NaN", "inf", "1234567890.123456789",
    "2026-02-03 04:05:06", "02/03/2026 04:05:06", "Feb 03 2026 04:05:06", "February 03, 2026 04:05:06",
    "2026/02/03 04:05:06", "02-03-2026 04:05:06", "03 Feb 2026 04:05:06", "2026-02-30 00:00:00", "2026-02-03", "1999-12-31 23:59:59",
    "2026-02-03 04:05:06.789", "2026-2-3 4:5:6", "13/02/2026 04:05:06", "FEB 03 2026 04:05:06",
    "users_batch_2.csv", "users_batch_10.csv", "users_batch_010.csv", "a1b22c333", "20260203",
    "usa", "United States", "UNITED STATES", "Brasil", "F", "female", "m", "Male",
)  # fmt: skip
"""Texts as they are delivered, good and bad; `texts` adds those whose values are known."""


def texts() -> list[str | None]:
    """All texts, each once. Bronze rejects a record with a NUL byte, so no macro sees one."""
    known = (text for cases in CASES.values() for text in cases if "\0" not in text)
    written = (text for cases in random_cases(20261128, 25).values() for text in cases)
    return list(dict.fromkeys([*DELIVERED, *known, *written]))


def macros(project: Path) -> dict[str, list[str]]:
    """The macros that make an expression of a delivered text, by name, with the names of their required arguments."""
    found = {}
    core = [project / "macros" / "core" / f"{name}.sql" for name in CORE]
    for path in sorted([*(project / "macros" / "cleaning").glob("*.sql"), *core], key=lambda path: path.name):
        for name, arguments in re.findall(r"\{%-?\s*macro (\w+)\(([^)]*)\)", path.read_text()):
            if not name.startswith("_") and "__" not in name and name not in NO_EXPRESSION:
                found[name] = [each.strip() for each in arguments.split(",") if each.strip() and "=" not in each]
    return found


def calls(project: Path) -> dict[str, str]:
    """By column name: the call of a macro, in Jinja. Raises `LookupError` for a macro without arguments in the list."""
    found = {}
    for name, required in macros(project).items():
        if len(required) > 1 and name not in ARGUMENTS:
            raise LookupError(f"`{name}` wants {', '.join(required)}; give arguments for it in cleaning.ARGUMENTS")
        for number, arguments in enumerate(ARGUMENTS.get(name, ("'delivered'",))):
            found[f"{name}_{number}"] = f"lakeweave.{name}({arguments})"
    return found


def query(project: Path) -> str:
    """A query in Jinja: one row for each delivered text, one column for each call."""
    rows = [
        (str(number), _literal(text), _literal(text if text in DELIVERED and CANONICAL.fullmatch(text or "") else None))
        for number, text in enumerate(texts())
    ]
    # Spark takes no union of so many parts, and BigQuery no list of rows.
    names = ("id", "delivered", "canonical")
    union = "\n        union all ".join(
        "select " + ", ".join(f"{value} as {name}" for name, value in zip(names, row, strict=True)) for row in rows
    )
    values = ",\n        ".join(f"({', '.join(row)})" for row in rows)
    of_rows = f"select * from (values\n        {values}\n        ) as delivered_texts (id, delivered, canonical)"
    columns = ",\n    ".join(f"{{{{ {call} }}}} as {name}" for name, call in calls(project).items())
    return (
        f"with\n\ntexts as (\n\n        {{% if target.type == 'bigquery' %}}{union}{{% else %}}{of_rows}{{% endif %}}\n\n)\n\n"
        f"select\n    id,\n    delivered,\n    {columns}\nfrom texts\n"
    )


def _literal(text: str | None) -> str:
    """A text as an expression that every engine reads alike: characters that need escaping are built from their numbers."""
    if text is None:
        return "cast(null as {{ dbt.type_string() }})"
    parts = []
    for safe, run in itertools.groupby(text, lambda each: each.isprintable() and each not in "\\'"):
        characters = "".join(run)
        parts += [f"'{characters}'"] if safe else [_character(each) for each in characters]
    return " || ".join(parts) if parts else "''"


def _character(character: str) -> str:
    """A character from its number, in Jinja."""
    number = ord(character)
    return (
        f"{{{{ {{'bigquery': 'code_points_to_string([{number}])', 'spark': \"'\\\\u{number:04x}'\"}}"
        f".get(target.type, 'chr({number})') }}}}"
    )
