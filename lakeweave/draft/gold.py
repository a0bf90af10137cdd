"""The SQL of a gold model: measures per row of a relation, or per group."""

from __future__ import annotations

import re

from lakeweave.draft.catalog import Catalog, Relation
from lakeweave.draft.measures import ITEMS, MEASURES, PARTS, SAME, Part, measure
from lakeweave.draft.plan import Condition, Plan
from lakeweave.draft.silver import Written, WrittenColumn, unsafe_value
from lakeweave.sql import literal

GROUPS = ("ids", "dates", "text", "numbers", "booleans", "timestamps")
_SOURCES = {
    "orders": "orders",
    "order_items": "items",
    "users": "users",
    "products": "products",
    "inventory_items": "inventory",
}
_DATES = {
    "orders": "created_at",
    "items": "ordered_at",
    "users": "created_at",
    "inventory": "created_at",
    "first_orders": "first_order_at",
}
_TOTALS = {
    "orders": "order_totals", "items": "item_totals", "inventory": "stock_totals", "first_orders": "first_order_totals",
    "users": "user_totals", "products": "product_totals",
}  # fmt: skip
CALENDAR = ("date", "week", "month", "year")
_CASTS = {
    "text": "{{ dbt.type_string() }}", "bigint": "{{ dbt.type_bigint() }}", "numeric": "{{ dbt.type_numeric() }}",
    "double": "{{ lakeweave.type_double() }}", "timestamp": "{{ dbt.type_timestamp() }}", "date": "date", "boolean": "boolean",
}  # fmt: skip


class _Gold:
    def __init__(self, plan: Plan, catalog: Catalog) -> None:
        self.plan, self.catalog, self.written = plan, catalog, Written()
        self.relations: dict[str, Relation] = {}
        self.parts: dict[str, Part] = {}
        for name in (plan.base, *plan.joins):
            relation = catalog.relations[name]
            source = _SOURCES.get(relation.tail, relation.tail)
            if source == "items" and ITEMS in catalog.relations:
                relation = catalog.relations[ITEMS]
            self.relations[source] = relation
        self.base = next(iter(self.relations))
        self.lookups: dict[str, str] = {}

    # ---------- what is asked for

    def need(self, name: str) -> bool:
        """Take the parts of a measure; false, with a problem, where no relation has them."""
        one = measure(name)
        missing = {PARTS[part].source for part in one.needs} - {"first_orders"} - set(self.relations)
        if "new_customers" in one.needs and "orders" not in self.relations:
            missing.add("orders")
        if one.cost and "products" not in self.relations:
            missing.add("products")
        if missing:
            tables = {source: tail for tail, source in _SOURCES.items()}
            self.written.problems.append(
                f"`{name}` needs silver.{', silver.'.join(sorted(tables[one] for one in missing))}, "
                "which the sentence does not name."
            )
            return False
        self.parts.update({part: PARTS[part] for part in one.needs})
        return True

    def qualified(self, sql: str) -> str:
        """A measure's expression with the names of the CTEs that hold its parts."""
        grouped = bool(self.plan.by)
        return re.sub(
            r"\b(orders|items|inventory|first_orders|users|products)\.(?=\w)",
            lambda found: (found[1] if found[1] == self.base and not grouped else _TOTALS[found[1]]) + ".",
            sql,
        )

    def expression(self, name: str) -> tuple[str, str] | None:
        """The SQL of a measure or a column, and its type."""
        if name in MEASURES or name in SAME:
            if not self.need(name):
                return None
            return self.qualified(measure(name).sql), measure(name).type
        if self.plan.by:
            if name in self.plan.by:
                return f"{self.spine()}.{name}", "text"
            self.written.problems.append(f"`{name}` is neither a group nor a measure. Group by it, or leave it out.")
            return None
        relation = self.relations[self.base]
        column = relation.key if name not in relation.columns and name.endswith(f"_{relation.key}") else name
        if column in relation.columns:
            return f"{self.base}.{column}", self.type_of(column)
        for source, other in self.relations.items():
            link = self.link(self.base, source)
            if name in other.columns and link:
                self.lookups[source] = link
                return f"{source}.{name}", self.type_of(name)
        self.written.problems.append(
            f'`{name}` has several values per row of {self.plan.base}. Ask for a measure over it, such as "maximum {name}".'
        )
        return None

    @staticmethod
    def type_of(column: str) -> str:
        """The type of a column of silver, by the conventions of names."""
        if column == "id" or column.endswith("_id") or column in ("age", "num_of_item"):
            return "bigint"
        if column.endswith("_at"):
            return "timestamp"
        if column in ("latitude", "longitude"):
            return "double"
        return "numeric" if column in ("cost", "retail_price", "sale_price", "sale_price_usd", "cost_usd") else "text"

    def link(self, source: str, to: str) -> str:
        """The column of ``source`` that holds the key of ``to``; empty where there is none."""
        other = self.relations[to]
        named = other.key if other.key != "id" else f"{self.singular(to)}_id"
        columns = self.relations["orders" if source == "first_orders" else source].columns
        return named if source != to and named in columns else ""

    @staticmethod
    def singular(source: str) -> str:
        """``user`` of ``users``."""
        return {"inventory": "inventory_item", "items": "order_item"}.get(source, source.removesuffix("s"))

    # ---------- groups

    def spine(self) -> str:
        """The totals that have the rows of the result: those of the base where it has any."""
        sources = list(dict.fromkeys(part.source for part in self.parts.values()))
        return _TOTALS[self.base if self.base in sources or not sources else sources[0]]

    def dimension(self, source: str, name: str) -> tuple[str, str] | None:
        """The SQL of a group within the rows of ``source``, and the relation that is joined for it."""
        if name in CALENDAR:
            column = f"{source}.{_DATES[source]}" if source in _DATES else ""
            if not column:
                return None
            if name == "date":
                return f"cast({column} as date)", ""
            return f"cast({{{{ dbt.date_trunc('{name}', '{column}') }}}} as date)", ""
        columns = self.relations["orders" if source == "first_orders" else source].columns
        if name in columns and source != "first_orders":
            return f"{source}.{name}", ""
        for other, relation in self.relations.items():
            if name in relation.columns and self.link(source, other):
                return f"{other}.{name}", other
        return None

    def totals(self, source: str, by: list[str]) -> list[str]:
        """The CTE that aggregates the rows of ``source``."""
        parts = {name: part for name, part in self.parts.items() if part.source == source}
        lines = [f"{_TOTALS[source]} as (", "", "    select"]
        joins, groups, given = [], [], []
        if not by:
            key = self.link(source, self.base)
            lines.append(f"        {key},")
            groups = [key]
        for name in by:
            found = self.dimension(source, name)
            if found is None:
                self.written.problems.append(
                    f"{source} cannot be grouped by `{name}`: no relation of the sentence has it for them."
                )
                return []
            sql, other = found
            if other:
                link = self.link(source, other)
                joins.append(f"    left join {other} on {source}.{link} = {other}.{self.relations[other].key}")
            named = self.group_name(name)
            lines.append(f"        {sql}," if sql.partition(".")[2] == named else f"        {sql} as {named},")
            groups.append(str(len(groups) + 1))
            if name in CALENDAR:
                given.append(f"{source}.{_DATES[source]} is not null")
        lines += [f"        {part.sql} as {name}," for name, part in parts.items()]
        lines[-1] = lines[-1].removesuffix(",")
        lines += [f"    from {source}", *dict.fromkeys(joins)]
        lines += [f"    where {' and '.join(given)}"] if given else []
        return [*lines, f"    group by {', '.join(groups)}", "", ")"]

    def group_name(self, name: str) -> str:
        """The name that the sentence gives the group of a calendar."""
        if name not in CALENDAR:
            return name
        given = next(
            (
                one
                for one in self.plan.include
                if one in ("sale_date", "order_date", "date", "day", "week", "month", "year")
            ),
            None,
        )
        return given or {"date": "sale_date"}.get(name, f"sale_{name}")

    # ---------- the model

    def imports(self) -> list[list[str]]:
        """The CTEs that import relations."""
        used = {part.source for part in self.parts.values()} | {self.base, *self.lookups}
        for source in list(used):
            for name in self.plan.by:
                found = self.dimension(source, name)
                used |= {found[1]} if found and found[1] else set()
        needs_cost = any(measure(name).cost for name in self.plan.include if name in MEASURES or name in SAME)
        ctes = []
        for source, relation in self.relations.items():
            if source not in used and not (source == "orders" and "first_orders" in used):
                self.written.notes.append(
                    f"{relation.name} is not read: no column or measure of the sentence needs it."
                )
                continue
            self.written.reads.append(relation.model)
            select = [f"    select * from {{{{ ref('{relation.model}') }}}}"]
            if source == self.base and self.plan.filters:
                select = [*select, f"    where {self.where()}"]
            if source == "products" and needs_cost:
                select = [
                    "    select", "        products.*,", "        {{ lakeweave.as_of() }} as priced_at",
                    f"    from {{{{ ref('{relation.model}') }}}} as products",
                    *([f"    where {self.where()}"] if self.plan.filters and source == self.base else []),
                ]  # fmt: skip
                ctes.append(["costed_products as (", "", *select, "", ")"])
                select = [
                    "    select *",
                    "    from {{ lakeweave.convert_to_usd(", "        'costed_products',", "        price='cost',",
                    "        value_type='cost_value_type',", "        on_date='priced_at',",
                    "        default_value_type=lakeweave.setting('shop_default_currency'),", "        missing_rate='latest'",
                    "    ) }} as converted",
                ]  # fmt: skip
            ctes.append([f"{source} as (", "", *select, "", ")"])
            if relation.name == ITEMS and self.written.notes is not None:
                self.written.notes.append(
                    "silver.order_items is read by orders_enriched, which has each item with its price in US dollars and whether "
                    "it was sold or returned. Prices of several currencies are not added up."
                )
        if "first_orders" in used:
            first = [
                "    select",
                "        user_id,",
                "        min(created_at) as first_order_at",
                "    from orders",
                "    group by user_id",
            ]
            ctes.append(["first_orders as (", "", *first, "", ")"])
        return ctes

    def where(self) -> str:
        """The filters of the sentence over the columns of the base."""
        base = self.relations[self.base]
        texts = []
        for one in self.plan.filters:
            for condition in one.conditions:
                if condition.column not in base.columns:
                    self.written.problems.append(
                        f"`{condition.column}` is no column of {self.plan.base}, whose rows are chosen."
                    )
            joined = f" {one.joiner} ".join(_compared(condition) for condition in one.conditions)
            texts.append(f"({joined})" if one.keeps else f"({joined}) is not true")
        return " and ".join(texts)

    def columns(self) -> None:
        """The columns of the result."""
        add = self.written.columns.append
        for name in self.plan.by:
            shown = self.group_name(name)
            kind = "date" if name in CALENDAR else self.type_of(name)
            sql = f"cast({self.spine()}.{shown} as {_CASTS[kind]})"
            column = WrittenColumn(
                shown, sql, "dates" if kind == "date" else "text" if kind == "text" else "ids", name, kind
            )
            column.required = name in CALENDAR
            column.unique = len(self.plan.by) == 1
            add(column)
        calendar = {self.group_name(name) for name in self.plan.by}
        for name in self.plan.include:
            if name in calendar or name in self.plan.by:
                continue
            found = self.expression(name)
            if found is None:
                continue
            sql, kind = found
            known = name in MEASURES or name in SAME
            sql = sql if known else f"cast({sql} as {_CASTS[kind]})"
            group = (
                "numbers"
                if kind in ("bigint", "numeric", "double")
                else "timestamps"
                if kind == "timestamp"
                else "text"
            )
            relation = self.relations[self.base]
            is_key = (
                not self.plan.by
                and not known
                and (name == relation.key or name == f"{self.singular(self.base)}_{relation.key}")
            )
            column = WrittenColumn(
                name, sql, "ids" if is_key or (not known and name.endswith("_id")) else group, name, kind
            )
            column.unique = column.required = is_key
            column.required = column.required or (known and sql.startswith("cast(coalesce("))
            column.ratio = known and measure(name).ratio
            column.personal = any(name in one.columns and one.columns[name].personal for one in self.relations.values())
            add(column)
        for one in self.plan.aggregates:
            kind = self.type_of(one.column) if one.function in ("minimum", "maximum") else "double"
            kind = "double" if kind == "bigint" else kind
            source = next(source for source, relation in self.relations.items() if one.column in relation.columns)
            add(
                WrittenColumn(
                    one.name,
                    f"cast({self.qualified(source + '.' + one.name)} as {_CASTS[kind]})",
                    "numbers",
                    one.name,
                    kind,
                )
            )
        for flag in self.plan.flags:
            found = self.expression(flag.condition.column)
            if found:
                shown = _compared(Condition("{}", flag.condition.operator, flag.condition.values)).replace(
                    "{}", found[0]
                )
                column = WrittenColumn(flag.name, shown, "booleans", flag.name, "boolean")
                column.description = f"True where {flag.condition.text()}, NULL where that is unknown."
                add(column)

    def write(self) -> Written:
        """The whole model."""
        plan, written = self.plan, self.written
        if not all(name.startswith(("silver.", "gold.")) for name in (plan.base, *plan.joins)):
            written.problems.append("A gold model reads silver or gold; the sentence reads bronze.")
        if plan.key or plan.casts or plan.values or plan.cases or plan.dropped or plan.renamed:
            written.problems.append(
                "Keys, casts, values and dropped columns are written for silver only; in gold list the columns to include."
            )
        if not (plan.include or plan.aggregates or plan.flags):
            written.problems.append('Say which columns and measures the model has: "Include: country, order_count".')
        values = [str(value) for one in plan.filters for each in one.conditions for value in each.values]
        values += [str(value) for flag in plan.flags for value in flag.condition.values]
        written.problems += [
            f"The value {value!r} has signs that a value may not have here." for value in values if unsafe_value(value)
        ]
        functions = {"sum": "sum", "average": "avg", "minimum": "min", "maximum": "max"}
        for one in plan.aggregates:
            source = next(source for source, relation in self.relations.items() if one.column in relation.columns)
            if one.column.endswith("price") or one.column == "cost":
                written.problems.append(
                    f"`{one.column}` is in several currencies and is not added up. Ask for total_revenue or avg_sale_price."
                )
            if source == self.base and not plan.by:
                written.problems.append(f'`{one.name}` needs groups. Say "aggregated by …".')
            self.parts[one.name] = Part(source, f"{functions[one.function]}({source}.{one.column})")
        wanted = [
            name
            for name in (*plan.include, *(flag.condition.column for flag in plan.flags))
            if name in MEASURES or name in SAME
        ]
        if not all([self.need(name) for name in wanted]):
            return written
        key = self.relations[self.base].key
        named = key if key != "id" else f"{self.singular(self.base)}_{key}"
        if not plan.by and named not in plan.include and key not in plan.include:
            plan.include.insert(0, named)
            written.notes.append(f"`{named}` is included: it is the key of a row.")
        self.columns()
        if written.problems:
            return written
        sources = list(dict.fromkeys(part.source for part in self.parts.values()))
        unlinked = [
            source for source in sources if not plan.by and source != self.base and not self.link(source, self.base)
        ]
        unlinked += [source for source in sources if not plan.by and source == self.base]
        if unlinked:
            written.problems.append(
                f'{", ".join(unlinked)}: not one row of {plan.base} each, so a measure over them needs "aggregated by …".'
            )
            return written
        ctes = self.imports() + [self.totals(source, plan.by) for source in sources]
        final = ["result as (", "", "    select"]
        written.columns.sort(key=lambda column: GROUPS.index(column.group))
        for group in GROUPS:
            members = [column for column in written.columns if column.group == group]
            if members:
                final.append(f"        ---------- {group}")
                final += [f"        {column.sql} as {column.name},".replace("\n", "\n        ") for column in members]
                final.append("")
        while final[-1] == "":
            final.pop()
        final[-1] = final[-1].removesuffix(",")
        spine = self.spine() if plan.by else self.base
        final += ["", f"    from {spine}"]
        for source in sources:
            totals = _TOTALS[source]
            if totals == spine:
                continue
            if plan.by:
                on = " and ".join(
                    f"{spine}.{self.group_name(name)} = {totals}.{self.group_name(name)}" for name in plan.by
                )
            else:
                on = f"{self.base}.{key} = {totals}.{self.link(source, self.base)}"
            final.append(f"    left join {totals} on {on}")
        for source, link in self.lookups.items():
            final.append(f"    left join {source} on {self.base}.{link} = {source}.{self.relations[source].key}")
        ctes.append([*final, "", ")"])
        written.sql = "with\n\n" + ",\n\n".join("\n".join(cte) for cte in ctes) + "\n\nselect * from result\n"
        for column in written.columns:
            block = column.name
            column.docs = block if block in self.catalog.docs and not column.description else ""
            column.description = column.description or (
                "" if column.docs else f"{column.name.replace('_', ' ').capitalize()}."
            )
        per = " and ".join(plan.by) if plan.by else self.singular(self.base)
        written.description = f"{plan.relation.replace('_', ' ').capitalize()}: one row per {per.replace('_', ' ')}."
        return written


def _compared(condition: Condition) -> str:
    values = [literal(value) if isinstance(value, str) else f"{value:g}" for value in condition.values]
    if condition.operator in ("is null", "is not null"):
        return f"{condition.column} {condition.operator}"
    return f"{condition.column} {condition.operator} " + (
        f"({', '.join(values)})" if condition.operator == "in" else values[0]
    )


def write_gold(plan: Plan, catalog: Catalog) -> Written:
    """The model that a plan of the layer gold asks for."""
    return _Gold(plan, catalog).write()
