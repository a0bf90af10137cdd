"""When a backend stops sending, because sending more has no prospect.

* Failures in a row (``give_up_after``), or an address that is away several times in a row: a pause, for every request.
* A fault of the configuration: for the rest of the run, for requests with the same options.
* Doubtful faults: the first :data:`EQUAL_IN_A_ROW` equal ones, while no such request has ever succeeded, are the
  configuration's. One success disproves it; then what was refused is the inputs' own fault, and what was held back is sent.
"""

from __future__ import annotations

import re
import threading
import time
from collections.abc import Hashable
from dataclasses import dataclass

#: Equal doubtful faults that are no input's fault.
EQUAL_IN_A_ROW = 5
_AWAY_IN_A_ROW = 8
_COOL_DOWN = 15.0
_VARYING = re.compile(r"[0-9a-f]{8,}|\d+|(?<=_)[A-Za-z0-9]{12,}")


@dataclass(slots=True)
class _Asked:
    """What is known of requests with the same options within one run."""

    proven: bool = False
    equal: int = 0
    fault: str = ""
    stopped: str = ""
    since: float = 0.0
    is_suspicion: bool = False


class Breaker:
    """Thread safe. ``key`` identifies a run and the options of a request."""

    def __init__(self, give_up_after: int) -> None:
        """``give_up_after``: failures in a row."""
        self._give_up_after = give_up_after
        self._lock = threading.Lock()
        self._failures = 0
        self._away = 0
        self._open_until = 0.0
        self._reason = ""
        self._asked: dict[Hashable, _Asked] = {}

    def success(self, key: Hashable) -> None:
        """The server answered."""
        with self._lock:
            self._failures = self._away = 0
            self._open_until = 0.0
            asked = self._of(key)
            asked.proven = True
            asked.equal = 0
            if asked.is_suspicion:
                asked.stopped, asked.is_suspicion = "", False

    def refused(self, key: Hashable) -> None:
        """The server is well and refused one input."""
        with self._lock:
            self._failures = self._away = 0
            self._open_until = 0.0

    def failure(self, reason: str) -> None:
        """An input had no answer after all its tries."""
        with self._lock:
            self._failures += 1
            if self._failures >= self._give_up_after:
                self._open(f"not sent, after {self._failures} failures in a row: {reason}")

    def away(self, reason: str) -> None:
        """The address does not respond."""
        with self._lock:
            self._away += 1
            if self._away >= _AWAY_IN_A_ROW:
                self._open(reason)

    def misconfigured(self, key: Hashable, reason: str) -> None:
        """Nothing more is to be sent in this run."""
        with self._lock:
            asked = self._of(key)
            asked.stopped, asked.is_suspicion, asked.since = asked.stopped or reason, False, time.monotonic()

    def doubtful(self, key: Hashable, fault: str, reason: str) -> None:
        """A fault that may be the configuration's; ``fault`` tells equal ones, numbers in it are not looked at."""
        fault = _VARYING.sub("#", fault)[:200]
        with self._lock:
            self._failures = self._away = 0
            asked = self._of(key)
            asked.equal = asked.equal + 1 if fault == asked.fault else 1
            asked.fault = fault
            if asked.equal >= EQUAL_IN_A_ROW and not asked.proven and not asked.stopped:
                asked.stopped = f"{asked.equal} requests in a row were refused alike: {reason}"
                asked.is_suspicion, asked.since = True, time.monotonic()

    def is_proven(self, key: Hashable) -> bool:
        """Whether a request with these options has succeeded in this run."""
        with self._lock:
            return self._of(key).proven

    def stopped(self, key: Hashable) -> str:
        """Why requests with these options are not sent in this run; empty while they are."""
        with self._lock:
            return self._of(key).stopped

    def reason(self, key: Hashable) -> str:
        """Why nothing is sent at the moment; empty while the way is free."""
        with self._lock:
            asked = self._of(key)
            if asked.stopped:
                return asked.stopped
            if self._open_until and time.monotonic() < self._open_until:
                return self._reason
            if self._open_until:
                # Try again after a pause, and give up sooner than the first time.
                self._open_until = 0.0
                self._failures = max(0, self._give_up_after - 4)
                self._away = _AWAY_IN_A_ROW - 4
            return ""

    def _of(self, key: Hashable) -> _Asked:
        asked = self._asked.get(key)
        run = key[0] if isinstance(key, tuple) else None
        if asked is not None and asked.stopped and run is None and time.monotonic() - asked.since > _COOL_DOWN:
            asked = None  # outside of a run, a stop ends after a pause
        if asked is None:
            if len(self._asked) >= 64:
                self._asked.pop(next(iter(self._asked)))
            asked = self._asked[key] = _Asked()
        return asked

    def _open(self, reason: str) -> None:
        self._reason = reason
        self._open_until = time.monotonic() + _COOL_DOWN
