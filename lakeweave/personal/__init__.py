"""Personal columns on their way into a prompt.

``lineage``   which personal columns each column of a query may hold
``upstream``  tags of the models upstream, and the verdict on one question
``content``   counts of values that look personal, whatever the tags say

``lakeweave_personal_columns(question)`` is the SQL function of the embedded target and of Spark: JSON in, JSON out.
"""

from __future__ import annotations

import json

from duckdb import DuckDBPyConnection

from lakeweave.personal.upstream import verdict
from lakeweave.sqlfunctions import replace_function


def personal_columns(question: str) -> str:
    """The verdict on a question, see :func:`lakeweave.personal.upstream.verdict`; JSON in, JSON out."""
    return json.dumps(verdict(json.loads(question)).as_dict(), ensure_ascii=False)


def register(conn: DuckDBPyConnection) -> None:
    """Register the functions on ``conn``."""
    replace_function(
        conn, "lakeweave_personal_columns", personal_columns, ["VARCHAR"], "VARCHAR", {"side_effects": True}
    )
