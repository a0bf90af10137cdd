"""How the threads of one dbt process take turns on a local Spark, where Delta and a session alone would not keep them apart.

* A table that two threads change at once, the ledger's tables that is, ends one of them in a conflict of Delta's: statements
  that change the same table run one after the other. https://docs.delta.io/latest/concurrency-control.html
* Two models that ask the same at the same moment would both pay for it. What asks says ``set lakeweave.turn = <of what>``
  first and ``reset lakeweave.turn`` when the answers are in the ledger; meanwhile other threads with the same setting wait.

To Spark itself those two statements are a setting without a meaning.
"""

from __future__ import annotations

import contextlib
import re
import threading
from collections import defaultdict
from collections.abc import Iterator

SETTING = "lakeweave.turn"

_COMMENT = r"\s*(?:/\*.*?\*/\s*)*"
_CHANGE = re.compile(
    _COMMENT + r"(?:insert\s+(?:into|overwrite)(?:\s+table)?|delete\s+from|merge\s+into|update)\s+([\w.`]+)",
    re.I | re.S,
)
_TAKE = re.compile(_COMMENT + rf"set\s+{re.escape(SETTING)}\s*=\s*(\S+)", re.I | re.S)
_GIVE = re.compile(_COMMENT + rf"reset\s+{re.escape(SETTING)}\b", re.I | re.S)


class Turns:
    """One lock for each table that is changed and each name that is asked for; a thread holds one name at most."""

    def __init__(self) -> None:
        self._tables: dict[str, threading.Lock] = defaultdict(threading.Lock)
        self._names: dict[str, threading.Lock] = defaultdict(threading.Lock)
        self._guard = threading.Lock()
        self._held = threading.local()

    @contextlib.contextmanager
    def of(self, statement: str) -> Iterator[None]:
        """While the statement runs, no other thread changes the table that it changes; and what it says of turns is done."""
        if taken := _TAKE.match(statement):
            self._take(taken[1])
        elif _GIVE.match(statement):
            self.end()
        changed = _CHANGE.match(statement)
        if not changed:
            yield
            return
        with self._lock(self._tables, changed[1].replace("`", "").lower()):
            yield

    def end(self) -> None:
        """Give back what this thread holds, if anything: at the end of a node, however it ended."""
        held = getattr(self._held, "lock", None)
        if held is not None:
            self._held.lock = None
            held.release()

    def _take(self, name: str) -> None:
        self.end()
        lock = self._lock(self._names, name)
        lock.acquire()
        self._held.lock = lock

    def _lock(self, locks: dict[str, threading.Lock], name: str) -> threading.Lock:
        with self._guard:
            return locks[name]
