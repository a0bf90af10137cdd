"""The materialization among dbt's other features: contracts, comments, hooks, `--empty`, tests, packages."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.python.duckdb.inference_project import InferenceProject, asking
from tests.python.fakes import model_server


def test_all_mistakes_of_a_call_are_reported_at_once(project: InferenceProject, server: model_server.Client) -> None:
    project.write(
        "asked",
        asking(
            "select 1 as id, 'x' as prompt",
            function="generate_txt",
            max_calls_per_run=-1,
            max_cost_per_run="much",
            batch_size=0,
            max_attempts=True,
            on_over_budget="panic",
            allow_pii="yes",
            maximum=3,
        ),
    )
    outcome = project.dbt("parse")
    assert not outcome.success
    for sentence in (
        '`function` is "generate_txt"; expected one of: generate_text, generate_embedding, annotate_image,',
        "`maximum` is not an argument; expected: function, model,",
        '`max_calls_per_run` is "-1"; expected a whole number of at least 0.',
        '`max_cost_per_run` is "much"; expected an amount of at least 0',
        '`batch_size` is "0"; expected a whole number of at least 1.',
        "`max_attempts` is ",
        "`on_over_budget` is \"panic\"; expected 'warn' or 'error'.",
        '`allow_pii` is "yes"; expected true or false.',
    ):
        assert sentence in outcome.said, sentence

    options = {
        "temprature": 0,
        "temperature": 7,
        "seed": 1.5,
        "stop_sequences": "a",
        "response_format": "xml",
        "top_p": True,
    }
    project.write("asked", asking("select 1 as id, 'x' as prompt", options=options))
    outcome = project.dbt("parse")
    for sentence in (
        '`options` has "temprature"; `generate_text` knows: temperature, top_p, max_output_tokens,',
        '`options.temperature` is "7"; expected a number from 0 to 2.',
        '`options.seed` is "1.5"; expected a whole number',
        '`options.stop_sequences` is "a"; expected a list of texts.',
        '`options.response_format` is "xml"; expected one of: text, json.',
        '`options.top_p` is "',
    ):
        assert sentence in outcome.said, sentence

    project.write("asked", asking("select 1 as id, 'x' as uri", function="annotate_image", input="uri"))
    assert "`content_hash` is missing" in project.dbt("parse").said

    project.write("asked", asking("select 1 as id, 'x' as prompt", model="gemni"))
    assert "depends on a node named 'gemni' which was not found" in project.dbt("parse").said

    project.write("plain", "select 1 as id")
    project.write("asked", asking("select 1 as id, 'x' as prompt", model="plain"))
    outcome = project.dbt("build")
    assert "which is a model but not one that can be called" in outcome.said

    project.write("embedder", "{{ lakeweave.remote_model(function='generate_embedding') }}")
    project.write("asked", asking("select 1 as id, 'x' as prompt", model="embedder"))
    assert "which is for `generate_embedding`; `function` is `generate_text`" in project.dbt("build").said

    project.write("asked", asking("select 1 as id, 'x' as question, 1 as response, 2 as fingerprint"))
    outcome = project.dbt("build")
    assert (
        "`input` is 'prompt', which the body does not have; its columns are: id, question, response, fingerprint."
        in outcome.said
    )
    assert "The body has a column `response`, which the answer brings; rename it." in outcome.said
    assert "The body has a column `fingerprint`, which the answer brings; rename it." in outcome.said
    assert server.stats()["requests"] == 0


def test_dbt_features_work_with_it(project: InferenceProject, server: model_server.Client) -> None:
    """Contract, comments, hooks, grants and a unit test on one model; then `--empty`."""
    project.write("people", "select range as id, 'name ' || range as name from range(10)")
    project.write("log_of_hooks", "{{ config(materialized='table') }} select 'none' as hook where false")
    project.write(
        "asked",
        "{{ config(pre_hook=\"insert into main.log_of_hooks values ('before')\","
        " post_hook=[\"insert into main.log_of_hooks select 'after ' || count(*) from {{ this }}\"]) }}\n"
        + asking("select id, 'Hello ' || name as prompt from {{ ref('people') }}  -- a comment at the end"),
        {
            "description": "Greetings.",
            "config": {"contract": {"enforced": True}, "persist_docs": {"relation": True, "columns": True}},
            "columns": [
                {"name": "id", "data_type": "bigint", "description": "Key.", "data_tests": ["unique", "not_null"]},
                {"name": "prompt", "data_type": "varchar", "description": "Question."},
                {"name": "response", "data_type": "varchar", "description": "Answer."},
                {"name": "response_state", "data_type": "varchar"},
                {"name": "response_status", "data_type": "varchar"},
                {"name": "fingerprint", "data_type": "varchar"},
                {"name": "responded_at", "data_type": "timestamp"},
            ],
            "unit_tests": [
                {
                    "name": "the_prompt_greets",
                    "model": "asked",
                    "given": [
                        {"input": "ref('gemini')", "format": "sql", "rows": "select 1 as nothing"},
                        {"input": "ref('people')", "rows": [{"id": 1, "name": "Ada"}]},
                    ],
                    "expect": {"rows": [{"id": 1, "prompt": "Hello Ada"}]},
                }
            ],
        },
    )
    project.build("-s", "people", "log_of_hooks", "gemini")
    outcome = project.dbt("test", "-s", "test_type:unit")
    assert outcome.success, outcome.said
    assert server.stats()["requests"] == 0, "a unit test tests the prompt without any model"

    project.build("--exclude", "log_of_hooks")
    assert project.states("asked") == {"ok": 10}
    assert project.query("from log_of_hooks") == [("before",), ("after 10",)]
    assert project.query("select comment from duckdb_tables() where table_name = 'asked'") == [("Greetings.",)]
    comments = dict(project.query("select column_name, comment from duckdb_columns() where table_name = 'asked'"))
    assert list(comments) == [
        "id", "prompt", "response", "response_state", "response_status", "fingerprint", "responded_at",
    ]  # fmt: skip
    assert comments["response"] == "Answer."
    leftovers = project.query("select table_name from duckdb_tables() where table_name like '%\\_\\_%' escape '\\'")
    assert leftovers == [], "nothing is left behind"

    project.build("--empty", "-s", "asked")
    assert project.states("asked") == {}
    assert server.stats()["requests"] == 10
    project.build("-s", "asked")
    assert project.states("asked") == {"ok": 10}
    assert server.stats()["requests"] == 10

    # Nothing new: the relation is left as it is, indexes included. A changed body rewrites it, as does --full-refresh.
    index = "select count(*) from duckdb_indexes() where index_name = 'kept'"
    project.query("create index kept on asked (id)")
    project.build("-s", "asked")
    assert project.query(index) == [(1,)]
    project.write("people", "select range as id, 'name ' || range as name from range(10) where range <> 3")
    project.build("-s", "people", "asked")
    assert project.query(index) == [(0,)]
    assert project.states("asked") == {"ok": 9}
    project.query("create index kept on asked (id)")
    project.build("-s", "asked", "--full-refresh")
    assert project.query(index) == [(0,)]
    project.write("people", "select range as id, 'name ' || range as name from range(10)")
    project.build("-s", "people", "asked")
    assert server.stats()["requests"] == 10

    # A broken contract leaves the relation and the ledger as they were.
    yml = project.root / "models" / "asked.yml"
    yml.write_text(yml.read_text().replace("name: response_state", "name: response_stat"))
    outcome = project.dbt("build", "-s", "asked")
    assert not outcome.success
    assert project.states("asked") == {"ok": 10}


def test_a_personal_column_reaches_a_prompt_only_announced(
    project: InferenceProject, server: model_server.Client
) -> None:
    tagged = {"config": {"meta": {"pii": True}}}
    project.write(
        "people",
        "select 1 as id, 'ada@example.com' as email, 'Ada Lovelace' as name, 'GB' as country",
        {"columns": [{"name": "email", **tagged}, {"name": "name", **tagged}]},
    )
    project.write("middle", "select id, email, name, country from {{ ref('people') }}")
    bodies = {
        "direct": "select id, 'Who is ' || name || '?' as prompt from {{ ref('people') }}",
        "through a parent": "select id, concat('Mail: ', m.email) as prompt from {{ ref('middle') }} as m",
        "through an alias": "with a as (select id, upper(email) as contact from {{ ref('people') }}),\n"
        "b as (select id, 'Write to ' || contact as text from a)\nselect b.id, coalesce(b.text, '') prompt from b",
        "in a subquery": "select id, (select max(email) from {{ ref('people') }}) as prompt from {{ ref('people') }}",
        "read while it is compiled": "{% set read = run_query('select email from ' ~ ref('people')) %}"
        "select id, '{{ read.columns[0].values()[0] if execute else '' }}' as prompt from {{ ref('people') }}",
        "in a case": "select id, case when country = 'GB' then 'x' else email end as prompt from {{ ref('people') }}",
    }
    for name, body in bodies.items():
        project.write("asked", asking(body))
        outcome = project.dbt("build")
        assert not outcome.success, name
        if name == "read while it is compiled":
            assert "its template reads tables while dbt compiles it (run_query)" in outcome.said, outcome.said[-2000:]
            continue
        assert "puts personal columns into `prompt`" in outcome.said, (name, outcome.said[-2000:])
        assert "(tagged in people)" in outcome.said
    assert server.stats()["requests"] == 0

    # Beside the prompt a personal column may stand; redacted ones, comments and texts that only look so may be in it.
    project.write(
        "asked",
        asking(
            "-- about email\nselect id, email, 'no email, ' || country || {{ lakeweave.redact('email', 'domain') }} || "
            "{{ lakeweave.redact('name', 'initial') }} || {{ lakeweave.redact('name') }} as prompt "
            "from {{ ref('people') }}"
        ),
        {
            "data_tests": [
                {
                    "no_personal_data_in_prompts": {
                        "arguments": {
                            "input": "prompt", "key": "id", "personal": "ref('people')", "columns": ["email", "name"],
                        }
                    }
                }
            ]
        },
    )  # fmt: skip
    project.build()
    assert list(server.stats()["asked"]) == ["no email, GB***@example.comA***[name]"]

    # A tag goes with the column through models upstream, also where only the asking model is built.
    project.write("renamed", "select id, email as e from {{ ref('people') }}")
    project.write("asked", asking("select id, 'Write to ' || e as prompt from {{ ref('renamed') }}"))
    for selected in ([], ["--select", "asked"]):
        outcome = project.dbt("build", *selected)
        assert not outcome.success
        assert "puts personal columns into `prompt`: `email` (tagged in people)" in outcome.said

    # What is not understood is refused, and what only looks like the work of `redact` is no such work.
    for body in (
        "select id, to_json(p) as prompt from {{ ref('people') }} as p",
        "select id, /* lakeweave:redacted label email */ email /* lakeweave:end */ as prompt from {{ ref('people') }}",
        "select id, country as prompt from {{ ref('people') }} union all select id, email from {{ ref('people') }}",
    ):
        project.write("asked", asking(body))
        outcome = project.dbt("build", "--select", "asked")
        assert not outcome.success
        assert "Nothing was asked." in outcome.said, body
    assert server.stats()["requests"] == 1

    # Personal values without a tag are counted in the prompts, and not shown.
    project.write(
        "asked", asking("select id, 'ada' || '@' || 'example.com ' || country as prompt from {{ ref('people') }}"), {}
    )
    outcome = project.build()
    assert "seem to hold personal values, though no tag says so (of 1 looked at, e-mail address: 1)" in outcome.said
    assert "ada@" not in outcome.said
    project.variables = {"inference_content_check": 0}
    project.write("asked", asking("select id, 'bob' || '@' || 'example.com' as prompt from {{ ref('people') }}"), {})
    assert "seem to hold" not in project.build().said
    project.variables = {}

    project.write("asked", asking(bodies["direct"], allow_pii=True), {})
    project.build()
    assert server.stats()["order"][-1] == "Who is Ada Lovelace?"


def test_generic_tests_measure_answers(project: InferenceProject) -> None:
    prompt = "case when range < 8 then 'p' || range else 'ALWAYS-400 ' || range end"
    body = f"select range as id, {prompt} as prompt from range(10)"
    golden = project.root / "seeds" / "golden.csv"
    golden.write_text("id,expected\n" + "".join(f"{n},echo: p{n}\n" for n in range(7)) + "7,something else\n")

    def run(at_least: float, golden_at_least: float) -> dict[str, bool]:
        tests = [
            {"inference_succeeds": {"arguments": {"at_least": at_least}}},
            {"answers_match": {"arguments": {"golden": "ref('golden')", "key": "id", "at_least": golden_at_least}}},
        ]
        project.write("asked", asking(body), {"data_tests": tests})
        outcome = project.dbt("build")
        return {name: f"FAIL 1 {name}" not in outcome.said for name in ("inference_succeeds", "answers_match")}

    assert run(0.8, 0.85) == {"inference_succeeds": True, "answers_match": True}
    assert run(0.9, 0.9) == {"inference_succeeds": False, "answers_match": False}
    golden.write_text(golden.read_text() + "99,nobody\n")
    assert run(0.8, 0.1)["answers_match"] is False, "a golden row that the model lacks is not measured"
    assert project.dbt("build", "--empty").success


def test_functions_can_be_used_in_any_model(project: InferenceProject, server: model_server.Client) -> None:
    project.write("embedder", "{{ lakeweave.remote_model(function='generate_embedding') }}")
    project.write("rows_to_ask", "select range as id, 'p' || range as text from range(6)")
    project.write(
        "texts",
        "select id, response, response_state, input_tokens from "
        "{{ lakeweave.generate_text(ref('rows_to_ask'), model='gemini', input='text', options={'seed': 3}) }} as a "
        "where response is not null",
    )
    project.write(
        "vectors",
        "with few as (select * from {{ ref('rows_to_ask') }} where id < 2) select id, embedding, response_status from "
        "{{ lakeweave.generate_embedding('few', model='embedder', input='text') }} as answered",
    )
    project.build()
    assert project.query("select id, response, response_state from texts order by id")[5] == (5, "echo: p5", "ok")
    assert server.stats()["requests"] == 6
    assert project.query("select count(*), min(len(embedding)), max(response_status) from vectors") == [(2, 384, "")]

    project.write(
        "texts", "select * from {{ lakeweave.generate_text(ref('rows_to_ask'), model='embedder', options={'x': 1}) }} a"
    )
    outcome = project.dbt("build")
    assert '`options` has "x"' in outcome.said


def test_pictures_are_known_by_their_content(project: InferenceProject, tmp_path: Path) -> None:
    pytest.importorskip("PIL")
    pytest.importorskip("onnx")
    from tests.python.unit.test_inference_images import classifier, picture

    classifier(tmp_path / "colour.onnx")
    for name, colour in (("red.png", (250, 0, 0)), ("copy_of_red.png", (250, 0, 0)), ("green.png", (0, 250, 0))):
        picture(tmp_path / name, colour)
    (tmp_path / "broken.png").write_bytes((tmp_path / "red.png").read_bytes()[:40])
    project.variables["endpoints"] = {"duckdb": {"colour": str(tmp_path / "colour.onnx")}}
    project.write("colour", "{{ lakeweave.remote_model(function='predict_image') }}")
    project.write("vision", "{{ lakeweave.remote_model(function='annotate_image') }}")
    files = f"select filename as uri, md5(content) as md5_hash from read_blob('{tmp_path}/*.png')"
    picture_call = {"input": "uri", "content_hash": "md5_hash"}
    project.write("predicted", asking(files, function="predict_image", model="colour", **picture_call))
    project.write(
        "annotated",
        asking(
            files, function="annotate_image", model="vision", options={"features": ["IMAGE_PROPERTIES"]}, **picture_call
        ),
    )
    project.build()
    label = "response->'predictions'->0->>'label'"
    rows = project.query(f"select split_part(uri, '/', -1), response_state, {label} from predicted order by 1")
    assert rows == [
        ("broken.png", "failed", None),
        ("copy_of_red.png", "ok", "red"),
        ("green.png", "ok", "green"),
        ("red.png", "ok", "red"),
    ]
    assert project.query("select count(*) from ledger.model_responses where function = 'predict_image'") == [(3,)]
    assert project.query("select count(*) from annotated where response like '%dominant_colors%'") == [(3,)]

    # A picture that was replaced under its name is one new call.
    picture(tmp_path / "green.png", (0, 0, 250))
    project.build()
    assert project.query("select count(*) from ledger.model_responses where function = 'predict_image'") == [(4,)]
    assert project.query("select response->'predictions'->0->>'label' from predicted where uri like '%/green.png'") == [
        ("blue",)
    ]
