"""Text vectors without a model: hashed words, letter groups and word pairs, summed and brought to length 1.

This is a lexical measure: texts are near when they share words or parts of words, whatever they mean. It needs no
fit, so a vector never changes because other texts were added, and it is the same on every machine: BLAKE2b gives the
signs, and the sums run in the order of the words, never through BLAS.

Each word's vector is its own signs plus those of its letter groups of 3 to 5 (so that a misspelt word stays near),
at length 1; each pair of neighbouring words adds 0.3 of its signs, which are the exclusive or of a bit row of the one
and another bit row of the other.
"""

from __future__ import annotations

import hashlib
import re
import threading
import unicodedata
from collections.abc import Sequence

import numpy as np

from lakeweave.inference.answers import FAILED, OK, Answers

_WORD = re.compile(r"\w+(?:'\w+)?")
_STOP = frozenset(
    {"a", "an", "and", "as", "at", "be", "by", "for", "from", "in", "is", "it", "of", "on", "or", "s", "t"}
    | {"that", "the", "this", "to", "with"}
)
_PAIR_WEIGHT = 0.3
_BLOCK = 256
_LONG = 512
_KEPT_WORDS = 40_000
NO_WORDS = "no word in the input"


class HashedEmbedder:
    """Embeds texts. Thread safe: finished words are only ever added, and a full table is replaced, not emptied."""

    def __init__(self, dimension: int = 384) -> None:
        """``dimension``: a multiple of 8 from 64 to 1024."""
        if dimension % 8 or not 64 <= dimension <= 1024:
            raise ValueError(f"The dimension is {dimension}; expected a multiple of 8 from 64 to 1024.")
        self.dimension = dimension
        self._lock = threading.Lock()
        self._table = _Table(dimension)

    @property
    def version(self) -> str:
        """The value of ``model_version``."""
        return f"hashed-1/{self.dimension}"

    where = "hashing in this process"

    def check(self) -> None:
        """There is nothing that could be missing."""

    def answer(self, texts: Sequence[str]) -> Answers:
        """Answers whose ``embeddings`` have shape ``(len(texts), dimension)``; a text without a word is ``failed``."""
        matrix, known = self.embed(texts)
        states = [OK if good else FAILED for good in known]
        statuses = ["" if good else NO_WORDS for good in known]
        return Answers(statuses=statuses, states=states, embeddings=matrix)

    def embed(self, texts: Sequence[str]) -> tuple[np.ndarray, np.ndarray]:
        """Unit vectors, float32 ``(n, dimension)``, and a boolean ``(n,)`` that is False where there was no word."""
        out = np.zeros((len(texts), self.dimension), np.float32)
        known = np.zeros(len(texts), bool)
        block: list[tuple[int, list[str]]] = []
        for i, text in enumerate(texts):
            words = split(text)
            if not words:
                continue
            known[i] = True
            if len(words) > _LONG:
                self._block([(i, words)], out)
                continue
            block.append((i, words))
            if len(block) == _BLOCK:
                self._block(block, out)
                block = []
        if block:
            self._block(block, out)
        return out, known

    def _block(self, block: list[tuple[int, list[str]]], out: np.ndarray) -> None:
        # Longest first: the texts that have a word at position p are then the first ones, a plain slice. Adding
        # position by position keeps the order of the sum, so a text's vector does not depend on its neighbours.
        block = sorted(block, key=lambda item: -len(item[1]))
        lengths = np.array([len(words) for _, words in block])
        with self._lock:
            if len(self._table) + int(lengths.sum()) > _KEPT_WORDS and len(self._table):
                self._table = _Table(self.dimension)
            table = self._table
            rows = table.rows([word for _, words in block for word in words])
        starts = np.concatenate(([0], np.cumsum(lengths)[:-1]))
        sums = np.zeros((len(block), self.dimension), np.float32)
        ones = np.zeros((len(block), self.dimension), np.int32)
        for position in range(int(lengths[0])):
            texts = int(np.searchsorted(-lengths, -position, side="left"))
            here = rows[starts[:texts] + position]
            sums[:texts] += table.vectors[here]
            if position:
                before = rows[starts[:texts] + position - 1]
                ones[:texts] += np.unpackbits(table.left[before] ^ table.right[here], axis=1)
        pairs = (2 * ones - (lengths - 1)[:, None]).astype(np.float32)
        sums += pairs * np.float32(_PAIR_WEIGHT / np.sqrt(self.dimension))
        norms = np.sqrt(np.einsum("ij,ij->i", sums, sums, optimize=False))
        norms[norms == 0] = 1
        out[[i for i, _ in block]] = sums / norms[:, None]


class _Table:
    """The vectors of the words seen so far, and the two bit rows from which a pair's signs are made."""

    def __init__(self, dimension: int) -> None:
        self._size = dimension // 8
        self._dimension = dimension
        self._rows: dict[str, int] = {}
        self.vectors: np.ndarray
        self.left: np.ndarray
        self.right: np.ndarray
        self._make_room(1024)

    def __len__(self) -> int:
        return len(self._rows)

    def rows(self, words: list[str]) -> np.ndarray:
        known = self._rows
        for word in words:
            if word not in known:
                self._add(word)
        return np.fromiter(map(known.__getitem__, words), np.intp, len(words))

    def _make_room(self, capacity: int) -> None:
        vectors = np.zeros((capacity, self._dimension), np.float32)
        left, right = np.zeros((2, capacity, self._size), np.uint8)
        if self._rows:
            vectors[: len(self)], left[: len(self)], right[: len(self)] = self.vectors, self.left, self.right
        self.vectors, self.left, self.right = vectors, left, right

    def _add(self, word: str) -> None:
        row = len(self._rows)
        if row == len(self.vectors):
            self._make_room(2 * row)
        padded = f"<{word}>"
        groups = [padded[i : i + n] for n in (3, 4, 5) for i in range(len(padded) - n + 1)]
        keys = [f"w:{word}", f"l:{word}", f"r:{word}", *(f"g:{group}" for group in groups)]
        raw = np.frombuffer(b"".join(_hash(key.encode(), self._size) for key in keys), np.uint8)
        raw = raw.reshape(len(keys), self._size)
        self.left[row], self.right[row] = raw[1], raw[2]
        signs = np.unpackbits(raw, axis=1).astype(np.float32) * 2 - 1
        vector = signs[0]
        if groups:
            vector = vector + signs[3:].sum(axis=0, dtype=np.float32) / np.float32(np.sqrt(len(groups)))
        norm = np.sqrt(np.square(vector, dtype=np.float64).sum())
        self.vectors[row] = vector / np.float32(norm) if norm else 0
        self._rows[word] = row


def _hash(key: bytes, size: int) -> bytes:
    return hashlib.blake2b(key, digest_size=size).digest() if size <= 64 else hashlib.shake_128(key).digest(size)


def split(text: str) -> list[str]:
    """The words of ``text``: folded case, no accents, without the most frequent English words."""
    if not text.isascii():
        text = unicodedata.normalize("NFKD", text)
        text = "".join(character for character in text if not unicodedata.combining(character))
        text = text.casefold()
    else:
        text = text.lower()
    return [word for word in _WORD.findall(text) if word not in _STOP]
