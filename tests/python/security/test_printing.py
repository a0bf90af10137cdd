"""Delivered text cannot move a cursor, begin a line or hide a letter where it is printed; pages hold no tag of a delivery."""

from __future__ import annotations

import unicodedata

import pytest

from lakeweave import profile
from lakeweave.printable import printable

HOSTILE = [
    "\x1b[2J\x1b[1;1H", "\x1b]0;title\x07", "a\r\nERROR: all is lost", "\u202egpj.exe", "\x9b31m", "zero\u200bwidth", "\x00", "\udcff\udc80",
    "\u2028line", "tab\tbed", "\u2066x\u2069", "\x7f", "\ufeffmark", "\U000e0041tag",
]  # fmt: skip


@pytest.mark.parametrize("text", HOSTILE)
def test_what_is_printed_is_visible(text: str) -> None:
    shown = printable(text)
    assert all(unicodedata.category(char) not in ("Cc", "Cf", "Cs", "Co", "Cn", "Zl", "Zp") for char in shown)
    assert shown.encode()
    assert "\\" in shown


def test_plain_text_stays_as_it_is() -> None:
    for text in ("sales report (May) – Übergröße.csv", "日本語.csv", "it's 100 %", "😀"):
        assert printable(text) == text
    assert printable("a\nb\x1b", lines=True) == "a\nb\\x1b"
    assert printable("x" * 600) == "x" * 500 + "… (600 characters)"


def test_the_profile_page_shows_delivered_text_and_executes_none() -> None:
    attack = "<script>alert(1)</script><img src=x onerror=alert(1)>\"'&"
    column = {
        "name": attack, "type": attack, "most_frequent": [{"value": attack, "count": 1}], "least": attack, "greatest": attack, "notes": [attack],
        "row_count": 1, "null_count": 0, "distinct_count": 1, "shortest": 1, "longest": 9,
    }  # fmt: skip
    page = profile.page([{"name": attack, "columns": [column]}], attack)
    assert "alert(1)" in page
    assert "<script>alert" not in page
    assert "<img" not in page
