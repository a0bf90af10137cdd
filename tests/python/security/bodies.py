"""Bodies of questions, written at random from a grammar, over one table with two personal columns.

A personal value is a marker. Whether a body leaks is decided by running it: a marker in its column ``prompt`` is a leak.
"""

from __future__ import annotations

import random
import re
from dataclasses import dataclass, field

import duckdb

EMAIL, NAME, COUNTRY, SEGMENT = "mark-email@x", "mark-name", "GB", "gold"
PERSONAL = {"email": True, "full_name": True}
COLUMNS = ("id", "email", "full_name", "country", "segment", "contact")
"""``contact`` of `renamed` is the e-mail under another name."""

NODES = {
    "model.p.people": {
        "name": "people", "resource_type": "model", "schema": "main", "identifier": "people", "pii": PERSONAL,
        "depends_on": [], "actual_columns": ["id", "email", "full_name", "country", "segment"],
    },
    "model.p.renamed": {
        "name": "renamed", "resource_type": "model", "schema": "main", "identifier": "renamed", "pii": {},
        "depends_on": ["model.p.people"], "actual_columns": ["id", "contact", "country"],
        "raw_code": "select id, {{ lakeweave.trim_text('email') }} as contact, country from {{ ref('people') }}",
    },
    "model.p.orders": {
        "name": "orders", "resource_type": "model", "schema": "main", "identifier": "orders", "pii": {},
        "depends_on": [], "actual_columns": ["id", "person_id", "product", "price"],
    },
}  # fmt: skip


def warehouse() -> duckdb.DuckDBPyConnection:
    """The tables of ``NODES``, with markers for personal values."""
    connection = duckdb.connect(config={"threads": 1})
    connection.execute(
        f"create table people as select 1 as id, '{EMAIL}' as email, '{NAME}' as full_name, '{COUNTRY}' as country, '{SEGMENT}' as segment"
    )
    connection.execute("create table renamed as select id, email as contact, country from people")
    connection.execute("create table orders as select 1 as id, 1 as person_id, 'shoe' as product, 2.5 as price")
    return connection


def leaks(connection: duckdb.DuckDBPyConnection, body: str) -> bool | None:
    """Whether a marker comes out as ``prompt``; None where the body does not run or has no such column."""
    try:
        rows = connection.execute(f'select cast(body."prompt" as varchar) from ({body}) as body limit 20').fetchall()
    except duckdb.Error:
        return None
    return any("mark-" in (value or "") for (value,) in rows)


@dataclass
class Writer:
    """Writes one body after another."""

    dice: random.Random
    portable: bool = False
    """Only what BigQuery and Databricks could say too."""
    harmless: bool = False
    """Only columns that are not personal, in plain SQL."""
    used: set[str] = field(default_factory=set)

    def pick(self, *choices: str) -> str:
        return self.dice.choice(choices)

    def cased(self, name: str) -> str:
        """A name as people write it."""
        if self.harmless or self.dice.random() < 0.8:
            return name
        choices = [name.upper(), name.title()]
        if not self.portable:
            choices += [f'"{name}"', f'"{name.upper()}"']
        return self.pick(*choices)

    def column(self, columns: list[str]) -> str:
        safe = [each for each in columns if each not in ("email", "full_name", "contact", "prompt")]
        if self.harmless:
            return self.pick(*(safe or ["'none'"]))
        return self.cased(self.pick(*columns))

    def value(self, columns: list[str], alias: str, depth: int = 0) -> str:
        """An expression over some columns of the relation ``alias``."""
        column = self.column(columns)
        named = column if self.dice.random() < 0.5 or column.startswith("'") else f"{alias}.{column}"
        if depth > 2:
            return named

        forms = [
            named, named, f"cast({named} as varchar)", "'about '", "concat(@@, ' ', @@)",
            "coalesce(cast(@@ as varchar), 'x')", f"case when {named} is not null then 'known' else 'unknown' end",
            "case when 1 = 1 then cast(@@ as varchar) else 'no' end", "cast(@@ as varchar) || '!'",
            "nullif(cast(@@ as varchar), '')", f"max({named}) over ()", f"(select 'a' || cast({named} as varchar))",
            "trim(cast(@@ as varchar))", "(select @@)", "coalesce(null, (select cast(@@ as varchar) limit 1))",
        ]  # fmt: skip
        if not self.harmless:
            table = self.pick("people", "renamed")
            forms += [
                f"(select max({self.cased('email')}) from main.people)", "(select min(z.contact) from main.renamed as z)",
                f"(select cast(max(country) as varchar) from main.{table})",
            ]  # fmt: skip
            if not self.portable:
                forms += [
                    f"to_json({alias})", f"cast({alias} as varchar)", f"{alias}::varchar", "to_json({'a': @@})",
                    "[@@]::varchar", "struct_pack(k := @@)::varchar", "format('{}', @@)",
                    "list_transform([@@], lambda x: x)::varchar", "({'k': @@}).k", f"coalesce(*columns('{column.strip(chr(34))}'))",
                    f"struct_extract({alias}, '{self.pick('email', 'country', 'id')}')", "row(@@)::varchar",
                    "array_to_string(list_value(@@), ',')", f"({alias}).{column}", f"max({alias}) over ()::varchar",
                    "(select string_agg(cast(q as varchar), ',') from main.people as q)", "(select t from (select @@) as t(t))::varchar",
                    "map {'k': @@}::varchar", "(from main.people select max(email))", "hash(@@)::varchar",
                    "[x for x in [@@]]::varchar", f"[{column.strip(chr(34))} for {column.strip(chr(34))} in [@@]]::varchar",
                    f"[x for {column.strip(chr(34))} in [@@] for x in [{column.strip(chr(34))}]]::varchar",
                    f"list_transform([@@], lambda {column.strip(chr(34))}: {column.strip(chr(34))})::varchar",
                    "list_transform(['a'], lambda x: @@)::varchar", "list_transform([@@], lambda x: concat(x, @@))::varchar",
                    "arg_max(@@, @@) over ()",
                    "map {@@: @@}::varchar", "map {'k': @@, 'l': 'x'}['l']", "quantile_disc(0.5 order by @@)", "mode(order by @@)", f"lag(@@) over (order by {named})", f"first(@@ order by {named}) over ()",
                    "{'a': @@, 'b': 'x'}.b", "({'a': 'x', 'b': @@}).b", "struct_pack(a := @@, b := 'x').a", f"(({alias})).{column}",
                    f"{alias}['{self.pick('email', 'country', 'id')}']", f"({named} is null)::varchar",
                    f"coalesce(*columns('{self.pick('e', 'EM', '^c', 'i.', 'mail$', '_1', 'prompt|id', '.*')}')::varchar)",
                    f"coalesce(*columns(c -> c like '{self.pick('e%', '%c%', '_ma%', '%_1', '%')}')::varchar)",
                    f"coalesce(*columns(lambda c: c = '{self.pick('email', 'country', 'prompt', 'id_1')}')::varchar)",
                    f"(select v from (values ({named})) as w(v))", "(select u from unnest([@@]) as t(u))::varchar",
                ]  # fmt: skip
        # Parts are written once the form is chosen: all of all forms would be far too many.
        return re.sub("@@", lambda _: self.value(columns, alias, depth + 1), self.pick(*forms))

    def source(self, depth: int) -> tuple[str, str, list[str]]:
        """A relation for a FROM clause, its alias, and its columns."""
        alias = self.pick("u", "p", "x", "prompts")
        tables = [
            ("people", ["id", "email", "full_name", "country", "segment"]),
            ("renamed", ["id", "contact", "country"]),
        ]
        name, columns = self.dice.choice(tables)
        plain = f"main.{name} as {alias}", alias, columns
        roll = self.dice.random()
        if depth > 2 or roll < 0.4:
            return plain
        if roll < 0.6:
            return f"({self.query(depth + 1)}) as {alias}", alias, ["id", "prompt"]
        if self.harmless:
            return (
                f"main.people as {alias} inner join main.orders as o on {alias}.id = o.person_id",
                alias,
                ["country", "segment", "product"],
            )
        if roll < 0.68:
            return (
                f"main.{name} as {alias}(id, prompt)" if not self.portable else plain[0],
                alias,
                ["id", "prompt"] if not self.portable else columns,
            )
        if roll < 0.74:
            return f"({self.query(depth + 1)}) as {alias}(id, prompt)", alias, ["id", "prompt"]
        if roll < 0.8:
            return (
                f"main.people as {alias} inner join main.renamed as r on {alias}.id = r.id",
                alias,
                ["email", "country", "segment"],
            )
        if roll < 0.84:
            return (
                f"main.people as {alias} cross join lateral (select {alias}.email as extra) as l",
                alias,
                ["email", "country", "segment"],
            )
        if self.portable:
            return plain
        return self.dice.choice([
            (f"(unpivot main.people on email, country into name id value prompt) as {alias}", alias, ["id", "prompt"]),
            (f"main.people unpivot (prompt for kind in (email, country)) as {alias}", alias, ["id", "prompt"]),
            (f"(unpivot main.people on {self.pick('country', 'country, segment', 'email', '(email, country)', 'columns(* exclude (id))', 'email as e')} into name {self.pick('id', 'k', 'prompt')} value {self.pick('prompt', 'email', 'v', 'prompt, v')}) as {alias}", alias, ["prompt", "k", "country", "email"]),
            (f"(select a.*, b.* from main.{name} as a, main.renamed as b) as {alias}", alias, [*columns, "id_1", "contact_1", "country_1"]),
            (f"(select email as country, country from main.people) as {alias}", alias, ["country", "country_1"]),
            (f"(unpivot (pivot main.people on email using count(*)) on columns(* exclude (id, full_name, country, segment)) into name prompt value v) as {alias}", alias, ["prompt", "v"]),
            (f"main.people unpivot include nulls (prompt for k in (country, segment)) as {alias}", alias, ["prompt", "email"]),
            (f"(pivot main.people on country using first(email) as prompt group by id) as {alias}", alias, ["id", "GB_prompt"]),
            (f"(from main.{name}) as {alias}", alias, columns),
            (f"(table main.{name}) as {alias}", alias, columns),
            (f"(summarize main.people) as {alias}", alias, ["min", "max"]),
            (f"(select columns(*) from main.people) as {alias}", alias, ["id", "email", "country"]),
            (f"query('select id, email as prompt from main.people') as {alias}", alias, ["id", "prompt"]),
            (f"query_table('{name}') as {alias}", alias, columns),
            (f"(select unnest(q) from main.people as q) as {alias}", alias, ["id", "email", "country"]),
            (f"(select q.* from main.people as q) as {alias}", alias, ["id", "email", "country"]),
            (f"main.people natural join main.renamed as {alias}", alias, ["contact", "country"]),
            (f"main.people positional join main.renamed as {alias}", alias, ["contact"]),
        ])  # fmt: skip

    def select(self, depth: int) -> str:
        source, alias, columns = self.source(depth)
        value = self.value(columns, alias)
        key = f"{alias}.id" if "id" in columns else "1"
        condition = self.pick(
            "", f" where {alias}.{columns[0]} is not null", *([" order by 1", " limit 5"] if depth == 0 else [])
        )
        if self.harmless:
            return f"select {key} as id, {value} as prompt from {source}{condition}"
        forms = [f"select {key} as id, {value} as prompt from {source}{condition}"] * 6
        forms += [
            f"select {key} as id, {value} prompt from {source}",
            f"select 'x' as id, y.* from (select {value} as prompt from {source}) as y",
        ]
        if "prompt" in columns:
            forms += [
                f"select * from {source}",
                f"select {alias}.* from {source}",
                f"select id, prompt from {source}" if "id" in columns else f"select 1 as id, prompt from {source}",
            ]
        if not self.portable:
            other = self.column(columns)
            forms += [
                f"select {key} as id, prompt: {value} from {source}", f"from {source} select {key} as id, {value} as prompt",
                f"select {key} as id, {value} as e, e as prompt from {source}",
                f"select * replace ({value} as country), country as prompt from {source}" if "country" in columns else f"select 1 as id, {value} as prompt from {source}",
                f"select * rename ({other} as prompt) from {source}", f"select * exclude (id) replace ({value} as {other}) from {source}",
                f"select columns('{columns[0]}') as prompt from {source}", f"select * exclude ({columns[0]}), {value} as prompt from {source}",
                f"select columns(c -> c like '%{columns[-1][:3]}%') as prompt from {source}",
                f"select {key} as id, unnest([{value}]) as prompt from {source}", f"select {key} as id, any_value({value}) as prompt from {source} group by all",
                f"select 1 as id, #2 as e, {value} as prompt from {source}", f"select unnest({{'id': 1, 'prompt': {value}}}) from {source}",
                f"select unnest({alias}) from {source}", f"select columns(*) from {source}", f"select unnest({alias}) from (select * from {source}) as {alias}",
                f"select * from (select {key} as id, {value} as prompt from {source} {self.pick('intersect', 'except')} select id, {self.pick('email', 'country')} from main.people)",
                f"select columns('_1$') as prompt from (select a.*, b.* from {source.replace(' as ' + alias, '') if ' as ' + alias in source else source} as a, main.people as b)",
                f"select string_agg(cast({value} as varchar), ',' order by {other}) as prompt from {source}", f"select arg_max({value}, {other}) as prompt from {source}",
                f"select first({value}) filter (where {other} is not null) as prompt from {source}", f"select count(distinct {value}) as prompt from {source}",
                f"select struct_pack(prompt := {value}).prompt from {source}", f"select s.prompt from (select {{'prompt': {value}}} as s from {source})",
                f"select distinct on ({columns[0]}) 1 as id, {value} as prompt from {source}",
            ]  # fmt: skip
        return self.pick(*forms)

    def query(self, depth: int = 0) -> str:
        roll = self.dice.random()
        if self.harmless:
            if depth == 0 and roll < 0.3:
                return "with a as (select id, country, segment from main.people)\nselect a.id, concat(a.country, ' ', a.segment) as prompt from a"
            if depth == 0 and roll < 0.5:
                return f"with a as ({self.select(1)})\nselect * from a"
            if roll < 0.6:
                return f"{self.select(depth + 1)} union all {self.select(depth + 1)}"
            return self.select(depth)
        if roll < 0.5 or depth > 2:
            return self.select(depth)
        inner, outer = self.select(depth + 1), self.select(depth + 1)
        kind = self.pick("union all", "union", "except", "intersect", *([] if self.portable else ["union all by name"]))
        if roll < 0.65:
            return (
                f"(select * from ({inner}) as l) {kind} (select * from ({outer}) as r)"
                if self.dice.random() < 0.5
                else f"select 1 as id, 'x' as prompt union all {outer}"
            )
        if roll < 0.7:
            return (
                f"select id, email from main.people where 1 = 0 union all select 1, prompt from ({inner})"
                if self.dice.random() < 0.3
                else f"select 1 as id, country as prompt from main.people {kind} select 1, email from main.people"
            )
        name = self.pick("c", "people", "a")
        if roll < 0.85:
            return f"with {name} as ({inner})\nselect {self.pick('*', '1 as id, prompt', f'{name}.*', '1 as id, cast(prompt as varchar) as prompt')} from {name}"
        if roll < 0.93:
            return f"with {name}(id, prompt) as (select id, {self.column(['email', 'country', 'full_name'])} from main.people)\nselect {self.pick('*', 'prompt')} from {name}"
        return (
            f"with recursive {name}(id, prompt) as (select 1, cast(country as varchar) from main.people union all "
            f"select {name}.id + 1, cast(p.{self.column(['email', 'country'])} as varchar) from {name}, main.people as p where {name}.id < 3)\nselect * from {name}"
        )


def written(seed: int, number: int, **kind: bool) -> list[str]:
    """``number`` bodies, the same for the same seed."""
    writer = Writer(random.Random(seed), **kind)
    return [writer.query() for _ in range(number)]
