"""The SQL function that dbt calls before it takes a database's table in: ``lakeweave_read_database``."""

from __future__ import annotations

import json
import threading
import weakref

import duckdb

from lakeweave.databases.reading import TableSpec, read_table
from lakeweave.errors import UserError
from lakeweave.sqlfunctions import error_json, register_long_function

_READING = threading.Lock()


def register(conn: duckdb.DuckDBPyConnection) -> None:
    """Register the function on ``conn``; it works on a cursor of its own."""
    owner = weakref.ref(conn)

    def read(spec_json: str | None) -> str | None:
        if spec_json is None:
            return None
        alive = owner()
        if alive is None:
            return error_json("The connection that lakeweave.databases was registered on is gone; register it again.")
        with _READING:
            cursor = alive.cursor()
        try:
            return json.dumps(read_table(cursor, TableSpec.parse(json.loads(spec_json))))
        except UserError as error:
            return error_json(str(error))
        except OSError as error:
            return error_json(
                f"The file of the read cannot be written: {error.strerror or error}. Check space and permissions."
            )
        finally:
            cursor.close()

    register_long_function(conn, "lakeweave_read_database", read)
