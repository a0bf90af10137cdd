"""Whether the model that answered is the one that was asked.

Servers write the same name in several ways: with a date or revision behind it (``gpt-4o-2024-08-06`` for ``gpt-4o``), with
the provider or a folder before it (``openai/gpt-4o``, ``models/gemini-2.5-flash``, ``/srv/qwen3.gguf``), with Ollama's
``:latest``. Those are the same model. Any other name is another model.
"""

from __future__ import annotations

import re

_ENDINGS = re.compile(r"\.(?:gguf|ggml|bin|safetensors|onnx)\Z")
_TAGS = re.compile(r"(?::latest|:free|:nitro|:floor|-latest)\Z")
_REVISION = re.compile(
    r"[-@_:.]v?(?:\d{4}-\d{2}-\d{2}|\d{2}-\d{4}|\d{2}-\d{2}|\d{8}|\d{6}|\d{4}|\d{3})(?:[-:]v?\d+)?\Z"
)


def is_same_model(asked: str, served: str) -> bool:
    """Whether ``served``, the name in a reply, is a way to write ``asked``."""
    one, other = _plain(asked), _plain(served)
    if one == other:
        return True
    shorter, longer = sorted((one, other), key=len)
    return bool(shorter) and longer.startswith(shorter) and _REVISION.fullmatch(longer[len(shorter) :]) is not None


def _plain(name: str) -> str:
    last = re.split(r"[/\\]", name.strip().rstrip("/\\").lower())[-1]
    return _TAGS.sub("", _ENDINGS.sub("", last))
