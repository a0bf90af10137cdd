"""Names, numbers and moments as people read them: no name of a column, no time of midnight, a unit with each number."""

from __future__ import annotations

from typing import Any

import pandas as pd

#: Columns whose name does not say it in plain words.
NAMES = {
    "user_id": "Customer", "product_id": "Product number", "product_name": "Product", "product_category": "Category",
    "product_brand": "Brand", "user_country": "Country", "behavior_summary": "Behaviour", "behaviour": "Behaviour",
    "similarity_rank": "Place", "sale_month": "Month", "sale_date": "Month", "what": "Number of", "alike": "How close",
    "number": "Number",
    "cohort": "First order", "cohort_size": "Customers of the cohort", "active_customers": "Customers who ordered",
    "retention_rate": "Share that ordered",
    "months_since_first_order": "Months since the first order",
    "total_revenue": "Revenue", "booked_revenue": "Booked", "cancelled_revenue": "Cancelled", "returned_revenue": "Returned",
    "order_count": "Orders", "units_sold": "Units sold", "line_count": "Lines", "service_level": "Service",
    "items_sold": "Items sold", "basket_count": "Baskets", "antecedents": "Who buys", "consequents": "Also buys",
    "return_rate": "Share returned", "traffic_source": "Came by", "folder_pose": "Pose of the folder",
    "predicted_pose": "Pose that the model sees", "effect": "Times the sales", "effect_low": "At least", "effect_high": "At most",
    "file_name": "File", "line_number": "Line", "column_name": "Column",
    "model_name": "Model", "with_untyped_values": "With untyped values",
    "untyped_keys": "Key not typed", "missing_keys": "Key missing", "example_1": "Example", "example_2": "Second example",
    "example_3": "Third example", "first_file": "First file", "last_delivery": "Last delivery", "last_load": "Last load",
    "used_on": "Day", "answered_from_ledger": "From the ledger", "failed_calls": "Failed",
    "retryable_calls": "Failed, will be tried again",
    "input_tokens": "Input tokens", "output_tokens": "Output tokens", "cost_saved": "Saved", "model_version": "Version",
    "became": "Outcome", "how": "Answered by",
}  # fmt: skip
#: Numbers that are names: no separator of thousands.
IDS = {"customer", "user_id", "product_id", "line_number", "place"}


def human(name: str) -> str:
    """A column's name for people."""
    return NAMES.get(name) or name[:1].upper() + name[1:].replace("_", " ")


def in_short(value: float | None, unit: str = "") -> str:
    """1234567 as 1.23M, with the sign of a currency before it or `%` for a share; nothing as a dash."""
    if value is None or pd.isna(value):
        return "–"
    if unit == "%":
        return percent(value)
    for size, letter in ((1e9, "B"), (1e6, "M"), (1e4, "k")):
        if abs(value) >= size:
            return f"{unit}{value / (1e3 if letter == 'k' else size):,.{1 if letter == 'k' else 2}f}{letter}"
    return f"{unit}{value:,.0f}"


def percent(value: float | None) -> str:
    """A share as per cent."""
    return "–" if value is None or pd.isna(value) else f"{100 * value:.1f} %"


def money(amount: float, currency: str) -> str:
    """An amount with its currency: two decimals, more for less than a cent."""
    if amount == 0:
        return f"0 {currency}"
    return f"{amount:,.2f} {currency}" if abs(amount) >= 0.01 else f"{amount:.6f}".rstrip("0") + f" {currency}"


def by_currency(usage: pd.DataFrame, column: str) -> str:
    """The sum of a column of amounts for each currency, because amounts of different currencies are never added up."""
    sums = usage.dropna(subset=["currency"]).groupby("currency")[column].sum()
    return ", ".join(money(float(amount), str(currency)) for currency, amount in sums.items()) or "no price"


def counted(number: float, one: str, many: str | None = None) -> str:
    """A number with its noun: 1 order, 2 orders."""
    return f"{number:,.0f} {one if number == 1 else many or one + 's'}"


def moment(value: Any) -> str:
    """A moment as 1 Mar 2026, 14:30; midnight as the day."""
    if value is None or pd.isna(value):
        return "–"
    at = pd.Timestamp(value)
    shown = f"{at.day} {at:%b %Y}"
    return shown if (at.hour, at.minute) == (0, 0) else f"{shown}, {at:%H:%M}"
