"""Answers are measured: against a golden set, against another prompt, by a judge, and against what was accepted before."""

from __future__ import annotations

import json
from collections import Counter

from tests.python.duckdb.inference_project import InferenceProject, asking
from tests.python.fakes import model_server

ROWS = 40
MOODS = ["good", "bad", "mixed"]


def moods(more: str = "") -> str:
    call = f"lakeweave.classify(model='gemini', input='prompt', categories={MOODS}, column='mood')"
    return f"{{{{ {call} }}}}\n\nselect range as id, 'q' || range || '{more}' as prompt from range({ROWS})"


def answers(project: InferenceProject, name: str) -> dict[int, str]:
    return dict(project.query(f"select id, mood from {name}"))


def test_answers_are_measured_and_compared(project: InferenceProject, server: model_server.Client) -> None:
    project.price("fake-1,2020-01-01,,any,EUR,0.01,0,,0,,2026-11-21,of this test")
    project.write("moods_one", moods())
    project.write("moods_other", moods(" again"))
    project.build()
    one, other = answers(project, "moods_one"), answers(project, "moods_other")
    wanted = {number: mood for number, mood in one.items() if number < 20}
    wanted[0] = next(mood for mood in MOODS if mood != one[0])
    golden = project.root / "seeds" / "golden.csv"
    golden.write_text("id,expected\n" + "".join(f"{number}, {mood.upper()}\n" for number, mood in wanted.items()))

    # The confusion matrix counts each pair of an expected and a given answer.
    project.write(
        "matrix",
        "{{ config(materialized='table') }}\n"
        "select * from {{ lakeweave.confusion_matrix(ref('moods_one'), ref('golden'), 'id', 'mood') }} as matrix",
    )
    arguments = {"golden": "ref('golden')", "key": "id", "answer": "mood", "at_least": 0.9}
    worst = wanted[0]
    recall = 1 - 1 / sum(mood == worst for mood in wanted.values())
    tests = [
        {"answers_match": {"name": "loose", "arguments": {**arguments, "at_least_per_class": recall - 0.01}}},
        {"answers_match": {"name": "strict", "arguments": {**arguments, "at_least_per_class": recall + 0.01}}},
    ]
    project.write("moods_one", moods(), {"data_tests": tests})
    said = project.dbt("build", "--select", "golden", "moods_one", "matrix").said
    assert "FAIL 1 strict" in said
    assert "FAIL 1 loose" not in said
    project.write("moods_one", moods(), {"data_tests": tests[:1]})
    project.build()
    found = {
        (expected, given): (rows, is_right)
        for expected, given, rows, is_right in project.query(
            "select expected_answer, given_answer, row_count, is_right from matrix"
        )
    }
    counted = Counter((mood, one[number]) for number, mood in wanted.items())
    assert found == {pair: (rows, pair[0] == pair[1]) for pair, rows in counted.items()}
    shares = project.query("select expected_answer, sum(share_of_expected) from matrix group by 1")
    assert all(abs(share - 1) < 1e-9 for _, share in shares)

    # What another prompt changes, which way, and what both cost.
    requests = server.stats()["requests"]
    given = "{before: moods_one, after: moods_other, key: id, answer: mood, golden: golden, examples: 1}"
    outcome = project.dbt("run-operation", "compare_answers", "--args", given)
    assert outcome.success, outcome.said
    changed = [number for number in one if one[number] != other[number]]
    right = [sum(side[number] == mood for number, mood in wanted.items()) for side in (one, other)]
    assert 0 < len(changed) < ROWS
    assert f"both have {ROWS}, of which {len(changed)} have another answer." in outcome.said
    assert f"Right of 20 golden rows: {right[0]} before, {right[1]} after." in outcome.said
    assert f"moods_other (gemini): {ROWS} requests, " in outcome.said
    assert " of output, 0.4000 EUR." in outcome.said
    ways = Counter(
        (
            one[number],
            other[number],
            ""
            if number not in wanted
            else ": now right"
            if other[number] == wanted[number]
            else ": now wrong"
            if one[number] == wanted[number]
            else ": wrong both times",
        )
        for number in changed
    )
    for (before, after, way), rows in ways.items():
        assert f'{rows} from "{before}" to "{after}"{way}' in outcome.said
    assert server.stats()["requests"] == requests
    wrong = project.dbt("run-operation", "compare_answers", "--args", "{before: golden, after: nobody}")
    assert not wrong.success
    assert "`before` is 'golden', which asks no model" in wrong.said
    assert '`after` is "nobody"; expected the name of a model.' in wrong.said


def test_answers_that_drift_and_answers_that_a_judge_refuses_fail(
    project: InferenceProject, server: model_server.Client
) -> None:
    drift = {"columns": [{"name": "mood", "data_tests": [{"answers_drift": {"arguments": {"at_most": 0.1}}}]}]}
    project.write("asked", moods(), drift)
    # The judge is a model of its own: its calls are in the ledger.
    judge = (
        "{{ lakeweave.score(model='gemini', input='judged', rubric='Is the mood right?', lowest=1, highest=5) }}\n\n"
    )
    body = "select id, prompt || ': ' || mood as judged from {{ ref('asked') }}"
    judged = {"arguments": {"at_least": 1, "share": 1}}
    strict = {"arguments": {"at_least": 5, "share": 0.9}}
    tests = [{"judged_well": {"name": "mild", **judged}}, {"judged_well": {"name": "harsh", **strict}}]
    project.write("judgement", judge + body, {"columns": [{"name": "score", "data_tests": tests}]})
    assert project.dbt("run").success
    said = project.dbt("test").said
    assert "FAIL 1 answers_drift" in said, "nothing was accepted yet"
    assert "FAIL 1 harsh" in said
    assert "FAIL 1 mild" not in said
    requests = server.stats()["requests"]
    assert requests == 2 * ROWS
    assert project.query("select count(*) from ledger.model_responses where node_id like '%judgement'") == [(ROWS,)]

    accepted = project.dbt("run-operation", "accept_answers", "--args", "{model: asked, column: mood}")
    assert f"Accepted: {ROWS} answers of asked.mood in 3 classes." in accepted.said
    assert project.dbt("test", "--select", "asked").success
    # All answers of one class are another distribution.
    one_class = f"select range as id, 'same' as prompt from range({ROWS})"
    call = moods().split("\n\n")[0]
    project.write("asked", f"{call}\n\n{one_class}", drift)
    said = project.dbt("build", "--select", "asked").said
    assert "FAIL 3 answers_drift" in said
    # What is accepted now is the measure from now on.
    project.dbt("run-operation", "accept_answers", "--args", "{model: asked, column: mood}")
    assert project.dbt("test", "--select", "asked").success
    assert server.stats()["requests"] == requests + 1


def test_a_model_is_compared_with_its_earlier_version(project: InferenceProject, server: model_server.Client) -> None:
    """The answers of the earlier version are in the ledger; nothing is asked again."""

    def compared(**arguments: str) -> str:
        given = json.dumps({"after": "asked", "answer": "mood", "examples": 0, **arguments})
        return project.dbt("run-operation", "compare_answers", "--args", given).said

    def ask(prompt: str, *moods: str) -> dict[int, str]:
        body = f"select range as id, {prompt} as prompt from range(20)"
        project.write("asked", asking(body, schema={"mood": {"type": "string", "values": list(moods)}}))
        project.build()
        return dict(project.query("select id, mood from asked"))

    first = ask("'q' || range", "good", "bad")
    assert "the ledger has no answers of an earlier version of `asked`" in compared()
    # Another schema: the earlier questions are those of the same texts.
    second = ask("'q' || range", "good", "bad", "unclear")
    requests = server.stats()["requests"]
    changed = sum(first[place] != second[place] for place in first)
    assert 0 < changed < 20
    said = compared()
    assert (
        f"asked by fake-1, earlier has 20 rows, asked has 20; both have 20, of which {changed} have another answer."
        in said
    )
    assert "asked by fake-1, earlier (gemini): 20 requests" in said
    assert "asked (gemini): 20 requests" in said
    # Another text: the earlier one is given as SQL.
    third = ask("'new q' || range", "good", "bad", "unclear")
    changed = sum(second[place] != third[place] for place in second)
    said = compared(earlier_input="'q' || present.id")
    assert f"both have 20, of which {changed} have another answer." in said
    assert server.stats()["requests"] == requests + 20
    assert "`earlier_input` is given with `before`" in compared(before="asked", earlier_input="'q'")
