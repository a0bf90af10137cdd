"""Bronze and silver as Iceberg tables that other engines read, beside the DuckDB warehouse.

``lakeweave_sync_iceberg(request)`` is called after DuckDB's COPY of a table to Parquet: it makes that file the next version of
an Iceberg table, in a catalog that is one SQLite file. A version is there as a whole or not at all, and readers of the one
before keep it. The file is not read again: Iceberg takes it in as it is.

The catalog is ``<iceberg_warehouse>/catalog.db``; any Iceberg client opens it::

    SqlCatalog("lakeweave", uri="sqlite:///warehouse/iceberg/catalog.db", warehouse="file:///…/warehouse/iceberg")
"""

from __future__ import annotations

import contextlib
import hashlib
import json
import shutil
import uuid
from pathlib import Path
from typing import Any

import duckdb

from lakeweave.publishing import STAGING, sweep
from lakeweave.sqlfunctions import error_json, replace_function

CONTENT = "lakeweave.content"
"""Property of a table: the hash of the file that its newest version is."""


def register(conn: duckdb.DuckDBPyConnection) -> None:
    """Register the SQL functions on ``conn``."""
    for name, function in (("lakeweave_iceberg_begin", _begin), ("lakeweave_sync_iceberg", _keep)):
        replace_function(conn, name, function, ["VARCHAR"], "VARCHAR", {"side_effects": True})


def catalog(warehouse: Path) -> Any:
    """The catalog in the folder ``warehouse``. Raises `ImportError` without the extra ``iceberg``."""
    from pyiceberg.catalog.sql import SqlCatalog

    place = warehouse.resolve()
    place.mkdir(parents=True, exist_ok=True)
    return SqlCatalog("lakeweave", uri=f"sqlite:///{place / 'catalog.db'}", warehouse=place.as_uri())


def keep(warehouse: Path, schema: str, name: str, staged: Path, description: str = "") -> str:
    """Make the Parquet file ``staged`` the next version of ``schema.name``; ``unchanged`` where it already is.

    The file is moved into the table's folder. A table whose columns changed beyond new ones is created again.
    """
    import pyarrow.parquet as pq
    from pyiceberg.exceptions import NamespaceAlreadyExistsError, NoSuchTableError

    with staged.open("rb") as file:
        content = hashlib.file_digest(file, "sha256").hexdigest()
    tables = catalog(warehouse)
    with contextlib.suppress(NamespaceAlreadyExistsError):
        tables.create_namespace(schema)
    columns = pq.read_schema(staged)
    try:
        table = tables.load_table((schema, name))
    except NoSuchTableError:
        table = None
    if table is not None and table.properties.get(CONTENT) == content:
        staged.unlink()
        return "unchanged"
    if table is not None and not _only_adds(table, columns):
        tables.drop_table((schema, name))
        table = None
    if table is None:
        table = tables.create_table(
            (schema, name), schema=columns, properties={"comment": description} if description else {}
        )
    final = Path(table.location().removeprefix("file://")) / "data" / f"{uuid.uuid4().hex}.parquet"
    final.parent.mkdir(parents=True, exist_ok=True)
    shutil.move(staged, final)
    with table.transaction() as change:
        with change.update_schema() as update:
            update.union_by_name(columns)
        if table.current_snapshot() is not None:
            change.delete("true")
        change.add_files([final.as_uri()], check_duplicate_files=False)
        change.set_properties({CONTENT: content})
    return "kept"


def _only_adds(table: Any, columns: Any) -> bool:
    """Whether each column of the table is there still, with a type that it can take."""
    from pyiceberg.io.pyarrow import schema_to_pyarrow

    known = schema_to_pyarrow(table.schema(), include_field_ids=False)
    return all(field.name in columns.names and _same(columns.field(field.name).type, field.type) for field in known)


def _same(new: Any, old: Any) -> bool:
    """Types that differ only in how long a text or list may be count as one."""
    return str(new).replace("large_", "") == str(old).replace("large_", "").replace(" not null", "")


def _begin(request: str) -> str:
    asked = json.loads(request)
    try:
        import pyiceberg  # noqa: F401
    except ImportError:
        return error_json(
            "`iceberg: true` needs the extra `iceberg`: run `make extra-iceberg`, or leave the variable out."
        )
    if "://" in asked["warehouse"]:
        return error_json(
            f"`iceberg_warehouse` is {asked['warehouse']}: DuckDB keeps its tables in a folder; name one."
        )
    staged = Path(asked["warehouse"]) / STAGING / f"{asked['schema']}.{asked['name']}.{uuid.uuid4().hex}.parquet"
    try:
        staged.parent.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        return error_json(f"{staged.parent} cannot be written: {error.strerror or error}.")
    sweep(staged.parent, f"{asked['schema']}.{asked['name']}")
    return json.dumps(asked | {"staged": str(staged)})


def _keep(request: str) -> str:
    asked = json.loads(request)
    try:
        state = keep(
            Path(asked["warehouse"]),
            asked["schema"],
            asked["name"],
            Path(asked["staged"]),
            asked.get("description", ""),
        )
    except Exception as error:
        return error_json(
            f"{asked['schema']}.{asked['name']} cannot be kept as an Iceberg table in {asked['warehouse']}: {error}. "
            "The version before is still there."
        )
    return json.dumps({"state": state})
