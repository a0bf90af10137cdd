"""The SQL functions that dbt calls: ``lakeweave_plan``, ``lakeweave_stage`` and ``lakeweave_archive``.

All take and return JSON text. An error that the user can fix is returned as ``{"error": "<sentence>"}``; anything else is
a defect and raises. They do their work on a cursor of their own, in transactions of their own: call them where the
calling transaction has not touched the database ``staging`` yet (or commit first), else it does not see the result.
"""

from __future__ import annotations

import json
import threading
import weakref
from collections.abc import Callable
from typing import Any

import duckdb

from lakeweave.errors import UserError
from lakeweave.ingestion.archive import move_to_archive
from lakeweave.ingestion.ledger import read_ledger
from lakeweave.ingestion.planning import Plans, make_plan
from lakeweave.ingestion.spec import Spec
from lakeweave.ingestion.staging import Stage
from lakeweave.sqlfunctions import error_json, register_long_function, replace_function

_PLANS = Plans()
_CURSOR = threading.Lock()
_SOURCES: dict[str, threading.Lock] = {}


def register(conn: duckdb.DuckDBPyConnection, config: dict[str, Any] | None = None) -> None:
    """Attach the in-memory database ``staging`` to ``conn`` and register the SQL functions on it, once.

    ``config`` may have ``scratch``: the folder for temporary files (default: that of the operating system).
    """
    scratch = (config or {}).get("scratch")
    conn.execute("attach if not exists ':memory:' as staging")
    # A strong reference would keep the database open after its owner closed it.
    owner = weakref.ref(conn)

    def cursor() -> duckdb.DuckDBPyConnection:
        alive = owner()
        if alive is None:
            raise UserError("The connection that lakeweave.ingestion was registered on is gone; register it again.")
        with _CURSOR:
            return alive.cursor()

    def plan(spec_json: str | None) -> str:
        def work(conn: duckdb.DuckDBPyConnection) -> dict[str, Any]:
            made = make_plan(conn, Spec.parse(spec_json))
            _PLANS.add(made)
            return made.summary()

        return _answer(cursor, work)

    def stage(request_json: str | None) -> str:
        def work(conn: duckdb.DuckDBPyConnection) -> dict[str, Any]:
            plan_id, batch = _request(request_json)
            made = _PLANS.get(plan_id)
            # An empty delivery has one batch too, of no file: its empty tables give a new bronze table its columns.
            batches = made.batches or [[]]
            if not 0 <= batch < len(batches):
                raise UserError(f"The plan has {len(batches)} batch(es), numbered from 0; there is no batch {batch}.")
            with _CURSOR:
                lock = _SOURCES.setdefault(f"{made.spec.schema}.{made.spec.table}", threading.Lock())
            with lock:
                return Stage(conn, made, batches[batch], scratch).run()

        return _answer(cursor, work)

    def archive(spec_json: str | None) -> str:
        def work(conn: duckdb.DuckDBPyConnection) -> dict[str, Any]:
            spec = Spec.parse(spec_json, "lakeweave_archive")
            return move_to_archive(spec, read_ledger(conn, spec).settled)

        return _answer(cursor, work)

    register_long_function(conn, "lakeweave_plan", plan)
    register_long_function(conn, "lakeweave_stage", stage)
    settings = {"side_effects": True, "null_handling": "special"}
    replace_function(conn, "lakeweave_archive", archive, ["VARCHAR"], "VARCHAR", settings)


def _request(text: str | None) -> tuple[str, int]:
    try:
        request = json.loads(text or "")
        plan_id, batch = request["plan_id"], request["batch"]
    except (ValueError, TypeError, KeyError):
        raise UserError(
            f'The argument of lakeweave_stage is {text!r}, expected JSON like {{"plan_id": "…", "batch": 0}}.'
        ) from None
    if not isinstance(plan_id, str) or isinstance(batch, bool) or not isinstance(batch, int):
        raise UserError(
            f"The argument of lakeweave_stage is {text!r}, expected a text `plan_id` and a whole number `batch`."
        )
    return plan_id, batch


def _answer(
    cursor: Callable[[], duckdb.DuckDBPyConnection], work: Callable[[duckdb.DuckDBPyConnection], dict[str, Any]]
) -> str:
    conn = None
    try:
        conn = cursor()
        return json.dumps(work(conn), ensure_ascii=False)
    except UserError as error:
        return error_json(str(error))
    except OSError as error:
        where = f" ({error.filename})" if error.filename else ""
        return error_json(
            f"The operating system refused: {error.strerror or error}{where}; correct that and run again."
        )
    finally:
        if conn is not None:
            conn.close()
