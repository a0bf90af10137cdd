"""What a backend gives back for a list of inputs, and how it travels to an engine.

One :class:`Answers` holds the answers to one batch, column by column. ``status`` is the backend's own words and is
empty on success; ``state`` is decided where the call is made, because only there is it known whether asking again can
help:

``ok``
    Answered.
``retryable``
    The call was made and failed for a reason that may pass (time-out, overload, an answer that is not as promised).
``failed``
    The call was made and will always fail for this input (refused input, unreadable picture, no rule).
``unsent``
    The call was not made: the endpoint cannot be reached or refuses this client. It is free, and not an attempt.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, fields
from typing import Any

import numpy as np
import pyarrow as pa

from lakeweave.inference.usage import UNKNOWN, Usage

OK, RETRYABLE, FAILED, UNSENT = "ok", "retryable", "failed", "unsent"

NULL_INPUT = "null input"
EMPTY_INPUT = "empty input"

#: What a call takes, by the name of its field and its kind; the macro `_columns_of_call` has the same names for the ledger.
_OF_CALL = {
    "input_tokens": "whole",
    "output_tokens": "whole",
    "cached_input_tokens": "whole",
    "reasoning_tokens": "whole",
    "requests": "whole",
    "reasoning": "text",
    "served_model": "text",
    "is_other_model": "flag",
    "rejected_response": "text",
}
_FIELDS = {"response": "text", "embedding": "vector", "status": "text", "state": "text", **_OF_CALL}
_DUCKDB = {"text": "VARCHAR", "vector": "FLOAT[]", "whole": "BIGINT", "flag": "BOOLEAN"}
_SPARK = {"text": "string", "vector": "array<float>", "whole": "bigint", "flag": "boolean"}
_OF_USAGE = frozenset(each.name for each in fields(Usage))
_ARROW = {"text": pa.string(), "whole": pa.int64(), "flag": pa.bool_()}

#: The SQL type that every inference function of DuckDB returns.
DUCKDB_TYPE = f"STRUCT({', '.join(f'{name} {_DUCKDB[kind]}' for name, kind in _FIELDS.items())})"

#: The same for Spark.
SPARK_TYPE = ", ".join(f"{name} {_SPARK[kind]}" for name, kind in _FIELDS.items())

_MAX_STATUS = 300


def status_text(text: object) -> str:
    """One short line of ``text``, safe to store: no line breaks, no control characters, no lone surrogates."""
    line = "".join(character if character.isprintable() else " " for character in clean_text(str(text)))
    line = " ".join(line.split())
    return line if len(line) <= _MAX_STATUS else line[: _MAX_STATUS - 1] + "…"


def clean_text(text: str) -> str:
    """``text`` as valid UTF-8: a lone surrogate, which JSON can carry and no engine can store, becomes a question mark."""
    return text.encode("utf-8", "replace").decode("utf-8") if not text.isascii() else text


@dataclass(frozen=True, slots=True)
class Answer:
    """The answer to one input, and what it took.

    ``response`` is None unless ``state`` is ``ok``. ``usage`` is that of all ``requests`` that were made for it (None where
    nothing is sent anywhere). ``reasoning`` is what the model thought, ``served_model`` the name in the reply, and
    ``is_other_model`` whether that is another model than the one that was asked. ``rejected_response`` is an answer that does not
    fit the schema, as the model wrote it.
    """

    response: str | None
    status: str = ""
    state: str = OK
    usage: Usage = UNKNOWN
    requests: int | None = None
    reasoning: str | None = None
    served_model: str | None = None
    is_other_model: bool | None = None
    rejected_response: str | None = None

    @property
    def input_tokens(self) -> int | None:
        """Tokens of input, None when the server did not count them."""
        return self.usage.input_tokens

    @property
    def output_tokens(self) -> int | None:
        """Tokens of output, None when the server did not count them."""
        return self.usage.output_tokens


@dataclass(slots=True)
class Answers:
    """The answers to a batch of ``n`` inputs.

    ``responses`` is None for embeddings; ``embeddings`` is None for text, otherwise a float32 array of shape
    ``(n, dimension)`` whose rows count only where ``states`` says ``ok``. ``more`` holds the other fields of the answers
    by name, each with ``n`` values; a name that is absent is NULL throughout.
    """

    statuses: Sequence[str]
    states: Sequence[str]
    responses: Sequence[str | None] | None = None
    embeddings: np.ndarray | None = None
    more: dict[str, Sequence[Any]] = field(default_factory=dict)

    def __len__(self) -> int:
        return len(self.states)

    @classmethod
    def of(cls, answers: Sequence[Answer]) -> Answers:
        """Columns from single answers."""
        more: dict[str, Sequence[Any]] = {
            name: [getattr(each.usage if name in _OF_USAGE else each, name) for each in answers] for name in _OF_CALL
        }
        return cls(
            statuses=[a.status for a in answers],
            states=[a.state for a in answers],
            responses=[a.response for a in answers],
            more=more,
        )

    def take(self, positions: Sequence[int]) -> Answers:
        """The answers at ``positions``, in that order; a position may be taken several times."""

        def pick(column: Sequence[Any]) -> list[Any]:
            return [column[i] for i in positions]

        return Answers(
            statuses=pick(self.statuses),
            states=pick(self.states),
            responses=None if self.responses is None else pick(self.responses),
            embeddings=None if self.embeddings is None else self.embeddings[np.asarray(positions, dtype=np.intp)],
            more={name: pick(column) for name, column in self.more.items()},
        )

    def to_arrow(self) -> pa.StructArray:
        """As an Arrow struct with the fields of :data:`DUCKDB_TYPE`, NULL where there is nothing."""
        n = len(self)
        states = list(self.states)
        columns: dict[str, pa.Array] = {
            "response": pa.nulls(n, pa.string()) if self.responses is None else _texts(self.responses),
            "embedding": self._embedding_array(states),
            "status": pa.array([status_text(s) if s else "" for s in self.statuses], pa.string()),
            "state": pa.array(states, pa.string()),
        }
        for name, kind in ((name, _ARROW[kind]) for name, kind in _OF_CALL.items()):
            given = self.more.get(name)
            if given is None:
                columns[name] = pa.nulls(n, kind)
            else:
                columns[name] = _texts(given) if kind == pa.string() else pa.array(given, kind)
        return pa.StructArray.from_arrays(list(columns.values()), list(columns))

    def _embedding_array(self, states: list[str]) -> pa.ListArray:
        kind = pa.list_(pa.float32())
        if self.embeddings is None:
            return pa.nulls(len(states), kind)
        good = np.fromiter((s == OK for s in states), dtype=bool, count=len(states))
        matrix = np.ascontiguousarray(self.embeddings[good], dtype=np.float32)
        lengths = np.where(good, matrix.shape[1], 0)
        offsets = np.concatenate(([0], np.cumsum(lengths))).astype(np.int32)
        values = pa.array(matrix.reshape(-1))
        return pa.ListArray.from_arrays(pa.array(offsets), values, mask=pa.array(~good))


def _texts(values: Sequence[str | None]) -> pa.Array:
    return pa.array([None if value is None else clean_text(value) for value in values], pa.string())
