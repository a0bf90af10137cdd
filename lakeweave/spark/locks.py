"""Locks between the threads of one dbt process on a local Spark, where neither Delta nor the session has them.

* When two threads change one table at the same time, Delta ends one of them with a conflict. This concerns the ledger's tables.
  Statements that change the same table therefore run one after the other. https://docs.delta.io/latest/concurrency-control.html
* Two models that send the same prompt at the same time would both pay for it. A model therefore runs
  ``set lakeweave.lock = <name>`` before it calls a model, and ``reset lakeweave.lock`` when the answers are in the ledger.
  Other threads that run the same statement wait until then.

Spark itself ignores this setting.
"""

from __future__ import annotations

import contextlib
import re
import threading
from collections import defaultdict
from collections.abc import Iterator

SETTING = "lakeweave.lock"

_COMMENT = r"\s*(?:/\*.*?\*/\s*)*"
_CHANGE = re.compile(
    _COMMENT + r"(?:insert\s+(?:into|overwrite)(?:\s+table)?|delete\s+from|merge\s+into|update)\s+([\w.`]+)",
    re.I | re.S,
)
_TAKE = re.compile(_COMMENT + rf"set\s+{re.escape(SETTING)}\s*=\s*(\S+)", re.I | re.S)
_GIVE = re.compile(_COMMENT + rf"reset\s+{re.escape(SETTING)}\b", re.I | re.S)


class StatementLocks:
    """One lock per changed table and per name in ``lakeweave.lock``. A thread holds at most one name."""

    def __init__(self) -> None:
        self._tables: dict[str, threading.Lock] = defaultdict(threading.Lock)
        self._names: dict[str, threading.Lock] = defaultdict(threading.Lock)
        self._guard = threading.Lock()
        self._held = threading.local()

    @contextlib.contextmanager
    def during(self, statement: str) -> Iterator[None]:
        """Hold the lock of the table that the statement changes; set or release the lock that it names."""
        if taken := _TAKE.match(statement):
            self._take(taken[1])
        elif _GIVE.match(statement):
            self.release()
        changed = _CHANGE.match(statement)
        if not changed:
            yield
            return
        with self._lock(self._tables, changed[1].replace("`", "").lower()):
            yield

    def release(self) -> None:
        """Release the lock of this thread, if it has one. Called at the end of each node, also after an error."""
        held = getattr(self._held, "lock", None)
        if held is not None:
            self._held.lock = None
            held.release()

    def _take(self, name: str) -> None:
        self.release()
        lock = self._lock(self._names, name)
        lock.acquire()
        self._held.lock = lock

    def _lock(self, locks: dict[str, threading.Lock], name: str) -> threading.Lock:
        with self._guard:
            return locks[name]
