"""The backends by name: the settings of each, and the class that answers.

A new backend is one entry of :data:`BACKENDS`: its name in the profile, the function that it answers, the class of its
settings, and the place of its class, which is imported when a model first uses it. The class has ``version``, ``where``,
``check()`` and ``answer(inputs, options)``. One whose inputs are requests to a server has ``is_remote``, and its ``answer`` gets
the limits on requests too.
"""

from __future__ import annotations

import importlib
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from difflib import get_close_matches
from typing import Any

TEXT, EMBEDDING = "generate_text", "generate_embedding"
SCHEMA_FORMS = ("json_schema", "json_object", "prompt")
"""The forms in which a text server takes the schema of an answer."""


@dataclass(frozen=True, slots=True)
class OfflineText:
    """Answers from rules, without a model. ``rules`` is a module of the project, see :mod:`.text_offline`."""

    rules: str | None = None


@dataclass(frozen=True, slots=True)
class OpenAIText:
    """A server that speaks the OpenAI chat protocol. Times are seconds.

    ``timeout`` bounds one request as a whole, ``tries`` the requests for one input within one run, ``max_wait`` a server's
    ``Retry-After``; after ``give_up_after`` inputs in a row without a success the rest of the batch is not sent.
    ``max_tokens_field`` is what the server calls the limit on the answer's length. A reply larger than ``max_answer_bytes``
    is not read to its end. ``served_model`` is what the server calls the model, where that is another name than ``model``
    (several are separated by commas); ``keep_reasoning`` puts what a model thought into the ledger. ``schema_form`` is the
    form in which the server takes the schema of an answer: as ``json_schema``, or in the prompt, with (``json_object``) or
    without (``prompt``) JSON as the response format.
    """

    base_url: str
    model: str
    api_key_env: str | None = None
    concurrency: int = 32
    timeout: float = 60.0
    connect_timeout: float = 5.0
    tries: int = 5
    max_wait: float = 30.0
    give_up_after: int = 64
    max_tokens_field: str = "max_tokens"
    version: str | None = None
    max_answer_bytes: int = 8 * 1024 * 1024
    served_model: str | None = None
    keep_reasoning: bool = True
    schema_form: str = "json_schema"


@dataclass(frozen=True, slots=True)
class HashedEmbeddings:
    """Lexical vectors from hashed words and letter groups; ``dimension`` is a multiple of 8 from 64 to 1024."""

    dimension: int = 384


@dataclass(frozen=True, slots=True)
class OnnxEmbeddings:
    """A sentence transformer on onnxruntime; ``path`` is a folder written by ``lakeweave.inference.build_embedder``."""

    path: str
    threads: int = 0
    max_tokens: int = 256


@dataclass(frozen=True)
class Backend:
    """One backend. ``make`` gets the class at ``place`` and the settings."""

    function: str
    settings: type
    place: str
    make: Callable[[Any, Any], Any] = lambda kind, settings: kind(settings)


BACKENDS = {
    "offline": Backend(
        TEXT, OfflineText, "lakeweave.inference.text_offline:OfflineBackend", lambda kind, given: kind(given.rules)
    ),
    "openai": Backend(TEXT, OpenAIText, "lakeweave.inference.text_openai:OpenAIBackend"),
    "hashed": Backend(
        EMBEDDING,
        HashedEmbeddings,
        "lakeweave.inference.embeddings_hashed:HashedEmbedder",
        lambda kind, given: kind(given.dimension),
    ),
    "onnx": Backend(
        EMBEDDING,
        OnnxEmbeddings,
        "lakeweave.inference.embeddings_onnx:OnnxEmbedder",
        lambda kind, given: kind(given.path, given.threads, given.max_tokens),
    ),
}


def names_of(function: str) -> list[str]:
    """The names of the backends that can answer ``function``."""
    return sorted(name for name, backend in BACKENDS.items() if backend.function == function)


def nearest(given: object, names: Iterable[str]) -> str:
    """A sentence with the name that is most like the given one; empty when none is."""
    found = get_close_matches(str(given), list(names), n=1)
    return f" Did you mean `{found[0]}`?" if found else ""


def backend_of(settings: object) -> Backend:
    """The backend that takes these settings."""
    return next(backend for backend in BACKENDS.values() if type(settings) is backend.settings)


def make(settings: object) -> Any:
    """The object that answers."""
    backend = backend_of(settings)
    module, _, name = backend.place.partition(":")
    return backend.make(getattr(importlib.import_module(module), name), settings)
