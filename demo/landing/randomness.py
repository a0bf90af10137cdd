"""Named random streams: what one stream draws never depends on what another one drew."""

from __future__ import annotations

import zlib

import numpy as np


def stream(seed: int, *names: str | int) -> np.random.Generator:
    """Return the generator for the given purpose, e.g. ``stream(42, "users", 0)``.

    Every table, batch and block has its own stream, so that batches are additive and blocks may be made in any order.
    """
    words = [name if isinstance(name, int) else zlib.crc32(name.encode()) for name in names]
    return np.random.Generator(np.random.PCG64(np.random.SeedSequence([seed, *words])))


def choose(rng: np.random.Generator, count: int, weights: tuple[float, ...]) -> np.ndarray:
    """Draw ``count`` positions (int8) into ``weights``, which need not sum to 1."""
    edges = np.cumsum(np.asarray(weights, dtype=np.float64))
    return np.searchsorted(edges[:-1] / edges[-1], rng.random(count), side="right").astype(np.int8)


def between(rng: np.random.Generator, low: np.ndarray | int, high: np.ndarray | int, count: int) -> np.ndarray:
    """Uniform whole numbers (int64) in [low, high); ``low`` where the range is empty."""
    width = np.maximum(np.asarray(high) - np.asarray(low), 0)
    return (np.asarray(low) + np.floor(rng.random(count) * width)).astype(np.int64)


def distinct_sample(rng: np.random.Generator, candidates: np.ndarray, count: int) -> np.ndarray:
    """Up to ``count`` different members of ``candidates``, in random order."""
    return rng.permutation(candidates)[: max(count, 0)]
