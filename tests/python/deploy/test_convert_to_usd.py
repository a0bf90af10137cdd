"""The remote function's service, over HTTP, as BigQuery calls it."""

from __future__ import annotations

import csv
import json
import os
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from decimal import ROUND_HALF_UP, Context, Decimal, localcontext
from pathlib import Path
from typing import Any

import pytest

ROOT = Path(__file__).resolve().parents[3]
SERVICE = ROOT / "deploy" / "gcp" / "convert_to_usd" / "main.py"
RATES = ROOT / "seeds" / "exchange_rates.csv"


class Service:
    """The service, in a process of its own."""

    def __init__(self, rates: Path) -> None:
        with socket.socket() as free:
            free.bind(("127.0.0.1", 0))
            self.port = free.getsockname()[1]
        command = [sys.executable, "-m", "functions_framework", "--target", "convert_to_usd", "--source", str(SERVICE),
                   "--host", "127.0.0.1", "--port", str(self.port)]  # fmt: skip
        environment = os.environ | {"EXCHANGE_RATES": str(rates)}
        self.process = subprocess.Popen(command, env=environment, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        until = time.monotonic() + 60
        while True:
            try:
                socket.create_connection(("127.0.0.1", self.port), 1).close()
                return
            except OSError:
                if self.process.poll() is not None or time.monotonic() > until:
                    raise
                time.sleep(0.1)

    def stop(self) -> None:
        self.process.terminate()
        self.process.wait(30)

    def send(self, body: bytes, kind: str = "application/json") -> tuple[int, dict[str, Any]]:
        request = urllib.request.Request(f"http://127.0.0.1:{self.port}/", body, {"Content-Type": kind}, method="POST")
        try:
            with urllib.request.urlopen(request, timeout=30) as reply:
                return reply.status, json.load(reply)
        except urllib.error.HTTPError as refused:
            return refused.code, json.load(refused)

    def call(self, *calls: Any, **context: str) -> tuple[int, dict[str, Any]]:
        """What BigQuery sends for some rows."""
        asked = {
            "requestId": "124ab1c", "caller": "//bigquery.googleapis.com/projects/p/jobs/p:US.bquxjob_5b4c112c_17961fafeaf",
            "sessionUser": "somebody@example.com", "userDefinedContext": {"on_unknown": "null"} | context, "calls": list(calls),
        }  # fmt: skip
        return self.send(json.dumps(asked).encode())


@pytest.fixture(scope="module")
def service() -> Iterator[Service]:
    made = Service(RATES)
    yield made
    made.stop()


def rate(value_type: str, day: str) -> Decimal:
    with RATES.open(newline="") as file:
        return next(
            Decimal(row["usd_per_unit"])
            for row in csv.DictReader(file)
            if row["value_type"] == value_type and row["valid_from"] <= day < row["valid_to"]
        )


def test_a_batch_is_answered_row_by_row(service: Service) -> None:
    status, said = service.call(
        ["12.50", "pounds", "2026-01-31"], ["100", "yen", "2026-02-01"], [7, "dollars", "2026-02-01"],
        [None, "pounds", "2026-02-01"], ["1", None, "2026-02-01"], ["1", "pounds", None], ["-3.1", "pounds", "2019-01-01"],
    )  # fmt: skip
    assert status == 200
    six = Decimal("0.000001")
    expected = [
        (Decimal("12.50") * rate("pounds", "2026-01-31")).quantize(six),
        (100 * rate("yen", "2026-02-01")).quantize(six),
        Decimal(7), None, None, None,
        (Decimal("-3.1") * rate("pounds", "2019-01-01")).quantize(six),
    ]  # fmt: skip
    assert [each and Decimal(each) for each in said["replies"]] == expected
    assert all(each is None or isinstance(each, str) for each in said["replies"]), "a NUMERIC goes as text"


def test_large_integers_come_as_text_and_lose_nothing(service: Service) -> None:
    status, said = service.call(
        ["9007199254740993", "dollars", "2026-02-01"], [9007199254740991, "dollars", "2026-02-01"]
    )
    assert (status, said["replies"]) == (200, ["9007199254740993", "9007199254740991"])


def test_an_unknown_currency_is_null_or_an_error_as_configured(service: Service) -> None:
    calls = (["1", "pounds", "2026-02-01"], ["1", "shells", "2026-02-01"], ["1", "pounds", "1999-01-01"])
    status, said = service.call(*calls)
    assert status == 200
    assert [each is None for each in said["replies"]] == [False, True, True]
    status, said = service.call(*calls, on_unknown="error")
    assert status == 400, "BigQuery does not retry it"
    assert 'row 2 of the batch: no rate for "shells" on 2026-02-01; known: ' in said["errorMessage"]


@pytest.mark.parametrize(
    ("call", "words"),
    [
        (["dear", "pounds", "2026-02-01"], 'price is "dear"; expected a number'),
        (["NaN", "pounds", "2026-02-01"], "that is no NUMERIC"),
        (["1e40", "pounds", "2026-02-01"], "that is no NUMERIC"),
        ([True, "pounds", "2026-02-01"], "price is true"),
        (["1", "pounds", "yesterday"], 'on_date is "yesterday"; expected a date'),
        (["1_000", "pounds", "2026-02-01"], 'price is "1_000"; expected a number'),
        (["١٢", "pounds", "2026-02-01"], "expected a number"),
        (["1" * 5000, "pounds", "2026-02-01"], "5002 characters"),
        (["1e999999999999", "dollars", "2026-02-01"], "expected a number"),
        (["1e200000", "dollars", "2026-02-01"], "that is no NUMERIC"),
        (["9" * 40 + ".1e999999", "dollars", "2026-02-01"], "that is no NUMERIC"),
        (["1e-999999", "dollars", "2026-02-01", 1], "expected (price"),
        (["-Infinity", "dollars", "2026-02-01"], "that is no NUMERIC"),
        (["sNaN123", "dollars", "2026-02-01"], "expected a number"),
        (["0x10", "dollars", "2026-02-01"], "expected a number"),
        (["1\n", "dollars", "2026-02-01"], "expected a number"),
        ([10**40, "dollars", "2026-02-01"], "that is no NUMERIC"),
        ([[1], "dollars", "2026-02-01"], "price is [1]"),
        ([{"a": 1}, "dollars", "2026-02-01"], "price is {"),
        ([1, ["dollars"], "2026-02-01"], "value_type is ["),
        ([1, True, "2026-02-01"], "value_type is true"),
        ([1, "dollars", 20260201], "on_date is 20260201"),
        ([1, "dollars", "2026-02-30"], "expected a date"),
        ([1, "dollars", "2026-02-01" + "x" * 9000], "expected a date"),
        (["9" * 29, "kuwaiti_dinars", "2026-02-01", 1], "expected (price"),
        ([["1"] * 3], "expected (price"),
        (["1", "pounds"], "expected (price, value_type, on_date)"),
        ("1", "expected (price, value_type, on_date)"),
    ],
)
def test_a_permanent_failure_fails_the_query_with_its_row(service: Service, call: Any, words: str) -> None:
    status, said = service.call(["1", "pounds", "2026-02-01"], call)
    assert status == 400
    assert "row 2 of the batch" in said["errorMessage"]
    assert words in said["errorMessage"]


@pytest.mark.parametrize("body", [b"", b"no json", b"[]", b'{"requestId": "1"}', b'{"calls": {}}'])
def test_a_malformed_request_is_reported(service: Service, body: bytes) -> None:
    status, said = service.send(body)
    assert status == 400
    assert "`calls`" in said["errorMessage"]


def test_tiny_and_long_prices_have_short_answers(service: Service) -> None:
    """`1e-200000000` once gave a reply of 200 MB."""
    tiny = ["1e-200000", "0." + "0" * 60 + "1", "-1e-99999", "0e9999", 1e-320]
    status, said = service.call(*[[each, kind, "2026-02-01"] for each in tiny for kind in ("dollars", "pounds")])
    assert status == 200
    assert all(Decimal(each) == 0 and len(each) <= 12 and "-" not in each for each in said["replies"])
    status, said = service.call(["1e-200000000", "dollars", "2026-02-01"])
    assert status == 400
    status, said = service.call(["9" * 29, "dollars", "2026-02-01"], ["1e5", "dollars", "2026-02-01"], ["0.123456789", "dollars", "2026-02-01"],
                                ["12345678901234567890123456.654321", "pounds", "2026-02-01"])  # fmt: skip
    assert status == 200
    assert said["replies"][:3] == ["9" * 29, "100000", "0.123456789"]
    exact = Decimal("12345678901234567890123456.654321")
    with localcontext(Context(prec=80)):
        assert Decimal(said["replies"][3]) == (exact * rate("pounds", "2026-02-01")).quantize(
            Decimal("0.000001"), ROUND_HALF_UP
        )


HOSTILE = [
    b"[" * 100_000, b'{"calls": ' + b"[" * 100_000, b'{"calls": [[1' + b"0" * 5000 + b', "dollars", "2026-02-01"]]}',
    b'{"calls": [[1e400, "dollars", "2026-02-01"]]}', b'{"calls": [[NaN, "dollars", "2026-02-01"]]}', b'{"calls": [[-Infinity, "pounds", "2026-02-01"]]}',
    b'{"calls": [], "userDefinedContext": []}', b'{"calls": [], "userDefinedContext": [1]}', b'{"calls": [], "userDefinedContext": "x"}',
    b'{"calls": [], "userDefinedContext": {"on_unknown": ["error"]}}', b'{"calls": [], "userDefinedContext": {"on_unknown": "perhaps"}}',
    b'{"calls": [["1", "\\ud800", "2026-02-01", 1]]}', b"\xff\xfe\x00", b'{"calls": null}', b"null", b'"x"', b"1",
]  # fmt: skip


@pytest.mark.parametrize("body", HOSTILE)
def test_hostile_requests_are_refused_and_never_a_server_error(service: Service, body: bytes) -> None:
    status, said = service.send(body)
    assert status == (200 if said == {"replies": []} else 400), body[:80]
    assert status == 200 or len(said["errorMessage"]) < 400
    # A list as context is no context.
    assert status == 400


def test_a_currency_that_is_no_text_of_any_use_is_unknown(service: Service) -> None:
    status, said = service.send(
        b'{"calls": [["1", "\\ud800", "2026-02-01"]], "userDefinedContext": {"on_unknown": "error"}}'
    )
    assert (status, '"\\ud800"' in said["errorMessage"]) == (400, True)


def test_the_content_type_does_not_matter_and_the_size_does(service: Service) -> None:
    body = json.dumps({"calls": [["1", "dollars", "2026-02-01"]]}).encode()
    assert service.send(body, "text/plain") == (200, {"replies": ["1"]})
    assert service.send(body, "application/x-www-form-urlencoded") == (200, {"replies": ["1"]})
    assert service.send(b" " * 10_000_001)[0] == 400
    assert service.call(*([["1", "dollars", "2026-02-01"]] * 50_001))[0] == 400


def test_an_empty_batch_has_no_replies(service: Service) -> None:
    assert service.call() == (200, {"replies": []})


def test_many_batches_at_once_keep_their_order(service: Service) -> None:
    batches = [[[str(batch * 1000 + row), "dollars", "2026-02-01"] for row in range(200)] for batch in range(16)]
    with ThreadPoolExecutor(8) as pool:
        answers = list(pool.map(lambda batch: service.call(*batch), batches))
    assert [said["replies"] for _, said in answers] == [[row[0] for row in batch] for batch in batches]


def test_the_same_request_again_has_the_same_answer(service: Service) -> None:
    """BigQuery retries on its own: after a lost reply it sends the batch again under the same id."""
    calls = [[str(price), "pounds", "2026-02-01"] for price in range(50)]
    assert service.call(*calls) == service.call(*calls)


def test_unreadable_rates_request_a_retry(tmp_path) -> None:
    """503 is among the codes that BigQuery retries; once the rates are there, the same batch is answered."""
    rates = tmp_path / "rates.csv"
    service = Service(rates)
    try:
        status, said = service.call(["1", "pounds", "2026-02-01"])
        assert status == 503
        assert "cannot be read now" in said["errorMessage"]
        rates.write_text(
            "value_type,currency_code,valid_from,valid_to,usd_per_unit\npounds,GBP,2026-02-01,2026-03-01,1.3"
        )
        assert service.call(["1", "pounds", "2026-02-01"]) == (200, {"replies": ["1.300000"]})
    finally:
        service.stop()
