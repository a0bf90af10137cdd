"""What all SQL functions of DuckDB have in common: how they get onto a connection, and how they refuse."""

from __future__ import annotations

import contextlib
import json
import threading
from collections.abc import Callable
from typing import Any

import duckdb


def replace_function(
    conn: duckdb.DuckDBPyConnection,
    name: str,
    function: Callable[..., Any],
    parameters: list[str],
    returns: str,
    settings: dict[str, Any],
) -> None:
    """Register ``function`` as ``name``, in the place of one that was there."""
    with contextlib.suppress(duckdb.Error):  # not registered yet; there is no way to ask
        conn.remove_function(name)
    types: list[Any] = list(parameters)
    conn.create_function(name, function, types, returns, **settings)


def register_long_function(
    conn: duckdb.DuckDBPyConnection, name: str, function: Callable[[str | None], str | None]
) -> None:
    """Register a function of one text that takes long, so that it runs on the thread of its caller.

    DuckDB computes a function without side effects while it plans the statement, on the thread of the caller, if the
    argument is a constant. A function with side effects runs on a thread of DuckDB. The caller then asks for its end
    without a pause, which takes a whole core, and the statements of the function have one thread less.

    Call it as the whole expression of a ``select``. DuckDB ignores an exception while it plans, and calls the function again
    when it runs the statement. The second call raises the same exception and does not repeat the work.
    """
    failed: dict[str | None, BaseException] = {}
    lock = threading.Lock()

    def once(argument: str | None) -> str | None:
        with lock:
            before = failed.pop(argument, None)
        if before is not None:
            raise before
        try:
            return function(argument)
        except BaseException as error:
            with lock:
                failed[argument] = error
            raise

    replace_function(conn, name, once, ["VARCHAR"], "VARCHAR", {"side_effects": False, "null_handling": "special"})


def error_json(message: str) -> str:
    """The result of a function for an error that the user can fix: dbt raises it with this message."""
    return json.dumps({"error": message}, ensure_ascii=False)
