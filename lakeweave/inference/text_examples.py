"""A small local classifier, trained on the labelled examples of a call of `classify`.

It names itself: ``served_model`` of its answers is :data:`NAME`. It is no language model. It compares the words and the groups of
letters of a text with those of the examples: hashed vectors (:mod:`.embeddings_hashed`), and ridge regression with one output
for each category. It needs an example of every category, and gives no answer to a text without a word of any example.

The examples are in the instruction that the macro `classify` writes, one JSON object on a line, so that every other model reads
them too.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache

import numpy as np

from lakeweave.inference.answers import FAILED, OK, Answer
from lakeweave.inference.embeddings_hashed import HashedEmbedder, split
from lakeweave.inference.schema import Field, Schema

NAME = "offline-classifier-1"
NO_CATEGORY = "the classifier of the offline backend"
_BEFORE = "Classify the text. "
_EXAMPLES = "\nExamples, each with its answer:\n"
_RIDGE = 0.3


@dataclass(frozen=True, slots=True)
class Example:
    """A text and its categories."""

    text: str
    categories: tuple[str, ...]


def examples_of(instruction: str | None, schema: Schema | None) -> list[Example]:
    """The examples in an instruction of `classify`; empty if it is another instruction, or has none."""
    if not instruction or schema is None or not instruction.startswith(_BEFORE) or _categories(schema) is None:
        return []
    name = schema.fields[0].name
    found = []
    for line in instruction.partition(_EXAMPLES)[2].split("\n"):
        try:
            given = json.loads(line)
            answer = given["answer"][name]
            found.append(Example(given["text"], tuple([answer] if isinstance(answer, str) else answer)))
        except (ValueError, KeyError, TypeError):
            return []
    return found


def classified(texts: Sequence[str], examples: Sequence[Example], schema: Schema) -> list[Answer]:
    """One answer for each text, in order, in the form of the schema."""
    field = schema.fields[0]
    categories = _categories(schema) or ()
    missing = [name for name in categories if all(name not in example.categories for example in examples)]
    if missing:
        said = f"{NO_CATEGORY} needs an example of every category; there is none of {', '.join(missing)}"
        return [Answer(None, said, FAILED, served_model=NAME)] * len(texts)
    if len(categories) < 2 and field.type != "array":
        said = f"{NO_CATEGORY} needs at least two categories; there is only {', '.join(categories)}"
        return [Answer(None, said, FAILED, served_model=NAME)] * len(texts)
    classifier = _trained(tuple(examples), categories)
    return [classifier.answer(text, field) for text in texts]


def _categories(schema: Schema) -> tuple[str, ...] | None:
    """The categories of a schema of `classify`; None if it is another schema."""
    if len(schema.fields) != 1:
        return None
    field = schema.fields[0]
    one = field.items if field.type == "array" else field
    return one.values if one is not None and one.type == "string" and one.values else None


class _Classifier:
    def __init__(self, examples: Sequence[Example], categories: Sequence[str]) -> None:
        self._categories = categories
        self._embedder = HashedEmbedder()
        self._words = {word for example in examples for word in split(example.text)}
        vectors, _ = self._embedder.embed([example.text for example in examples])
        vectors = vectors.astype(np.float64)
        labels = np.array([[name in example.categories for name in categories] for example in examples], dtype=float)
        self._middle = labels.mean(axis=0)
        # In the dual form the matrix is as large as the number of examples, which is less than that of the dimensions.
        kernel = vectors @ vectors.T + _RIDGE * np.eye(len(examples))
        self._weights = vectors.T @ np.linalg.solve(kernel, labels - self._middle)

    def answer(self, text: str, field: Field) -> Answer:
        if not self._words.intersection(split(text)):
            said = f"{NO_CATEGORY} finds no word of the text in an example"
            return Answer(None, said, FAILED, served_model=NAME)
        vector, _ = self._embedder.embed([text])
        scores = self._middle + vector[0].astype(np.float64) @ self._weights
        response: dict[str, str | list[str]]
        if field.type == "array":
            found = [name for name, score in zip(self._categories, scores, strict=True) if score >= 0.5]
            response = {field.name: found}
        else:
            response = {field.name: self._categories[int(np.argmax(scores))]}
        return Answer(json.dumps(response, ensure_ascii=False, separators=(",", ":")), "", OK, served_model=NAME)


@lru_cache(8)
def _trained(examples: tuple[Example, ...], categories: tuple[str, ...]) -> _Classifier:
    return _Classifier(examples, categories)
