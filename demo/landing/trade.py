"""How much a shop trades at which time: it grows from year to year, and more is bought at the end of a year.

A share of the trade from ``FIRST_DAY`` to ``NOW`` and a moment are two forms of one thing: ``share_at`` and ``moment_at``.
"""

from __future__ import annotations

import numpy as np

FIRST_DAY = int(np.datetime64("2019-01-01T00:00:00", "s").astype(np.int64))
# The fixed "now" of the initial load.
NOW = int(np.datetime64("2026-02-01T00:00:00", "s").astype(np.int64))
GROWTH_PER_YEAR = 1.25
SEASON = (0.85, 0.85, 0.95, 1.0, 1.0, 0.95, 0.9, 0.95, 1.0, 1.05, 1.2, 1.3)
"""Trade of a month against the mean, January first."""
REPEAT_POWER = 3
"""The larger, the sooner after registration people buy. From 2 on, orders do not pile up before ``NOW``."""

_MONTHS = np.arange(np.datetime64("2019-01"), np.datetime64("2026-03"))
_EDGES = _MONTHS.astype("datetime64[s]").astype(np.int64)
_LENGTHS = np.diff(_EDGES)
_WEIGHTS = _LENGTHS * np.array([GROWTH_PER_YEAR ** (n / 12) * SEASON[n % 12] for n in range(len(_LENGTHS))])
_SHARES = np.concatenate([[0.0], np.cumsum(_WEIGHTS) / _WEIGHTS.sum()])


def share_at(moments: np.ndarray) -> np.ndarray:
    """The share of the trade before each moment (seconds since 1970)."""
    return np.interp(moments, _EDGES, _SHARES)


def moment_at(shares: np.ndarray) -> np.ndarray:
    """The moment (seconds since 1970, int64) before which each share of the trade happened; always before ``NOW``."""
    return np.minimum(np.floor(np.interp(shares, _SHARES, _EDGES)).astype(np.int64), NOW - 1)


def after(rng: np.random.Generator, registered: np.ndarray) -> np.ndarray:
    """A moment after each registration and before ``NOW``, mostly soon after it.

    The density of such moments follows the trade: with registrations that do, it is bounded by
    ``REPEAT_POWER / (REPEAT_POWER - 1)`` times the trade's own.
    """
    left = 1 - share_at(registered)
    moment = moment_at(1 - left * (1 - rng.random(len(registered))) ** (1 / REPEAT_POWER))
    return np.maximum(moment, registered)
