"""Connections to the databases that a source may be in, and the few words in which their SQL differs.

Where a connection goes, and who goes there, is only in the environment: for a connection called ``grocery`` in
``LAKEWEAVE_GROCERY_URL``, ``LAKEWEAVE_GROCERY_USER`` and ``LAKEWEAVE_GROCERY_PASSWORD``. No message holds a password.
"""

from __future__ import annotations

import os
import re
import sqlite3
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.parse import unquote, urlsplit

import pyarrow as pa

from lakeweave.databases import tls
from lakeweave.errors import UserError
from lakeweave.scrubbing import Scrubber
from lakeweave.sql import identifier, literal

BATCH_ROWS = 50_000
CONNECT_SECONDS = 10

KINDS = {
    "postgresql": "postgresql",
    "postgres": "postgresql",
    "mysql": "mysql",
    "mariadb": "mysql",
    "sqlserver": "sqlserver",
    "mssql": "sqlserver",
    "sqlite": "sqlite",
}
PORTS = {"postgresql": 5432, "mysql": 3306, "sqlserver": 1433}
# The package whose driver is used, as the extra `databases` has it.
DRIVERS = {"postgresql": "adbc-driver-postgresql", "mysql": "pymysql", "sqlserver": "python-tds"}


@dataclass(frozen=True)
class Address:
    """Where a database is and who reads it. The password is in no ``repr``."""

    name: str
    kind: str
    host: str
    port: int
    database: str
    user: str
    password: str = field(repr=False)
    tls: str = ""
    """``verify-full``, ``verify-ca``, ``require``, ``disable``; empty for a host of this machine, as the driver likes."""
    authorities: str = ""
    """A file of certificates to trust, instead of this machine's."""

    @property
    def variables(self) -> str:
        """The beginning of the names of its environment variables."""
        return variables(self.name)

    def __str__(self) -> str:
        if self.kind == "sqlite":
            return f"sqlite:{self.database}"
        return f"{self.kind}://{self.host}:{self.port}/{self.database}"

    def scrub(self, text: object) -> str:
        """A driver's words in one line, without the password in any encoding."""
        return " ".join(Scrubber([self.password]).status(str(text)).split()).rstrip(". ")


def variables(name: str) -> str:
    """``LAKEWEAVE_GROCERY`` of ``grocery``."""
    return "LAKEWEAVE_" + re.sub(r"\W", "_", name).upper()


def address(name: str, default: str | None, folder: str, environment: Mapping[str, str] = os.environ) -> Address:
    """The address of the connection ``name``; ``default`` is the URL where the environment has none.

    Raises:
        UserError: for a URL that cannot be followed, and for one that holds a password.
    """
    prefix = variables(name)
    url = environment.get(f"{prefix}_URL") or default or ""
    try:
        parts = urlsplit(url)
        port_given = parts.port
    except ValueError as error:
        raise UserError(f"{prefix}_URL is no URL: {error}. Correct it.") from None
    form = "postgresql://host:5432/database, mysql://…, sqlserver://… or sqlite:path/below/the/landing/zone"
    if parts.scheme not in KINDS:
        given = f"begins with `{parts.scheme}:`" if parts.scheme else "is empty or no URL"
        raise UserError(f"{prefix}_URL {given}; expected {form}. Set it in the environment.")
    told = (parts.query or "").lower()
    if parts.password is not None or "password" in told or "passwd" in told or "pwd=" in told:
        raise UserError(
            f"{prefix}_URL holds a password. Take it out of the URL and set {prefix}_PASSWORD instead; it is not shown here."
        )
    kind = KINDS[parts.scheme]
    if kind == "sqlite":
        if parts.query or parts.fragment:
            raise UserError(f"{prefix}_URL has parts after the path (`?` or `#`); expected sqlite:path alone.")
        path = Path(unquote(url.partition(":")[2].removeprefix("//")))
        return Address(name, kind, "", 0, str(path if path.is_absolute() else Path(folder) / path), "", "")
    database = unquote(parts.path.lstrip("/"))
    if not parts.hostname or not database:
        raise UserError(f"{prefix}_URL names no {'host' if not parts.hostname else 'database'}; expected {form}.")
    user = environment.get(f"{prefix}_USER") or unquote(parts.username or "")
    if not user:
        raise UserError(f"{prefix}_USER is not set: the user who may read {database}. Set it and {prefix}_PASSWORD.")
    mode, root, problems = tls.read_query(parts.query, parts.fragment, parts.hostname)
    if not re.fullmatch(r"[\w.:-]+", parts.hostname):
        problems.append(
            "has a sign in the name of the host that no host has, and that may begin another part of an address"
        )
    if re.search(r"[;?&{}\x00-\x1f]", database) or "/" in database:
        problems.append("has a sign in the name of the database that begins another part of an address")
    if problems:
        raise UserError(f"{prefix}_URL {'; it '.join(problems)}. Correct it; nothing was sent.")
    password = environment.get(f"{prefix}_PASSWORD", "")
    return Address(name, kind, parts.hostname, port_given or PORTS[kind], database, user, password, mode, root)


class Connection:
    """An open connection in one read-only transaction, which sees one state of the database where the kind can."""

    def __init__(self, where: Address) -> None:
        self.where = where
        try:
            self._connection = _OPEN[where.kind](where)
        except ImportError:
            raise UserError(
                f"Reading {where.kind} needs the package `{DRIVERS[where.kind]}`, which is not installed: "
                "pip install 'lakeweave[databases]', or make test, which installs it."
            ) from None
        except Exception as error:
            raise UserError(not_connected(where, error)) from None

    def close(self) -> None:
        """End the transaction and the connection."""
        try:
            self._connection.close()
        except Exception:
            # The connection may be broken already; the read has reported it.
            return

    def __enter__(self) -> Connection:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def quote(self, name: str) -> str:
        """An identifier."""
        return identifier(name, dialect=self.where.kind)

    def _literal(self, text: str) -> str:
        return literal(text, self.where.kind)

    def moment(self, text: str) -> str:
        """A timestamp literal."""
        if not re.fullmatch(r"\d{4}-\d\d-\d\d \d\d:\d\d:\d\d(\.\d{1,6})?", text):
            raise UserError(f"The watermark {text!r} is no timestamp; expected YYYY-MM-DD HH:MM:SS.")
        if self.where.kind == "sqlite":
            return f"'{text}'"
        if self.where.kind == "sqlserver":
            return f"cast('{text}' as datetime2)"
        return f"timestamp '{text}'"

    def rows(self, sql: str) -> list[tuple[Any, ...]]:
        """All rows of a small query."""
        cursor = self._connection.cursor()
        try:
            cursor.execute(sql)
            return [tuple(row) for row in cursor.fetchall()]
        finally:
            cursor.close()

    def batches(self, sql: str) -> Iterator[pa.RecordBatch]:
        """The rows of a query as Arrow, never all at once."""
        cursor = self._connection.cursor()
        try:
            cursor.execute(sql)
            if hasattr(cursor, "fetch_record_batch"):
                yield from cursor.fetch_record_batch()
                return
            names = [column[0] for column in cursor.description]
            while fetched := cursor.fetchmany(BATCH_ROWS):
                columns = zip(*fetched, strict=True)
                yield pa.record_batch([pa.array(map(_text, column), pa.string()) for column in columns], names)
        finally:
            cursor.close()

    def columns(self, table: str, schema: str | None) -> dict[str, str]:
        """Name and type of each column of a table, in order; empty where there is no such table."""
        if self.where.kind == "sqlite":
            found = self.rows(f"select name, type from pragma_table_info({self._literal(table)}) order by cid")
        else:
            within = f" and table_schema = {self._literal(schema)}" if schema else self._own_schema()
            found = self.rows(
                "select column_name, data_type from information_schema.columns"
                f" where table_name = {self._literal(table)}{within} order by ordinal_position"
            )
        return {str(name): str(kind).lower() for name, kind in found}

    def tables(self) -> list[str]:
        """Names of the tables that the user sees."""
        if self.where.kind == "sqlite":
            found = self.rows("select name from sqlite_master where type in ('table', 'view') order by name")
        else:
            found = self.rows(
                "select distinct table_name from information_schema.tables where 1 = 1"
                f"{self._own_schema()} order by table_name"
            )
        return [str(row[0]) for row in found]

    def _own_schema(self) -> str:
        if self.where.kind == "mysql":
            return f" and table_schema = {self._literal(self.where.database)}"
        system = "('information_schema', 'pg_catalog', 'sys')"
        return f" and lower(table_schema) not in {system}"


def _text(value: object) -> str | None:
    if isinstance(value, bytes):
        return value.decode("utf-8", "replace")
    return None if value is None else str(value)


def _open_postgresql(where: Address) -> Any:
    from adbc_driver_postgresql import dbapi

    def word(text: object) -> str:
        return "'" + str(text).replace("\\", "\\\\").replace("'", "\\'") + "'"

    connection = dbapi.connect(
        f"host={word(where.host)} port={where.port} dbname={word(where.database)} user={word(where.user)}"
        f" password={word(where.password)} connect_timeout={CONNECT_SECONDS} application_name=lakeweave"
        + "".join(
            f" {name}={word(value)}" for name, value in tls.options(where.kind, where.tls, where.authorities).items()
        )
    )
    with connection.cursor() as cursor:
        cursor.execute("set transaction isolation level repeatable read, read only")
    return connection


def _open_mysql(where: Address) -> Any:
    import pymysql
    from pymysql.cursors import SSCursor

    connection = pymysql.connect(
        host=where.host,
        port=where.port,
        user=where.user,
        password=where.password,
        database=where.database,
        connect_timeout=CONNECT_SECONDS,
        charset="utf8mb4",
        cursorclass=SSCursor,
        **tls.options(where.kind, where.tls, where.authorities),
    )
    with connection.cursor() as cursor:
        cursor.execute("start transaction with consistent snapshot, read only")
    return connection


def _open_sqlserver(where: Address) -> Any:
    """Sees one state only where the database allows snapshots; a row that moves meanwhile shows in the next read."""
    import pytds

    return pytds.connect(
        dsn=where.host,
        port=where.port,
        database=where.database,
        user=where.user,
        password=where.password,
        login_timeout=CONNECT_SECONDS,
        readonly=True,
        appname="lakeweave",
        **tls.options(where.kind, where.tls, where.authorities),
    )


def _open_sqlite(where: Address) -> Any:
    path = Path(where.database).resolve()
    if not path.is_file():
        raise FileNotFoundError(f"no such file: {path}")
    connection = sqlite3.connect(f"{path.as_uri()}?mode=ro", uri=True, isolation_level=None, check_same_thread=False)
    connection.execute("begin")
    return connection


_OPEN = {
    "postgresql": _open_postgresql,
    "mysql": _open_mysql,
    "sqlserver": _open_sqlserver,
    "sqlite": _open_sqlite,
}
_NO_TLS = re.compile(r"\bssl\b|\btls\b|certificate|encrypt", re.IGNORECASE)
_REFUSED = re.compile(r"password|authenticat|access denied|login failed|role .* does not exist", re.IGNORECASE)
_NO_DATABASE = re.compile(r"database .* does not exist|unknown database|cannot open database", re.IGNORECASE)


def not_connected(where: Address, error: Exception) -> str:
    """The message for a failed connection, from the driver's error, with a remedy."""
    said = where.scrub(error)
    prefix = where.variables
    if where.kind == "sqlite":
        return f"The database file {where} cannot be read: {said}. Make it (make landing), or set {prefix}_URL. Nothing was read."
    if _NO_TLS.search(said):
        return (
            f"{where} and this machine cannot agree on an encrypted connection: {said}. The password was not sent. "
            f"Have the server offer TLS with a certificate that this machine trusts, name its authority in {prefix}_URL "
            "(?sslmode=verify-full&sslrootcert=…), or switch encryption off by name (?sslmode=disable). Nothing was read."
        )
    if _NO_DATABASE.search(said):
        return f"There is no database `{where.database}` at {where}: {said}. Correct {prefix}_URL. Nothing was read."
    if _REFUSED.search(said):
        return (
            f"{where} does not let user `{where.user}` in: {said}. Check {prefix}_USER and {prefix}_PASSWORD. "
            "Nothing was read."
        )
    return (
        f"{where} cannot be reached: {said}. Check {prefix}_URL, that the server runs, and that this machine may talk to it. "
        "Nothing was read."
    )
