"""The dbt-duckdb plugin of the embedded target.

dbt-duckdb imports this module (``plugins:`` in ``profiles.yml``) and calls :meth:`Plugin.configure_connection` on
every database connection that it opens. What the SQL of the project cannot do on DuckDB alone is registered there as
SQL functions: reading delivered files with an account of every record, and the local models.
"""

from __future__ import annotations

from typing import Any

from dbt.adapters.duckdb.plugins import BasePlugin
from duckdb import DuckDBPyConnection

from lakeweave import inference, ingestion


class Plugin(BasePlugin):
    """Registers the project's Python functions on a DuckDB connection."""

    def initialize(self, plugin_config: dict[str, Any]) -> None:
        """Keep the ``config:`` block of the profile."""
        self._config = plugin_config or {}

    def configure_connection(self, conn: DuckDBPyConnection) -> None:
        """Register everything on ``conn``; its cursors see it too."""
        ingestion.register(conn, self._config.get("ingestion") or {})
        inference.register(conn, self._config)
