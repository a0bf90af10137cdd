"""The inference functions, engine by engine a thin skin over :class:`Models`.

An engine hands over three columns: the input, the model's specification (JSON: ``model``, and where given ``endpoint``,
``path``, ``places``, ``model_version``, ``run``, ``holder``) and the options (canonical JSON). It gets back one struct
per row, see :mod:`lakeweave.inference.answers`. The two JSON columns are constant within a statement, so they are read
once a batch.
"""

from __future__ import annotations

import json
import threading
import unicodedata
from collections.abc import Callable, Sequence
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc

from lakeweave.errors import BackendError, LakeweaveError
from lakeweave.inference.answers import EMPTY_INPUT, FAILED, NULL_INPUT, RETRYABLE, UNSENT, Answers, status_text
from lakeweave.inference.attachments import Question, question_of
from lakeweave.inference.backends import EMBEDDING, TEXT, OfflineText, backend_of, make
from lakeweave.inference.claims import CLAIMS
from lakeweave.inference.config import Settings
from lakeweave.inference.images import ImageAnnotator, ImageClassifier
from lakeweave.objects import local_path

ANNOTATION, PREDICTION = "annotate_image", "predict_image"
FUNCTIONS = (TEXT, EMBEDDING, ANNOTATION, PREDICTION)

_BLANK = frozenset({"Zs", "Zl", "Zp", "Cc", "Cf"})


class Models:
    """The local models of one process, made at their first use."""

    def __init__(self, settings: Settings) -> None:
        """``settings``: what the profile says."""
        self._settings = settings
        self._lock = threading.Lock()
        self._made: dict[Any, Any] = {}

    def version(self, function: str, spec: str) -> str:
        """The ``model_version`` that will answer, after checking that it can answer at all.

        Raises:
            BackendError: something that the backend needs is missing; the message says what to do.
        """
        backend = self._backend(function, json.loads(spec))
        backend.check()
        return str(backend.version)

    def problem(self, function: str, spec: str) -> str | None:
        """Why the model cannot answer, as a sentence; None when it can.

        A macro asks for it before a statement calls the model: DuckDB reports an exception of a function with its stack.
        """
        try:
            self.version(function, spec)
        except LakeweaveError as error:
            return str(error)
        return None

    def where(self, function: str, spec: str) -> str:
        """Where the answers come from, for people: an address, a folder, a file."""
        return str(self._backend(function, json.loads(spec)).where)

    def answer(self, function: str, inputs: Sequence[str | None], spec: str, options: str) -> Answers:
        """Answers to ``inputs``, one each and in order; each distinct input is asked once.

        Raises:
            BackendError: no request can be sent, or the name belongs to another model than was expected.
        """
        described, chosen = json.loads(spec), json.loads(options)
        backend = self._backend(function, described)
        expected = described.get("model_version")
        if expected is not None and expected != backend.version:
            raise BackendError(
                f"The model {described.get('model')} is {backend.version}, but {expected} was to be asked: "
                "the profile changed while this ran."
            )
        order: dict[str, int] = {}
        for value in inputs:
            if value is not None and not is_blank(value):
                order.setdefault(value, len(order))
        asked = list(order)
        given = self._ask(function, backend, asked, chosen, described) if asked else None
        return _spread(inputs, order, given)

    def _ask(
        self, function: str, backend: Any, asked: list[str], options: dict[str, Any], described: dict[str, Any]
    ) -> Answers:
        run: str | None = described.get("run")
        holder: str = described.get("holder") or ""
        if run:
            CLAIMS.working(run, holder, +1)
        try:
            if function == EMBEDDING:
                answers: Answers = backend.answer(asked)
            else:
                questions: Sequence[Any] = asked
                if function in (ANNOTATION, PREDICTION) and described.get("places"):
                    questions = [local_path(address, described["places"]) for address in asked]
                elif function == TEXT and options.get("file"):
                    questions = [_with_file(given, described.get("places") or {}) for given in asked]
                more: dict[str, Any] = {}
                if getattr(backend, "is_remote", False):
                    more = {"may_retry": _may_retry(described), "run": run}
                answers = Answers.of(backend.answer(questions, options, **more))
        except BackendError:
            raise
        except Exception as error:  # a fault of ours must not throw away what was already paid for in this run
            said = status_text(f"{type(error).__name__}: {error}")
            answers = Answers(statuses=[said] * len(asked), states=[RETRYABLE] * len(asked))
        finally:
            if run:
                CLAIMS.working(run, holder, -1)
        if run:
            made = answers.more.get("requests") or [None] * len(asked)
            unsent = [i for i, state in enumerate(answers.states) if state == UNSENT]
            if unsent:
                CLAIMS.note_unsent(run, holder, len(unsent), status_text(answers.statuses[unsent[0]]))
            # A file that cannot be sent has an answer without a request.
            unmade = [i for i, state in enumerate(answers.states) if made[i] == 0 or (state == UNSENT and not made[i])]
            if unmade:
                CLAIMS.give_back(run, holder, len(unmade))
        return answers

    def _backend(self, function: str, described: dict[str, Any]) -> Any:
        if function not in FUNCTIONS:
            raise BackendError(f"There is no function {function!r}; expected one of {', '.join(FUNCTIONS)}.")
        name = str(described.get("model"))
        settings = self._settings.models.get(name)
        if function == TEXT:
            key: Any = settings or self._settings.text
            if backend_of(key).function != TEXT:
                raise BackendError(f"`models.{name}` in the profile is not a text backend, but generate_text uses it.")
            if isinstance(key, OfflineText) and key.rules is None:
                key = OfflineText(described.get("rules"))
        elif function == EMBEDDING:
            key = settings or self._settings.embeddings
            if backend_of(key).function != EMBEDDING:
                raise BackendError(
                    f"`models.{name}` in the profile is not an embedding backend, but generate_embedding uses it."
                )
        elif function == ANNOTATION:
            key = (ANNOTATION,)
        else:
            path = described.get("path")
            if not path:
                raise BackendError(
                    f"The model {name} has no file on this target. Give the path of its .onnx file in the variable "
                    "`endpoints` of the project."
                )
            key = (PREDICTION, path)
        with self._lock:
            if key not in self._made:
                self._made[key] = self._make(key)
            return self._made[key]

    def _make(self, key: Any) -> Any:
        if not isinstance(key, tuple):
            return make(key)
        if key[0] == ANNOTATION:
            return ImageAnnotator(self._settings.images)
        return ImageClassifier(key[1], self._settings.images)


def _with_file(given: str, places: dict[str, str]) -> Question:
    """The question with the path of its file on this machine."""
    prompt, address = question_of(given)
    return Question(prompt or "", local_path(address, places) if address else "")


def _may_retry(described: dict[str, Any]) -> Callable[[int], bool]:
    """Whether one more request may be made for an input, as the limits on the requests of the run allow."""
    run, most = described.get("run"), described.get("max_tries")
    if run:
        return lambda made: CLAIMS.retry(run, described["holder"], *_limits(described))
    return lambda made: most is None or made < most


def _limits(said: dict[str, Any]) -> tuple[int | None, int | None]:
    return said.get("max_calls"), said.get("max_calls_of_holder")


def _spread(inputs: Sequence[str | None], order: dict[str, int], given: Answers | None) -> Answers:
    """The answers to the distinct inputs, spread over all rows; rows without an input get their status here."""
    if given is not None and len(order) == len(inputs):
        return given
    n = len(inputs)
    positions = [order.get(value, -1) if value is not None else -1 for value in inputs]
    if given is None:
        answers = Answers(statuses=[""] * n, states=[FAILED] * n)
    else:
        answers = given.take([max(position, 0) for position in positions])
    statuses, states = list(answers.statuses), list(answers.states)
    responses = list(answers.responses) if answers.responses is not None else None
    more = {name: list(column) for name, column in answers.more.items()}
    for i, position in enumerate(positions):
        if position < 0:
            statuses[i] = NULL_INPUT if inputs[i] is None else EMPTY_INPUT
            states[i] = FAILED
            for column in (responses, *more.values()):
                if column is not None:
                    column[i] = None
    return Answers(statuses, states, responses, answers.embeddings, {**more})


def answer_arrow(models: Models, function: str, inputs: Any, spec: Any, options: Any) -> pa.StructArray:
    """Arrow in, Arrow out: three string columns of one length to a struct column of that length."""
    inputs, spec, options = (_array(column) for column in (inputs, spec, options))
    values = inputs.to_pylist()
    if not values:
        return Answers(statuses=[], states=[]).to_arrow()
    together = pc.binary_join_element_wise(spec, options, "\x1f")
    if pc.count_distinct(together, mode="all").as_py() == 1:
        return models.answer(function, values, spec[0].as_py(), options[0].as_py()).to_arrow()
    # Several models or options in one batch: answer each group, and put the rows back in their order.
    groups: dict[tuple[str, str], list[int]] = {}
    for i, key in enumerate(zip(spec.to_pylist(), options.to_pylist(), strict=True)):
        groups.setdefault(key, []).append(i)
    parts, places = [], []
    for (one_spec, one_options), rows in groups.items():
        parts.append(models.answer(function, [values[i] for i in rows], one_spec, one_options).to_arrow())
        places.extend(rows)
    back = [0] * len(places)
    for position, row in enumerate(places):
        back[row] = position
    return pa.concat_arrays(parts).take(pa.array(back))


def claim_arrow(fingerprints: Any, token: Any) -> pa.BooleanArray:
    """Whether each fingerprint may be asked now; ``token`` is JSON with ``run``, ``holder`` and maybe limits."""
    fingerprints, token = _array(fingerprints), _array(token)
    if not len(fingerprints):
        return pa.array([], pa.bool_())
    said = json.loads(token[0].as_py())
    granted = CLAIMS.claim(said["run"], said["holder"], fingerprints.to_pylist(), *_limits(said))
    return pa.array(granted, pa.bool_())


def _array(column: Any) -> pa.Array:
    if isinstance(column, pa.ChunkedArray):
        return column.combine_chunks()
    return column


def arrow_function(models: Models, function: str) -> Callable[..., pa.StructArray]:
    """The function that an engine registers under ``lakeweave_<function>``."""

    def call(inputs: Any, spec: Any, options: Any) -> pa.StructArray:
        return answer_arrow(models, function, inputs, spec, options)

    return call


def is_blank(text: str) -> bool:
    """Whether ``text`` holds nothing but spaces, control characters and characters of no width, of all of Unicode.

    The same as the macro `is_blank`.
    """
    return all(unicodedata.category(character) in _BLANK for character in text)
