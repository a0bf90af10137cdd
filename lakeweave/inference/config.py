"""The settings of the local models, from the profile's ``config:`` of the plugin.

.. code-block:: yaml

    config:
      text: {backend: offline}
      # text:
      #   backend: openai                  # any server that speaks that protocol
      #   base_url: http://localhost:11434/v1
      #   model: llama3.1:8b
      #   api_key_env: LAKEWEAVE_TEXT_KEY  # the NAME of an environment variable, never the key
      #   concurrency: 32
      embeddings: {backend: hashed, dimension: 384}
      # embeddings: {backend: onnx, path: models/minilm}
      images: {threads: 1}
      models:                              # settings for one model of models/ml, instead of the above
        gemini_pro: {backend: openai, base_url: http://localhost:8000/v1, model: qwen3}

Every mistake is gathered and told in one message.
"""

from __future__ import annotations

import re
from dataclasses import MISSING, dataclass, field, fields
from typing import Any
from urllib.parse import urlsplit

from lakeweave.errors import SettingsError
from lakeweave.inference.backends import (
    BACKENDS,
    EMBEDDING,
    SCHEMA_FORMS,
    TEXT,
    HashedEmbeddings,
    OfflineText,
    OnnxEmbeddings,
    OpenAIText,
    names_of,
    nearest,
)


@dataclass(frozen=True, slots=True)
class Images:
    """Local picture models.

    ``threads`` 0 means one per core; ``root`` is put before relative paths of pictures; ``text`` is ``none`` or ``tesseract``.
    """

    threads: int = 0
    root: str = ""
    text: str = "none"


@dataclass(frozen=True, slots=True)
class Settings:
    """All of it, checked."""

    text: OfflineText | OpenAIText = field(default_factory=OfflineText)
    embeddings: HashedEmbeddings | OnnxEmbeddings = field(default_factory=HashedEmbeddings)
    images: Images = Images()
    models: dict[str, Any] = field(default_factory=dict)

    @classmethod
    def read(cls, config: dict[str, Any] | None) -> Settings:
        """Check the plugin's ``config:`` block. Keys of other parts of the plugin are not looked at.

        Raises:
            SettingsError: with every mistake that was found.
        """
        config = config or {}
        problems: list[str] = []
        text = _backend("text", config.get("text"), names_of(TEXT), "offline", problems)
        embeddings = _backend("embeddings", config.get("embeddings"), names_of(EMBEDDING), "hashed", problems)
        images = _fill("images", Images, dict(config.get("images") or {}), problems)
        models: dict[str, Any] = {}
        for name, block in (config.get("models") or {}).items():
            models[name] = _backend(f"models.{name}", block, sorted(BACKENDS), None, problems)
        if problems:
            lines = "\n".join(f"  - {problem}" for problem in problems)
            raise SettingsError(
                f"The settings of the local models (profiles.yml, plugins, lakeweave, config) are wrong:\n{lines}"
            )
        return cls(text=text, embeddings=embeddings, images=images, models=models)


def _backend(where: str, block: Any, names: list[str], default: str | None, problems: list[str]) -> Any:
    if block is None and default is not None:
        block = {"backend": default}
    if isinstance(block, str):
        block = {"backend": block}
    if not isinstance(block, dict):
        problems.append(f"`{where}` is {block!r}; expected a mapping with a `backend`.")
        return None
    block = dict(block)
    name = block.pop("backend", default)
    if name not in names:
        problems.append(f"`{where}.backend` is {name!r}; expected one of {', '.join(names)}.{nearest(name, names)}")
        return None
    return _fill(where, BACKENDS[name].settings, block, problems)


def _fill(where: str, kind: type, block: dict[str, Any], problems: list[str]) -> Any:
    known = {f.name: f for f in fields(kind)}
    for key in sorted(set(block) - set(known)):
        expected = ", ".join(known) or "none"
        problems.append(f"`{where}.{key}` is not a setting; expected: {expected}.{nearest(key, known)}")
    values: dict[str, Any] = {}
    for name, spec in known.items():
        if name not in block or block[name] is None:
            if spec.default is MISSING:
                problems.append(f"`{where}.{name}` is missing; give it in the profile.")
            continue
        value = block[name]
        wanted = str(spec.type)
        if wanted == "int" and (isinstance(value, bool) or not isinstance(value, int)):
            problems.append(f"`{where}.{name}` is {value!r}; expected a whole number.")
        elif wanted == "float" and (isinstance(value, bool) or not isinstance(value, (int, float))):
            problems.append(f"`{where}.{name}` is {value!r}; expected a number of seconds.")
        elif wanted == "bool" and not isinstance(value, bool):
            problems.append(f"`{where}.{name}` is {value!r}; expected true or false.")
        elif wanted.startswith("str") and not isinstance(value, str):
            problems.append(f"`{where}.{name}` is {value!r}; expected text.")
        elif wanted in ("int", "float") and value < _LOWEST.get(name, 0):
            problems.append(f"`{where}.{name}` is {value!r}; expected at least {_LOWEST.get(name, 0)}.")
        else:
            values[name] = value
    if kind is OpenAIText and "base_url" in values:
        parts = urlsplit(values["base_url"])
        if parts.scheme not in ("http", "https") or not parts.hostname:
            problems.append(f"`{where}.base_url` is not an address; expected one like http://localhost:11434/v1.")
        elif parts.username or parts.password:
            problems.append(
                f"`{where}.base_url` carries a user or password; put the key in the environment and its name "
                "in `api_key_env`."
            )
    if kind is OpenAIText and _looks_like_a_key(values.get("api_key_env")):
        problems.append(
            f"`{where}.api_key_env` is not the NAME of an environment variable (capitals, digits, underscores); "
            "put the key in the environment and its name here."
        )
    if kind is OpenAIText and values.get("schema_form", SCHEMA_FORMS[0]) not in SCHEMA_FORMS:
        problems.append(
            f"`{where}.schema_form` is {values['schema_form']!r}; expected one of {', '.join(SCHEMA_FORMS)}."
        )
    if kind is Images and values.get("text", "none") not in ("none", "tesseract"):
        problems.append(f"`{where}.text` is {values['text']!r}; expected none or tesseract.")
    if kind is HashedEmbeddings and "dimension" in values:
        dimension = values["dimension"]
        if dimension % 8 or not 64 <= dimension <= 1024:
            problems.append(f"`{where}.dimension` is {dimension}; expected a multiple of 8 from 64 to 1024.")
    if any(problem.startswith(f"`{where}.") for problem in problems):
        return None
    return kind(**values)


_LOWEST = {
    "concurrency": 1,
    "tries": 1,
    "give_up_after": 1,
    "timeout": 0.05,
    "connect_timeout": 0.05,
    "max_tokens": 8,
    "max_answer_bytes": 1024,
}


def _looks_like_a_key(name: str | None) -> bool:
    """Whether ``name`` cannot be the name of an environment variable as this project writes them, in capitals."""
    return name is not None and re.fullmatch(r"[A-Z_][A-Z0-9_]*", name) is None
