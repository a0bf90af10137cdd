"""Vector search on DuckDB: exact by default, by an HNSW index where a model declares one.

:func:`register` puts the SQL functions of :mod:`lakeweave.vectors.functions` on a connection.
"""

from __future__ import annotations

from duckdb import DuckDBPyConnection

from lakeweave.errors import VectorError, VectorIndexError
from lakeweave.sqlfunctions import replace_function
from lakeweave.vectors import functions
from lakeweave.vectors.exact import DISTANCE_TYPES, Vectors

__all__ = ["DISTANCE_TYPES", "VectorError", "VectorIndexError", "Vectors", "register"]


def register(conn: DuckDBPyConnection) -> None:
    """Register the functions on ``conn`` and its cursors."""
    many = {"type": "arrow", "null_handling": "special", "side_effects": True}
    one = {"null_handling": "special", "side_effects": True}
    whole, vector, text = "BIGINT", "FLOAT[]", "VARCHAR"
    for name, function, parameters, returns, settings in (
        ("open", functions.open_search, [text, whole, whole], whole, one),
        ("add", functions.add_arrow, [whole, whole, vector, text], whole, many),
        ("rank", functions.rank_arrow, [whole] * 3, whole, many),
        ("search", functions.search_arrow, [whole, vector, text], functions.ROW_TYPE, many),
        ("index", functions.keep_index, [whole], text, one),
        ("index_status", functions.index_status, [whole], text, one),
        ("index_drop", functions.drop_index, [text, text], "BOOLEAN", one),
    ):
        replace_function(conn, f"lakeweave_vector_{name}", function, parameters, returns, settings)
