"""What all SQL functions of DuckDB have in common: how they get onto a connection, and how they refuse."""

from __future__ import annotations

import contextlib
import json
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


def refusal(message: str) -> str:
    """The answer of a function to what a person can put right: dbt makes an error of it, with these words."""
    return json.dumps({"error": message}, ensure_ascii=False)
