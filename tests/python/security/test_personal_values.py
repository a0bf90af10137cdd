"""Values that look personal are counted in prompts, and never shown."""

from __future__ import annotations

import random

import pytest

from lakeweave.personal.content import counts, kinds_in

# Made up, with the checksums that the kinds have: the test numbers that schemes and countries publish.
FOUND = [
    ("write to ada@example.com please", "e-mail address"), ("Ж@пример.рф", "e-mail address"), ("ａｄａ＠example.com", "e-mail address"),
    ("call +44 20 7946 0958", "telephone number"), ("＋４４ ２０ ７９４６ ０９５８", "telephone number"), ("0049-30-1234567", "telephone number"),
    ("card 4111 1111 1111 1111.", "payment card"), ("5500-0000-0000-0004", "payment card"), ("٤١١١١١١١١١١١١١١١", "payment card"),
    ("DE89 3704 0044 0532 0130 00", "bank account (IBAN)"), ("GB82WEST12345698765432", "bank account (IBAN)"),
    ("078-05-1121", "social security number (US)"), ("DNI 54362315K", "national number (ES)"), ("RCCMNL83S18D969H", "tax number (IT)"),
    ("390.533.447-05", "tax number (BR)"), ("2 95 10 99 126 111 93", "social security number (FR)"),
]  # fmt: skip


@pytest.mark.parametrize(("text", "kind"), FOUND)
def test_a_personal_value_is_found(text: str, kind: str) -> None:
    assert kind in kinds_in(text)


@pytest.mark.parametrize(
    "text",
    [
        "Customer with four or more orders, 50 to 199 dollars spent", "order 4111 1111 1111 1112", "2026-11-28 05:00:00", "SKU 1234567890123",
        "0.4111111111111111", "DE89 3704 1044 0532 0130 01", "54362315X", "1111-1111-1111-1111", "a@b", "@home at 12:00", "666-12-3456",
        "1 600 Amphitheatre Parkway", "Übergröße 42", "",
    ],
)  # fmt: skip
def test_similar_text_is_not_matched(text: str) -> None:
    assert kinds_in(text) == set()


def test_texts_are_counted_once_for_each_kind() -> None:
    assert counts(["a@example.com b@example.com", None, "", "x", "c@example.com, +44 20 7946 0958"]) == {
        "e-mail address": 2,
        "telephone number": 1,
    }


def test_random_texts_end_quickly_and_raise_nothing() -> None:
    dice = random.Random(7)
    alphabet = "0123456789 -+().@aZ\u0661\uff11\x00\ud800é" + "1" * 20
    for _ in range(300):
        kinds_in("".join(dice.choice(alphabet) for _ in range(dice.randrange(400))))
    for hostile in ("1" * 20_000, "a." * 10_000 + "@", "+1" + " -" * 10_000, "A1" * 10_000, "1-" * 10_000):
        kinds_in(hostile)
