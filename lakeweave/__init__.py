"""Lakeweave: the Python that DuckDB and the demo need."""
