"""The columns of an answer with a schema, and what does not fit: BigQuery's SQL says what the local engines say."""

from __future__ import annotations

import json
from types import SimpleNamespace

import pytest

from lakeweave.inference.schema import DoesNotFit, Schema
from tests.python.security.macros import Macros

from . import reference, sqltypes
from .analyzer import Analyzer
from .warehouse import Model, Warehouse

FIELDS = [
    {"name": "mood", "type": "string", "values": ["it's good", "bad"]},
    {"name": "stars", "type": "integer", "minimum": 1, "maximum": 5},
    {"name": "share", "type": "number", "optional": True},
    {"name": "is_new", "type": "boolean", "optional": True},
    {"name": "since", "type": "date", "optional": True},
    {"name": "tags", "type": "array", "items": {"type": "string", "values": ["a", "b"]}},
    {"name": "sizes", "type": "array", "items": {"type": "integer"}, "optional": True},
    {
        "name": "place",
        "type": "object",
        "fields": [
            {"name": "city", "type": "string"},
            {"name": "floor", "type": "integer", "optional": True},
            {
                "name": "rooms",
                "type": "array",
                "optional": True,
                "items": {"type": "object", "fields": [{"name": "use", "type": "string"}]},
            },
        ],
    },
]
GOOD = {
    "mood": "it's good",
    "stars": 4,
    "share": 0.25,
    "is_new": True,
    "since": "2026-01-31",
    "tags": ["b", "a"],
    "sizes": [3, 1],
    "place": {"city": 'Köln \\ "x"', "floor": 2, "rooms": [{"use": "bath"}, {"use": "bed"}]},
}
CHANGES = [
    {}, {"share": None, "is_new": None, "since": None, "sizes": None}, {"tags": []}, {"mood": "fine"}, {"mood": None},
    {"stars": 9}, {"stars": "four"}, {"stars": 1.5}, {"share": "half"}, {"is_new": "yes"}, {"since": "2026-02-30"},
    {"since": "tomorrow"}, {"tags": "a"}, {"tags": ["c"]}, {"tags": [None]}, {"tags": None}, {"sizes": ["one"]},
    {"place": None}, {"place": {"floor": 2}}, {"place": {"city": None}}, {"place": {"city": "Bonn"}},
    {"place": {"city": "Bonn", "floor": "two"}},
]  # fmt: skip


def macros() -> Macros:
    return Macros(
        "bigquery",
        "inference/_schema.sql",
        *(f"inference/{name}.sql" for name in ("_answered", "_inference_problems", "generate_text")),
        "inference/_judged.sql",
        "inference/engines/bigquery.sql",
        "inference/engines/bigquery_functions.sql",
        *(f"core/{name}.sql" for name in ("json_text", "text_literal", "type_double")),
        "core/engines/bigquery.sql",
        dbt=SimpleNamespace(
            type_string=lambda: "string",
            type_bigint=lambda: "int64",
            type_boolean=lambda: "bool",
            safe_cast=lambda text, kind: f"safe_cast({text} as {kind})",
        ),
    )


@pytest.fixture(scope="module")
def found() -> list[tuple]:
    """For each answer the status and the typed columns, by Google's reference implementation."""
    made = macros()
    answers = [json.dumps({**GOOD, **change}, ensure_ascii=False) for change in CHANGES]
    listed = ", ".join(
        f"struct({place} as place, {made.text_literal(text)} as answer)" for place, text in enumerate(answers)
    )
    typed = ", ".join(made._typed_columns(FIELDS, "given.answer"))
    status = f"case {made._schema_branches(FIELDS, 'given.answer')} else '' end"
    query = f"select given.place, {status} as status, {typed} from unnest([{listed}]) as given order by given.place"
    return reference.run(query, Warehouse("p"), {})[1]


def test_what_fits_on_a_local_engine_fits_on_bigquery(found: list[tuple]) -> None:
    schema = Schema.of({"schema": FIELDS})
    assert schema is not None
    for (_, status, *_), change in zip(found, CHANGES, strict=True):
        said = ""
        try:
            schema.fitted(json.dumps({**GOOD, **change}))
        except DoesNotFit as error:
            said = str(error)
        # Both name the same field.
        assert status.removeprefix("not_in_schema: ").split()[:1] == said.partition("[")[0].split()[:1], (change, said)


def test_columns_have_the_values_of_the_local_form(found: list[tuple]) -> None:
    schema = Schema.of({"schema": FIELDS})
    assert schema is not None
    for (_, status, *values), change in zip(found, CHANGES, strict=True):
        if status:
            continue
        expected = json.loads(schema.fitted(json.dumps({**GOOD, **change})))
        given = dict(zip(expected, values, strict=True))
        given["since"] = given["since"].isoformat() if given["since"] else None
        assert given == expected


@pytest.mark.parametrize("input_column", ["prompt", "body"])
def test_a_question_with_a_schema_and_an_instruction_is_analyzed(empty: Warehouse, input_column: str) -> None:
    """The table expression keeps the columns of the caller, also one named `prompt`."""
    analyzer = Analyzer(empty)
    analyzer.run(f"create table `p.d.t` (id int64, {input_column} string)")
    empty.models["p.d.m"] = Model("p.d.m", "text")
    made = macros()
    options = {"instruction": "It's a review.", "schema": FIELDS}
    answered = made._answered(
        "`p.d.t`", SimpleNamespace(function="generate_text", relation="`p.d.m`"), input_column, options, {}
    )
    typed = ", ".join(made._typed_columns(FIELDS, "answered.response"))
    analyzer.run(f"create table `p.d.made` as select answered.*, {typed} from {answered} as answered")
    types = {column.name: column.type for column in empty.tables["p.d.made"].columns}
    assert list(types)[:2] == ["id", input_column]
    assert {"response", "response_state", "rejected_response"} <= set(types)
    words = {name: sqltypes.words(types[name]) for name in ("stars", "share", "since", "tags", "place")}
    assert words == {
        "stars": "INT64",
        "share": "FLOAT64",
        "since": "DATE",
        "tags": "ARRAY<STRING>",
        "place": "STRUCT<city STRING, floor INT64, rooms ARRAY<STRUCT<use STRING>>>",
    }
    assert "model_params" in answered
    assert "response_schema" in answered


def batches(**names: object) -> Macros:
    """The macros of a batch on BigQuery."""
    return Macros(
        "bigquery",
        "inference/_batches.sql",
        "inference/engines/bigquery.sql",
        *(f"core/{name}.sql" for name in ("text_literal", "is_local_engine")),
        "core/engines/bigquery.sql",
        dbt=SimpleNamespace(concat=lambda parts: f"concat({', '.join(parts)})"),
        **names,
    )


def test_a_rejected_answer_is_shown_to_the_model_once() -> None:
    """A warehouse cannot ask twice in one statement, so the next run sends the answer and its fault after the input."""
    made = batches()
    asked = "select 'a' as fingerprint, 'q1' as input, 1 as attempts, 1 as place union all select 'b', 'q2', 0, 2"
    ledger = (
        "select 'a' as fingerprint, 1 as attempt, '{\"x\": 1}' as rejected_response, 'not_in_schema: x is 1' as status"
        " union all select 'a', 2, '{\"x\": 2}', 'not_in_schema: x is 2' union all select 'b', 1, null, 'overloaded'"
    )
    made._macros |= {
        "ledger_relation": lambda _: f"({ledger})",
        "_asked_meanwhile_sql": lambda: "select 'c' as fingerprint",
    }
    config = {"options": {"schema": [{"name": "x", "type": "string"}]}}
    sql = made._batch_sql(f"({asked})", 0, {"last": 9}, config)
    rows = reference.run(
        f"select input, lakeweave_is_correction from ({sql}) order by fingerprint", Warehouse("p"), {}
    )[1]
    assert rows == [
        (
            'q1\n\nAn earlier answer was:\n{"x": 2}\nThat answer does not fit. not_in_schema: x is 2. '
            "Answer again with the corrected JSON object and nothing else.",
            True,
        ),
        ("q2", False),
    ]
    # A local engine has asked again itself.
    local = Macros("duckdb", "inference/_batches.sql", "core/is_local_engine.sql")
    assert not local._corrects_in_next_run(config)
    assert not made._corrects_in_next_run({"options": {}})


def test_a_second_answer_that_does_not_fit_is_final() -> None:
    made = batches(invocation_id="this run")
    made._macros |= {
        "ledger_relation": lambda _: "ledger",
        "_columns_of_call": lambda: ["rejected_response"],
        "_now": lambda: "current_timestamp()",
        "_estimated_input_tokens": lambda *_: "1",
        "_estimated_output_tokens": lambda *_: "1",
    }
    misfit = "not_in_schema: x is 1"
    cases = [("first", misfit, "retryable", False), ("second", misfit, "retryable", True)]
    cases += [("busy", "overloaded", "retryable", True), ("good", "", "ok", True)]
    rows = " union all ".join(
        f"select '{name}' as fingerprint, '{status}' as response_status, '{state}' as response_state, {told} as"
        " lakeweave_is_correction, 1 as attempts, 'r' as response, [1.0] as embedding, 'x' as rejected_response, 'i' as input"
        for name, status, state, told in cases
    )
    config = {"options": {"schema": [{"name": "x", "type": "string"}]}, "function": "f", "model": "m"}
    sql = made._ledger_rows_sql(f"({rows}) as answers", {**config, "model_version": "v", "node_id": "n"})
    sql = sql[sql.index("select") :]
    found = {row[0]: (row[7], row[8]) for row in reference.run(sql, Warehouse("p"), {})[1]}
    assert found == {
        "first": (misfit, "retryable"),
        "second": (f"{misfit} (the second answer)", "failed"),
        "busy": ("overloaded", "retryable"),
        "good": ("", "ok"),
    }
