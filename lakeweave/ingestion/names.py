"""Column names: how a header cell becomes the name of a column."""

from __future__ import annotations

import functools
import re
import unicodedata
from collections.abc import Iterable

_CAMEL = (re.compile(r"([a-z0-9])([A-Z])"), re.compile(r"([A-Z]+)([A-Z][a-z])"))
_NOT_WORD = re.compile(r"[\W_]+")

MAX_NAME = 120
"""Longest column name in characters: below the limit of every engine that the project runs on."""

RESERVED = frozenset(
    {"_file_id", "_content_hash", "_file_name", "_record_number", "is_duplicate_in_file", "processed_at"}
)
"""Names that bronze adds; a column of a file that would be called so gets a number behind it."""


@functools.lru_cache(maxsize=65536)
def snake_case(name: str) -> str:
    """``name`` as a column name: camelCase split, lower case, every run of other characters one ``_``.

    A leading digit gets a ``_`` before it, and a name of which nothing is left is ``unnamed``. Letters and digits of
    every script are kept, in their compatibility form (NFKC).
    """
    name = unicodedata.normalize("NFKC", name)
    for pattern in _CAMEL:
        name = pattern.sub(r"\1_\2", name)
    name = _NOT_WORD.sub("_", name).strip("_").lower()
    name = "".join(c for c in name if c.isalnum() or c == "_")[:MAX_NAME].strip("_")
    if not name:
        return "unnamed"
    return f"_{name}" if name[0].isdigit() else name


def unique_names(names: Iterable[str], taken: Iterable[str] = ()) -> list[str]:
    """The same names, the second and later of equal ones numbered ``_1``, ``_2`` …; none is in ``taken``."""
    used = set(taken)
    result = []
    for name in names:
        candidate, n = name, 0
        while candidate in used:
            n += 1
            candidate = f"{name}_{n}"
        used.add(candidate)
        result.append(candidate)
    return result
