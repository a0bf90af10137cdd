"""The SQL of a silver model: one row per key of a bronze table, typed and standardized."""

from __future__ import annotations

from dataclasses import dataclass, field

from lakeweave.draft.catalog import Catalog, Relation
from lakeweave.draft.plan import Condition, Plan
from lakeweave.sql import literal

GROUPS = ("ids", "text", "numbers", "booleans", "dates", "timestamps")
_MACROS = {
    "integer": "to_integer",
    "money": "to_money",
    "timestamp": "parse_timestamp",
    "boolean": "to_boolean",
}


@dataclass
class Written:
    """The columns of a written model, and what a person should know of it."""

    sql: str = ""
    columns: list[WrittenColumn] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)
    problems: list[str] = field(default_factory=list)
    """Why nothing is written, each with what to say instead."""
    reads: list[str] = field(default_factory=list)
    """The models that it reads."""
    description: str = ""


@dataclass
class WrittenColumn:
    """One column: its expression, and what the YAML says of it."""

    name: str
    sql: str
    group: str
    source: str = ""
    kind: str = "text"
    domain: str = ""
    personal: bool = False
    docs: str = ""
    description: str = ""
    required: bool = False
    unique: bool = False
    ratio: bool = False


def unsafe_value(value: str) -> bool:
    """Whether a value of a sentence could be read as anything but the text of a literal."""
    return any(
        mark in value for mark in ("\\", "{{", "{%", "{#", "}}", "%}", "#}", "\n", "\0", "'", '"', ";", "--", "/*")
    )


def _typed(column: str, kind: str, relation: Relation, of_records: bool = False) -> str:
    """The Jinja expression that types a delivered text, without braces."""
    name = f"records.{column}" if of_records else column
    if kind == "float":
        return (
            f"lakeweave.to_money('{name}')"
            if f"{column}_value_type" in relation.columns
            else f"lakeweave.to_float('{name}')"
        )
    if kind == "date":
        return f"lakeweave.parse_timestamp('{name}')"
    return f"lakeweave.{_MACROS[kind]}('{name}')"


def _compared(condition: Condition, plan: Plan, relation: Relation) -> list[tuple[bool, str]] | str:
    """A condition as pieces of a Jinja concatenation, (is Jinja, text); a text says why there are none."""
    column, operator = condition.column, condition.operator
    if operator in ("is null", "is not null"):
        return [(False, f"{column} {operator}")]
    if all(isinstance(value, str) for value in condition.values):
        values = [literal(str(value).lower()) for value in condition.values]
        right = f"({', '.join(values)})" if operator == "in" else values[0]
        return [(False, f"lower({column}) {operator} {right}")]
    kind = plan.casts.get(column)
    if kind not in ("integer", "float", "money"):
        return f'`{column}` is compared with a number and has no type. Say it: "cast {column} to integer".'
    numbers = [f"{value:g}" for value in condition.values]
    right = f"({', '.join(numbers)})" if operator == "in" else numbers[0]
    return [(True, _typed(column, kind, relation)), (False, f" {operator} {right}")]


def _keep_if(plan: Plan, relation: Relation, problems: list[str]) -> str:
    """The argument `keep_if`, as Jinja writes it; empty where every row is kept."""
    pieces: list[tuple[bool, str]] = []
    for one in plan.filters:
        only_nulls = not one.keeps and all(condition.operator == "is null" for condition in one.conditions)
        if only_nulls and (one.joiner == "or" or len(one.conditions) == 1):
            part: list[tuple[bool, str]] = [
                (False, " and ".join(f"{each.column} is not null" for each in one.conditions))
            ]
        else:
            part = []
            for condition in one.conditions:
                compared = _compared(condition, plan, relation)
                if isinstance(compared, str):
                    problems.append(compared)
                    continue
                part += ([(False, f" {one.joiner} ")] if part else []) + compared
            # A comparison with NULL is neither true nor false: only what is true is left out.
            part = [(False, "("), *part, (False, ")" if one.keeps else ") is not true")]
        pieces += ([(False, " and ")] if pieces else []) + part
    merged: list[tuple[bool, str]] = []
    for jinja, text in pieces:
        if merged and not jinja and not merged[-1][0]:
            merged[-1] = (False, merged[-1][1] + text)
        else:
            merged.append((jinja, text))
    return " ~ ".join(text if jinja else '"' + text + '"' if "'" in text else f"'{text}'" for jinja, text in merged)


def _group(name: str, kind: str) -> str:
    if name == "id" or name.endswith("_id"):
        return "ids"
    return {"text": "text", "boolean": "booleans", "date": "dates", "timestamp": "timestamps"}.get(kind, "numbers")


def write_silver(plan: Plan, catalog: Catalog) -> Written:
    """The model that a plan of the layer silver asks for."""
    written = Written()
    relation = catalog.relations[plan.base]
    if not plan.base.startswith("bronze."):
        written.problems.append(f"A silver model reads bronze; the sentence reads {plan.base}.")
    if plan.joins:
        written.problems.append(
            f"A silver model reads one bronze table; the sentence joins {', '.join(plan.joins)}. Join in gold."
        )
    if not plan.key:
        written.problems.append('A silver model has one row per key. Say by which column: "deduplicates by id".')
    if plan.by or plan.include or plan.aggregates or plan.flags:
        written.problems.append("Measures, groups and flags are written for gold only.")
    if plan.key in plan.dropped:
        written.problems.append(f"`{plan.key}` is the key and cannot be left out.")
    if plan.key in plan.renamed:
        written.problems.append(f"`{plan.key}` is the key of bronze and of silver, so it keeps its name in silver.")
    values = [text for pairs in plan.values.values() for pair in pairs.items() for text in pair]
    values += [str(value) for one in plan.filters for each in one.conditions for value in each.values]
    written.problems += [
        f"The value {value!r} has signs that a value may not have here." for value in values if unsafe_value(value)
    ]
    keep_if = _keep_if(plan, relation, written.problems)
    order_by = _order_by(plan, relation, written)
    feed, table = relation.feed, relation.tail
    arguments = [f"'{feed}'", f"'{table}'", f"key='{plan.key}'"]
    arguments += ([f"keep_if={keep_if}"] if keep_if else []) + ([f"order_by=[{order_by}]"] if order_by else [])
    for name in relation.body():
        if name not in plan.dropped:
            written.columns.append(_column(name, plan, relation, catalog, written))
    for column in written.columns:
        required = any(
            not one.keeps and (one.joiner == "or" or len(one.conditions) == 1)
            and any(each.column == column.source and each.operator == "is null" for each in one.conditions)
            for one in plan.filters
        )  # fmt: skip
        column.unique = column.source == plan.key
        column.required = column.unique or (required and column.kind == "text")
    written.reads = [relation.model]
    call = ", ".join(arguments)
    lines = [f"{{{{ lakeweave.one_row_per_key({call}) }}}}", "", "with", "", "newest as (", ""]
    lines += [
        f"    select * from {{{{ lakeweave.newest_records({call}) }}}}",
        "",
        "),",
        "",
        "standardized as (",
        "",
        "    select",
    ]
    for group in GROUPS:
        members = [column for column in written.columns if column.group == group]
        if members:
            lines.append(f"        ---------- {group}")
            lines += [
                f"        {one.sql}," if one.sql == one.name else f"        {one.sql} as {one.name}," for one in members
            ]
            lines.append("")
    lines += [
        "        ---------- record",
        "        {{ lakeweave.account_columns() }}",
        "",
        "    from newest",
        "",
        ")",
        "",
    ]
    lines += ["select * from standardized", ""]
    written.sql = "\n".join(lines)
    written.description = f"{table.replace('_', ' ').capitalize()}, one row per {plan.key}: the newest record."
    left_out = [one.text() for one in plan.filters]
    if left_out:
        written.description += f" Rows: {'; '.join(left_out)}."
    return written


def _order_by(plan: Plan, relation: Relation, written: Written) -> str:
    """The argument `order_by`; empty where the order of delivery decides."""
    if not plan.newest:
        return ""
    if plan.newest == "processed_at":
        written.notes.append(
            "`processed_at` is the time at which a file was taken in. The newest record is chosen by the file's name and the "
            "place in the file instead, so that a late or repeated delivery changes nothing."
        )
        return ""
    kind = plan.casts.get(plan.newest) or ("timestamp" if plan.newest.endswith("_at") else "")
    if kind in ("", "text"):
        written.problems.append(
            f'The newest row is chosen by `{plan.newest}`, which has no type. Say it: "cast {plan.newest} to integer".'
        )
        return ""
    return _typed(plan.newest, kind, relation, of_records=True)


def _column(name: str, plan: Plan, relation: Relation, catalog: Catalog, written: Written) -> WrittenColumn:
    known = relation.columns[name]
    silver = catalog.relations.get(f"silver.{relation.tail}")
    personal = known.personal or bool(silver and name in silver.columns and silver.columns[name].personal)
    kind = plan.casts.get(name, "integer" if name == plan.key else "text")
    if kind == "float" and f"{name}_value_type" in relation.columns:
        sql = f"cast({{{{ {_typed(name, kind, relation)} }}}} as {{{{ lakeweave.type_double() }}}})"
    elif kind == "date":
        sql = f"cast({{{{ {_typed(name, kind, relation)} }}}} as date)"
    elif kind == "text":
        sql = name
    else:
        sql = f"{{{{ {_typed(name, kind, relation)} }}}}"
    domain = ""
    if name in plan.values or plan.cases.get(name) == "in title case":
        if kind != "text":
            written.problems.append(f"`{name}` cannot be {kind} and have standard values.")
        domain = catalog.domain(name, relation.feed) or (name if name in catalog.spellings else "")
        spellings = catalog.spellings.get(domain, {})
        pairs = plan.values.get(name, {})
        if pairs and not all(spellings.get(old.lower()) == new for old, new in pairs.items()):
            domain = ""
            whens = " ".join(f"when {literal(old.lower())} then {literal(new)}" for old, new in pairs.items())
            sql = f"case lower({name}) {whens} else {name} end"
        elif not pairs and (not spellings or any(word != word.title() for word in spellings.values())):
            written.problems.append(
                f"Title case of `{name}` comes from a domain of seeds/standard_spellings.csv, and `{name}` has none that is in "
                "title case. Add its spellings there."
            )
        else:
            sql = f"{{{{ lakeweave.standardize('{name}', '{domain}') }}}}"
            written.notes.append(
                f"`{name}` is looked up in the domain `{domain}` of standard_spellings, which has {len(spellings)} spellings; "
                f"a value that it does not know stays as it is, and the test known_spelling reports it."
            )
    elif name in plan.cases:
        function = {"in upper case": "upper", "in lower case": "lower", "trimmed": "trim"}[plan.cases[name]]
        sql = f"{function}({name})"
    target = plan.renamed.get(name, name)
    docs = known.docs if known.docs in catalog.docs and target == name else ""
    description = "" if docs else f"{target.replace('_', ' ').capitalize()}."
    return WrittenColumn(target, sql, _group(target, kind), name, kind, domain, personal, docs, description)
