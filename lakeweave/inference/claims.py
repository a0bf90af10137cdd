"""Which thread sends which prompt within one process.

A DuckDB database belongs to one process, and dbt runs its models in threads of that process. Two models that ask
the same thing at the same time must pay once, so a fingerprint is claimed before it is sent. The ledger cannot serve
for that: a thread does not see what another has not committed yet.

Limits are on requests. A claim takes the first request of its question from what is left of the limits, and each retry takes
one more (:meth:`Claims.retry`), so that retries never spend what the limit does not hold.

A claim lives from the moment before the call until after the commit of the batch (:meth:`Claims.settle`). From then on
the fingerprint is *settled*: it is not sent again in this run, which also makes one attempt per run the rule. A holder
that vanished in an error is overtaken once it has been silent for ``lease`` seconds. The same holds for the lock of a run,
which one holder has from :meth:`Claims.take_lock` until it settles.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, field


@dataclass(slots=True)
class _Holder:
    held: set[str] = field(default_factory=set)
    settled: int = 0
    refused: int = 0
    over_budget: int = 0
    requests: int = 0
    unsent: int = 0
    reason: str = ""
    busy: int = 0
    touched: float = 0.0
    waits_for: set[str] = field(default_factory=set)


@dataclass(slots=True)
class _Run:
    holders: dict[str, _Holder] = field(default_factory=dict)
    by_fingerprint: dict[str, str] = field(default_factory=dict)
    requests: int = 0
    lock_holder: str | None = None

    def take(self, mine: _Holder, max_calls: int | None, max_calls_of_holder: int | None) -> bool:
        """Take one request from what is left, if anything is."""
        if max_calls is not None and self.requests >= max_calls:
            return False
        if max_calls_of_holder is not None and mine.requests >= max_calls_of_holder:
            return False
        self.requests += 1
        mine.requests += 1
        return True


class Claims:
    """The claims of one process, kept per run. ``lease`` is seconds."""

    def __init__(self, lease: float = 60.0, clock: Callable[[], float] = time.monotonic) -> None:
        self._lease = lease
        self._clock = clock
        self._changed = threading.Condition()
        self._runs: dict[str, _Run] = {}

    def claim(
        self,
        run: str,
        holder: str,
        fingerprints: list[str],
        max_calls: int | None = None,
        max_calls_of_holder: int | None = None,
    ) -> list[bool]:
        """Claim each fingerprint for ``holder``; False where another holds or had it, or no request is left.

        ``max_calls`` is the limit on the requests of the whole run, of all holders together, ``max_calls_of_holder`` that on
        the requests of this one.
        """
        with self._changed:
            current, mine = self._holder(run, holder)
            mine.touched = self._clock()
            granted = []
            for fingerprint in fingerprints:
                owner = current.by_fingerprint.get(fingerprint)
                if owner == holder and fingerprint in mine.held:
                    granted.append(True)
                elif owner is not None and not self._abandoned(current, owner, fingerprint):
                    mine.refused += 1
                    mine.waits_for.add(fingerprint)
                    granted.append(False)
                elif not current.take(mine, max_calls, max_calls_of_holder):
                    mine.over_budget += 1
                    granted.append(False)
                else:
                    if owner is not None:
                        current.holders[owner].held.discard(fingerprint)
                    current.by_fingerprint[fingerprint] = holder
                    mine.held.add(fingerprint)
                    granted.append(True)
            return granted

    def retry(
        self, run: str, holder: str, max_calls: int | None = None, max_calls_of_holder: int | None = None
    ) -> bool:
        """Take one more request for a question that is claimed. False when none is left."""
        with self._changed:
            current, mine = self._holder(run, holder)
            mine.touched = self._clock()
            return current.take(mine, max_calls, max_calls_of_holder)

    def give_back(self, run: str, holder: str, requests: int) -> None:
        """Return requests that were claimed and never made."""
        with self._changed:
            current, mine = self._holder(run, holder)
            current.requests -= requests
            mine.requests -= requests

    def take_lock(self, run: str, holder: str, timeout: float) -> bool:
        """Wait for the lock of the run, and take it. False when another holder still has it after ``timeout`` seconds."""
        end = self._clock() + timeout
        with self._changed:
            current, mine = self._holder(run, holder)
            while True:
                mine.touched = self._clock()
                other = None if current.lock_holder in (None, holder) else current.holders[current.lock_holder]
                if other is None or (other.busy == 0 and self._clock() - other.touched > self._lease):
                    current.lock_holder = holder
                    return True
                left = end - self._clock()
                if left <= 0:
                    return False
                self._changed.wait(min(left, 1.0))

    def working(self, run: str, holder: str, change: int) -> None:
        """Note that a call of ``holder`` begins (+1) or ends (-1): a busy holder is never overtaken."""
        with self._changed:
            _, mine = self._holder(run, holder)
            mine.busy += change
            mine.touched = self._clock()

    def note_unsent(self, run: str, holder: str, count: int, reason: str) -> None:
        """Remember that ``count`` inputs of ``holder`` were not sent, and why."""
        with self._changed:
            _, mine = self._holder(run, holder)
            mine.unsent += count
            mine.reason = reason

    def settle(self, run: str, holder: str) -> dict[str, int | str]:
        """The batch of ``holder`` is committed. Returns the counts since the last call and resets them."""
        with self._changed:
            current, mine = self._holder(run, holder)
            report: dict[str, int | str] = {
                "settled": len(mine.held),
                "refused": mine.refused,
                "over_budget": mine.over_budget,
                "unsent": mine.unsent,
                "reason": mine.reason,
                "requests": current.requests,
            }
            mine.settled += len(mine.held)
            mine.held = set()
            mine.refused = mine.over_budget = mine.unsent = 0
            mine.reason = ""
            mine.touched = self._clock()
            if current.lock_holder == holder:
                current.lock_holder = None
            self._changed.notify_all()
            return report

    def wait(self, run: str, holder: str, timeout: float) -> bool:
        """Wait until no other holder has the claims that ``holder`` was refused. False after ``timeout`` seconds."""
        end = self._clock() + timeout
        with self._changed:
            current, mine = self._holder(run, holder)
            while True:
                mine.waits_for = {f for f in mine.waits_for if self._held(current, f)}
                if not mine.waits_for:
                    return True
                left = end - self._clock()
                if left <= 0:
                    return False
                self._changed.wait(min(left, 1.0))

    def _holder(self, run: str, holder: str) -> tuple[_Run, _Holder]:
        if run not in self._runs:
            # Runs follow one another within a process; an older one is over, and its memory can go.
            while len(self._runs) >= 4:
                self._runs.pop(next(iter(self._runs)))
            self._runs[run] = _Run()
        current = self._runs[run]
        return current, current.holders.setdefault(holder, _Holder(touched=self._clock()))

    def _held(self, run: _Run, fingerprint: str) -> bool:
        owner = run.by_fingerprint.get(fingerprint)
        if owner is None or fingerprint not in run.holders[owner].held:
            return False
        return not self._abandoned(run, owner, fingerprint)

    def _abandoned(self, run: _Run, owner: str, fingerprint: str) -> bool:
        holder = run.holders[owner]
        return fingerprint in holder.held and holder.busy == 0 and self._clock() - holder.touched > self._lease


#: The claims of this process.
CLAIMS = Claims()
