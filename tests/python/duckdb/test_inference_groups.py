"""Questions about groups of rows and about pairs of rows: known by content, asked once, nothing left out in silence."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.python import worked_examples
from tests.python.duckdb.inference_project import InferenceProject, openai
from tests.python.fakes import model_server


@pytest.fixture
def project(tmp_path: Path, server: model_server.Client) -> InferenceProject:
    server.reset()
    server.set(factor=1, usage=True, faults={}, status=None, latency=0.0)
    return InferenceProject(tmp_path, openai(server.base_url), config={"embeddings": {"backend": "hashed"}})


def summarize(rows: str, more: str = "") -> str:
    call = (
        f"lakeweave.summarize_rows(model='gemini', group_by='product', input='text', instruction='Which faults?'{more})"
    )
    return f"{{{{ {call} }}}}\n\nselect * from (values {rows}) as t(product, place, text)"


def test_a_group_is_known_by_its_content(project: InferenceProject, server: model_server.Client) -> None:
    first = ["('a', 1, 'zip broke')", "('a', 2, E'two\\nlines')", "('b', 1, 'fits')", "('b', 2, null)", "('c', 1, ' ')"]
    project.write("asked", summarize(", ".join(first)))
    project.build()
    columns = "product, row_count, rows_without_text, rows_left_out, text, summary is not null, response_state, response_status"
    assert project.query(f"select {columns} from asked order by product") == [
        ("a", 2, 0, 0, "- two lines\n- zip broke", True, "ok", ""),
        ("b", 2, 1, 0, "- fits", True, "ok", ""),
        ("c", 1, 1, 0, None, False, "failed", "null input"),
    ]
    assert server.stats()["requests"] == 2
    # The order of the rows makes no difference, and a new row asks about its own group only.
    project.write("asked", summarize(", ".join(reversed(first))))
    project.build()
    assert server.stats()["requests"] == 2
    project.write("asked", summarize(", ".join([*first, "('b', 3, 'fits not')"])))
    project.build()
    assert server.stats()["requests"] == 3
    assert server.stats()["bodies"][-1]["messages"][1]["content"] == "- fits\n- fits not"
    assert project.states("asked") == {"ok": 2, "failed": 1}


def test_rows_that_do_not_fit_are_counted_and_told(project: InferenceProject, server: model_server.Client) -> None:
    rows = "('a', 3, 'x3'), ('a', 1, 'x1'), ('a', 2, 'x2'), ('b', 1, 'a text that is too long alone'), ('b', 2, 'z')"
    project.write("asked", summarize(rows, ", order_by='place desc', max_input_characters=9"))
    outcome = project.build()
    found = project.query("select product, row_count, rows_left_out, text, response_status from asked order by product")
    assert found == [("a", 3, 1, "- x3\n- x2", ""), ("b", 2, 1, "- z", "")]
    assert (
        "2 of 5 rows in 2 groups do not fit into the question of their group (max_input_characters = 9)" in outcome.said
    )
    # A row that is too long alone is no question, and says so.
    project.write("asked", summarize(rows, ", max_input_characters=9"))
    project.build()
    found = project.query("select response_state, response_status from asked where product = 'b'")
    assert found == [("failed", "input is longer than 9 characters")]


def test_each_worked_example_is_built(project: InferenceProject, server: model_server.Client) -> None:
    for name, sql in worked_examples.MODELS.items():
        project.write(name, sql)
    project.config["models"] = {"worked_chat": openai(server.base_url)}
    project.variables["worked_folder"] = str(project.root)
    (project.root / "label.png").write_bytes(b"\x89PNG\r\n\x1a\n and no more")
    project.build()
    requests = server.stats()["requests"]
    assert project.query("select product_id, rows_left_out, row_count from worked_expression order by 1") == [
        (10, 2, 3), (20, 0, 2), (30, 0, 1),
    ]  # fmt: skip
    for name, state in {
        "worked_classify": "ok",
        "worked_filter": "ok",
        "worked_score": "ok",
        "worked_extract": "ok",
    }.items():
        assert project.states(name) == {state: 4, "failed": 2}, name
    assert project.states("worked_pictures") == {"ok": 1, "retryable": 1}
    assert project.query("select pages is null from worked_documents order by uri") == [(False,), (True,)]
    assert project.states("worked_summaries") == {"ok": 2, "failed": 1}
    # Four texts with one candidate each; the pairs from both sides are one question. Two rows have no text, and stay.
    pairs = project.query("select left_key, right_key, pair, matches, response_state from worked_pairs")
    assert {left for left, *_ in pairs} == {1, 2, 3, 4, 5, 6}
    assert all(left != right for left, right, *_ in pairs)
    asked = {pair for *_, pair, _, state in pairs if state == "ok"}
    assert 2 <= len(asked) <= 3 < sum(state == "ok" for *_, state in pairs) == 4
    assert project.query("select count(*) from ledger.model_responses where node_id like '%worked_pairs'") == [
        (len(asked),)
    ]
    assert project.query("select count(*), count(is_same) from worked_matches") == [(10, 8)]
    project.remove("worked_expression")
    project.remove("worked_matches")
    project.remove("worked_documents")
    project.build()
    assert server.stats()["requests"] == requests


def test_personal_columns_of_either_side_are_not_sent(project: InferenceProject, server: model_server.Client) -> None:
    rows = "select 1 as id, 'Ann' as name, 'zip' as title, [1.0, 2.0]::float[] as embedding, 'm' as embedding_model"
    personal = {"columns": [{"name": "name", "config": {"meta": {"pii": True}}}]}
    project.write("people", f"{{{{ config(materialized='table') }}}}{rows}", personal)
    project.write("things", f"{{{{ config(materialized='table') }}}}{rows}")
    call = "lakeweave.match_rows('gemini', {}, {}, '{{left}} is {{right}}', left_input='{}', right_input='{}')"
    people, things = "ref('people')", "ref('things')"
    for left, right, first, second, is_sent in (
        (people, things, "name", "title", False),
        (things, people, "title", "name", False),
        (people, things, "title", "name", True),
    ):
        project.write("asked", f"{{{{ {call.format(left, right, first, second)} }}}}")
        outcome = project.dbt("build")
        assert outcome.success == is_sent, outcome.said
        assert is_sent or "puts personal columns into `pair`: " in outcome.said, outcome.said
        assert server.stats()["requests"] == is_sent
    # The rows of a group are the same: only the input counts.
    call = "lakeweave.summarize_rows('gemini', group_by='title', input='name', instruction='Who?')"
    project.write("asked", f"{{{{ {call} }}}} select name, title from {{{{ ref('people') }}}}")
    outcome = project.dbt("build")
    assert not outcome.success
    assert "puts personal columns into `name`: " in outcome.said


WRONG = [
    ("match_rows('gemini', 'a', 'b', '{left} matches', 'text')", "`condition` has no {right}"),
    ("match_rows('gemini', 'a', 'b', '{left} is {right} or {middle}', 'text')", "`condition` has {middle}"),
    ("match_rows('gemini', 'a', 'b', '{left} is {right}', 'text', candidates=0)", "`candidates` is"),
    ("match_rows('gemini', none, 'b', '{left} is {right}', 'text')", "`left` is missing"),
    ("filter_rows('gemini', 'text', '{comment} is late.')", "has the placeholder {comment}, which nothing fills"),
    ("summarize_rows('gemini', [], 'text', 'Which?')", "`group_by` is missing"),
    ("summarize_rows('gemini', 'text', 'text', 'Which?')", "which is the input"),
    ("summarize_rows('gemini', 'row_count', 'text', 'Which?')", "which the answer brings"),
    ("summarize_rows('gemini', 'product', 'text', ' ')", "`instruction` is"),
    ("summarize_rows('gemini', 'product', 'text', 'Which?', order_by='place; drop')", "with or without 'desc'"),
    ("summarize_rows('gemini', 'product', 'text', 'Which?', max_input_characters=none)", "`max_input_characters` is missing"),
    ("summarize_rows('gemini', 'product', 'text', 'Which?', schema={'row_count': 'word'})", 'has the type "word"'),
    ("inference('generate_embedding', 'gemini', 'text', group_by='product')", "only `generate_text` asks about groups"),
]  # fmt: skip


def test_a_mistake_in_a_question_about_groups_is_a_sentence(project: InferenceProject) -> None:
    for call, said in WRONG:
        project.write("asked", f"{{{{ lakeweave.{call} }}}}\n\nselect 1 as product, 2 as place, 'x' as text")
        outcome = project.dbt("parse")
        assert not outcome.success, call
        assert said in outcome.said, call
    project.write(
        "asked", "{{ lakeweave.summarize_rows('gemini', 'shop', 'text', 'Which?') }}\nselect 1 as product, 'x' as text"
    )
    outcome = project.dbt("build")
    assert not outcome.success
    assert "`group_by` has 'shop', which the body does not have" in outcome.said
