"""Values of `lakeweave.<macro>(…)` while sqlfluff lints. Style needs the shape of the SQL, not dbt."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

# Macros that only set a configuration, and macros that stand where a relation does. Every other one is an expression.
SETTINGS = {
    "classify",
    "extract",
    "filter_rows",
    "inference",
    "ingestion",
    "keyed_sync",
    "match_rows",
    "object_table",
    "one_row_per_key",
    "one_row_per_version",
    "remote_model",
    "score",
    "summarize_rows",
    "vector_index",
}
RELATIONS = {
    "annotate_image",
    "confusion_matrix",
    "delivered_records",
    "generate_embedding",
    "generate_text",
    "ledger_relation",
    "listed_objects",
    "newest_records",
    "ordered_records",
    "predict_image",
    "vector_search",
}
COLUMNS = {
    "record_columns": "is_duplicate_in_file, processed_at, _content_hash, _file_name, _record_number",
    "file_name_column": "_file_name",
    "revenue_measures": "total_revenue, order_count, units_sold, booked_revenue, booked_line_count, "
    "cancelled_revenue, returned_revenue",
}


def type_double() -> str:
    """A type is no function call."""
    return "double"


def change_order(**_: Any) -> list[str]:
    """A list of expressions."""
    return ["committed_at"]


def with_share(failing: str, *_: Any) -> str:
    """A whole query."""
    return f"select * from ({failing}) as failing"


def priced_responses(prices: str) -> str:
    """A whole query."""
    return f"select * from {prices}"


def price_periods(prices: str) -> str:
    """A whole query."""
    return f"select * from {prices}"


def convert_to_usd(relation: str, price: str, **_: Any) -> str:
    """The relation that it is given, with two columns more."""
    return f"(select *, 0 as {price}_usd, current_date as {price}_rate_date from {relation})"


def json_rows(relation: str, column: str, path: str, fields: dict[str, str]) -> str:
    """The relation that it is given, with the place and the fields."""
    return f"(select *, 1 as place, {', '.join(f'{column} as {name}' for name in fields)} from {relation})"


def __getattr__(name: str) -> Callable[..., str]:
    if name.startswith("__"):
        raise AttributeError(name)
    if name in SETTINGS:
        return lambda *_, **__: ""
    if name in RELATIONS:
        return lambda *_, **__: f"stub_of_{name}"
    if name in COLUMNS:
        return lambda *_, **__: COLUMNS[name]
    return lambda *_, **__: f"stub_of_{name}()"
