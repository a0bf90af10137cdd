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

from dataclasses import dataclass, field
from typing import Annotated, Any

from lakeweave.errors import SettingsError
from lakeweave.inference.backends import (
    BACKENDS,
    EMBEDDING,
    TEXT,
    HashedEmbeddings,
    OfflineText,
    OnnxEmbeddings,
    OpenAIText,
    names_of,
)
from lakeweave.options import CLOSED, Text, Whole, nearest, one_of, read


@dataclass(frozen=True, slots=True)
class Images:
    """Local picture models.

    ``threads`` 0 means one per core; ``root`` is put before relative paths of pictures; ``text`` is ``none`` or ``tesseract``.
    """

    __pydantic_config__ = CLOSED

    threads: Whole = 0
    root: Text = ""
    text: Annotated[str, one_of("none", "tesseract")] = "none"


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
        images = read(Images, config.get("images") or {}, problems, "images")
        models: dict[str, Any] = {}
        for name, block in (config.get("models") or {}).items():
            models[name] = _backend(f"models.{name}", block, sorted(BACKENDS), None, problems)
        if problems:
            lines = "\n".join(f"  - {problem}" + ("" if problem[-1] in ".?" else ".") for problem in problems)
            raise SettingsError(
                f"The settings of the local models (profiles.yml, plugins, lakeweave, config) are wrong:\n{lines}"
            )
        return cls(text=text, embeddings=embeddings, images=images or Images(), models=models)


def _backend(where: str, block: Any, names: list[str], default: str | None, problems: list[str]) -> Any:
    if block is None and default is not None:
        block = {"backend": default}
    if isinstance(block, str):
        block = {"backend": block}
    if not isinstance(block, dict):
        problems.append(f"`{where}` is {block!r}, expected a mapping with a `backend`")
        return None
    block = dict(block)
    name = block.pop("backend", default)
    if name not in names:
        problems.append(f"`{where}.backend` is {name!r}, expected one of {', '.join(names)}.{nearest(name, names)}")
        return None
    return read(BACKENDS[name].settings, block, problems, where)
