"""Writes the files of a feed: the source, a bronze and a silver model for each table, their YAML and their docs blocks."""

from __future__ import annotations

import textwrap
from collections.abc import Iterable
from pathlib import Path
from string import Template

from lakeweave.feed.columns import Column
from lakeweave.feed.tables import RESERVED, Table, ascii_name

DATA_TYPES = {
    "text": "a text",
    "integer": "a whole number",
    "float": "a number",
    "money": "an amount",
    "boolean": "true or false",
    "date": "a date",
    "timestamp": "a timestamp in UTC",
}
GROUPS = (
    ("ids", ()),
    ("text", ("text",)),
    ("numbers", ("integer", "float", "money")),
    ("booleans", ("boolean",)),
    ("timestamps", ("date", "timestamp")),
)
RECORD_COLUMNS = ("silver_loaded_at", "untyped_values", "_content_hash", "_record_number")
"""The columns that `account_columns` adds."""
RECORD_KEY = "record_id"
"""The key of a table without a column that identifies a row: the content of the file and the place of the record in it."""


_BRONZE_SQL = Template("""\
{{ lakeweave.ingestion($arguments) }}

with

delivered as (

    select * from {{ lakeweave.delivered_records($arguments) }}

),

cleaned as (

    select
$columns
        ---------- record
        {{ lakeweave.record_columns() }}

    from delivered

)

select * from cleaned
""")
_SILVER_SQL = Template("""\
{{ lakeweave.one_row_per_key($arguments) }}

with

newest as (

    select * from {{ lakeweave.newest_records($arguments) }}

),

typed as (

    select
$columns
        ---------- record
        {{ lakeweave.account_columns() }}

    from newest

)

select * from typed
""")
_RECORD_KEY_SQL = """{{ dbt.concat(['_content_hash', "'-'", 'cast(_record_number as ' ~ dbt.type_string() ~ ')']) }}"""


_PERSONAL = "        config: {meta: {pii: true}}\n"
"""The tag of a personal column."""


class Plan:
    """A table with the guesses about its columns. ``key`` is a column, or None for :data:`RECORD_KEY`."""

    def __init__(self, feed: str, table: Table, columns: list[Column], key: Column | None) -> None:
        self.feed, self.table, self.columns, self.key = feed, table, columns, key

    @property
    def key_name(self) -> str:
        """The name of the key's column."""
        return self.key.name if self.key else RECORD_KEY

    @property
    def key_type(self) -> str:
        """`integer` or `text`, as `one_row_per_key` has it."""
        return "integer" if self.key and self.key.kind == "integer" else "text"

    @property
    def from_database(self) -> bool:
        """Whether the table is read from a database."""
        return self.table.connection is not None

    def files(self, project: Path) -> dict[Path, str]:
        """The text of each file of the table, by its path."""
        bronze, silver, name = (
            project / "models/bronze" / self.feed,
            project / "models/silver" / self.feed,
            self.table.name,
        )
        return {
            bronze / f"bronze_{name}.sql": self._bronze_sql(),
            bronze / f"bronze_{name}.yml": self._bronze_yml(),
            silver / f"silver_{name}.sql": self._silver_sql(),
            silver / f"silver_{name}.yml": self._silver_yml(),
        }

    def _grouped(self) -> Iterable[tuple[str, list[Column]]]:
        for group, kinds in GROUPS:
            found = [
                c for c in self.columns if (c is self.key if group == "ids" else c is not self.key and c.kind in kinds)
            ]
            if found:
                yield group, found

    def _bronze_sql(self) -> str:
        arguments = f"'{self.feed}', '{self.table.name}'"
        lines: list[str] = []
        if self.key is None:
            lines += ["        ---------- ids"]
            lines += [
                f"        {_RECORD_KEY_SQL} as {RECORD_KEY},",
                "",
            ]
        for group, columns in self._grouped():
            lines += [f"        ---------- {group}"]
            lines += [f"        {{{{ lakeweave.clean_text('{c.name}') }}}} as {c.name}," for c in columns] + [""]
        if self.from_database:
            lines += ["        ---------- read"]
            lines += [f"        {{{{ lakeweave.clean_text('{c}') }}}} as {c}," for c in RESERVED] + [""]
        return _BRONZE_SQL.substitute(arguments=arguments, columns="\n".join(lines))

    def _silver_sql(self) -> str:
        arguments = f"'{self.feed}', '{self.table.name}', key='{self.key_name}'"
        if self.key_type == "text":
            arguments += ", key_type='text'"
        if self.from_database:
            arguments += ", keep_if=\"op <> 'D'\""
        lines: list[str] = []
        if self.key is None:
            lines += ["        ---------- ids", f"        {RECORD_KEY},", ""]
        groups = dict(self._grouped())
        for group in ("ids", "text", "numbers", "booleans", "timestamps"):
            if group in groups:
                lines += [f"        ---------- {group}"]
            for column in groups.get(group, []):
                lines += [f"        {_typed_value(column)},"]
                if column.kind == "money":
                    lines += [
                        f"        {{{{ lakeweave.money_value_type('{column.name}') }}}} as {self.currency_name(column)},"
                    ]
            if group in groups:
                lines += [""]
        return _SILVER_SQL.substitute(arguments=arguments, columns="\n".join(lines))

    def _bronze_yml(self) -> str:
        # The tag is needed here too: a model and a profile may read bronze.
        named = [(RECORD_KEY, "")] * (self.key is None) + [(c.name, _PERSONAL * c.is_personal) for c in self.columns]
        columns = [
            f"      - name: {name}\n        description: \"{{{{ doc('{self.block(name)}') }}}}\"\n{tag}"
            for name, tag in named
        ]
        return (
            f"version: 2\n\nmodels:\n  - name: bronze_{self.table.name}\n    description: >\n"
            f"      Table `{self.table.name}` of `{self.feed}`, as delivered and cleaned: one row per delivered record.\n"
            "    data_tests:\n      - reconciles\n      - unique_combination:\n"
            "          arguments: {columns: [_content_hash, _record_number]}\n    columns:\n" + "".join(columns)
        )

    def _silver_yml(self) -> str:
        lines: list[str] = []
        for name, column in [(RECORD_KEY, None)] * (self.key is None) + [(c.name, c) for c in self.columns]:
            lines += [f"      - name: {name}", f"        description: \"{{{{ doc('{self.block(name)}') }}}}\""]
            if column is not None and column.is_personal:
                lines += [_PERSONAL.rstrip("\n")]
            if name == self.key_name:
                lines += ["        data_tests:", "          - not_null", "          - unique"]
            if column is not None and column.kind == "money":
                value_type = self.currency_name(column)
                lines += [
                    f"      - name: {value_type}",
                    f"        description: \"{{{{ doc('{self.block(value_type)}') }}}}\"",
                ]
        return (
            f"version: 2\n\nmodels:\n  - name: silver_{self.table.name}\n    description: >\n"
            f"      Table `{self.table.name}` of `{self.feed}`, one row per `{self.key_name}`: the newest record, typed.\n"
            "    data_tests:\n      - every_record_is_accounted\n      - every_value_is_typed\n      - plausible_timestamps\n"
            "    columns:\n"
            + "\n".join(lines)
            + "\n"
            + "".join(f"      - name: {n}\n        description: \"{{{{ doc('{n}') }}}}\"\n" for n in RECORD_COLUMNS)
        )

    def currency_name(self, column: Column) -> str:
        """The name of the column with the currency of an amount; no column of the file has it."""
        taken, name = {each.name for each in self.columns}, f"{column.name}_value_type"
        return next(each for each in (name, *(f"{name}_{number}" for number in range(2, 99))) if each not in taken)

    def block(self, column: str) -> str:
        """The name of the docs block of a column."""
        return ascii_name(f"{self.feed}_{self.table.name}_{column}")

    def blocks(self) -> str:
        """The docs blocks of the table."""
        texts = (
            {RECORD_KEY: "Key of the record: the content hash of its file and its place in it."}
            if self.key is None
            else {}
        )
        for column in self.columns:
            texts[column.name] = (
                f"`{column.name}` as delivered in `{self.feed}.{self.table.name}`: {DATA_TYPES[column.kind]}."
            )
            if column.kind == "money":
                texts[self.currency_name(column)] = (
                    f"Currency of `{column.name}`, as a word; NULL where none was delivered."
                )
        return "\n\n".join(f"{{% docs {self.block(n)} %}}\n{t}\n{{% enddocs %}}" for n, t in texts.items()) + "\n"


def _typed_value(column: Column) -> str:
    name = column.name
    formats = f", {list(column.formats)!r}" if column.formats else ""
    mark = f", decimal_mark={column.decimal_mark!r}" if column.decimal_mark != "." else ""
    return {
        "text": name,
        "integer": f"{{{{ lakeweave.to_integer('{name}') }}}} as {name}",
        "float": f"{{{{ lakeweave.to_float('{name}') }}}} as {name}",
        "money": f"{{{{ lakeweave.to_money('{name}'{mark}) }}}} as {name}",
        "boolean": f"{{{{ lakeweave.to_boolean('{name}') }}}} as {name}",
        "date": f"cast({{{{ lakeweave.parse_timestamp('{name}'{formats}) }}}} as date) as {name}",
        "timestamp": f"{{{{ lakeweave.parse_timestamp('{name}'{formats}) }}}} as {name}",
    }[column.kind]


def sources(feed: str, plans: list[Plan]) -> str:
    """The text of `_sources.yml`."""
    tables = []
    for plan in plans:
        table = plan.table
        meta = [f"folder: {feed}/{table.name}"] + ([f"key: {plan.key_name}"] if plan.key else [])
        if table.aliases:
            meta += ["aliases: {" + ", ".join(f"{old}: {new}" for old, new in table.aliases.items()) + "}"]
        if plan.from_database:
            schema, _, bare = (table.database_table or "").rpartition(".")
            meta += ['header: "yes"', "database:", f"  connection: {table.connection}", f"  table: {bare}"]
            meta += [f"  schema: {schema}"] if schema else []
            meta += [f"  key: {plan.key_name}"]
        columns = [f"- {{name: {c.name}, data_type: string}}" for c in plan.columns]
        if plan.from_database:
            columns = [
                f"- {{name: {c.name}, data_type: string, config: {{meta: {{database_type: {table.database_types[c.name]}}}}}}}"
                for c in plan.columns
            ]
            columns = ["- {name: op, data_type: string}", *columns]
            columns += [f"- {{name: {name}, data_type: string}}" for name in RESERVED[1:]]
        text = (
            f"\n- name: {table.name}\n  description: Table `{table.name}`, as delivered.\n  config:\n    meta:\n"
            + textwrap.indent("\n".join(meta), " " * 6)
            + "\n  columns:\n"
            + textwrap.indent("\n".join(columns), " " * 4)
            + "\n"
        )
        tables.append(textwrap.indent(text, " " * 6))
    return (
        f"version: 2\n\nsources:\n  - name: {feed}\n    description: Files of the feed `{feed}`.\n"
        f"    schema: {feed}\n    tables:\n" + "".join(tables)
    )
