"""Where BigQuery and DuckDB may differ, and by how much. Nothing else may."""

from __future__ import annotations

FLOAT_RELATIVE = 1e-9
"""Relative difference of two FLOAT64 results: a sum of floats depends on the order in which the engine adds."""

FLOAT_ABSOLUTE = 1e-12
"""Absolute difference of two FLOAT64 results near zero."""

SAME_TYPES: dict[str, tuple[str, ...]] = {
    "INT64": ("BIGINT", "INTEGER", "SMALLINT", "TINYINT", "HUGEINT"),
    "FLOAT64": ("DOUBLE", "FLOAT"),
    "NUMERIC": ("DECIMAL",),
    "BIGNUMERIC": ("DECIMAL",),
    "BOOL": ("BOOLEAN",),
    "STRING": ("VARCHAR", "UUID"),
    "BYTES": ("BLOB",),
    "DATE": ("DATE",),
    "TIME": ("TIME",),
    "DATETIME": ("TIMESTAMP",),
    "TIMESTAMP": ("TIMESTAMP", "TIMESTAMP WITH TIME ZONE"),
    "JSON": ("JSON",),
}
"""BigQuery's type and the DuckDB types that are the same to this project. Arrays and structs follow their elements.

HUGEINT is what DuckDB's sum of whole numbers gives; BigQuery's gives INT64. The project's timestamps are in UTC on both."""

OTHER_NAMES: dict[str, str] = {"source_file_name": "_file_name"}
"""Columns that are called otherwise on DuckDB: BigQuery refuses names that begin with `_file_`."""

ONLY_ON_BIGQUERY = {"ref"}
"""Columns of BigQuery's own that no other engine has and no query of the project reads: an object table's reference to its object."""

CANNOT_RUN: dict[str, str] = {}
"""Words of a query (in small letters) that the reference implementation cannot execute, each with the reason. Such a query is
analyzed but not executed; the test fails when one turns out to run after all, and when no query needs an entry."""

SERVICE = "a service of BigQuery, which functions.py declares for the analyzer and which needs an account to run"
"""Why a query that calls a declared function (ML., AI., VECTOR_SEARCH, MAX_BY, ...) is analyzed but not executed. That is seen in
the query and needs no entry. What a model answered reaches the other queries as rows of the ledger, and these are executed."""

ROWS_PER_TABLE = 60
"""Rows that are taken of each table of the demo build. Seeds and the ledger are taken whole."""

FEW_ROWS = 6
"""The same for the SELECTs of an incremental run."""

EDGE_TEXTS = ("", " ", "zoë o'neil-SMITH", "N/A", "1,234.50", "2026-02-30 00:00:00", '\\x\t"quoted"\n')
"""Texts that fill every text column of one additional row each."""
