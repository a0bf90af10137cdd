"""`convert_to_usd(price, value_type, on_date)` as a BigQuery remote function.

BigQuery sends rows in batches and wants one reply for each, in their order:

    request   {"requestId": "…", "caller": "…", "userDefinedContext": {…}, "calls": [["12.50", "pounds", "2026-02-03"], …]}
    reply     {"replies": ["15.625000", null, …]}           200
              {"errorMessage": "…"}                         400: the query fails with this
              {"errorMessage": "…"}                         503: BigQuery sends the same batch again, later

INT64 beyond 2**53 and NUMERIC come as text. The answer is text too: a NUMERIC of six decimals. The same request has the same
answer however often it is sent. An unknown currency, or a day without a rate, is NULL, as it is with the macro `convert_to_usd`;
with the context `on_unknown: error` it fails the query instead.

A price is a plain number, as everywhere in the project: an optional sign, decimal digits, an optional fraction and exponent. What
is no price, no date or out of range fails the query with the row's number, because a retry cannot fix it. Requests and replies
are bounded: a request by its bytes and rows, a reply by the digits of a NUMERIC.

https://cloud.google.com/bigquery/docs/remote-functions#input_format
"""

from __future__ import annotations

import csv
import datetime
import json
import os
import re
from bisect import bisect_right
from decimal import ROUND_HALF_UP, Context, Decimal, DecimalException
from pathlib import Path
from typing import Any

import flask
import functions_framework

SIX_DECIMALS = Decimal("0.000001")
NINE_DECIMALS = Decimal("0.000000001")
LARGEST_NUMERIC = Decimal(10) ** 29
PLAIN_NUMBER = re.compile(r"[+-]?([0-9]+(\.[0-9]*)?|\.[0-9]+)([eE][+-]?[0-9]{1,6})?")
LONGEST_NUMBER = 100
"""Characters of a price; a NUMERIC has 39 with sign and point."""
PLAIN_DATE = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}([T ][0-9:.+Zz-]*)?")
LARGEST_REQUEST = 10_000_000
"""Bytes; BigQuery sends no more: https://cloud.google.com/bigquery/quotas#remote_function_limits"""
MOST_CALLS = 50_000
LONGEST_SHOWN = 80
# Room for 38 digits times a rate, so that nothing is rounded too early.
EXACT = Context(prec=100, Emin=-1_000_000, Emax=1_000_000)
JSON = {"Content-Type": "application/json"}


class Wrong(ValueError):
    """A call that a retry cannot fix. The author of the query gets the message."""


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


def shown(value: Any) -> str:
    """A value as a message has it: one line, and not longer than a line."""
    text = json.dumps(value)
    return text if len(text) <= LONGEST_SHOWN else f"{text[:LONGEST_SHOWN]}… ({len(text)} characters)"


def number(price: Any) -> Decimal:
    """A price, exactly.

    Raises:
        Wrong: it is no plain number, or none that a NUMERIC holds.
    """
    if isinstance(price, bool) or not isinstance(price, (int, float, str)):
        raise Wrong(f"price is {shown(price)}; expected a number, or its text")
    # An integer may have so many digits that Python refuses to write them; no NUMERIC is near it.
    if isinstance(price, int) and abs(price) >= int(LARGEST_NUMERIC):
        raise Wrong("price is an integer of more than 29 digits; that is no NUMERIC")
    text = str(price).strip(" ")
    if len(text) > LONGEST_NUMBER or not PLAIN_NUMBER.fullmatch(text):
        word = (
            "that is no NUMERIC"
            if text.lower().lstrip("+-") in ("nan", "inf", "infinity")
            else "expected a number, or its text"
        )
        raise Wrong(f"price is {shown(price)}; {word}")
    try:
        amount = EXACT.create_decimal(text)
    except DecimalException:
        # More digits and a larger exponent than the context holds.
        raise Wrong(f"price is {shown(price)}; that is no NUMERIC") from None
    if not amount.is_finite() or amount.copy_abs() >= LARGEST_NUMERIC:
        raise Wrong(f"price is {shown(price)}; that is no NUMERIC")
    return amount


def as_numeric(amount: Decimal, decimals: Decimal) -> str:
    """The text of a NUMERIC, without exponent and without a sign before nought."""
    rounded = amount.quantize(decimals, ROUND_HALF_UP, EXACT)
    return format(rounded.copy_abs() if rounded.is_zero() else rounded, "f")


def converted(call: Any, known: Rates, unknown_fails: bool) -> str | None:
    """One price in US dollars, as BigQuery reads a NUMERIC; None for NULL.

    Raises:
        Wrong: the row can never be answered.
    """
    if not isinstance(call, list) or len(call) != 3:
        raise Wrong(f"expected (price, value_type, on_date), got {shown(call)}")
    price, currency, day = call
    if price is None or day is None or currency is None:
        return None
    amount = number(price)
    if not isinstance(currency, str):
        raise Wrong(f"value_type is {shown(currency)}; expected a text")
    try:
        if not isinstance(day, str) or not PLAIN_DATE.fullmatch(day):
            raise ValueError(day)
        on_date = datetime.date.fromisoformat(day[:10])
    except ValueError:
        raise Wrong(f"on_date is {shown(day)}; expected a date") from None
    if currency == "dollars":
        # As it came, in at most the nine decimals that a NUMERIC has.
        exponent = amount.as_tuple().exponent
        if isinstance(exponent, int) and -9 <= exponent <= 0:
            return format(amount, "f")
        return as_numeric(amount, NINE_DECIMALS if isinstance(exponent, int) and exponent < 0 else Decimal(1))
    rate = known.on(currency, on_date)
    if rate is None:
        if unknown_fails:
            raise Wrong(f"no rate for {shown(currency)} on {on_date}; known: {', '.join(known.currencies)}")
        return None
    dollars = EXACT.multiply(amount, rate)
    if dollars.copy_abs() >= LARGEST_NUMERIC:
        raise Wrong(f"price is {shown(price)}; in dollars that is no NUMERIC")
    return as_numeric(dollars, SIX_DECIMALS)


def refused(status: int, message: str) -> tuple[str, int, dict[str, str]]:
    """An answer that says what is wrong."""
    return json.dumps({"errorMessage": message}), status, JSON


@functions_framework.http
def convert_to_usd(request: flask.Request) -> tuple[str, int, dict[str, str]]:
    """Answers one batch."""
    if (request.content_length or 0) > LARGEST_REQUEST:
        return refused(400, f"the request has more than {LARGEST_REQUEST} bytes")
    try:
        # Whatever the content type: a body that is JSON is one.
        asked = json.loads(request.get_data(cache=False))
    except (ValueError, RecursionError):
        asked = None
    if not isinstance(asked, dict) or not isinstance(asked.get("calls"), list):
        return refused(400, "expected a JSON object with `calls`, a list of rows")
    calls, context = asked["calls"], asked.get("userDefinedContext")
    if len(calls) > MOST_CALLS:
        return refused(
            400, f"the batch has {len(calls)} rows; expected at most {MOST_CALLS} (max_batching_rows of the function)"
        )
    if context is not None and not isinstance(context, dict):
        return refused(400, f"userDefinedContext is {shown(context)}; expected a JSON object")
    on_unknown = (context or {}).get("on_unknown", "null")
    if on_unknown not in ("null", "error"):
        return refused(400, f"userDefinedContext has on_unknown {shown(on_unknown)}; expected null or error")
    try:
        known = rates()
    except (OSError, KeyError, ValueError, DecimalException) as error:
        return refused(503, f"the exchange rates cannot be read now: {error}")
    replies = []
    for row, call in enumerate(calls, 1):
        try:
            replies.append(converted(call, known, on_unknown == "error"))
        except Wrong as wrong:
            return refused(400, f"convert_to_usd, row {row} of the batch: {wrong}")
    return json.dumps({"replies": replies}), 200, JSON
