"""Answers with a schema: typed columns, one correction, and every mistake in a schema told at once."""

from __future__ import annotations

import datetime as dt
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.python.duckdb.inference_project import InferenceProject, asking, openai
from tests.python.fakes import model_server

SCHEMA = {
    "mood": {"type": "string", "values": ["good", "bad"], "description": "How the writer feels."},
    "stars": {"type": "integer", "minimum": 1, "maximum": 5},
    "share": "number",
    "is_new": "boolean",
    "since": "date",
    "note": {"type": "string", "optional": True},
    "tags": {"type": "array", "items": "string"},
    "place": {"type": "object", "fields": {"city": "string", "floors": {"type": "array", "items": "integer"}}},
}
TYPES = {
    "mood": "VARCHAR",
    "stars": "BIGINT",
    "share": "DOUBLE",
    "is_new": "BOOLEAN",
    "since": "DATE",
    "note": "VARCHAR",
    "tags": "VARCHAR[]",
    "place": "STRUCT(city VARCHAR, floors BIGINT[])",
}


@pytest.fixture(scope="module")
def server() -> Iterator[model_server.Client]:
    with model_server.running() as running:
        yield running


@pytest.fixture
def project(tmp_path: Path, server: model_server.Client) -> InferenceProject:
    server.reset()
    server.set(factor=1, usage=True, faults={}, status=None, latency=0.0)
    return InferenceProject(tmp_path, openai(server.base_url))


def body(count: int, more: str = "") -> str:
    return f"select range as id, 'q' || lpad(range::varchar, 3, '0') || '{more}' as prompt from range({count})"


def test_a_schema_gives_typed_columns_and_is_sent(project: InferenceProject, server: model_server.Client) -> None:
    columns = [
        {"name": name, "data_type": kind.lower()}
        for name, kind in {
            "id": "BIGINT",
            "prompt": "VARCHAR",
            "response": "VARCHAR",
            **TYPES,
            "response_state": "VARCHAR",
            "response_status": "VARCHAR",
            "fingerprint": "VARCHAR",
            "responded_at": "TIMESTAMP",
        }.items()
    ]
    project.write(
        "asked",
        asking(body(20), schema=SCHEMA),
        {"config": {"contract": {"enforced": True}}, "columns": columns},
    )
    project.write(
        "expressed",
        "select id, moods from {{ lakeweave.generate_text('(select id, prompt from ' ~ ref('asked') ~ ')', model='gemini', "
        "schema={'moods': {'type': 'string', 'values': ['a', 'b']}}) }}",
    )
    project.write(
        "counted", "select mood, count(*) as answers, avg(stars) as stars from {{ ref('asked') }} group by mood"
    )
    project.build()
    found = dict(
        project.query("select column_name, data_type from (describe asked) as t(column_name, data_type, a, b, c, d)")
    )
    assert {name: found[name] for name in TYPES} == TYPES
    assert project.states("asked") == {"ok": 20}
    for prompt, mood, stars, share, is_new, since, tags, place in project.query(
        "select prompt, mood, stars, share, is_new, since, tags, place from asked"
    ):
        assert mood in ("good", "bad")
        assert 1 <= stars <= 5
        assert 0 <= share <= 100
        assert isinstance(is_new, bool)
        assert dt.date(2026, 1, 1) <= since <= dt.date(2026, 1, 28)
        assert all(tag.endswith(f" of {prompt}") for tag in tags)
        assert place["city"] == f"place.city of {prompt}"
    assert {mood for (mood,) in project.query("select moods from expressed")} == {"a", "b"}
    sent = server.stats()["bodies"][-1]["response_format"]
    assert sent["type"] == "json_schema"
    assert sent["json_schema"]["strict"] is True

    # The same schema asks nothing; a changed one is another question.
    requests = server.stats()["requests"]
    project.remove("expressed")
    project.build()
    assert server.stats()["requests"] == requests
    project.write("asked", asking(body(20), schema={**SCHEMA, "note": "string"}))
    project.build()
    assert server.stats()["requests"] == requests + 20


def test_a_broken_answer_is_corrected_once(project: InferenceProject, server: model_server.Client) -> None:
    mix = "select id, prompt || case id % 10 when 1 then ' BAD-ONCE' when 2 then ' BAD-ALWAYS' else '' end as prompt"
    project.write("asked", asking(f"{mix} from ({body(100)})", schema={"stars": "integer"}, max_attempts=3))
    project.build()
    assert project.states("asked") == {"ok": 90, "failed": 10}
    # A broken answer costs one request more, and is billed.
    stats = server.stats()
    assert stats["requests"] == 120
    paid = project.query("select sum(requests), sum(input_tokens), sum(output_tokens) from ledger.model_responses")
    assert paid == [tuple(stats["billed"]["fake-1"])]
    failed = "select distinct response_status, response, stars from asked where response_state = 'failed'"
    ((status, response, stars),) = project.query(failed)
    assert status.startswith("not_json: the answer is not the promised JSON: ")
    assert (response, stars) == (None, None)
    rejected = project.query(
        "select state, rejected_response from ledger.model_responses where rejected_response is not null"
    )
    assert len(rejected) == 10
    assert all(state == "failed" and text.endswith(",}") for state, text in rejected)
    correction = next(each for each in stats["bodies"] if len(each["messages"]) == 3)["messages"]
    assert correction[1]["content"].endswith(",}")
    assert correction[2]["content"].startswith("That answer does not fit. not_json: ")

    # A failed row is final.
    project.build()
    assert server.stats()["requests"] == 120


def test_a_correction_counts_as_a_call_of_the_budget(project: InferenceProject, server: model_server.Client) -> None:
    project.write("asked", asking(body(40, " BAD-ONCE"), schema={"stars": "integer"}, max_calls_per_run=30))
    project.build()
    assert server.stats()["requests"] <= 30
    assert project.query("select sum(requests) from ledger.model_responses") == [(server.stats()["requests"],)]


@pytest.mark.parametrize("form", ["json_object", "prompt"])
def test_a_server_without_schemas_is_told_in_the_prompt(tmp_path: Path, server: model_server.Client, form: str) -> None:
    server.reset()
    project = InferenceProject(tmp_path, {**openai(server.base_url), "schema_form": form})
    project.write("asked", asking(body(2), schema={"echo": "string"}, options={"instruction": "Answer politely."}))
    project.build()
    sent = server.stats()["bodies"][-1]
    assert [each["role"] for each in sent["messages"][:2]] == ["system", "user"]
    assert sent["messages"][0]["content"] == "Answer politely."
    assert "It fits this JSON Schema: {" in sent["messages"][1]["content"]
    assert sent.get("response_format") == ({"type": "json_object"} if form == "json_object" else None)
    assert project.states("asked") == ({"ok": 2} if form == "json_object" else {"failed": 2})


WRONG: list[tuple[Any, str]] = [
    ({}, "expected a mapping of column names to types"),
    (["mood"], "expected a mapping of column names to types"),
    ({"mood": "word"}, 'has the type "word"; expected one of: string, integer'),
    ({"mood": {"type": "string", "values": []}}, "expected a list of texts"),
    (
        {"mood": {"type": "string", "values": ["good", " Good"]}},
        "more than once; capitals and spaces make no difference",
    ),
    ({"mood": {"type": "string", "values": ["good", ""]}}, "has an empty text"),
    (
        {"mood": {"type": "integer", "values": ["1"]}},
        "a field of type integer knows: type, description, optional, minimum",
    ),
    ({"stars": {"type": "integer", "minimum": 5, "maximum": 1}}, "which is more than `maximum`, 1"),
    ({"response_state": "string"}, "which every answer brings; choose another name"),
    ({"order": "integer"}, "no word of SQL"),
    ({"a b": "string"}, "expected letters, digits and underscores"),
    ({"mood": "string", "Mood": "string"}, "twice, in capitals and small letters"),
    ({"tags": "array"}, "is an array without `items`"),
    ({"tags": {"type": "array", "items": {"type": "array", "items": "string"}}}, "which BigQuery has no type for"),
    ({"place": {"type": "object"}}, "is an object without `fields`"),
    ({"place": {"type": "object", "fields": {"city": "town"}}}, '`schema.place.city` has the type "town"'),
]


def test_every_mistake_in_a_schema_is_told(project: InferenceProject) -> None:
    # A model each, so that one parse shows all of them.
    for number, (schema, _said) in enumerate(WRONG):
        words = f"{schema!r}".replace("True", "true")
        project.write(
            f"wrong_{number}",
            f"{{%- set found = lakeweave._schema_problems({words}) | join(' ') -%}}"
            f"{{{{ config(meta={{'found': found}}) }}}} select 1 as a",
        )
    outcome = project.dbt("parse")
    assert outcome.success, outcome.said
    nodes = json.loads((project.root / "target" / "manifest.json").read_text())["nodes"]
    found = {node["name"]: node["config"]["meta"].get("found", "") for node in nodes.values()}
    missing = {
        number: found[f"wrong_{number}"]
        for number, (_, said) in enumerate(WRONG)
        if said not in found[f"wrong_{number}"]
    }
    assert missing == {}
    project.write("asked", asking(body(1), schema={"mood": "word", "order": "integer"}))
    outcome = project.dbt("parse")
    assert not outcome.success
    assert 'has the type "word"' in outcome.said
    assert "no word of SQL" in outcome.said


def test_a_column_of_the_body_is_not_covered(project: InferenceProject, server: model_server.Client) -> None:
    project.write("asked", asking("select 1 as id, 'q' as prompt, 'x' as Mood", schema={"mood": "string"}))
    outcome = project.dbt("build")
    assert not outcome.success
    assert "The body has a column `mood`, which the answer brings; rename it." in outcome.said
    assert server.stats()["requests"] == 0
