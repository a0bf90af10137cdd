"""The dbt-duckdb plugin of DuckDB.

dbt-duckdb imports this module (``plugins:`` in ``profiles.yml``) and calls :meth:`Plugin.configure_connection` on
the database connection that it opens. What the SQL of the project cannot do on DuckDB alone is registered there as
SQL functions: reading delivered files with an account of every record, listing pictures, the local models, and vector search.
"""

from __future__ import annotations

import sys
import time
from pathlib import Path
from typing import Any

import duckdb
from dbt.adapters.duckdb.plugins import BasePlugin
from dbt_common.exceptions import DbtRuntimeError

from lakeweave import computed_once, databases, iceberg, inference, ingestion, objects, personal, publishing, vectors

# Seconds that a build waits for another one that is writing the warehouse.
WAIT = 60.0


def wait_for_warehouse(path: Path, seconds: float = WAIT) -> None:
    """Return once no other process writes the DuckDB file at ``path``; make its folder if it is absent.

    DuckDB lets one process write a file, and dbt keeps it open for as long as it runs: two builds would be one too many.

    Raises:
        DbtRuntimeError: after ``seconds`` another process still has the file; the message names it.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    began, told = time.monotonic(), False
    while True:
        try:
            duckdb.connect(str(path)).close()
            return
        except duckdb.IOException as error:
            if "lock" not in str(error):
                raise
            holder = str(error).partition("Conflicting lock is held in ")[2].partition(". ")[0] or "another process"
            waited = time.monotonic() - began
            if waited >= seconds:
                raise DbtRuntimeError(
                    f"Another process is writing the warehouse {path}: {holder}. Waited {seconds:.0f} s for it. "
                    "Let it finish or stop it, then run this again; nothing was changed. "
                    "(`wait_for_other_build` in the profile's plugin block sets the seconds.)"
                ) from None
            if not told:
                print(f"lakeweave: {path} is being written by {holder}; waiting up to {seconds:.0f} s", file=sys.stderr)
                told = True
            time.sleep(min(0.5, seconds - waited))


class Plugin(BasePlugin):
    """Registers the project's Python functions on a DuckDB connection."""

    def initialize(self, plugin_config: dict[str, Any]) -> None:
        """Keep the ``config:`` block of the profile, and wait for a build that is under way."""
        self._config = plugin_config or {}
        path = getattr(self.creds, "path", ":memory:")
        if path != ":memory:" and "://" not in path and not path.startswith("md:"):
            wait_for_warehouse(Path(path), float(self._config.get("wait_for_other_build", WAIT)))

    def configure_connection(self, conn: duckdb.DuckDBPyConnection) -> None:
        """Register everything on ``conn``; its cursors see it too."""
        ingestion.register(conn, self._config.get("ingestion") or {})
        inference.register(conn, self._config)
        personal.register(conn)
        databases.register(conn)
        publishing.register(conn)
        iceberg.register(conn)
        vectors.register(conn)
        objects.register(conn)
        computed_once.register(conn)
