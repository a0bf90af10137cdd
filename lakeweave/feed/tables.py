"""Finds the tables in what was given, a file, a folder or a table of a database, and reads their records as text."""

from __future__ import annotations

import os
import re
import unicodedata
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from itertools import islice
from pathlib import Path

from lakeweave.databases.connection import Connection, address
from lakeweave.databases.reading import family
from lakeweave.errors import UserError
from lakeweave.ingestion.listing import list_files
from lakeweave.ingestion.names import RESERVED as RESERVED_NAMES
from lakeweave.ingestion.names import snake_case, unique_names
from lakeweave.ingestion.reading import accepted_records, account_file
from lakeweave.ingestion.spec import Reading

MAX_RECORDS = 200_000
"""The types are guessed from at most this many records of a table."""
DATABASE = "database:"
RESERVED = ("op", "row_hash", "read_number")
"""Columns that a read of a database adds: what happened to the row, its hash, and the number of the read."""

# Words that DuckDB or BigQuery reserve, so that they are no names without quotes.
# https://duckdb.org/docs/stable/sql/keywords_and_identifiers
# https://cloud.google.com/bigquery/docs/reference/standard-sql/lexical#reserved_keywords
_RESERVED = """
    all analyse analyze and anti any array as asc asof assert_rows_modified asymmetric at authorization between binary
    both by case cast check collate collation column columns concurrently constraint contains create cross cube current
    default deferrable define desc describe distinct do else end enum escape except exclude exists extract false fetch
    following for foreign freeze from full generated glob group grouping groups hash having if ignore ilike in initially
    inner intersect interval into is isnull join lambda lateral leading left like limit lookup map merge natural new no
    not notnull null nulls of offset on only or order outer over overlaps partition pivot pivot_longer pivot_wider
    placing positional preceding primary proto qualify range recursive references respect returning right rollup rows
    select semi set show similar some struct summarize symmetric table tablesample then to trailing treat true try_cast
    unbounded union unique unnest unpack unpivot using variadic verbose when where window with within
"""
SQL_WORDS = frozenset(_RESERVED.split())
"""Words that a column cannot be named by without quotes."""

# What is cut from the end of a file's name to get the name of its table: dates, numbers, and words for parts.
_SUFFIX = re.compile(r"(?:[-_. ]*(?:[0-9]+|batch|part|full|delta|export|extract|v))+$", re.IGNORECASE)


@dataclass
class Table:
    """One table of the feed: its files, or its place in a database, and its records."""

    name: str
    files: list[Path] = field(default_factory=list)
    columns: list[str] = field(default_factory=list)
    values: dict[str, list[str | None]] = field(default_factory=dict)
    records: int = 0
    rejected: int = 0
    sampled: bool = False
    connection: str | None = None
    database_table: str | None = None
    database_types: dict[str, str] = field(default_factory=dict)
    problems: list[str] = field(default_factory=list)
    aliases: dict[str, str] = field(default_factory=dict)
    """Columns of the file that have another name here, by the name in the file."""


def find_tables(given: str, name: str | None, environment: Mapping[str, str] = os.environ) -> list[Table]:
    """The tables in ``given``; ``name`` is the table's name where there is one table only.

    Raises :class:`UserError` if nothing can be read.
    """
    if given.startswith(DATABASE):
        return [_database_table(given.removeprefix(DATABASE), name, environment)]
    path = Path(given).expanduser()
    if not path.exists():
        raise UserError(
            f"{given!r} does not exist. Give a file (CSV, TSV, JSON, JSON lines, Parquet, Excel, or gzip of a text format), "
            f"a folder with such files, or `{DATABASE}<connection>/<table>`."
        )
    tables = [Table(name or table_name(path.name), [path])] if path.is_file() else _of_folder(path, name)
    for table in tables:
        _read(table)
        _rename_sql_words(table)
    return tables


def _rename_sql_words(table: Table) -> None:
    """Give each column that is called like a word of SQL (`order`) the name of its table before its own."""
    for column in [c for c in table.columns if c in SQL_WORDS]:
        name = unique_names([*table.columns, f"{table.name}_{column}"], RESERVED_NAMES)[-1]
        table.columns[table.columns.index(column)] = name
        table.values[name] = table.values.pop(column)
        table.aliases[column] = name
        table.problems.append(f"{column} is a word of SQL, so the column is named {name}")


def table_name(file_name: str) -> str:
    """The name of a table from that of a file: ``Claims_2024-01.csv.gz`` is ``claims``, ``Réclamations.csv`` ``reclamations``."""
    stem = file_name.split(".")[0] if not file_name.startswith(".") else file_name
    return ascii_name(snake_case(_SUFFIX.sub("", stem) or stem))


def ascii_name(name: str) -> str:
    """A name with ASCII letters only: accents are left out, and any other letter is its number (``u4e2d``).

    Engines differ in the letters of a name without quotes, and dbt's docs blocks have ASCII letters only.
    """
    letters = unicodedata.normalize("NFKD", name)
    return "".join(each if each.isascii() else f"u{ord(each):x}" for each in letters if not unicodedata.combining(each))


def _of_folder(folder: Path, name: str | None) -> list[Table]:
    listing = list_files(str(folder))
    by_table: dict[str, list[Path]] = {}
    for file in listing.files:
        parts = Path(file.name).parts
        table = name or (ascii_name(snake_case(parts[0])) if len(parts) > 1 else table_name(parts[-1]))
        by_table.setdefault(table, []).append(Path(file.path))
    if not by_table:
        raise UserError(
            f"The folder {str(folder)!r} holds no file that can be read. {' '.join(listing.messages)}".rstrip()
        )
    return [Table(table, files) for table, files in by_table.items()]


def _read(table: Table) -> None:
    reading = Reading()
    left = MAX_RECORDS
    for path in table.files:
        account = account_file(str(path), reading=reading, name=path.name)
        if account.state == "held":
            table.problems.append(f"{path.name} is held: {account.message}")
            continue
        table.rejected += account.rejected
        records = list(islice(accepted_records(str(path), reading=reading), left))
        # JSON has no header: the keys of the records are the columns.
        given = account.columns or list(dict.fromkeys(key for record in records for key in record))
        names = unique_names((snake_case(c) for c in given), RESERVED_NAMES)
        keys = dict(zip(names, names if account.columns else given, strict=True))
        new = [c for c in names if c not in table.columns]
        if new and table.columns:
            table.problems.append(f"{path.name} has columns that earlier files lack: {', '.join(new)}")
        for column in new:
            table.columns.append(column)
            table.values[column] = [None] * table.records
        for record in records:
            for column in table.columns:
                table.values[column].append(record.get(keys.get(column, column)))
            table.records += 1
            left -= 1
        table.sampled = table.sampled or left == 0
    if not table.columns:
        raise UserError(f"No file of the table {table.name!r} can be read. " + " ".join(table.problems))


def _database_table(place: str, name: str | None, environment: Mapping[str, str]) -> Table:
    connection, _, full = place.partition("/")
    if not re.fullmatch(r"[a-z][a-z0-9_]*", connection) or not full:
        raise UserError(
            f"{DATABASE + place!r} is not of the form `{DATABASE}<connection>/<table>`, where LAKEWEAVE_<CONNECTION>_URL, "
            "_USER and _PASSWORD in the environment say where the database is and who reads it."
        )
    schema, _, bare = full.rpartition(".")
    where = address(connection, None, os.getcwd(), environment)
    with Connection(where) as database:
        types = database.columns(bare, schema or None)
        if not types:
            raise UserError(
                f"The database {connection!r} has no table {full!r}. Its tables: {', '.join(database.tables())}."
            )
        table = Table(name or snake_case(bare), connection=connection, database_table=full, columns=list(types))
        words = [column for column in types if column.lower() in SQL_WORDS]
        if words:
            raise UserError(
                f"The table {full!r} has columns that are words of SQL: {', '.join(words)}. Create a view that gives them other "
                "names, and give the view."
            )
        table.database_types = {column: family(kind) for column, kind in types.items()}
        names = ", ".join(database.quote(c) for c in types)
        target = ".".join(database.quote(p) for p in full.split("."))
        for row in _rows(database, f"select {names} from {target}"):
            for column, value in zip(types, row, strict=True):
                table.values.setdefault(column, []).append(value)
            table.records += 1
            if table.records >= MAX_RECORDS:
                table.sampled = True
                break
    for column in types:
        table.values.setdefault(column, [])
    return table


def _rows(database: Connection, sql: str) -> Iterator[tuple[str | None, ...]]:
    for batch in database.batches(sql):
        for row in zip(*(column.to_pylist() for column in batch.columns), strict=True):
            yield tuple(None if value is None else str(value) for value in row)
