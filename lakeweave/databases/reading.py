"""One read of a table: what is new, changed or deleted since the read before, as one delivered file.

The rows that changed are found by the watermark (a moment that the database keeps in each row), or by reading all of
them; deleted ones by comparing keys. What was known before is what bronze holds, so a file that was never loaded is
read again. The file is written beside its place and moved there when it is complete: a connection that breaks leaves
nothing.
"""

from __future__ import annotations

import os
import re
import uuid
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from typing import Annotated, Any

import duckdb
import pyarrow as pa
from annotated_types import Ge
from pydantic import Strict

from lakeweave.databases.connection import Address, Connection, address
from lakeweave.errors import UserError
from lakeweave.ingestion.names import snake_case
from lakeweave.options import Name, Text, expected, read
from lakeweave.sql import identifier, literal

# Columns of the file that are not the table's.
OWN = ("op", "row_hash", "read_number")
FAMILIES = {
    "integer": r"int|serial",
    "text": r"char|text|clob|enum|string|uuid",
    "timestamp": r"timestamp|datetime",
    "date": r"^date$",
    "number": r"numeric|decimal|float|double|real|money",
    "boolean": r"bool|^bit$",
}


@dataclass(frozen=True)
class TableSpec:
    """What to read and where to put it, as the source's YAML says it."""

    source: str
    connection: str
    default_url: str | None
    table: str
    database_schema: str | None
    key: str
    watermark: str | None
    overlap_seconds: int
    columns: dict[str, str | None]
    folder: str
    landing: str
    archive: str | None
    bronze: str | None
    ledger: str

    @staticmethod
    def parse(given: dict[str, Any]) -> TableSpec:
        """The spec of a source; raises :class:`UserError` that names every problem."""
        problems: list[str] = []
        told = given.get("database") or {}
        database = read(_Database, told, problems, "database")
        columns: dict[str, str | None] = {}
        for column in given.get("columns") or []:
            kind = column.get("database_type")
            if kind is not None and kind not in FAMILIES:
                problems.append(
                    f"`database_type` of {column['name']} is {kind!r}, expected one of {', '.join(FAMILIES)}"
                )
            if column["name"] not in OWN:
                columns[column["name"]] = kind
        for name in ("key", "watermark"):
            if told.get(name) and told[name] not in columns:
                problems.append(f"`database.{name}` is {told[name]!r}, which is none of the declared columns")
        if problems or database is None:
            raise UserError(f"The source {given.get('source')} has {len(problems)} problem(s): {'; '.join(problems)}.")
        return TableSpec(
            source=given["source"],
            connection=database.connection,
            default_url=database.default_url,
            table=database.table,
            database_schema=database.schema,
            key=database.key,
            watermark=database.watermark,
            overlap_seconds=database.overlap_seconds,
            columns=columns,
            folder=given["folder"],
            landing=given["landing"],
            archive=given.get("archive"),
            bronze=given.get("bronze"),
            ledger=given["ledger"],
        )


@dataclass(frozen=True)
class _Database:
    """The setting `database` of a source."""

    connection: Name
    table: Name
    key: Name
    schema: Text | None = None
    watermark: Text | None = None
    default_url: Text | None = None
    overlap_seconds: Annotated[int, Strict(), Ge(0), expected("a whole number of seconds from 0")] = 3600


def read_table(conn: duckdb.DuckDBPyConnection, spec: TableSpec) -> dict[str, Any]:
    """Read what changed; returns the file's name (None where nothing did), and how many rows of each kind it has."""
    where = address(spec.connection, spec.default_url, spec.landing)
    with Connection(where) as database:
        try:
            return _Read(conn, spec, where, database).run()
        except UserError:
            raise
        except duckdb.Error:
            raise
        except Exception as error:
            raise UserError(
                f"The connection to {where} broke while `{spec.table}` was read: {where.scrub(error)}. "
                "Nothing of this read is kept; run again."
            ) from None


class _Read:
    def __init__(self, conn: duckdb.DuckDBPyConnection, spec: TableSpec, where: Address, database: Connection) -> None:
        self.conn, self.spec, self.where, self.database = conn, spec, where, database
        self.names: dict[str, str] = {}

    def run(self) -> dict[str, Any]:
        self._match_columns()
        self._load_known()
        watermark = self._watermark()
        self._load("_read_keys", self._select([self.spec.key]))
        self._load("_read_rows", self._select(list(self.names), watermark))
        if watermark and self._unknown_keys():
            # A row came in with an old moment in it: a late transaction, a restored backup. All rows are read.
            watermark = None
            self._load("_read_rows", self._select(list(self.names)))
        return self._deliver()

    # ------------------------------------------------------------ what the database has

    def _match_columns(self) -> None:
        """Map each column of the file to the table's, and complain of everything that is not as declared."""
        spec = self.spec
        present = self.database.columns(spec.table, spec.database_schema)
        if not present:
            tables = self.database.tables()
            near = f"It has: {', '.join(tables[:12])}." if tables else "The user sees no table at all."
            raise UserError(
                f"{self.where} has no table `{spec.table}` that user `{self.where.user or 'anybody'}` may see. {near} "
                f"Correct `database.table` of the source {spec.source}, or grant the right to select. Nothing was read."
            )
        by_name = {snake_case(name): name for name in present}
        problems = []
        for name, wanted in spec.columns.items():
            original = by_name.get(snake_case(name))
            if original is None:
                problems.append(f"column `{name}` is not in the table, which has {', '.join(present)}")
                continue
            self.names[name] = original
            found = family(present[original])
            if wanted is not None and found != wanted:
                problems.append(f"column `{original}` is {present[original]} in the database, declared is {wanted}")
        # Undeclared columns are read too; the layout policy of the source decides about them.
        for name, original in by_name.items():
            if original not in self.names.values() and name not in OWN:
                self.names[name] = original
        if problems:
            raise UserError(
                f"`{spec.table}` of {self.where} is not what the source {spec.source} declares: {'; '.join(problems)}. "
                "Fix the table, or update the declared columns and the silver model that reads them. "
                "Nothing was read."
            )

    def _select(self, names: list[str], watermark: str | None = None) -> str:
        quote = self.database.quote
        table = quote(self.spec.table)
        if self.spec.database_schema:
            table = f"{quote(self.spec.database_schema)}.{table}"
        columns = ", ".join(f"{quote(self.names[name])} as {quote(name)}" for name in names)
        sql = f"select {columns} from {table}"
        if watermark and self.spec.watermark:
            sql += f" where {quote(self.names[self.spec.watermark])} >= {self.database.moment(watermark)}"
        return sql

    def _load(self, name: str, sql: str) -> None:
        """The rows of a query of the database as a table of texts."""
        self.conn.execute(f"drop table if exists temp.{name}")
        created = False
        for batch in _texts(self.database.batches(sql)):
            self.conn.register("_read_batch", pa.table(batch))
            head = f"insert into temp.{name}" if created else f"create temp table {name} as"
            self.conn.execute(f"{head} select * from _read_batch")
            self.conn.unregister("_read_batch")
            created = True
        if not created:
            names = [self.spec.key] if name == "_read_keys" else list(self.names)
            self.conn.execute(
                f"create temp table {name} ({', '.join(identifier(each) + ' varchar' for each in names)})"
            )

    # ------------------------------------------------------------ what is known

    def _load_known(self) -> None:
        """Key, hash and watermark of each row as the last read that was loaded left it."""
        spec = self.spec
        delivered = spec.bronze
        if not delivered:
            # Bronze was lost or never made; the files of former reads tell the same.
            files = [str(path) for path in self._read_files()]
            if not files:
                self.conn.execute(
                    "create or replace temp table _known (key varchar, row_hash varchar, watermark varchar)"
                )
                return
            paths = ", ".join(literal(path) for path in files)
            delivered = (
                f"(select *, 0 as _record_number from read_csv([{paths}], all_varchar = true, union_by_name = true))"
            )
        moment = identifier(snake_case(spec.watermark)) if spec.watermark else "null"
        self.conn.execute(
            f"""
            create or replace temp table _known as
            select key, row_hash, watermark
            from (
                select
                    {identifier(snake_case(spec.key))} as key, row_hash, {moment} as watermark, op,
                    row_number() over (partition by key order by read_number::bigint desc, _record_number desc) as recency
                from {delivered}
            )
            where recency = 1 and op <> 'D'
            """
        )

    def _watermark(self) -> str | None:
        """The moment from which on rows are read; None for all of them."""
        if not self.spec.watermark:
            return None
        newest = self._one("select max(try_cast(watermark as timestamp)) from temp._known")
        if not isinstance(newest, datetime):
            return None
        return str(newest - timedelta(seconds=self.spec.overlap_seconds))

    def _unknown_keys(self) -> bool:
        key = identifier(self.spec.key)
        return bool(
            self._one(
                f"select count(*) from temp._read_keys as keys where {key} not in (select key from temp._known)"
                f" and {key} not in (select {key} from temp._read_rows)"
            )
        )

    # ------------------------------------------------------------ what is delivered

    def _deliver(self) -> dict[str, Any]:
        key = identifier(self.spec.key)
        columns = [identifier(name) for name in self.names]
        texts = ", ".join(f"coalesce({column}, chr(0))" for column in columns)
        number = self._next_number()
        empty = ", ".join("null" if column != key else "known.key" for column in columns)
        self.conn.execute(
            f"""
            create or replace temp table _changes as
            with fresh as (select *, md5(concat_ws(chr(31), {texts})) as row_hash from temp._read_rows)
            select
                case when known.key is null then 'I' else 'U' end as op,
                {", ".join(f"fresh.{column}" for column in columns)}, fresh.row_hash, {number} as read_number
            from fresh left join temp._known as known on fresh.{key} = known.key
            where known.key is null or known.row_hash is distinct from fresh.row_hash
            union all
            select 'D', {empty}, known.row_hash, {number}
            from temp._known as known
            where known.key not in (select {key} from temp._read_keys where {key} is not null)
            """
        )
        counts = dict(self.conn.execute("select op, count(*) from temp._changes group by op").fetchall())
        summary = {"inserted": counts.get("I", 0), "changed": counts.get("U", 0), "deleted": counts.get("D", 0)}
        if not counts:
            return {"file": None, **summary}
        return {"file": self._write(number), **summary}

    def _write(self, number: int) -> str:
        folder = Path(self.spec.folder)
        name = f"read_{number:06d}.csv"
        # Outside of the folder that ingestion lists, on the same file system.
        staged = folder.parent / f".{folder.name}.{uuid.uuid4().hex}.csv"
        folder.mkdir(parents=True, exist_ok=True)
        try:
            self.conn.execute(
                f"copy (select * from temp._changes order by try_cast({identifier(self.spec.key)} as bigint), op)"
                f" to {literal(str(staged))} (format csv, header, force_quote *)"
            )
            with staged.open("rb") as written:
                os.fsync(written.fileno())
            os.replace(staged, folder / name)
        finally:
            staged.unlink(missing_ok=True)
        return name

    def _next_number(self) -> int:
        """One more than any read that is known: in the ledger, in the folder, in the archive."""
        known = [int(path.name[5:].partition(".")[0]) for path in self._read_files()]
        ledger = self._one(
            f"select max(try_cast(regexp_extract(file_name, 'read_(\\d+)', 1) as bigint)) from {self.spec.ledger}"
            f" where source = {literal(self.spec.source)}"
        )
        return max([*known, int(ledger or 0)]) + 1

    def _read_files(self) -> list[Path]:
        """The files of former reads, in the folder and in the archive."""
        return sorted(
            path
            for folder in (self.spec.folder, self.spec.archive)
            if folder and Path(folder).is_dir()
            for path in Path(folder).rglob("read_*.csv*")
            if re.match(r"read_\d+\.csv", path.name)
        )

    def _one(self, sql: str) -> Any:
        row = self.conn.execute(sql).fetchone()
        return row[0] if row else None


def family(kind: str) -> str:
    """The family of a type of a database; the type itself where it is in none."""
    for family, pattern in FAMILIES.items():
        if re.search(pattern, kind):
            return family
    return kind


def _texts(batches: Iterator[pa.RecordBatch]) -> Iterator[pa.RecordBatch]:
    """The same rows, every value as text: moments without a zone, in UTC."""
    for batch in batches:
        columns = []
        for column in batch.columns:
            if pa.types.is_timestamp(column.type):
                column = column.cast(pa.timestamp("us"))
            columns.append(column.cast(pa.string()))
        yield pa.record_batch(columns, batch.schema.names)
