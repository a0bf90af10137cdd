"""Unit tests of a draft: small rows, and what the plan says must come out of them."""

from __future__ import annotations

import json
import operator
from collections.abc import Callable
from typing import Any

from lakeweave.draft.catalog import Catalog
from lakeweave.draft.gold import CALENDAR
from lakeweave.draft.measures import ITEMS, MEASURES, SAME, measure
from lakeweave.draft.plan import Condition, Filter, Plan
from lakeweave.draft.silver import Written

_GIVEN = {
    "integer": "7",
    "float": "1.5",
    "money": "19.90",
    "timestamp": "2026-01-02 03:04:05",
    "date": "2026-01-02",
    "boolean": "true",
}
_TYPED: dict[str, Any] = {
    "integer": 7, "float": 1.5, "money": 19.9, "timestamp": "2026-01-02 03:04:05", "date": "2026-01-02", "boolean": True,
}  # fmt: skip
_COMPARE: dict[str, Callable[[Any, Any], bool]] = {
    "=": operator.eq,
    "<>": operator.ne,
    "<": operator.lt,
    "<=": operator.le,
    ">": operator.gt,
    ">=": operator.ge,
}
_HASH = "{}_batch_{:03d}.csv"


def _row(values: dict[str, Any]) -> str:
    return "{" + ", ".join(f"{name}: {json.dumps(value, ensure_ascii=False)}" for name, value in values.items()) + "}"


def _test(
    name: str,
    description: str,
    model: str,
    given: list[tuple[str, list[dict[str, Any]] | None]],
    expect: list[dict[str, Any]],
    variables: str = "",
) -> list[str]:
    lines = [f"  - name: {name}", f"    description: {json.dumps(description)}", f"    model: {model}"]
    lines += ["    overrides:", f"      vars: {{{variables}}}"] if variables else []
    lines.append("    given:")
    for relation, rows in given:
        lines.append(f"      - input: {relation}")
        if rows is not None:
            lines.append("        rows:" + (" []" if not rows else ""))
            lines += [f"          - {_row(row)}" for row in rows]
    lines += ["    expect:", "      rows:" + (" []" if not expect else "")]
    return [*lines, *[f"        - {_row(row)}" for row in expect], ""]


def unit_tests(plan: Plan, written: Written, catalog: Catalog) -> str:
    """The YAML of the unit tests of a draft."""
    lines = _silver(plan, written, catalog) if plan.layer == "silver" else _gold(plan, written, catalog)
    return "\n".join(["version: 2", "", "unit_tests:", "", *lines]).rstrip("\n") + "\n"


# ---------- silver


def _passes(one: Filter, row: dict[str, Any]) -> bool:
    """Whether a filter keeps a delivered row."""

    def holds(condition: Condition) -> bool | None:
        value = row.get(condition.column)
        if condition.operator in ("is null", "is not null"):
            return (value is None) == (condition.operator == "is null")
        if value is None:
            return None
        left: Any = value.lower() if isinstance(condition.values[0], str) else float(value)
        right: list[Any] = [each.lower() if isinstance(each, str) else each for each in condition.values]
        return left in right if condition.operator == "in" else _COMPARE[condition.operator](left, right[0])

    results = [holds(condition) for condition in one.conditions]
    together = all(each is True for each in results) if one.joiner == "and" else any(each is True for each in results)
    return together if one.keeps else not together


def _satisfying(plan: Plan, row: dict[str, Any]) -> dict[str, Any]:
    """The row with values that all filters keep."""
    for one in plan.filters:
        for condition in one.conditions:
            if one.keeps and condition.operator in ("=", "in", ">=", "<="):
                value = condition.values[0]
                row[condition.column] = value if isinstance(value, str) else f"{value:g}"
            elif condition.operator not in ("is null", "is not null") and isinstance(condition.values[0], float):
                step = condition.values[0] + (1 if (condition.operator in ("<", "<=")) != one.keeps else -1)
                row[condition.column] = f"{step:g}"
    return row


def _silver(plan: Plan, written: Written, catalog: Catalog) -> list[str]:
    relation = catalog.relations[plan.base]
    kinds = {column.source: column.kind for column in written.columns}
    domains = any("lakeweave.standardize(" in column.sql for column in written.columns)

    priced = any("lakeweave.to_money(" in column.sql for column in written.columns)

    def delivered(key: str, batch: int, **more: Any) -> dict[str, Any]:
        row: dict[str, Any] = {plan.key: key}
        for column in written.columns:
            if column.source != plan.key:
                row[column.source] = _GIVEN.get(column.kind, f"a {column.source}")
        for filtered in {condition.column for one in plan.filters for condition in one.conditions}:
            row.setdefault(filtered, "given")
        row = _satisfying(plan, row)
        if plan.newest and plan.newest != "processed_at" and plan.newest in row:
            row[plan.newest] = (
                str(batch + 1)
                if kinds.get(plan.newest) != "timestamp" and not plan.newest.endswith("_at")
                else f"2026-01-0{batch + 1} 00:00:00"
            )
        record = {
            "_content_hash": _HASH.format(relation.tail, batch),
            "_record_number": 1,
            "is_duplicate_in_file": False,
        }
        return {**row, **more, **record}

    def given(rows: list[dict[str, Any]]) -> list[tuple[str, list[dict[str, Any]] | None]]:
        seed: list[tuple[str, list[dict[str, Any]] | None]] = [("ref('lakeweave', 'standard_spellings')", None)]
        money: list[tuple[str, list[dict[str, Any]] | None]] = [("ref('lakeweave', 'currency_symbols')", None)]
        return [(f"ref('{relation.model}')", rows), *(seed if domains else []), *(money if priced else [])]

    def typed(row: dict[str, Any], only: list[str]) -> dict[str, Any]:
        result: dict[str, Any] = {}
        for column in written.columns:
            if column.source not in only:
                continue
            value = row[column.source]
            result[column.name] = (
                int(value) if column.kind == "integer" else float(value) if column.kind in ("float", "money") else value
            )
        return result

    def rewritten(name: str, pairs: list[tuple[str, str]]) -> tuple[list[dict[str, Any]], list[dict[str, Any]]]:
        """Records with the old values of a column, and those of them that the model keeps, with the new values."""
        rows = [delivered(str(number), 0, **{name: old}) for number, (old, _) in enumerate(pairs, 1)]
        expect = [
            {plan.key: int(row[plan.key]), plan.renamed.get(name, name): new}
            for row, (_, new) in zip(rows, pairs, strict=True)
            if all(_passes(one, row) for one in plan.filters)
        ]
        return rows, expect

    changed = [
        name for name in (*plan.values, *plan.cases)
        if name in kinds
    ]  # fmt: skip
    shown = [column.source for column in written.columns if column.source not in changed]
    marker = next(
        (
            name
            for name in shown
            if kinds[name] == "text" and not any(c.column == name for f in plan.filters for c in f.conditions)
        ),
        "",
    )
    older = delivered("1", 0, **({marker: "older"} if marker else {}))
    newer = delivered("1", 1, **({marker: "newer"} if marker else {}))
    other = delivered("2", 0)
    lines = _test(
        f"{plan.model}_newest_record_per_{plan.key}",
        "Of the records of a key the newest is kept, and its values are typed.",
        plan.model, given([newer, older, other]), [typed(newer, shown), typed(other, shown)],
    )  # fmt: skip
    for name, pairs in plan.values.items():
        if name in kinds:
            rows, expect = rewritten(name, list(pairs.items()))
            lines += _test(
                f"{plan.model}_{name}_is_standard",
                f"The values of {name} have the spellings that were asked for.",
                plan.model,
                given(rows),
                expect,
            )
    for name, case in plan.cases.items():
        if name in kinds:
            spellings = sorted(set(catalog.spellings.get(catalog.domain(name, relation.feed) or name, {}).values()))
            texts = {"in title case": [(one.upper(), one) for one in spellings[:3]], "in upper case": [("aB c", "AB C")],
                     "in lower case": [("aB c", "ab c")], "trimmed": [(" a ", "a")]}[case]  # fmt: skip
            rows, expect = rewritten(name, texts)
            lines += _test(
                f"{plan.model}_{name}_has_its_case",
                f"The values of {name} are {case}.",
                plan.model,
                given(rows),
                expect,
            )
    if plan.filters:
        kept = delivered("1", 0)
        empty = {
            condition.column: None
            for one in plan.filters
            for condition in one.conditions
            if condition.column != plan.key
        }
        rows = [kept, delivered("2", 0, **empty)]
        expect = [{plan.key: int(row[plan.key])} for row in rows if all(_passes(one, row) for one in plan.filters)]
        lines += _test(
            f"{plan.model}_leaves_rows_out",
            "; ".join(one.text() for one in plan.filters),
            plan.model,
            given(rows),
            expect,
        )
    untyped = {name: "no value of its type" for name, kind in kinds.items() if kind != "text" and name != plan.key}
    if untyped and not any(condition.column in untyped for one in plan.filters for condition in one.conditions):
        rows = [delivered("1", 0, **untyped), delivered("2", 0)]
        first = {plan.key: 1, **{plan.renamed.get(name, name): None for name in untyped}}
        second = {
            plan.key: 2,
            **{plan.renamed.get(name, name): typed(rows[1], [name])[plan.renamed.get(name, name)] for name in untyped},
        }
        lines += _test(
            f"{plan.model}_keeps_what_has_no_type",
            "A value that has no type is NULL, and its row stays.",
            plan.model,
            given(rows),
            [first, second],
        )
    return lines


# ---------- gold

_PARTS: dict[str, Any] = {
    "order_count": 2, "unique_customers": 1, "new_customers": 1, "user_count": 1, "product_count": 1, "revenue": 60,
    "sold_order_count": 2,
    "units_sold": 3, "units_priced": 3, "return_count": 1, "bought_count": 4, "units_stocked": 2, "units_turned": 1,
    "first_order_at": "2026-01-01 00:00:00", "last_order_at": "2026-01-01 06:00:00",
}  # fmt: skip
"""What the rows of :func:`_fixtures` add up to."""
_DAYS = 4
_AS_OF = "2026-01-05 00:00:00"


def _fixtures() -> dict[str, list[dict[str, Any]]]:
    orders = [
        {"order_id": 1, "user_id": 1, "created_at": "2026-01-01 00:00:00"},
        {"order_id": 2, "user_id": 1, "created_at": "2026-01-01 06:00:00"},
    ]
    items = [
        {"order_item_id": number, "order_id": order, "user_id": 1, "product_id": 1, "sale_price_usd": price, "is_sold": sold,
         "is_returned": not sold, "ordered_at": "2026-01-01 00:00:00"}
        for number, order, price, sold in ((1, 1, 10, True), (2, 2, 20, True), (3, 2, 30, True), (4, 2, 5, False))
    ]  # fmt: skip
    stock: list[dict[str, Any]] = [
        {"id": 1, "product_id": 1, "sold_at": "2026-01-01 00:00:00"},
        {"id": 2, "product_id": 1, "sold_at": None},
    ]
    return {
        "silver_users": [{"id": 1, "created_at": "2026-01-01 00:00:00"}], "silver_orders": orders, "orders_enriched": items,
        "silver_inventory_items": stock, "silver_products": [{"id": 1, "cost": 5, "cost_value_type": "dollars"}],
    }  # fmt: skip


def _value(name: str) -> Any:
    """What a measure is for the rows of :func:`_fixtures`."""
    known = SAME.get(name, name)
    if known == "days_since_last_order":
        return _DAYS
    if known == "avg_margin_pct":
        return 0.75
    parts = [_PARTS[part] for part in measure(known).needs]
    return parts[0] / parts[1] if len(parts) == 2 else parts[0]


def _gold(plan: Plan, written: Written, catalog: Catalog) -> list[str]:
    fixtures = {model: rows for model, rows in _fixtures().items() if model in written.reads}
    expect: dict[str, Any] = {}
    for name in plan.by:
        shown = next(column.name for column in written.columns if column.source == name)
        if name in CALENDAR:
            expect[shown] = {"date": "2026-01-01", "week": None, "month": "2026-01-01", "year": "2026-01-01"}[name]
            if name == "week":
                expect.pop(shown)  # The first day of a week differs between engines.
            continue
        value: Any = 18 if shown.endswith("_id") or shown in ("age", "num_of_item") else "one"
        for model, rows in fixtures.items():
            relation = next(one for one in catalog.relations.values() if one.model == model)
            if name in relation.columns:
                value = rows[0].get(name, value)
                for row in rows:
                    row[name] = value
        expect[shown] = value
    base = catalog.relations[plan.base]
    base_model = base.model if base.model in fixtures else catalog.relations[ITEMS].model
    for one in plan.filters:
        for condition in one.conditions:
            for row in fixtures[base_model]:
                row.setdefault(
                    condition.column, "given" if not condition.values or isinstance(condition.values[0], str) else 0
                )
                if one.keeps and condition.values:
                    row[condition.column] = condition.values[0]
    for column in written.columns:
        if column.source in plan.include and (column.source in MEASURES or column.source in SAME):
            expect[column.name] = _value(column.source)
    for each in plan.aggregates:
        model = next(
            one.model for one in catalog.relations.values() if one.model in fixtures and each.column in one.columns
        )
        for row in fixtures[model]:
            row.setdefault(each.column, "2026-01-01 00:00:00" if each.column.endswith("_at") else 3)
        values = [row[each.column] for row in fixtures[model]]
        total = values[0] if isinstance(values[0], str) else sum(values)
        expect[each.name] = {"sum": total, "average": total if isinstance(total, str) else total / len(values),
                             "minimum": min(values), "maximum": max(values)}[each.function]  # fmt: skip
    for flag in plan.flags:
        name = flag.condition.column
        if name in MEASURES or name in SAME:
            expect[flag.name] = _holds(flag.condition, _value(name))
    key = next((column.name for column in written.columns if column.unique), "")
    if not plan.by and key:
        expect = {key: fixtures[base_model][0].get(base.key, 1), **expect}
    given: list[tuple[str, list[dict[str, Any]] | None]] = [
        (f"ref('{model}')", rows) for model, rows in fixtures.items()
    ]
    if "convert_to_usd" in written.sql:
        given.append(
            (
                "ref('lakeweave', 'exchange_rates')",
                [{"value_type": "dollars", "valid_from": "2026-01-01", "valid_to": "2027-01-01", "usd_per_unit": 1}],
            )
        )
    variables = f'as_of: "{_AS_OF}"' if "lakeweave.as_of()" in written.sql else ""
    lines = _test(
        f"{plan.model}_measures",
        "Two orders of one user with three items sold and one returned.",
        plan.model,
        given,
        [expect],
        variables,
    )
    empty: list[tuple[str, list[dict[str, Any]] | None]] = []
    alone = not plan.by and base_model == base.model and len(fixtures) > 1 and not plan.filters
    if alone:
        for model, rows in fixtures.items():
            empty.append((f"ref('{model}')", rows[:1] if model == base_model else []))
        empty += given[len(fixtures) :]
        none: dict[str, Any] = {key: expect[key]}
        for column in written.columns:
            if column.source in MEASURES or column.source in SAME:
                none[column.name] = 0 if column.required else None
        lines += _test(
            f"{plan.model}_without_related_rows",
            "A row that nothing refers to stays, with counts of 0.",
            plan.model,
            empty,
            [none],
            variables,
        )
    return lines


def _holds(condition: Condition, value: Any) -> bool:
    if condition.operator in ("is null", "is not null"):
        return (value is None) == (condition.operator == "is null")
    right: Any = condition.values[0]
    return value in condition.values if condition.operator == "in" else _COMPARE[condition.operator](value, right)
