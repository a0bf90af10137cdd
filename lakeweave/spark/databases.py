"""Databases that a Spark session reads by JDBC: where they are, said by the environment, and what is wrong with them.

Statements name the settings ``spark.lakeweave.<connection>.address``, ``.user`` and ``.phrase``, and Spark puts their
values in when it runs them (stars, where a setting's name has ``url``, ``password`` or ``credential`` in it); so no statement,
and no log of statements, holds a password. The session of this process has these settings only while such a statement runs.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any
from urllib.parse import quote

import pyarrow as pa

from lakeweave.databases import tls
from lakeweave.databases.connection import KINDS, Address, Connection, address, not_connected, variables
from lakeweave.databases.reading import family
from lakeweave.errors import UserError
from lakeweave.scrubbing import Scrubber
from lakeweave.sql import literal_body

PREFIX = "spark.lakeweave."


def settings_of(names: str, environment: Mapping[str, str]) -> dict[str, str]:
    """The session's settings for the connections ``names`` (separated by commas) that the environment has a URL for.

    Raises:
        UserError: for a URL that cannot be followed, and for one that holds a password.
    """
    found: dict[str, str] = {}
    for where in _addresses(names, environment):
        prefix = f"{PREFIX}{where.name}"
        found |= {
            f"{prefix}.address": jdbc(where),
            f"{prefix}.user": where.user,
            f"{prefix}.phrase": where.password,
        }
    return {name: literal_body(value, "spark") for name, value in found.items()}


def jdbc(where: Address) -> str:
    """The URL of JDBC's form.

    Raises:
        UserError: the driver has no setting for an option of the address.
    """
    if where.authorities and where.kind != "postgresql":
        raise UserError(
            f"{where.variables}_URL has `sslrootcert`, which the JDBC driver of {where.kind} does not know. "
            "Put the certificate into the trust store of Java, and take it out of the URL."
        )
    options = tls.jdbc_options(where.kind, where.tls, where.authorities)
    host = f"[{where.host}]" if ":" in where.host else where.host
    if where.kind == "sqlserver":
        said = "".join(f";{name}={value}" for name, value in options.items())
        return f"jdbc:sqlserver://{host}:{where.port};databaseName={where.database}{said}"
    said = "&".join(f"{name}={quote(value, safe='/')}" for name, value in options.items())
    return f"jdbc:{where.kind}://{host}:{where.port}/{where.database}" + (f"?{said}" if said else "")


def show_file(
    session: Any, *, view: str, connection: str, default_url: str | None, landing: str, table: str, source: str
) -> None:
    """Make a view of the rows of a SQLite file's table, read here by the driver.

    Raises:
        UserError: there is no such file or table.
    """
    from pyspark.sql.functions import col

    where = address(connection, default_url, landing)
    with Connection(where) as database:
        kinds = database.columns(table, None)
        if not kinds:
            raise UserError(
                f"{where} has no table `{table}`. It has: {', '.join(database.tables()[:12])}. "
                f"Correct `database.table` of the source {source}. Nothing was read."
            )
        names = ", ".join(database.quote(name) for name in kinds)
        batches = list(database.batches(f"select {names} from {database.quote(table)}"))
    frame = session.createDataFrame(pa.Table.from_batches(batches, pa.schema([(name, pa.string()) for name in kinds])))
    # Values stay the text that they are in the file; the family of their type is the column's comment.
    described = [col(name).alias(name, metadata={"comment": family(kind)}) for name, kind in kinds.items()]
    frame.select(*described).createOrReplaceTempView(view)


def scrub(text: str, environment: Mapping[str, str]) -> str:
    """The text without the password of any connection in the environment, in any encoding."""
    named = (value for name, value in environment.items() if re.fullmatch(r"LAKEWEAVE_\w+_PASSWORD", name))
    return Scrubber(named).status(text)


def explain(said: str, environment: Mapping[str, str]) -> str | None:
    """One sentence about an error of JDBC, with what to do and without the password; None for any other error."""
    if re.search(r"No suitable driver|ClassNotFoundException: [\w.]*Driver", said):
        return (
            "The session has no JDBC driver for this database. Run: make environment-spark, which brings PostgreSQL's, "
            "or put the jar of another into the folder of LAKEWEAVE_SPARK_JARS."
        )
    found = re.search(
        r"(?:org\.postgresql\.util\.PSQLException|com\.microsoft\.sqlserver\.jdbc\.\w+|com\.mysql\.cj\.[\w.]+Exception"
        r"|java\.sql\.\w*Exception): (.+)",
        said,
    ) or re.search(r"\[FAILED_JDBC[\w.]*\] (.+)", said)
    if not found:
        return None
    # Other variables hold an address too: LAKEWEAVE_NOTIFY_URL, for one, which is no database.
    names = ",".join(
        match[1].lower()
        for name, url in sorted(environment.items())
        if (match := re.fullmatch(r"LAKEWEAVE_(\w+)_URL", name)) and url.partition(":")[0] in KINDS
    )
    reason = found[1].strip()
    for where in _addresses(names, environment):
        reason = where.scrub(reason)
        if re.search(
            "refused|password|authenticat|does not exist|unknown host|timed out|attempt failed", reason, re.IGNORECASE
        ):
            if re.search("relation .* does not exist", reason):
                return (
                    f"{where} has no such table that user `{where.user}` may see: {reason}. "
                    "Correct `database.table` of the source, or grant the right to select. Nothing was read."
                )
            return not_connected(where, Exception(reason))
        return f"The connection to {where} broke while it was read: {reason}. Nothing of this read is kept; run again."
    return None


def _addresses(names: str, environment: Mapping[str, str]) -> list[Address]:
    """SQLite has no server; only DuckDB reads it."""
    named = [name.strip() for name in names.split(",") if name.strip()]
    found = [address(name, None, "", environment) for name in named if environment.get(f"{variables(name)}_URL")]
    return [where for where in found if where.kind != "sqlite"]
