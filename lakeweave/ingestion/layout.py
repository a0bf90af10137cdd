"""Declared columns against the columns of a file, and what the layout policy makes of the difference."""

from __future__ import annotations

import functools
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from types import MappingProxyType

from lakeweave.ingestion.names import RESERVED, snake_case, unique_names
from lakeweave.ingestion.spec import Reading

MAX_COLUMNS = 4096


@dataclass(frozen=True, slots=True)
class LayoutChange:
    """One difference between the declared layout and a file's: a row of ``ledger.layout_changes``.

    ``change`` is one of added, missing, renamed, reordered, duplicate, empty_name.
    """

    column_name: str | None
    change: str
    policy: str
    action: str
    message: str


@dataclass
class Layout:
    """Where each column of a file goes.

    ``targets`` has one entry for each column of the file: the name of the column it fills, or ``None`` for a column
    that must be empty (``discard_row``, or a nameless last column). ``held`` is the message if the file is to be held, and
    ``held_reason`` the reason.
    """

    targets: list[str | None]
    source_names: list[str]
    extras: list[str] = field(default_factory=list)
    changes: list[LayoutChange] = field(default_factory=list)
    held: str | None = None
    held_reason: str = "layout_frozen"


@functools.lru_cache(maxsize=256)
def declared_names(reading: Reading) -> Mapping[str, str]:
    """Normalised name → declared column, aliases included."""
    known = {snake_case(column): column for column in reading.columns or ()}
    for old, new in reading.aliases:
        known.setdefault(snake_case(old), known[snake_case(new)])
    return MappingProxyType(known)


def shared(cells: Iterable[str], known: Mapping[str, str]) -> int:
    """How many declared columns a header made of ``cells`` names."""
    return len({known[name] for name in map(snake_case, cells) if name in known})


def match(cells: Sequence[str], reading: Reading, *, positional: bool = False) -> Layout:
    """Match the header ``cells`` of a file with the declared columns, by normalised name.

    ``positional`` says that the names come from a declared layout and not from the file: a column that it lacks is
    then no change.
    """
    policy = reading.layout_policy
    if reading.columns is None:
        names = unique_names((snake_case(c) for c in cells), RESERVED)
        return Layout(targets=list(names), source_names=list(cells), extras=list(names))
    known = declared_names(reading)
    declared = list(reading.columns)
    taken: dict[str, int] = {}
    names = [snake_case(c) for c in cells]
    # A column that carries the declared name itself goes before one that carries an alias.
    exact = {snake_case(c): c for c in declared}
    for table in (exact, known):
        for i, name in enumerate(names):
            if name in table and table[name] not in taken and i not in taken.values():
                taken[table[name]] = i
    at = {i: column for column, i in taken.items()}
    layout = Layout(targets=[], source_names=list(cells))
    fresh = iter(
        unique_names(
            (n for i, n in enumerate(names) if i not in at), {*exact, *RESERVED, *(c.lower() for c in declared)}
        )
    )
    for i, name in enumerate(names):
        if i in at:
            layout.targets.append(at[i])
            if name != snake_case(at[i]):
                layout.changes.append(
                    LayoutChange(
                        at[i], "renamed", policy, "matched by alias", f"Column {cells[i]!r} is read as {at[i]!r}."
                    )
                )
            continue
        new = next(fresh)
        if not cells[i].strip():
            change = LayoutChange(new, "empty_name", policy, _action(policy), f"Column {i + 1} has no name.")
        elif name in known or name in names[:i]:
            change = LayoutChange(
                new,
                "duplicate",
                policy,
                _action(policy),
                f"Column {i + 1} repeats the name {cells[i]!r}; it is called {new!r}.",
            )
        else:
            change = LayoutChange(new, "added", policy, _action(policy), f"Column {cells[i]!r} is not declared.")
        layout.changes.append(change)
        if policy == "evolve":
            layout.targets.append(new)
            layout.extras.append(new)
        else:
            layout.targets.append(None)
    order = [c for c in layout.targets if c in taken]
    if order != [c for c in declared if c in taken] and not positional:
        layout.changes.append(
            LayoutChange(None, "reordered", policy, "matched by name", f"The columns come as {', '.join(order)}.")
        )
    missing = [] if positional else [c for c in declared if c not in taken]
    for column in missing:
        action = "file held" if policy == "freeze" or column in reading.key else "filled with null"
        layout.changes.append(LayoutChange(column, "missing", policy, action, f"The file has no column {column!r}."))
    if policy == "freeze":
        layout.held = frozen_message(layout.changes)
    if message := keyless_message(layout.changes, reading):
        layout.held, layout.held_reason = message, "key_column_missing"
    return layout


def keyless_message(changes: Iterable[LayoutChange], reading: Reading) -> str | None:
    """Why a file with these changes is held because it lacks its key, with the ways out; ``None`` if it has the key."""
    changes = list(changes)
    missing = [c.column_name for c in changes if c.change == "missing" and c.column_name in reading.key]
    if not missing:
        return None
    added = [c.column_name or "" for c in changes if c.change == "added"]
    names = ", ".join(map(repr, missing))
    found = f" It has the undeclared column(s) {listed(added)}." if added else ""
    return (
        f"The file lacks the key column(s) {names}, without which no record of it has a row in silver.{found}"
        f" If a column has another name here, declare it under `aliases`; if the key is another one, declare the column and the"
        f" new `key`; otherwise correct the file."
    )


def frozen_message(changes: Iterable[LayoutChange]) -> str | None:
    """Why the ``freeze`` policy holds a file with these changes; ``None`` if it does not."""
    changes = list(changes)
    added = [c.column_name or "" for c in changes if c.change in ("added", "duplicate", "empty_name")]
    missing = [c.column_name or "" for c in changes if c.change == "missing"]
    if not added and not missing:
        return None
    parts = []
    if added:
        parts.append(f"has undeclared column(s) {', '.join(map(repr, added[:20]))}")
    if missing:
        parts.append(f"lacks column(s) {', '.join(map(repr, missing[:20]))}")
    return f"The file {' and '.join(parts)}; declare the new layout or correct the file, then release it."


def listed(names: Sequence[str]) -> str:
    """The first dozen of ``names``, as a message shows them."""
    return ", ".join(repr(n[:60]) for n in names[:12]) + (", …" if len(names) > 12 else "")


def _action(policy: str) -> str:
    return {"evolve": "column added", "freeze": "file held", "discard_row": "records with a value rejected"}[policy]
