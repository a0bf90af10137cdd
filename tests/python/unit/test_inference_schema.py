"""An answer fits its schema or is refused with the field, the value and what was expected."""

from __future__ import annotations

import json
from types import SimpleNamespace
from typing import Any

import pytest

from lakeweave.inference.answers import _OF_CALL, Answer
from lakeweave.inference.replies import judge
from lakeweave.inference.schema import DoesNotFit, Field, Schema
from lakeweave.inference.transport import Reply
from tests.python.security.macros import Macros

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


JSON_SCHEMAS: list[tuple[dict[str, Any], dict[str, Any]]] = [
    ({"type": "string"}, {"type": "string"}),
    ({"type": "string", "description": "A word."}, {"type": "string", "description": "A word."}),
    ({"type": "string", "values": ["a", "b"]}, {"type": "string", "enum": ["a", "b"]}),
    (
        {"type": "string", "values": ["a"], "optional": True, "description": 'It\'s "a".'},
        {"type": ["string", "null"], "enum": ["a", None], "description": 'It\'s "a".'},
    ),
    ({"type": "integer", "minimum": 0}, {"type": "integer", "minimum": 0}),
    ({"type": "number", "minimum": -1.5, "maximum": 0}, {"type": "number", "minimum": -1.5, "maximum": 0}),
    ({"type": "boolean", "optional": True}, {"type": ["boolean", "null"]}),
    ({"type": "date"}, {"type": "string", "format": "date"}),
    ({"type": "date", "optional": True}, {"type": ["string", "null"], "format": "date"}),
    (
        {"type": "array", "items": {"type": "string", "values": ["a"]}, "optional": True},
        {"type": ["array", "null"], "items": {"type": "string", "enum": ["a"]}},
    ),
    (
        {
            "type": "object",
            "fields": [{"name": "b", "type": "date"}, {"name": "a", "type": "number", "optional": True}],
        },
        {
            "type": "object",
            "properties": {"b": {"type": "string", "format": "date"}, "a": {"type": ["number", "null"]}},
            "required": ["b", "a"],
            "additionalProperties": False,
        },
    ),
    (
        {"type": "array", "items": {"type": "object", "fields": [{"name": "a", "type": "boolean"}]}},
        {
            "type": "array",
            "items": {
                "type": "object",
                "properties": {"a": {"type": "boolean"}},
                "required": ["a"],
                "additionalProperties": False,
            },
        },
    ),
]


@pytest.mark.parametrize(("field", "expected"), JSON_SCHEMAS)
def test_a_server_and_a_warehouse_are_sent_the_same_json_schema(field: dict, expected: dict) -> None:
    """It is written in Python for the local engines and in Jinja for the warehouses; the order of the names counts, too."""
    fields = [{"name": "x", **field}]
    schema = Schema.of({"schema": fields})
    assert schema is not None
    written = schema.json_schema()
    assert written["properties"]["x"] == expected
    macros = Macros("databricks", "inference/_schema.sql")
    assert json.dumps(macros._json_schema(fields), sort_keys=True) == json.dumps(written, sort_keys=True)
    assert list(macros._json_schema(fields)["properties"]["x"].get("properties", {})) == list(
        expected.get("properties", {})
    )


def test_the_fields_of_a_call_are_those_of_the_ledger() -> None:
    words = {"whole": "bigint", "text": "string", "flag": "boolean"}
    macros = Macros(
        "databricks",
        "inference/_answered.sql",
        dbt=SimpleNamespace(**{f"type_{word}": lambda word=word: word for word in words.values()}),
    )
    assert macros._columns_of_call() == {name: words[kind] for name, kind in _OF_CALL.items()}


def reply(content: Any = None, **more: Any) -> Reply:
    message = {"role": "assistant", "content": content, **more}
    body = {
        "choices": [{"finish_reason": "stop", "message": message}],
        "usage": {"prompt_tokens": 5, "completion_tokens": 2},
    }
    return Reply(200, {"content-type": "application/json"}, json.dumps(body).encode())


STARS = Schema(tuple(Field.read(each) for each in (
    {"name": "mood", "type": "string", "values": ["good", "bad"]}, {"name": "stars", "type": "integer"}
)))  # fmt: skip
FITS = '{"mood":"good","stars":4}'
ERROR = Reply(200, {}, b'{"error": {"message": "The model is overloaded.", "type": "server_error"}}')
UNCOUNTED = Reply(200, {}, json.dumps({"choices": [{"finish_reason": "stop", "message": {"content": FITS}}]}).encode())


@pytest.mark.parametrize(
    ("given", "state", "said"),
    [
        (reply('{"mood": "fine", "stars": 4}'), "retryable", 'not_in_schema: mood is "fine"; expected one of good, bad'),
        (reply('{"mood": "good", "stars": "four"}'), "retryable", 'not_in_schema: stars is "four"; expected an integer'),
        (reply('{"mood": "good", "stars": 4,}'), "retryable", "not_json: the answer is not the promised JSON: "),
        (reply('{"mood": "good", "stars": 4} {"mood": "bad", "stars": 1}'), "retryable", "not_json: "),
        (reply("The mood is good."), "retryable", "not_json: "),
        (reply('```json\n{"mood": "good", "stars": 4}\n```'), "ok", ""),
        (reply('Here it is:\n```\n{"stars": 4, "mood": " Good"}\n```'), "ok", ""),
        (reply(json.dumps(STARS.json_schema())), "retryable", "not_in_schema: the answer has "),
        (reply("", reasoning_content="It seems good."), "failed", "no_answer: the model thought and said nothing"),
        (reply("<think>It seems good."), "failed", "no_answer: the model thought and said nothing"),
        (reply("", reasoning_content=FITS), "failed", "no_answer: the model thought and said nothing"),
        (reply(""), "retryable", "empty: the answer is empty"),
        (reply(None, refusal="I will not."), "failed", "refused: I will not."),
        (ERROR, "", "the reply holds an error: "),
        (UNCOUNTED, "ok", ""),
    ],
)  # fmt: skip
def test_a_bad_answer_has_a_state_and_a_sentence(given: Reply, state: str, said: str) -> None:
    judged = judge(given, True, STARS)
    if not isinstance(judged, Answer):
        assert state == ""
        assert judged.status.startswith(said)
        return
    assert (judged.state, judged.status[: len(said)] if said else judged.status) == (state, said)
    assert judged.response == (FITS if state == "ok" else None)
    # What does not fit is kept as the model wrote it.
    assert (judged.rejected_response is not None) == said.startswith(("not_json", "not_in_schema"))
    assert judged.input_tokens == (None if given is UNCOUNTED else 5)
