"""Answers without any model: extracts, and the rules of a project.

This is a stand-in that names itself (``offline-rules-1`` in ``model_version``), not a language model. "Describe …" or
"Summarise … in five words: <text>" (or sentences) is answered with the beginning of the text itself: an extract, so that a
first column can be seen without a server; under a schema with a single text the extract is that text. Other prompts are
answered by the project's rules, a module with a ``VERSION`` and a function ``answer(prompt: str) -> Answer | None``, which is
None for a prompt that it has no rule for. A question of `classify` with ``examples`` is answered by a classifier that is trained
on them (:mod:`.text_examples`). Any other prompt is ``failed`` with :data:`NO_RULE`.
"""

from __future__ import annotations

import importlib
import json
import re
from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import Any

from lakeweave.errors import BackendError
from lakeweave.inference.answers import FAILED, OK, Answer
from lakeweave.inference.schema import DoesNotFit, Schema
from lakeweave.inference.strict_json import NotOneObject, is_one_object, one_object
from lakeweave.inference.text_examples import classified, examples_of

VERSION = "offline-rules-1"
NO_RULE = (
    "offline backend has no rule for this prompt; name a model server in the profile, such as "
    "text: {backend: openai, base_url: http://localhost:11434/v1, model: llama3.1:8b}"
)

NO_FILES = (
    "offline backend reads no pictures and no documents; name a model server in the profile, such as "
    "text: {backend: openai, base_url: http://localhost:11434/v1, model: gemma3:4b}"
)

_NUMBERS = ("one", "two", "three", "four", "five", "six", "seven", "eight", "nine", "ten")
_EXTRACT = re.compile(
    rf"(?:Describe|Summari[sz]e)\b[^:\n]{{0,80}}?\bin ({'|'.join(_NUMBERS)}|a|[1-9]\d?) (word|sentence)s?\s*:\s*(.*\S)\s*",
    re.DOTALL | re.IGNORECASE,
)


class OfflineBackend:
    """Answers from rules; needs no network, no weights and no key. ``rules`` is the name of a module."""

    where = "rules in this process"

    def __init__(self, rules: str | None = None) -> None:
        self.version = VERSION
        self._rule: Callable[[str], Answer | None] = _no_rule
        if rules is not None:
            self.version, self._rule = _load_rules(rules)

    def check(self) -> None:
        """There is nothing that could be missing."""

    def answer(self, prompts: Sequence[str], options: dict[str, Any]) -> list[Answer]:
        """One answer per prompt, in order. The same prompt always gets the same answer; one with a file gets none.

        Two options count: the instruction comes before the prompt, and an answer of a rule must fit the schema.
        """
        if options.get("file"):
            return [Answer(None, NO_FILES, FAILED)] * len(prompts)
        schema, instruction = Schema.of(options), options.get("instruction")
        before = f"{instruction}\n\n" if instruction else ""
        answers = [self._one(before + prompt) for prompt in prompts]
        if schema is None:
            return answers
        answers = [_fitted(answer, schema) for answer in answers]
        examples = examples_of(instruction, schema)
        unknown = [place for place, answer in enumerate(answers) if answer.status == NO_RULE] if examples else []
        for place, answer in zip(unknown, classified([prompts[i] for i in unknown], examples, schema), strict=True):
            answers[place] = answer
        return answers

    def _one(self, prompt: str) -> Answer:
        if (answer := self._rule(prompt)) is not None:
            return answer
        match = _EXTRACT.fullmatch(prompt)
        return _extract(*match.groups()) if match else Answer(None, NO_RULE, FAILED)


def _fitted(answer: Answer, schema: Schema) -> Answer:
    """The answer in the form of the schema. A rule that answers otherwise has no second answer."""
    if answer.response is None:
        return answer
    response = answer.response
    is_text = len(schema.fields) == 1 and (schema.fields[0].type, schema.fields[0].values) == ("string", ())
    if is_text and not is_one_object(response):
        # An extract is the text of a schema with a single text.
        response = json.dumps({schema.fields[0].name: response})
    try:
        return replace(answer, response=schema.fitted(one_object(response)))
    except (NotOneObject, DoesNotFit) as error:
        return Answer(None, f"not_in_schema: {error}", FAILED, rejected_response=answer.response)


def _no_rule(prompt: str) -> None:
    return None


def _load_rules(name: str) -> tuple[str, Callable[[str], Answer | None]]:
    """The version and the function of the module of rules.

    Raises:
        BackendError: there is no such module, or it is no module of rules.
    """
    expected = "Expected a module of the project with a text `VERSION` and a function `answer(prompt)`"
    try:
        module = importlib.import_module(name)
    except ImportError as error:
        raise BackendError(
            f"The rules `{name}` of the offline backend cannot be imported: {error}. {expected}, in a folder on the Python path."
        ) from None
    version, rule = getattr(module, "VERSION", None), getattr(module, "answer", None)
    if not isinstance(version, str) or not version or not callable(rule):
        raise BackendError(f"The module `{name}` has no rules for the offline backend. {expected}.")
    return version, rule


def _extract(number: str, unit: str, text: str) -> Answer:
    """The first words or sentences of a text, unchanged."""
    number = number.lower()
    count = int(number) if number.isdigit() else 1 if number == "a" else _NUMBERS.index(number) + 1
    text = " ".join(text.split())
    parts = text.split(" ") if unit.lower() == "word" else re.split(r"(?<=[.!?])\s+", text)
    return Answer(" ".join(parts[:count]), "", OK)
