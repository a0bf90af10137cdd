"""An answer fits its schema or is refused with the field, the value and what was expected."""

from __future__ import annotations

import json

import pytest

from lakeweave.inference.schema import DoesNotFit, Schema

FIELDS = [
    {"name": "risk", "type": "string", "values": ["low", "high"], "description": "How likely it is."},
    {"name": "orders", "type": "integer"},
    {"name": "score", "type": "number", "minimum": 0, "maximum": 1},
    {"name": "is_new", "type": "boolean"},
    {"name": "since", "type": "date"},
    {"name": "note", "type": "string", "optional": True},
    {"name": "tags", "type": "array", "items": {"type": "string"}, "optional": True},
    {
        "name": "place",
        "type": "object",
        "optional": True,
        "fields": [{"name": "city", "type": "string"}, {"name": "zip", "type": "string", "optional": True}],
    },
]
SCHEMA = Schema.of({"schema": FIELDS})
GOOD = {
    "risk": "low",
    "orders": 3,
    "score": 0.5,
    "is_new": True,
    "since": "2026-01-31",
    "note": None,
    "tags": ["a", "b"],
    "place": {"city": "Bonn", "zip": None},
}


def fitted(**changed: object) -> dict:
    assert SCHEMA is not None
    return json.loads(SCHEMA.fitted(json.dumps({**GOOD, **changed})))


def test_a_good_answer_is_kept_in_the_order_of_the_schema() -> None:
    assert SCHEMA is not None
    turned = dict(reversed(GOOD.items()))
    assert list(json.loads(SCHEMA.fitted(json.dumps(turned)))) == list(GOOD)
    assert fitted() == GOOD


@pytest.mark.parametrize(
    ("changed", "expected"),
    [
        ({"risk": " High\n"}, {"risk": "high"}),
        ({"orders": 36.0}, {"orders": 36}),
        ({"orders": "36"}, {"orders": 36}),
        ({"orders": "36.0"}, {"orders": 36}),
        ({"orders": -(2**63)}, {"orders": -(2**63)}),
        ({"score": "0.25"}, {"score": 0.25}),
        ({"score": 1}, {"score": 1}),
        ({"is_new": "FALSE"}, {"is_new": False}),
        ({"since": " 2024-02-29"}, {"since": "2024-02-29"}),
        ({"tags": None}, {"tags": []}),
        ({"tags": []}, {"tags": []}),
        ({"place": None}, {"place": None}),
        ({"place": {"city": "Köln"}}, {"place": {"city": "Köln", "zip": None}}),
    ],
)
def test_a_conversion_without_loss_is_made(changed: dict, expected: dict) -> None:
    assert fitted(**changed) == {**GOOD, **expected}


@pytest.mark.parametrize(
    ("changed", "said"),
    [
        ({"risk": "medium"}, 'risk is "medium"; expected one of low, high'),
        ({"risk": None}, "risk is null; expected one of low, high"),
        ({"risk": ["low"]}, 'risk is ["low"]; expected one of low, high'),
        ({"orders": "three"}, 'orders is "three"; expected an integer'),
        ({"orders": 3.5}, "orders is 3.5; expected an integer"),
        ({"orders": True}, "orders is true; expected an integer"),
        ({"orders": 2**63}, "orders is 9223372036854775808; expected an integer"),
        ({"orders": "1,000"}, 'orders is "1,000"; expected an integer'),
        ({"orders": "٣"}, 'orders is "٣"; expected an integer'),
        ({"score": "half"}, 'score is "half"; expected a number from 0 to 1'),
        ({"score": 1.5}, "score is 1.5; expected a number from 0 to 1"),
        ({"score": False}, "score is false; expected a number from 0 to 1"),
        ({"is_new": "yes"}, 'is_new is "yes"; expected true or false'),
        ({"is_new": 1}, "is_new is 1; expected true or false"),
        ({"since": "2026-02-30"}, 'since is "2026-02-30"; expected a date such as 2026-01-31'),
        ({"since": "31.01.2026"}, 'since is "31.01.2026"; expected a date such as 2026-01-31'),
        ({"since": "2026-01-31T00:00:00"}, 'since is "2026-01-31T00:00:00"; expected a date such as 2026-01-31'),
        ({"tags": "a"}, 'tags is "a"; expected a list of texts'),
        ({"tags": ["a", 7]}, "tags[1] is 7; expected a text"),
        ({"tags": ["a", None]}, "tags[1] is null; expected a text"),
        ({"place": {}}, "place.city is missing; expected a text"),
        ({"place": "Bonn"}, 'place is "Bonn"; expected an object'),
        ({"place": {"city": "Bonn", "land": "D"}}, "place has land; expected only city, zip"),
        ({"why": "because"}, "the answer has why; expected only risk, orders, score, is_new, since, note, tags, place"),
    ],
)
def test_an_answer_that_does_not_fit_is_refused_with_a_sentence(changed: dict, said: str) -> None:
    with pytest.raises(DoesNotFit) as caught:
        fitted(**changed)
    assert str(caught.value) == said


def test_a_schema_that_comes_back_is_no_answer() -> None:
    optional = Schema.of({"schema": [{"name": "city", "type": "string", "optional": True}]})
    assert optional is not None
    assert SCHEMA is not None
    for schema in (optional, SCHEMA):
        with pytest.raises(DoesNotFit):
            schema.fitted(json.dumps(schema.json_schema()))


def test_the_json_schema_is_strict_at_every_level() -> None:
    assert SCHEMA is not None
    written = SCHEMA.json_schema()
    for each in (written, written["properties"]["place"]):
        assert each["required"] == list(each["properties"])
        assert each["additionalProperties"] is False
    assert written["properties"]["risk"] == {
        "type": "string",
        "enum": ["low", "high"],
        "description": "How likely it is.",
    }
    assert written["properties"]["score"] == {"type": "number", "minimum": 0, "maximum": 1}
    assert written["properties"]["note"] == {"type": ["string", "null"]}
    assert written["properties"]["since"] == {"type": "string", "format": "date"}
    assert Schema.of({}) is None
