"""Personal columns on their way into a prompt.

``lineage``   which personal columns each column of a query may hold
``upstream``  tags of the models upstream, and the verdict on one question
``content``   counts of values that look personal, whatever the tags say

SQL functions of DuckDB and of Spark, JSON in and JSON out:

``lakeweave_personal_columns(question)``  which personal columns go into a question's input
``lakeweave_personal_values(texts)``      in how many of some texts each kind of personal value is found
"""

from __future__ import annotations

import json

from duckdb import DuckDBPyConnection

from lakeweave.personal.content import counts
from lakeweave.personal.upstream import verdict
from lakeweave.sqlfunctions import replace_function


def personal_columns(question: str) -> str:
    """The verdict on a question, see :func:`lakeweave.personal.upstream.verdict`; JSON in, JSON out."""
    return json.dumps(verdict(json.loads(question)).as_dict(), ensure_ascii=False)


def personal_values(texts: str) -> str:
    """Counts of kinds in a JSON list of texts, see :func:`lakeweave.personal.content.counts`."""
    return json.dumps(counts(each for each in json.loads(texts) if isinstance(each, str)))


def register(conn: DuckDBPyConnection) -> None:
    """Register the functions on ``conn``."""
    for name, function in (("columns", personal_columns), ("values", personal_values)):
        replace_function(conn, f"lakeweave_personal_{name}", function, ["VARCHAR"], "VARCHAR", {"side_effects": True})
