"""`convert_to_usd(price, value_type, on_date)` as a BigQuery remote function.

BigQuery sends rows in batches and wants one reply for each, in their order:

    request   {"requestId": "…", "caller": "…", "userDefinedContext": {…}, "calls": [["12.50", "pounds", "2026-02-03"], …]}
    reply     {"replies": ["15.625000", null, …]}           200
              {"errorMessage": "…"}                         400: the query fails with this
              {"errorMessage": "…"}                         503: BigQuery sends the same batch again, later

INT64 beyond 2**53 and NUMERIC come as text. The answer is text too: a NUMERIC of six decimals. The same request has the same
answer however often it is sent. An unknown currency, or a day without a rate, is NULL, as it is with the macro `convert_to_usd`;
with the context `on_unknown: error` it fails the query instead.

https://cloud.google.com/bigquery/docs/remote-functions#input_format
"""

from __future__ import annotations

import csv
import datetime
import json
import os
from bisect import bisect_right
from decimal import ROUND_HALF_UP, Decimal, DecimalException
from pathlib import Path
from typing import Any

import flask
import functions_framework

SIX_DECIMALS = Decimal("0.000001")
LARGEST_NUMERIC = Decimal(10) ** 29
JSON = {"Content-Type": "application/json"}


class Wrong(ValueError):
    """A call that no retry can mend; the message goes to whoever wrote the query."""


class Rates:
    """US dollars for one unit of a currency, by day: seeds/exchange_rates.csv."""

    def __init__(self, path: Path) -> None:
        self._periods: dict[str, list[tuple[datetime.date, datetime.date, Decimal]]] = {}
        with path.open(newline="", encoding="utf-8") as file:
            for row in csv.DictReader(file):
                period = (
                    datetime.date.fromisoformat(row["valid_from"]),
                    datetime.date.fromisoformat(row["valid_to"]),
                    Decimal(row["usd_per_unit"]),
                )
                self._periods.setdefault(row["value_type"], []).append(period)
        for periods in self._periods.values():
            periods.sort()

    @property
    def currencies(self) -> list[str]:
        """The value types that have a rate."""
        return sorted(self._periods)

    def on(self, currency: str, day: datetime.date) -> Decimal | None:
        """The rate of the period that holds the day (its end exclusive); None where there is none."""
        periods = self._periods.get(currency, [])
        place = bisect_right(periods, day, key=lambda period: period[0]) - 1
        return periods[place][2] if place >= 0 and day < periods[place][1] else None


_rates: Rates | None = None


def rates() -> Rates:
    """The rates, read once for each instance."""
    global _rates
    if _rates is None:
        _rates = Rates(Path(os.environ.get("EXCHANGE_RATES", Path(__file__).with_name("exchange_rates.csv"))))
    return _rates


def converted(call: Any, known: Rates, unknown_fails: bool) -> str | None:
    """One price in US dollars, as BigQuery reads a NUMERIC; None for NULL."""
    if not isinstance(call, list) or len(call) != 3:
        raise Wrong(f"expected (price, value_type, on_date), got {json.dumps(call)}")
    price, currency, day = call
    if price is None or day is None or currency is None:
        return None
    if isinstance(price, bool) or not isinstance(price, (int, float, str)):
        raise Wrong(f"price is {json.dumps(price)}; expected a number, or its text")
    try:
        amount = Decimal(str(price))
    except DecimalException:
        raise Wrong(f"price is {json.dumps(price)}; expected a number, or its text") from None
    if not amount.is_finite() or abs(amount) >= LARGEST_NUMERIC:
        raise Wrong(f"price is {json.dumps(price)}; that is no NUMERIC")
    try:
        on_date = datetime.date.fromisoformat(str(day)[:10])
    except ValueError:
        raise Wrong(f"on_date is {json.dumps(day)}; expected a date") from None
    rate = Decimal(1) if currency == "dollars" else known.on(str(currency), on_date)
    if rate is None:
        if unknown_fails:
            raise Wrong(f"no rate for {json.dumps(currency)} on {on_date}; known: {', '.join(known.currencies)}")
        return None
    if currency == "dollars":
        return format(amount, "f")
    return format((amount * rate).quantize(SIX_DECIMALS, ROUND_HALF_UP), "f")


@functions_framework.http
def convert_to_usd(request: flask.Request) -> tuple[str, int, dict[str, str]]:
    """Answers one batch."""
    asked = request.get_json(silent=True)
    if not isinstance(asked, dict) or not isinstance(asked.get("calls"), list):
        return json.dumps({"errorMessage": "expected a JSON object with `calls`, a list of rows"}), 400, JSON
    try:
        known = rates()
    except (OSError, KeyError, ValueError, DecimalException) as error:
        return json.dumps({"errorMessage": f"the exchange rates cannot be read now: {error}"}), 503, JSON
    unknown_fails = (asked.get("userDefinedContext") or {}).get("on_unknown") == "error"
    replies = []
    for number, call in enumerate(asked["calls"], 1):
        try:
            replies.append(converted(call, known, unknown_fails))
        except Wrong as wrong:
            return json.dumps({"errorMessage": f"convert_to_usd, row {number} of the batch: {wrong}"}), 400, JSON
    return json.dumps({"replies": replies}), 200, JSON
