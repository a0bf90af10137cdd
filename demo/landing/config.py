"""Settings of the landing generator, and the one error that it raises for settings it cannot follow."""

from __future__ import annotations

import math
import shutil
from dataclasses import dataclass, field
from pathlib import Path

FEEDS = ("thelook", "listings", "marketplace", "grocery", "pictures", "yoga")
MAX_SCALE = 100.0
MAX_BATCHES = 365
# Measured at scale 1: 0.54 GB of CSV, 0.2 GB of truth, and as much again for a while as temporary files.
BYTES_PER_SCALE = 1_300_000_000


class LandingError(Exception):
    """The landing zone cannot be generated. The message has the given value, the expected value and a remedy."""


@dataclass(frozen=True)
class LandingConfig:
    """What to generate and where.

    Attributes:
        scale: 1 is the public data set's size (100,000 users, about 3.3 million rows); above 0, at most 100.
        batches: later batches after the initial load (batch 000); 0 or more.
        seed: any whole number from 0; the same seed gives the same bytes.
        out: the landing zone's folder.
        feeds: which feeds to write, of ``FEEDS``.
        only_batches: deliver only these batch numbers (0 is the initial load) instead of all of 0..``batches``.
        force: replace a landing zone made with other settings.
        threads: worker threads; the files do not depend on it.
    """

    scale: float = 0.01
    batches: int = 3
    seed: int = 42
    out: Path = field(default_factory=lambda: Path("landing"))
    feeds: tuple[str, ...] = FEEDS
    only_batches: tuple[int, ...] | None = None
    force: bool = False
    threads: int = 2

    @property
    def delivered(self) -> tuple[int, ...]:
        """The batch numbers to deliver, ascending."""
        if self.only_batches is None:
            return tuple(range(self.batches + 1))
        return tuple(sorted(set(self.only_batches)))

    def problems(self) -> list[str]:
        """Everything that makes these settings impossible, as sentences; empty when all is well."""
        found = []
        if not math.isfinite(self.scale) or not 0 < self.scale <= MAX_SCALE:
            found.append(
                f"--scale is {self.scale:g}: expected a number above 0 and at most {MAX_SCALE:g} (0.01 is the demo)."
            )
        batches_fit = 0 <= self.batches <= MAX_BATCHES
        if not batches_fit:
            found.append(f"--batches is {self.batches}: expected a whole number from 0 to {MAX_BATCHES}.")
        if self.seed < 0:
            found.append(f"--seed is {self.seed}: expected a whole number from 0.")
        unknown = [feed for feed in self.feeds if feed not in FEEDS]
        if unknown or not self.feeds:
            found.append(f"--feeds is {', '.join(self.feeds) or 'empty'}: expected one or more of {', '.join(FEEDS)}.")
        if self.only_batches is not None and batches_fit:
            outside = [number for number in self.only_batches if not 0 <= number <= self.batches]
            if outside or not self.only_batches:
                given = ", ".join(map(str, self.only_batches)) or "empty"
                found.append(
                    f"--only-batches is {given}: expected numbers from 0 to --batches, which is {self.batches}."
                )
        if self.threads < 1:
            found.append(f"--threads is {self.threads}: expected a whole number from 1.")
        found.extend(self._problems_of_out())
        return found

    def _problems_of_out(self) -> list[str]:
        """Problems with the output folder; touches nothing."""
        place = self.out.resolve()
        for part in (place, *place.parents):
            if part.exists():
                if not part.is_dir():
                    return [f"--out is {self.out}: {part} is a file. Name a folder, or move the file away."]
                needed = self.scale * BYTES_PER_SCALE if math.isfinite(self.scale) and self.scale > 0 else 0
                free = shutil.disk_usage(part).free
                if needed > free and self.scale <= MAX_SCALE:
                    return [
                        f"--scale {self.scale:g} needs about {needed / 1e9:.1f} GB and {part} has {free / 1e9:.1f} GB "
                        "free. Choose a smaller scale or another --out."
                    ]
                break
        return []

    def validate(self) -> None:
        """Raise one ``LandingError`` that lists every problem."""
        found = self.problems()
        if found:
            raise LandingError("The landing zone cannot be made:\n" + "\n".join(f"  - {problem}" for problem in found))
