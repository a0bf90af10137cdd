"""The classifier of the offline backend, which is trained on the examples of a question."""

from __future__ import annotations

import json
import re
from types import SimpleNamespace
from typing import Any

import pytest

from lakeweave.inference.answers import FAILED, OK
from lakeweave.inference.text_examples import NAME
from lakeweave.inference.text_offline import NO_RULE, OfflineBackend
from tests.python.security.macros import Macros

EXAMPLES: list[tuple[str, Any]] = [
    ("The zip broke after a week.", "fault"),
    ("A seam came loose.", "fault"),
    ("Warm and light.", "praise"),
    ("It fits very well.", "praise"),
]


def refuse(message: str) -> None:
    raise ValueError(message)


def options(categories: Any, examples: Any, multi: bool = False) -> dict[str, Any]:
    """The options of a call of `classify`, as the macro makes them."""
    macros = Macros(
        "duckdb",
        *(f"inference/{name}.sql" for name in ("classify", "_typed_question", "_schema", "_schema_problems")),
        "core/raise_problems.sql",
        this="the_model",
        execute=False,
        exceptions=SimpleNamespace(raise_compiler_error=refuse),
    )
    made: dict[str, Any] = {}

    def inference(function: str, model: str, input: str, options: dict[str, Any], schema: dict[str, Any]) -> None:
        made.update(macros._options_with_schema(options, schema))

    macros._macros["inference"] = inference
    macros.classify("gemini", "text", categories, multi=multi, examples=examples)
    return made


def test_a_text_gets_the_category_of_the_examples_that_it_is_like() -> None:
    answers = OfflineBackend().answer(
        ["The seam broke.", "Light, and fits well."], options(["fault", "praise"], EXAMPLES)
    )
    assert [json.loads(answer.response or "{}") for answer in answers] == [
        {"category": "fault"},
        {"category": "praise"},
    ]
    assert {(answer.state, answer.served_model) for answer in answers} == {(OK, NAME)}


def test_several_categories_may_fit() -> None:
    examples = [(text, [category]) for text, category in EXAMPLES] + [("Warm, but the zip broke.", ["fault", "praise"])]
    (answer,) = OfflineBackend().answer(["Warm, but the seam broke."], options(["fault", "praise"], examples, True))
    assert json.loads(answer.response or "{}") == {"categories": ["fault", "praise"]}


@pytest.mark.parametrize(
    ("categories", "examples", "status"),
    [
        (["fault", "praise", "other"], EXAMPLES, "needs an example of every category; there is none of other"),
        (["fault", "praise"], EXAMPLES[:2], "needs an example of every category; there is none of praise"),
        (["fault"], EXAMPLES[:2], "needs at least two categories; there is only fault"),
        (["fault", "praise"], None, NO_RULE),
    ],
)
def test_what_the_classifier_cannot_learn_is_said(categories: list[str], examples: Any, status: str) -> None:
    (answer,) = OfflineBackend().answer(["The seam broke."], options(categories, examples))
    assert answer.state == FAILED
    assert answer.response is None
    assert status in answer.status


def test_a_text_without_a_word_of_the_examples_gets_no_category() -> None:
    (answer,) = OfflineBackend().answer(["xyzzy"], options(["fault", "praise"], EXAMPLES))
    assert answer.state == FAILED
    assert "no word of the text" in answer.status


def test_the_same_examples_give_the_same_answers() -> None:
    texts = [f"The zip of number {n} is warm" for n in range(50)]
    given = options(["fault", "praise"], EXAMPLES)
    together = OfflineBackend().answer(texts, given)
    assert together == [OfflineBackend().answer([text], given)[0] for text in texts]


@pytest.mark.parametrize(
    ("examples", "said"),
    [
        ([], '`examples` is "[]"; expected a list of pairs of a text and a category.'),
        ("fault", '`examples` is "fault"; expected a list of pairs'),
        ({"a": "fault"}, "expected a list of pairs"),
        (["fault"], 'Example 1 is "fault"'),
        ([("a", "fault"), ("", "fault")], "Example 2 is"),
        ([("a", ["fault"])], "Example 1 is"),
        ([("a", "broken")], '`examples` has the category "broken", which `categories` does not have.'),
        ([("a", "fault"), ("a", "praise")], '`examples` has the text "a" with different categories.'),
    ],
)
def test_wrong_examples_are_told_when_the_project_is_parsed(examples: Any, said: str) -> None:
    with pytest.raises(ValueError, match=re.escape(said)):
        options(["fault", "praise"], examples)


def test_all_mistakes_in_examples_are_told_at_once() -> None:
    with pytest.raises(ValueError, match=r"wrong:(\n  - [^\n]*){3}\Z"):
        options(["fault", "praise"], [("a", "broken"), 5, ("b", "torn")])


@pytest.mark.parametrize("text", ['He said "no"\nand left.', "Zürich – 東京", "{}\\ 'x'"])
def test_an_example_reaches_the_classifier_as_it_was_written(text: str) -> None:
    given = options(["fault", "praise"], [(text, "fault"), ("Warm", "praise")])
    assert OfflineBackend().answer([text], given)[0].response == '{"category":"fault"}'
