"""One item of the list of columns that a gold model includes."""

from __future__ import annotations

import re

from lakeweave.draft.catalog import Relation
from lakeweave.draft.conditions import condition_at
from lakeweave.draft.measures import MEASURES, SAME
from lakeweave.draft.plan import Aggregate, Flag, Plan

_FUNCTIONS = {
    "sum": ("sum", "total"),
    "average": ("average", "avg", "mean"),
    "minimum": ("minimum", "min", "smallest", "lowest", "earliest"),
    "maximum": ("maximum", "max", "largest", "highest", "latest"),
}
_PREFIX = {"sum": "total", "average": "avg", "minimum": "min", "maximum": "max"}
_REMARKS = {"new_customers": ("first order that day",)}
"""Words in parentheses that say what the measure means anyway."""


def _name(words: str) -> str:
    bare = re.sub(r"^(?:(?:an?|the|their|its)\s+)+", "", words.strip().lower())
    if found := re.fullmatch(r"(?:number|count)\s+of\s+(?:distinct\s+|all\s+)?(\w+?)s?", bare):
        return f"{found[1]}_count"
    return re.sub(r"[\s-]+", "_", bare)


def column_of(name: str, relations: list[Relation]) -> str | None:
    """The column that a name is: of a relation, or the key of the first under its full name, ``user_id`` of users."""
    base = relations[0]
    if base.key and name == f"{base.tail.rstrip('s')}_{base.key}":
        return name
    return next((found for one in relations if (found := one.column(name))), None)


def item_into(plan: Plan, item: str, relations: list[Relation]) -> bool:
    """Add an item to the plan; false where it is not understood."""

    def compared(word: str) -> str | None:
        name = _name(word)
        return name if name in MEASURES or name in SAME else column_of(name, relations)

    found = re.fullmatch(
        r"(?:an?\s+|the\s+)?(\w+)(?:\s+flag)?(?:\s+(?:that|which))?(?:\s+(?:is|being))?(?:\s+set\s+to)?(?:\s+true)?\s+(?:when|if|where)\s+(.+)",
        item,
        re.IGNORECASE,
    )
    if found:
        read = condition_at(found[2], 0, compared)
        if read is None or found[2][read[1] :].strip():
            return False
        plan.flags.append(Flag(found[1].lower(), read[0]))
        return True
    remark = re.fullmatch(r"(.+?)\s*\(([^)]*)\)", item)
    if remark and remark[2].strip().lower() not in _REMARKS.get(_name(remark[1]), ()):
        return False
    name = _name(remark[1] if remark else item)
    name = {"first_order_date": "first_order_at", "last_order_date": "last_order_at"}.get(name, name)
    if name in MEASURES or name in SAME:
        plan.include.append(name)
        return True
    found = re.fullmatch(r"(?:the\s+)?(\w+)\s+(?:of\s+)?(?:the\s+)?(\w+)(?:\s+as\s+([a-z_]\w*))?", item, re.IGNORECASE)
    if found:
        function = next((one for one, words in _FUNCTIONS.items() if found[1].lower() in words), None)
        column = next((known for one in relations if (known := one.column(found[2]))), None)
        if function and column:
            plan.aggregates.append(Aggregate(function, column, (found[3] or f"{_PREFIX[function]}_{column}").lower()))
            return True
    if name in ("sale_date", "order_date", "date", "day", "month", "week", "year") and set(plan.by) & {
        "date", "week", "month", "year",
    }:  # fmt: skip
        plan.include.append(name)
        return True
    named = column_of(name, relations)
    if named is None:
        return False
    plan.include.append(named)
    return True
