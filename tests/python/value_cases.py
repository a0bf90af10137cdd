"""Delivered texts of each type with their typed values, for every engine. None means that the text is not read, and is counted.

The texts are those that bronze keeps: trimmed, in NFC and no sentinel. `READERS` has the call of a macro for each type.
"""

# ruff: noqa: E501

from __future__ import annotations

import datetime
import random
from decimal import Decimal
from typing import Any

READERS: dict[str, str] = {
    "amount": "lakeweave.to_money('delivered')",
    "amount_with_comma": "lakeweave.to_money('delivered', decimal_mark=',')",
    "currency": "lakeweave.money_value_type('delivered')",
    "whole": "lakeweave.to_integer('delivered')",
    "float": "lakeweave.to_float('delivered')",
    "boolean": "lakeweave.to_boolean('delivered')",
    "moment": "lakeweave.parse_timestamp('delivered')",
    "day_first": "lakeweave.parse_timestamp('delivered', ['%d-%m-%Y'])",
    "short_year": "lakeweave.parse_timestamp('delivered', ['%m-%d-%y'], pivot=70)",
    "nanoseconds": "lakeweave.nanoseconds('delivered')",
    "text": "lakeweave.clean_text('delivered')",
}

AMOUNTS: dict[str, str | None] = {
    # plain numbers
    "0": "0", "12": "12", "12.50": "12.5", "-3.10": "-3.1", "+5": "5", "5.": "5", ".5": "0.5", "-.5": "-0.5", "00012.50": "12.5",
    "24.989999771118164": "24.99", "0.0000005": "0.000001", "0.00000049999999999999": "0", "999999999999999.5": "999999999999999.5",
    "1000000000000000": None, "9999999999999999999999": None, "1,000,000,000,000,000": None,
    # groups
    "1,234.56": "1234.56", "1,234,567.89": "1234567.89", "12,345": "12345", "₹1,00,000": "100000", "12 345.67": "12345.67",
    "12\u00a0345.67": "12345.67", "12\u202f345.67": "12345.67", "12\u2009345.67": "12345.67", "12\u2007345.67": "12345.67",
    "12\u2008345.67": "12345.67", "1'234.50": "1234.5", "1 234 567": "1234567", "$1,234.567": "1234.567",
    "1.234,56": None, "1.234.567,89": None, "12 345,67": None, "12,50": None, "0,5": None, "0,123": None, "1,2,3": None, "1234,567": None,
    "1,23": None, "1,2345": None, "1,234 567": None, "1 2": None, "12 34": None, "12.50.00": None, "1..5": None, "1_000": None,
    "1\u2019234.50": None, "1 234'567": None, "01,234": None,
    # signs
    "(12.50)": "-12.5", "($2,500.00)": "-2500", "( 5 )": "-5", "(5 €)": "-5", "12.50-": "-12.5", "12.50€-": "-12.5", "5-$": "-5", "\u22125.00": "-5",
    "\uff0d5.00": "-5", "£-5": "-5", "-£5": "-5", "- 5": "-5", "- $ 5": "-5", "5 -": "-5",
    "--5": None, "+-5": None, "-5-": None, "(-5)": None, "-(5)": None, "(5)-": None, "((5))": None, "(5": None, "5)": None, ")5(": None,
    "\u20135.00": None, "5-10": None, "±5": None, "~5": None, "<5": None, "≥5": None, "[5]": None,
    # currencies
    "$10.00": "10", "USD 5": "5", "5 usd": "5", "US$5": "5", "$5 USD": "5", "€5": "5", "5€": "5", "5 Euro": "5", "Rs.12": "12", "Rs 12": "12", "kr.12": "12",
    "12 kr.": "12", "¥1,200円": "1200", "CHF 5.-": "5", "Fr. 5.50": "5.5", "100 zł": "100", "R$ 6.25": "6.25", "A$5": "5", "$.50": "0.5", "₩1,000": "1000",
    "\uffe55": None, "€1.234": None, "$1.234": None, "-kr 6.645": None, "¥1,200$": None, "$12.50 CAD": None, "€5 USD": None, "USD$5": None,
    "₽100": None, "HK$5": None, "Rp 15.000": None, "BTC 5": None, "5.-": None, "$": None, "€": None, "5€50": None, "$5 $5": None,
    # words and magnitudes
    "12.5k": None, "$1.2M": None, "50¢": None, "75p": None, "5%": None, "2 for $5": None, "$5/kg": None, "5 per item": None, "approx. 5": None, "free": None,
    "TBD": None, "12 apples": None, "10/2": None, "=5+3": None, "'5": None, '"5"': None, "5\n6": None, "5\r6": None, "5\t6": None, "5\u20286": None,
    "12:50": None, "5.00.": None, ".5.": None, "1,000.": "1000", "5.00.- €": None, "#REF!": None, "five": None,
    # what a float's text may be
    "1e3": None, "1E-3": None, "NaN": None, "inf": None, "-Infinity": None, "0x1F": None, "1" + "0" * 40: None, "5\u0000": None,
    # digits of other scripts
    "\uff11\uff12\uff0e\uff15": "12.5", "١٢٫٥": None, "१२": None, "½": None, "5²": None,
    # invisible characters
    "12.5\u200b0": "12.5", "\u202a12.50\u202c": "12.5", "$\u206912": "12",
}  # fmt: skip

AMOUNTS_WITH_COMMA: dict[str, str | None] = {
    "1.234,56": "1234.56", "12,50": "12.5", "€1.234": "1234", "1 234,5": "1234.5", "1.234.567,89": "1234567.89", "12": "12", "-0,5": "-0.5", ",5": None,
    "1,234.56": None, "12.5": None, "1,2,3": None, "1.23,4": None, "1e3": None,
}  # fmt: skip

WHOLES: dict[str, int | None] = {
    "36": 36, "36.0": 36, "36.00000": 36, "30.": 30, "+7": 7, "-7": -7, "\u22127": -7, "007": 7, "-0": 0, "900002.0": 900002, "900004\u200b": 900004,
    "9\u00ad00": 900, "\u202a900\u202c": 900, "\u2066900\u2069": 900, "\u061c900": 900, "\uff11\uff12": 12, "9223372036854775807": 2**63 - 1,
    "-9223372036854775808": -(2**63), "9223372036854775807.0": 2**63 - 1, "0" * 30 + "7": 7,
    "9223372036854775808": None, "-9223372036854775809": None, "9" * 100: None, "36.5": None, "36.0.0": None, ".0": None, "1e1": None, "1e3": None,
    "1E+2": None, "0x10": None, "1,900,003": None, "1 000": None, "1\u00a0000": None, "1_000": None, "1'000": None, "36,0": None, "--7": None, "7-": None,
    "(7)": None, "36 years": None, "36%": None, "$36": None, "thirty": None, "True": None, "NaN": None, "inf": None, "1/2": None, "½": None, "٣٦": None, "३६": None,
    "Ⅷ": None, "5²": None, "7\u0000": None, "7\n8": None, "0b11": None, "1.000000000001": None, "36f": None, "7L": None,
}  # fmt: skip

FLOATS: dict[str, float | None] = {
    "40.1": 40.1, "-111.1": -111.1, "+40.1": 40.1, "\u221240.1": -40.1, "1e2": 100.0, "1E-2": 0.01, ".5": 0.5, "5.": 5.0, "0": 0.0, "\uff11.\uff15": 1.5,
    "40.1\u200b": 40.1, "007.5": 7.5,
    "40,1": None, "1,000.5": None, "1 000.5": None, "40.1°": None, "N40.1": None, "40°26'46\"": None, "40.1f": None, "40.1d": None, "0x1p3": None, "NaN": None,
    "nan": None, "inf": None, "-Infinity": None, "1e999": None, "1e": None, "e5": None, "1.2.3": None, "--1": None, "٤٠٫١": None, "40.1 N": None, "40.1\u00002": None,
}  # fmt: skip

BOOLEANS: dict[str, bool | None] = {
    "True": True, "TRUE": True, "t": True, "yes": True, "Y": True, "1": True, "false": False, "F": False, "No": False, "n": False, "0": False,
    "maybe": None, "1.0": None, "2": None, "-1": None, "on": None, "ja": None, "✓": None, "truee": None, "t rue": None,
}  # fmt: skip

MOMENTS: dict[str, str | None] = {
    # ISO 8601
    "2024-06-23 23:41:55.000000 UTC": "2024-06-23 23:41:55", "2024-06-23 23:41:55 UTC": "2024-06-23 23:41:55", "2026-11-25 11:40:37.922870": "2026-11-25 11:40:37.922870",
    "2024-01-02T03:04:05Z": "2024-01-02 03:04:05", "2024-01-02t03:04:05z": "2024-01-02 03:04:05", "2024-01-02": "2024-01-02", "2024-01-02 03:04": "2024-01-02 03:04",
    "2024-01-02T03:04Z": "2024-01-02 03:04", "2024-01-02 03:04:05,5": "2024-01-02 03:04:05.5", "2024-01-02 03:04:05.123456789": "2024-01-02 03:04:05.123456",
    "2024-01-02T03:04:05.1Z": "2024-01-02 03:04:05.1", "20240102T030405Z": "2024-01-02 03:04:05", "20240102T030405": "2024-01-02 03:04:05", "2024-02-29": "2024-02-29",
    "2000-02-29 00:00:00": "2000-02-29", "1000-01-01": "1000-01-01", "9999-12-31": "9999-12-31", "9999-12-31T23:59:59.999999Z": "9999-12-31 23:59:59.999999",
    # offsets and zones
    "2024-01-02 03:04:05+02:00": "2024-01-02 01:04:05", "2024-01-02 03:04:05+0200": "2024-01-02 01:04:05", "2024-01-02 03:04:05 +02": "2024-01-02 01:04:05",
    "2024-01-02T03:04:05-14:00": "2024-01-02 17:04:05", "2024-01-02 03:04:05-00:30": "2024-01-02 03:34:05", "2024-01-02T03:04+05:45": "2024-01-01 21:19",
    "2024-01-02 03:04:05.5+02:00": "2024-01-02 01:04:05.5", "2024-01-02 03:04:05 Europe/Berlin": "2024-01-02 02:04:05", "2024-07-02 03:04:05 Europe/Berlin": "2024-07-02 01:04:05",
    "2024-01-02 03:04:05 America/Argentina/Buenos_Aires": "2024-01-02 06:04:05", "2024-01-02 03:04:05 Etc/GMT+5": "2024-01-02 08:04:05",
    "9999-12-31 23:59:59+14:00": "9999-12-31 09:59:59",
    # The clock skips the first and shows the second twice; the hours around them are read.
    "2024-03-31 02:30:00 Europe/Berlin": None, "2024-10-27 02:30:00 Europe/Berlin": None,
    "2024-03-31 01:59:59 Europe/Berlin": "2024-03-31 00:59:59", "2024-03-31 03:00:00 Europe/Berlin": "2024-03-31 01:00:00",
    "2024-10-27 01:59:59 Europe/Berlin": "2024-10-26 23:59:59", "2024-10-27 03:00:00 Europe/Berlin": "2024-10-27 02:00:00",
    "2024-04-07 01:45:00 Australia/Lord_Howe": None, "2024-04-07 01:15:00 Australia/Lord_Howe": "2024-04-06 14:15:00",
    "2011-12-30 12:00:00 Pacific/Apia": None, "2011-12-31 00:00:00 Pacific/Apia": "2011-12-30 10:00:00",
    "1999-12-31 24:00:00 Asia/Kathmandu": "1999-12-31 18:15:00", "2024-01-01 00:00:00 US/Eastern": "2024-01-01 05:00:00",
    "2024-01-01 00:00:00 SystemV/EST5": None, "2024-01-01 00:00:00 Etc/Nowhere": None,
    # the names of zones as they are written, no other case
    "2024-01-02 03:04:05 Europe/BERLIN": None, "2024-01-02 03:04:05 Europe/BerLin": None, "2024-01-02 03:04:05 America/New_york": None,
    "2024-01-02 03:04:05 Africa/Dar_es_Salaam": "2024-01-02 00:04:05", "2024-01-02 03:04:05 Africa/Dar_Es_Salaam": None,
    "2024-01-02 03:04:05 Australia/NSW": "2024-01-01 16:04:05", "2024-01-02 03:04:05 Antarctica/McMurdo": "2024-01-01 14:04:05",
    "9999-12-31 23:59:59-14:00": None, "2024-01-02 03:04:05 Nowhere/Town": None, "2024-01-02 03:04:05 EST": None, "2024-01-02 03:04:05 +0000 UTC": None,
    "2024-01-02 03:04:05+2": None, "2024-01-02 03:04:05+15:00": None, "2024-01-02 03:04:05+02:60": None, "2024-01-02 03:04:05+02:00:00": None, "2024-01-02 03:04:05 GMT+2": None,
    "2024-01-02 03:04:05\u221202:00": None, "2024-01-02T03:04:05[Europe/Berlin]": None, "2024-01-02+02:00": None,
    # the end of a day, and seconds that no clock of ours has
    "2024-12-31 24:00:00": "2025-01-01", "2024-12-31T24:00Z": "2025-01-01", "2024-12-31 24:00:00.000": "2025-01-01", "2024-12-31 24:00:00+02:00": "2024-12-31 22:00",
    "2024-01-02 24:00:01": None, "2024-01-02 24:01": None, "2024-01-02 25:00:00": None, "2016-12-31 23:59:60": None, "12/31/2016 23:59:60": None, "9999-12-31 24:00:00": None,
    # forms of ISO 8601 that are not read
    "2024-W26-7": None, "2024W267": None, "2024-175": None, "2024-175T23:41:55": None, "2024-06": None, "2024": None, "20240623": None, "20240623T2341": None,
    "2024-06-23T23": None, "2024-01-02 03:04:05.1234567890": None, "2024-01-02/2024-01-03": None, "P1D": None, "--01-02": None,
    # the declared formats
    "02/03/2026 04:05:06": "2026-02-03 04:05:06", "2/3/2026 4:5:6": "2026-02-03 04:05:06", "Feb 03 2026 04:05:06": "2026-02-03 04:05:06",
    "FEB 03 2026 04:05:06": "2026-02-03 04:05:06", "feb 3 2026 04:05:06": "2026-02-03 04:05:06", "February 03, 2026 04:05:06": "2026-02-03 04:05:06",
    "2026/02/03 04:05:06": "2026-02-03 04:05:06", "02-03-2026 04:05:06": "2026-02-03 04:05:06", "03 Feb 2026 04:05:06": "2026-02-03 04:05:06",
    "2026-2-3 4:5:6": "2026-02-03 04:05:06", "May 03 2026 04:05:06": "2026-05-03 04:05:06", "May 03, 2026 04:05:06": "2026-05-03 04:05:06",
    "13/02/2026 04:05:06": None, "002/03/2026 04:05:06": None, "02/003/2026 04:05:06": None, "02/03/2026 004:05:06": None, "02/03/2026 24:00:00": None,
    "02/03/2026 04:05:06.5": None, "02/03/2026 04:05": None, "02/03/2026": None, "02/03/2026 04:05:06 PM": None, "02/03/2026 04:05:06 UTC": None,
    "2026.02.03 04:05:06": None, "Sun, 23 Jun 2024 23:41:55 GMT": None, "February 03 2026 04:05:06": None, "Feb 03, 2026 04:05:06": None, "Febr 03 2026 04:05:06": None,
    "02/30/2026 04:05:06": None, "Feb 30 2026 04:05:06": None, "Mai 03 2026 04:05:06": None, "2026-02-03  04:05:06": None, "Feb  3 2026 04:05:06": None,
    "02 / 03 / 2026 04:05:06": None,
    # years
    "01/02/24 03:04:05": None, "24-01-02 03:04:05": None, "202-01-02 00:00:00": None, "-202-01-02 00:00:00": None, "-2024-01-02 03:04:05": None, "+2024-01-02 03:04:05": None,
    "0000-01-01 00:00:00": None, "0024-01-02 03:04:05": None, "10000-01-01 00:00:00": None, "12024-01-02 03:04:05": None, "+12024-01-02 03:04:05": None,
    "01/02/0024 03:04:05": None, "01/02/12024 03:04:05": None,
    # no days, and no dates
    "2024-02-30 00:00:00": None, "2023-02-29": None, "1900-02-29": None, "2024-04-31T00:00:00+02:00": None, "2024-13-01": None, "2024-00-10": None, "2024-01-00": None,
    "1704164645": None, "1798761600000000": None, "45000.5": None, "infinity": None, "now": None, "today": None, "epoch": None, "yesterday": None,
    "2024-01-02\u00a003:04:05": None, "2024-01-02\n03:04:05": None, "2024-01-02 03:04:05\u0000": None, "\uff12\uff10\uff12\uff14-01-02": None, "٢٠٢٤-٠١-٠٢": None,
    "2024\u201301\u201302": None, "2024-01-02 03:04:05 2024-01-02": None, "2024-01-02_03:04:05": None, "2024-01-02 03-04-05": None,
}  # fmt: skip

DAYS_FIRST: dict[str, str | None] = {
    "03-02-2026": "2026-02-03", "3-2-2026": "2026-02-03", "2026-02-03": "2026-02-03",
    "02-13-2026": None, "03-02-26": None, "31-02-2026": None, "03/02/2026": None, "03-02-2026 04:05:06": None, "03-02-02026": None,
}  # fmt: skip

SHORT_YEARS: dict[str, str | None] = {
    "02-03-24": "2024-02-03", "2-3-24": "2024-02-03", "02-03-69": "2069-02-03", "02-03-70": "1970-02-03", "02-29-24": "2024-02-29",
    "02-29-23": None, "02-03-2024": None, "02-03-024": None, "02-03-4": None, "13-03-24": None, "02-03-+4": None,
}  # fmt: skip

NANOSECONDS: dict[str, int] = {
    "2027-01-01 00:00:00.000000900": 900, "2027-01-01 00:00:00.0000001": 100, "2027-01-01 00:00:00.000001": 0, "2027-01-01": 0,
    "2027-01-01T00:00:00.123456789Z": 789, "2027-01-01 00:00:00,123456789+02:00": 789, "2027-01-01 00:00:00.00000012": 120, "soon": 0,
}  # fmt: skip

TEXTS: dict[str, str | None] = {
    "\u3000\ufeffe\u0301t\u00e9\u200b\u2009": "\u00e9t\u00e9", "\u200b\u00a0": None, "\u202aAnn\u202c": "Ann", "\u2066Ann\u2069": "Ann", "\u00adAnn\u061c": "Ann",
    "N/A": None, "n/a": None, "NULL": None, "\u00a0null\u200b": None, "-": None, "missing": None, "#n/a": None,
    "n/a.": "n/a.", "Null and void": "Null and void", "nan": "nan", "?": "?", "ASICS": "ASICS", "adidas": "adidas", "2XU": "2XU", "KC&PP": "KC&PP", "C-IN2": "C-IN2",
    "3D TEE": "3D TEE", "\uff2e\uff0f\uff21": "\uff2e\uff0f\uff21", "a\u00a0b": "a\u00a0b", "O'Neil": "O'Neil", "Zoe\u0308": "Zo\u00eb",
}  # fmt: skip


def _moments(cases: dict[str, str | None]) -> dict[str, Any]:
    return {text: datetime.datetime.fromisoformat(value) if value else None for text, value in cases.items()}


def _amounts(cases: dict[str, str | None]) -> dict[str, Any]:
    return {text: Decimal(value) if value is not None else None for text, value in cases.items()}


CASES: dict[str, dict[str, Any]] = {
    "amount": _amounts(AMOUNTS),
    "amount_with_comma": _amounts(AMOUNTS_WITH_COMMA),
    "whole": WHOLES,
    "float": FLOATS,
    "boolean": BOOLEANS,
    "moment": _moments(MOMENTS),
    "day_first": _moments(DAYS_FIRST),
    "short_year": _moments(SHORT_YEARS),
    "nanoseconds": NANOSECONDS,
    "text": TEXTS,
}
"""What each text of a type becomes; a text that is not read becomes None."""


def random_cases(seed: int, count: int) -> dict[str, dict[str, Any]]:
    """`count` values of each type in random forms, in the shape of `CASES`."""
    chance = random.Random(seed)
    writers = {"amount": _amount, "whole": _whole, "float": _float, "moment": _moment}
    return {kind: dict(write(chance) for _ in range(count)) for kind, write in writers.items()}


def _amount(chance: random.Random) -> tuple[str, Decimal | None]:
    cents = chance.choice((1, -1)) * chance.randrange(10 ** chance.randrange(1, 15))
    group, beside = (
        chance.choice(("", ",", " ", "\u00a0", "'")),
        chance.choice(("", "$", "EUR", "Rs.", "k", "%", "¢", "BTC")),
    )
    text = f"{abs(cents) // 100:,}".replace(",", group) + f".{abs(cents) % 100:02d}"
    text = beside + text if chance.random() < 0.5 else text + " " * bool(beside) + beside
    signs = chance.choice(("{}-", "-{}", "\u2212{}", "({})")) if cents < 0 else chance.choice(("{}", "+{}"))
    misplaced = chance.random() < 0.1
    text = "-" * misplaced + (signs if not misplaced or signs != "{}" else "{}-").format(text)
    return text, None if misplaced or beside in ("k", "%", "¢", "BTC") else Decimal(cents) / 100


def _whole(chance: random.Random) -> tuple[str, int | None]:
    number = chance.choice((1, -1)) * chance.randrange(2 ** chance.randrange(1, 67))
    tail = chance.choice(("", "", ".", ".0", ".000", ".5", "e0", " 0", ",0"))
    digits = "0" * chance.randrange(3) + str(abs(number))
    if chance.random() < 0.3:
        digits = "".join(chr(ord(digit) - ord("0") + 0xFF10) for digit in digits)
    hidden = chance.choice(("", "", "\u200b", "\ufeff", "\u2060", "\u202c"))
    text = "-" * (number < 0) + digits[:1] + hidden + digits[1:] + tail
    return text, number if -(2**63) <= number < 2**63 and tail in ("", ".", ".0", ".000") else None


def _float(chance: random.Random) -> tuple[str, float | None]:
    digits, mark, unit = (
        chance.randrange(9),
        chance.choice("..,"),
        chance.choice(("", "", "e1", "E-02", "°", "f", " N")),
    )
    text = f"{chance.uniform(-180, 180):.{digits}f}".replace(".", mark) + unit
    return text, float(text) if unit in ("", "e1", "E-02") and "," not in text else None


def _moment(chance: random.Random) -> tuple[str, datetime.datetime | None]:
    moment = datetime.datetime(1900, 1, 1) + datetime.timedelta(
        microseconds=chance.randrange(299 * 365 * 86_400_000_000)
    )
    if chance.random() < 0.4:
        moment = moment.replace(microsecond=0)
        formats = (
            "%m/%d/%Y %H:%M:%S",
            "%b %d %Y %H:%M:%S",
            "%B %d, %Y %H:%M:%S",
            "%Y/%m/%d %H:%M:%S",
            "%m-%d-%Y %H:%M:%S",
            "%d %b %Y %H:%M:%S",
        )
        text = moment.strftime(chance.choice(formats))
        return (
            (text, moment)
            if chance.random() < 0.8
            else (text + chance.choice((".5", " PM", "Z", "+02:00", " x")), None)
        )
    fraction = f"{moment.microsecond:06d}123"[: chance.randrange(10)]
    minutes = chance.randrange(-14 * 60, 14 * 60 + 1)
    offset = f"{'-' if minutes < 0 else '+'}{abs(minutes) // 60:02d}:{abs(minutes) % 60:02d}"
    zone = chance.choice(("", "Z", " UTC", "GMT", offset, " " + offset, offset.replace(":", ""), " EST", "Z+01:00"))
    text = moment.strftime(f"%Y-%m-%d{chance.choice(' Tt')}%H:%M:%S") + "." * bool(fraction) + fraction + zone
    moment = moment.replace(microsecond=int(fraction[:6].ljust(6, "0")))
    if offset in zone or offset.replace(":", "") in zone:
        moment -= datetime.timedelta(minutes=minutes)
    return text, None if zone in (" EST", "Z+01:00") else moment
