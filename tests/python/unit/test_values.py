"""What the cleaning macros read as a number, an amount, a key and a timestamp, executed on DuckDB.

The property tests write a value in a random form: the macro gives the right value, or NULL where the form is not declared.
`LAKEWEAVE_VALUE_CASES` is the number of random cases of each type (300 by default).
"""

from __future__ import annotations

import datetime
import os
import re
from collections.abc import Callable
from decimal import Decimal
from pathlib import Path
from typing import Any

import duckdb
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.python.support import ROOT, Workspace

CASES = int(os.environ.get("LAKEWEAVE_VALUE_CASES", "300"))
UTC = datetime.UTC

CALLS = {
    "money": "lakeweave.to_money('v')",
    "money_comma": "lakeweave.to_money('v', decimal_mark=',')",
    "whole": "lakeweave.to_integer('v')",
    "float": "lakeweave.to_float('v')",
    "moment": "lakeweave.parse_timestamp('v')",
    "short_year": "lakeweave.parse_timestamp('v', ['%m/%d/%y %H:%M:%S'], pivot=70)",
    "nanoseconds": "lakeweave.nanoseconds('v')",
    "text": "lakeweave.clean_text('v')",
    "kept_text": "lakeweave.clean_text('v', sentinels=false)",
    "deletion": "lakeweave.is_deletion('v')",
    "boolean": "lakeweave.to_boolean('v')",
}

Read = Callable[[str, str | None], Any]


@pytest.fixture(scope="module")
def read(tmp_path_factory: pytest.TempPathFactory) -> Read:
    """Runs one call of `CALLS` on one text."""
    workspace = Workspace.create(tmp_path_factory.mktemp("values"))
    folder = workspace.root / "analyses"
    folder.unlink()
    folder.mkdir()
    for name, call in CALLS.items():
        (folder / f"values_{name}.sql").write_text(f"select {{{{ {call} }}}} as typed from texts\n")
    workspace.dbt("compile", "--select", "path:analyses")
    connection = duckdb.connect()
    for path in (ROOT / "seeds").glob("*.csv"):
        if path.stem in ("currency_symbols", "null_sentinels"):
            connection.execute(f"create table {path.stem} as select * from read_csv('{path}', all_varchar = true)")
    statements = {}
    for name in CALLS:
        sql = next((workspace.root / "target" / "compiled").glob(f"*/analyses/values_{name}.sql")).read_text()
        sql = re.sub(r'(?:"\w+"\.)*"(currency_symbols|null_sentinels)"', r"\1", sql)
        statements[name] = sql.replace("from texts", "from (select cast(? as varchar) as v) as texts")
    return lambda name, text: connection.execute(statements[name], [text]).fetchone()[0]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("1,234.56", "1234.56"), ("1.234,56", None), ("12,50", None), ("(12.50)", "-12.5"), ("($2,500.00)", "-2500"),
        ("12.50-", "-12.5"), ("\u22125.00", "-5"), ("0,123", None), ("Rs.12", "12"), ("kr.12", "12"), ("12.5k", None),
        ("$1.2M", None), ("50¢", None), ("75p", None), ("€1.234", None), ("-kr 6.645", None), ("£-5", "-5"),
        ("¥1,200円", "1200"), ("¥1,200$", None), ("₹1,00,000", "100000"), ("12 345.67", "12345.67"),
        ("12\u00a0345.67", "12345.67"), ("12\u202f345.67", "12345.67"), ("CHF 5.-", "5"), ("5.-", None), ("2 for $5", None),
        ("--5", None), ("(-5)", None), ("(5", None), ("1,2,3", None), ("1234,567", None), ("$", None), ("", None), ("NaN", None),
        ("1e3", None), ("$1,234.567", "1234.567"), ("24.989999771118164", "24.99"), ("12.50€-", "-12.5"), (None, None),
    ],
)  # fmt: skip
def test_amount(read: Read, text: str | None, expected: str | None) -> None:
    assert read("money", text) == (Decimal(expected) if expected else None)


@pytest.mark.parametrize(
    ("text", "expected"),
    [("1.234,56", "1234.56"), ("12,50", "12.5"), ("€1.234", "1234"), ("1,234.56", None), ("12.5", None), ("12", "12")],
)
def test_amount_with_a_declared_decimal_comma(read: Read, text: str, expected: str | None) -> None:
    assert read("money_comma", text) == (Decimal(expected) if expected else None)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("36.0", 36), ("30.", 30), ("1e1", None), ("900002.0", 900002), ("900004\u200b", 900004), ("1,900,003", None),
        ("9223372036854775807", 2**63 - 1), ("9223372036854775808", None), ("0x10", None), ("\uff11\uff12", 12), ("36.5", None),
        ("-7", -7), ("\u22127", -7), ("", None), ("1 2", None),
    ],
)  # fmt: skip
def test_whole_number(read: Read, text: str, expected: int | None) -> None:
    assert read("whole", text) == expected


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("2024-06-23 23:41:55.000000 UTC", "2024-06-23 23:41:55"), ("2024-06-23 23:41:55 UTC", "2024-06-23 23:41:55"),
        ("2026-11-25 11:40:37.922870", "2026-11-25 11:40:37.922870"), ("2024-01-02T03:04:05Z", "2024-01-02 03:04:05"),
        ("2024-01-02 03:04:05+02:00", "2024-01-02 01:04:05"), ("2024-01-02 03:04:05+0200", "2024-01-02 01:04:05"),
        ("2024-01-02 03:04:05 +02", "2024-01-02 01:04:05"), ("2024-01-02T03:04:05-14:00", "2024-01-02 17:04:05"),
        ("2024-01-02 03:04:05 Europe/Berlin", "2024-01-02 02:04:05"), ("2024-01-02 03:04:05 Nowhere/Town", None),
        ("2024-01-02", "2024-01-02"), ("2024-01-02 03:04", "2024-01-02 03:04:00"), ("2024-12-31 24:00:00", "2025-01-01"),
        ("2024-01-02 24:00:01", None), ("2024-01-02 03:04:05.123456789", "2024-01-02 03:04:05.123456"),
        ("01/02/24 03:04:05", None), ("202-01-02 00:00:00", None), ("-202-01-02 00:00:00", None), ("0000-01-01 00:00:00", None),
        ("2024-02-30 00:00:00", None), ("2024-01-02 03:04:60", None), ("1798761600000000", None),
        ("02/03/2026 04:05:06", "2026-02-03 04:05:06"), ("Feb 03 2026 04:05:06", "2026-02-03 04:05:06"), ("", None), (None, None),
    ],
)  # fmt: skip
def test_timestamp(read: Read, text: str | None, expected: str | None) -> None:
    assert read("moment", text) == (datetime.datetime.fromisoformat(expected) if expected else None)


@pytest.mark.parametrize(
    ("text", "year"),
    [
        ("01/02/24 03:04:05", 2024),
        ("01/02/69 03:04:05", 2069),
        ("01/02/70 03:04:05", 1970),
        ("01/02/2024 03:04:05", None),
    ],
)
def test_two_digit_year_with_a_pivot(read: Read, text: str, year: int | None) -> None:
    assert read("short_year", text) == (datetime.datetime(year, 1, 2, 3, 4, 5) if year else None)


def test_nanoseconds_within_a_microsecond(read: Read) -> None:
    texts = (
        "2027-01-01 00:00:00.000000900",
        "2027-01-01 00:00:00.0000001",
        "2027-01-01 00:00:00.000001",
        "2027-01-01",
        None,
    )
    assert [read("nanoseconds", text) for text in texts] == [900, 100, 0, 0, 0]


def test_text_is_trimmed_and_in_normal_form(read: Read) -> None:
    assert read("text", "\u3000\ufeffe\u0301t\u00e9\u200b\u2009") == "\u00e9t\u00e9"
    assert read("text", "\u200b\u00a0") is None


def test_sentinels_are_kept_where_declared(read: Read) -> None:
    assert [read("text", text) for text in ("Null", "NA", "Ann")] == [None, None, "Ann"]
    assert [read("kept_text", text) for text in (" Null ", "NA", "", None)] == ["Null", "NA", None, None]


def test_operation_and_boolean(read: Read) -> None:
    assert [read("deletion", text) for text in ("D", "d", "DELETE", "U", "I", None)] == [
        True,
        True,
        True,
        False,
        False,
        False,
    ]
    assert [read("boolean", text) for text in ("True", "0", "maybe", None)] == [True, False, None, None]


RANDOM = settings(max_examples=CASES, deadline=None, suppress_health_check=list(HealthCheck))
CENTS = st.integers(-(10**12), 10**12)
BESIDE = ("", "$", "EUR", "Rs.", "k", "p", "¢")
ZONES = ("", "Z", " UTC", "offset", "compact")


@RANDOM
@given(cents=CENTS, group=st.sampled_from(["", ",", " ", "\u00a0", "\u202f"]), beside=st.sampled_from(BESIDE),
       minus=st.sampled_from(["-", "\u2212", "trailing", "brackets"]), behind=st.booleans())  # fmt: skip
def test_random_amounts(read: Read, cents: int, group: str, beside: str, minus: str, behind: bool) -> None:
    text = f"{abs(cents) // 100:,}".replace(",", group) + f".{abs(cents) % 100:02d}"
    text = text + " " + beside if behind and beside else beside + text
    if cents < 0:
        text = {"trailing": text + "-", "brackets": f"({text})"}.get(minus, minus + text)
    known = beside in ("", "$", "EUR", "Rs.")
    assert read("money", text) == (Decimal(cents) / 100 if known else None), text


@RANDOM
@given(moment=st.datetimes(datetime.datetime(1900, 1, 1), datetime.datetime(2199, 12, 31)), separator=st.sampled_from(" T"),
       digits=st.integers(0, 9), minutes=st.integers(-14 * 60, 14 * 60), zone=st.sampled_from(ZONES))  # fmt: skip
def test_random_timestamps(
    read: Read, moment: datetime.datetime, separator: str, digits: int, minutes: int, zone: str
) -> None:
    fraction = f"{moment.microsecond:06d}123"[:digits]
    sign, size = "-" if minutes < 0 else "+", abs(minutes)
    suffix = {
        "offset": f"{sign}{size // 60:02d}:{size % 60:02d}",
        "compact": f"{sign}{size // 60:02d}{size % 60:02d}",
    }.get(zone, zone)
    text = moment.strftime(f"%Y-%m-%d{separator}%H:%M:%S") + ("." + fraction if fraction else "") + suffix
    expected = moment.replace(microsecond=int(fraction[:6].ljust(6, "0")))
    if zone in ("offset", "compact"):
        expected -= datetime.timedelta(minutes=minutes)
    assert read("moment", text) == expected, text


@RANDOM
@given(number=st.integers(-(2**64), 2**64), tail=st.sampled_from(["", ".", ".0", ".000", ".5", "e0"]), wide=st.booleans(),
       hidden=st.sampled_from(["", "\u200b", "\ufeff", "\u2060"]))  # fmt: skip
def test_random_keys(read: Read, number: int, tail: str, wide: bool, hidden: str) -> None:
    digits = str(abs(number))
    if wide:
        digits = "".join(chr(ord(digit) - ord("0") + 0xFF10) for digit in digits)
    text = ("-" if number < 0 else "") + digits[:1] + hidden + digits[1:] + tail
    fits = -(2**63) <= number < 2**63 and tail in ("", ".", ".0", ".000")
    assert read("whole", text) == (number if fits else None), text


@RANDOM
@given(text=st.text(alphabet="0123456789 .,-+()$€kKeE:/TZ", max_size=24))
def test_random_text_is_never_an_error(read: Read, text: str) -> None:
    for name in ("money", "money_comma", "whole", "float", "moment", "short_year", "nanoseconds"):
        read(name, text)


DELIVERED_CAST = re.compile(
    r"cast_or_null\s*\(|(?:try_|safe_)?cast\s*\(\s*'?(?:dms_commit_ts|updated_at|[a-z_]*created_at)\b[^)]*timestamp|::\s*(?:timestamp|date|numeric|bigint)\b"
)
"""A cast of a delivered column, in a model of bronze or silver. They go through the macros of macros/cleaning instead."""


def free_casts(sql: str) -> list[str]:
    """Casts of text without a whitelist in front of them."""
    return DELIVERED_CAST.findall(re.sub(r"\{#.*?#\}|/\*.*?\*/", "", sql, flags=re.DOTALL).lower())


def test_no_free_cast_of_delivered_text() -> None:
    found = {
        str(path.relative_to(ROOT)): free_casts(path.read_text())
        for folder in ("models/bronze", "models/silver", "macros/ingestion")
        for path in sorted(Path(ROOT, folder).rglob("*.sql"))
    }
    assert {path: casts for path, casts in found.items() if casts} == {}


@pytest.mark.parametrize(
    "sql",
    [
        "{{ lakeweave.cast_or_null('dms_commit_ts', dbt.type_timestamp()) }}",
        "try_cast( updated_at as timestamp)",
        "price :: numeric",
        "CAST(created_at AS timestamp)",
    ],
)
def test_a_free_cast_is_found(sql: str) -> None:
    assert free_casts(sql)
