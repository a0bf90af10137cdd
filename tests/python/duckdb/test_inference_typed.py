"""Answers with a schema: typed columns, one correction, and every mistake in a schema told at once."""

from __future__ import annotations

import datetime as dt
import json
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

    # The same schema sends no request; a changed one is another question.
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


def deep(levels: int) -> Any:
    """Objects in objects."""
    return "string" if levels == 0 else {"type": "object", "fields": {"a": deep(levels - 1)}}


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
    ({"a": deep(5)}, "is nested more than four levels deep"),
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


def test_questions_with_types_are_models_and_table_expressions(
    project: InferenceProject, server: model_server.Client
) -> None:
    calls = {
        "classify": "categories={'good': 'Praise.', 'bad': none}, max_calls_per_run=100",
        "filter_rows": "condition='The writer wants money back.'",
        "score": "rubric='How urgent is it?', lowest=1, highest=5",
        "extract": "fields={'city': 'string', 'rooms': {'type': 'integer', 'optional': false}}",
    }
    for name, arguments in calls.items():
        project.write(name, f"{{{{ lakeweave.{name}(model='gemini', input='prompt', {arguments}) }}}}\n\n{body(5)}")
    project.write("many", f"{{{{ lakeweave.classify('gemini', 'prompt', ['a', 'b', 'c'], multi=true) }}}}\n\n{body(5)}")
    project.write(
        "expressed",
        "with texts as (select id, prompt from {{ ref('score') }}) select id, urgency from "
        "{{ lakeweave.score('gemini', 'prompt', 'How urgent is it?', 1, 5, column='urgency', relation='texts') }}",
    )
    project.build()
    types = "select column_name, data_type from (describe {}) as t(column_name, data_type, a, b, c, d)"
    found = {name: dict(project.query(types.format(name))) for name in (*calls, "many", "expressed")}
    assert found["classify"]["category"] == "VARCHAR"
    assert found["filter_rows"]["matches"] == "BOOLEAN"
    assert found["score"]["score"] == "DOUBLE"
    assert (found["extract"]["city"], found["extract"]["rooms"]) == ("VARCHAR", "BIGINT")
    assert found["many"]["categories"] == "VARCHAR[]"
    assert found["expressed"] == {"id": "BIGINT", "urgency": "DOUBLE"}
    for name in (*calls, "many"):
        assert project.states(name) == {"ok": 5}, name
    assert {category for (category,) in project.query("select category from classify")} <= {"good", "bad"}
    assert all(1 <= urgency <= 5 for (urgency,) in project.query("select urgency from expressed"))
    first = server.stats()["requests"]
    project.remove("expressed")
    project.build()
    assert server.stats()["requests"] == first


QUESTIONS = [
    ("classify('gemini', 'prompt', [])", "`categories` is"),
    ("classify('gemini', 'prompt', ['a', ' A '])", "more than once"),
    ("classify('gemini', 'prompt', ['a'], options={'instruction': 'x'})", "which `classify` writes itself"),
    ("classify('gemini', 'prompt', ['a'], relation='texts', max_attempts=1)", "which has no max_attempts"),
    ("filter_rows('gemini', 'prompt', ' ')", "`condition` is"),
    ("score('gemini', 'prompt', 'How?', lowest=5, highest=1)", "`lowest` is 5; expected less than `highest`"),
    ("extract('gemini', 'prompt', ['city'])", "`fields` is"),
    ("extract('gemini', 'prompt', {'city': 'town'})", 'has the type "town"'),
    ("filter_rows('gemini', 'prompt', 'It is late.', maximum=3)", "`maximum` is not an argument"),
]


@pytest.mark.parametrize(("call", "said"), QUESTIONS)
def test_a_mistake_in_a_question_is_a_sentence(project: InferenceProject, call: str, said: str) -> None:
    project.write("asked", f"{{{{ lakeweave.{call} }}}}\n\n{body(1)}")
    outcome = project.dbt("parse")
    assert not outcome.success
    assert said in outcome.said


def test_broken_json_from_a_fifth_of_the_answers_loses_no_row(
    project: InferenceProject, server: model_server.Client
) -> None:
    server.set(faults={"broken": 0.2})
    project.write("asked", asking(body(500), schema={"stars": {"type": "integer", "minimum": 1, "maximum": 5}}))
    project.build()
    states = project.states("asked")
    assert set(states) <= {"ok", "failed"}
    assert sum(states.values()) == 500
    # A broken first answer costs one request more and no row costs two; the second one is broken as often.
    stats = server.stats()
    fake = model_server.FakeModelServer(0, {"broken": 0.2}, 0, 0)
    first_broken = sum(fake.fault(prompt, 1) == "broken" for prompt in stats["asked"])
    assert 0.1 < first_broken / 500 < 0.3
    assert stats["requests"] == 500 + first_broken
    assert max(stats["asked"].values()) == 2
    assert (
        states.get("failed", 0)
        == project.query("select count(*) from ledger.model_responses where state = 'failed'")[0][0]
    )
    assert 0 < states["failed"] < first_broken / 2
    assert project.query("select sum(requests) from ledger.model_responses") == [(stats["requests"],)]
