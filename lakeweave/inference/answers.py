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
from dataclasses import dataclass

import numpy as np
import pyarrow as pa

OK, RETRYABLE, FAILED, UNSENT = "ok", "retryable", "failed", "unsent"

NULL_INPUT = "null input"
EMPTY_INPUT = "empty input"

#: The SQL type that every inference function of the embedded target returns.
DUCKDB_TYPE = (
    "STRUCT(response VARCHAR, embedding FLOAT[], status VARCHAR, state VARCHAR, "
    "input_tokens BIGINT, output_tokens BIGINT)"
)

_MAX_STATUS = 300


def status_text(text: object) -> str:
    """One short line of ``text``, safe to store: no line breaks, no control characters, no lone surrogates."""
    line = "".join(character if character.isprintable() else " " for character in clean_text(str(text)))
    line = " ".join(line.split())
    return line if len(line) <= _MAX_STATUS else line[: _MAX_STATUS - 1] + "…"


def clean_text(text: str) -> str:
    """``text`` as valid UTF-8: a lone surrogate, which JSON can carry and no engine can store, becomes U+FFFD."""
    return text.encode("utf-8", "replace").decode("utf-8") if not text.isascii() else text


@dataclass(frozen=True, slots=True)
class Answer:
    """The answer to one input. ``response`` is None unless ``state`` is ``ok``; token counts are None when unknown."""

    response: str | None
    status: str = ""
    state: str = OK
    input_tokens: int | None = None
    output_tokens: int | None = None


@dataclass(slots=True)
class Answers:
    """The answers to a batch of ``n`` inputs.

    ``responses`` is None for embeddings; ``embeddings`` is None for text, otherwise a float32 array of shape
    ``(n, dimension)`` whose rows count only where ``states`` says ``ok``.
    """

    statuses: Sequence[str]
    states: Sequence[str]
    responses: Sequence[str | None] | None = None
    embeddings: np.ndarray | None = None
    input_tokens: Sequence[int | None] | None = None
    output_tokens: Sequence[int | None] | None = None

    def __len__(self) -> int:
        return len(self.states)

    @classmethod
    def of(cls, answers: Sequence[Answer]) -> Answers:
        """Columns from single answers."""
        return cls(
            statuses=[a.status for a in answers],
            states=[a.state for a in answers],
            responses=[a.response for a in answers],
            input_tokens=[a.input_tokens for a in answers],
            output_tokens=[a.output_tokens for a in answers],
        )

    def take(self, positions: Sequence[int]) -> Answers:
        """The answers at ``positions``, in that order; a position may be taken several times."""

        def pick(column: Sequence | None) -> list | None:
            return None if column is None else [column[i] for i in positions]

        return Answers(
            statuses=pick(self.statuses),
            states=pick(self.states),
            responses=pick(self.responses),
            embeddings=None if self.embeddings is None else self.embeddings[np.asarray(positions, dtype=np.intp)],
            input_tokens=pick(self.input_tokens),
            output_tokens=pick(self.output_tokens),
        )

    def to_arrow(self) -> pa.StructArray:
        """As an Arrow struct with the fields of :data:`DUCKDB_TYPE`, NULL where there is nothing."""
        n = len(self)
        states = list(self.states)
        if self.responses is None:
            responses = pa.nulls(n, pa.string())
        else:
            responses = pa.array([None if r is None else clean_text(r) for r in self.responses], pa.string())
        return pa.StructArray.from_arrays(
            [
                responses,
                self._embedding_array(states),
                pa.array([status_text(s) if s else "" for s in self.statuses], pa.string()),
                pa.array(states, pa.string()),
                pa.array(self.input_tokens, pa.int64()) if self.input_tokens is not None else pa.nulls(n, pa.int64()),
                pa.array(self.output_tokens, pa.int64()) if self.output_tokens is not None else pa.nulls(n, pa.int64()),
            ],
            ["response", "embedding", "status", "state", "input_tokens", "output_tokens"],
        )

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
