"""The backends by name: the settings of each, and the class that answers.

A new backend is one entry of :data:`BACKENDS`: its name in the profile, the function that it answers, the class of its
settings, and the place of its class, which is imported when a model first uses it. The class has ``version``, ``where``,
``check()`` and ``answer(inputs, options)``. One whose inputs are requests to a server has ``is_remote``, and its ``answer`` gets
the limits on requests too.
"""

from __future__ import annotations

import importlib
import re
from collections.abc import Callable
from dataclasses import dataclass
from typing import Annotated, Any
from urllib.parse import urlsplit

from annotated_types import Ge
from pydantic import AfterValidator, Strict

from lakeweave.options import CLOSED, Count, Seconds, Text, Timeout, Whole, YesNo, expected, one_of, wrong

TEXT, EMBEDDING = "generate_text", "generate_embedding"
SCHEMA_FORMS = ("json_schema", "json_object", "prompt")
"""The forms in which a text server takes the schema of an answer."""


def _address(given: str) -> str:
    """An address of HTTP without credentials; it is in no message, because it may hold them."""
    parts = urlsplit(given)
    if parts.scheme not in ("http", "https") or not parts.hostname:
        raise wrong("is not an address, expected one like http://localhost:11434/v1")
    if parts.username or parts.password:
        raise wrong("carries a user or password; put the key in the environment and its name in `api_key_env`")
    return given


def _name_of_variable(given: str) -> str:
    """A name as this project writes those of environment variables; anything else may be the key, and is in no message."""
    if re.fullmatch(r"[A-Z_][A-Z0-9_]*", given) is None:
        raise wrong(
            "is not the NAME of an environment variable (capitals, digits, underscores); put the key in the environment "
            "and its name here"
        )
    return given


def _dimension(given: int) -> int:
    if given % 8 or not 64 <= given <= 1024:
        raise ValueError(given)
    return given


def _media_types(given: str) -> str:
    for name in given.split(","):
        if re.fullmatch(r"[a-z]+/[a-z0-9.+-]+", name.strip()) is None:
            raise wrong("is not a list of media types, expected one like image/png, application/pdf")
    return given


Address = Annotated[Text, AfterValidator(_address)]
Variable = Annotated[Text, AfterValidator(_name_of_variable)]
Dimension = Annotated[int, Strict(), AfterValidator(_dimension), expected("a multiple of 8 from 64 to 1024")]
MediaTypes = Annotated[Text, AfterValidator(_media_types)]
SchemaForm = Annotated[str, one_of(*SCHEMA_FORMS)]
Bytes = Annotated[int, Strict(), Ge(1024), expected("a whole number from 1024")]
Tokens = Annotated[int, Strict(), Ge(8), expected("a whole number from 8")]


@dataclass(frozen=True, slots=True)
class OfflineText:
    """Answers from rules, without a model. ``rules`` is a module of the project, see :mod:`.text_offline`."""

    __pydantic_config__ = CLOSED

    rules: Text | None = None


@dataclass(frozen=True, slots=True)
class OpenAIText:
    """A server that speaks the OpenAI chat protocol. Times are seconds.

    ``timeout`` bounds one request as a whole, ``tries`` the requests for one input within one run, ``max_wait`` a server's
    ``Retry-After``; after ``give_up_after`` inputs in a row without a success the rest of the batch is not sent.
    ``max_tokens_field`` is what the server calls the limit on the answer's length. A reply larger than ``max_answer_bytes``
    is not read to its end. ``served_model`` is what the server calls the model, where that is another name than ``model``
    (several are separated by commas); ``keep_reasoning`` puts what a model thought into the ledger. ``schema_form`` is the
    form in which the server takes the schema of an answer: as ``json_schema``, or in the prompt, with (``json_object``) or
    without (``prompt``) JSON as the response format. ``file_types`` are the media types of the pictures and documents that the
    server takes, and ``max_file_bytes`` is the size of the largest.
    """

    __pydantic_config__ = CLOSED

    base_url: Address
    model: Text
    api_key_env: Variable | None = None
    concurrency: Count = 32
    timeout: Timeout = 60.0
    connect_timeout: Timeout = 5.0
    tries: Count = 5
    max_wait: Seconds = 30.0
    give_up_after: Count = 64
    max_tokens_field: Text = "max_tokens"
    version: Text | None = None
    max_answer_bytes: Bytes = 8 * 1024 * 1024
    served_model: Text | None = None
    keep_reasoning: YesNo = True
    schema_form: SchemaForm = "json_schema"
    file_types: MediaTypes = "image/png, image/jpeg, image/gif, image/webp"
    max_file_bytes: Bytes = 20_000_000


@dataclass(frozen=True, slots=True)
class HashedEmbeddings:
    """Lexical vectors from hashed words and letter groups; ``dimension`` is a multiple of 8 from 64 to 1024."""

    __pydantic_config__ = CLOSED

    dimension: Dimension = 384


@dataclass(frozen=True, slots=True)
class OnnxEmbeddings:
    """A sentence transformer on onnxruntime; ``path`` is a folder written by ``lakeweave.inference.build_embedder``."""

    __pydantic_config__ = CLOSED

    path: Text
    threads: Whole = 0
    max_tokens: Tokens = 256


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


def backend_of(settings: object) -> Backend:
    """The backend that takes these settings."""
    return next(backend for backend in BACKENDS.values() if type(settings) is backend.settings)


def make(settings: object) -> Any:
    """The object that answers."""
    backend = backend_of(settings)
    module, _, name = backend.place.partition(":")
    return backend.make(getattr(importlib.import_module(module), name), settings)
