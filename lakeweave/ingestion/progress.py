"""A progress bar for long reading: on a terminal only, and only if it takes a while."""

from __future__ import annotations

import sys
from collections.abc import Iterable, Iterator, Sequence
from typing import TypeVar

T = TypeVar("T")
_DELAY = 2.0


def progress(items: Sequence[T], label: str, unit: str = "file") -> Iterable[T]:
    """``items``, with a bar on a terminal once it has taken two seconds."""
    if len(items) < 2 or not sys.stderr.isatty():
        return items
    return _bar(items, label, unit)


def _bar(items: Sequence[T], label: str, unit: str) -> Iterator[T]:
    from tqdm import tqdm

    yield from tqdm(items, desc=label, unit=unit, delay=_DELAY, leave=False, file=sys.stderr)
