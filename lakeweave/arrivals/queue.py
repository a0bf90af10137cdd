"""Arrivals on disk: each object version once, from the response to its sender until it is built or given up.

SQLite with full synchronisation: what was put in is there after a power cut. The file must lie on a disk that outlives the
process.
"""

from __future__ import annotations

import sqlite3
import time
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from lakeweave.arrivals.events import Arrival

SCHEMA = """
create table if not exists arrivals (
    number integer primary key,
    source text not null,
    store text not null,
    bucket text not null,
    name text not null,
    version text not null,
    state text not null default 'waiting' check (state in ('waiting', 'building', 'built', 'gone', 'dead')),
    attempts integer not null default 0,
    received_at real not null,
    due_at real not null,
    changed_at real not null,
    reason text not null default '',
    told_at real,
    unique (store, bucket, name, version)
);
create index if not exists arrivals_by_state on arrivals (state, due_at);
create table if not exists dead_letters (
    number integer primary key,
    received_at real not null,
    reason text not null,
    content text not null,
    told_at real,
    unique (reason, content)
);
"""


@dataclass(frozen=True)
class Waiting:
    """An arrival that is to be built."""

    number: int
    source: str
    store: str
    bucket: str
    name: str
    attempts: int


LONGEST_LETTER = 1 << 16
"""Characters of a dead letter that are kept."""
MOST_LETTERS = 10_000


class Queue:
    """The queue in the file at ``path``; any thread and any process may use it."""

    def __init__(self, path: Path) -> None:
        """Open the queue, or make it. A file that is damaged is put aside, as ``replaced`` says, and a new one is made.

        Raises:
            OSError: the file cannot be opened or made; the message says why.
        """
        self.path = path
        self.replaced: Path | None = None
        path.parent.mkdir(parents=True, exist_ok=True)
        try:
            try:
                self._prepare()
            except sqlite3.OperationalError:
                raise
            except sqlite3.DatabaseError:
                self.replaced = self._put_aside()
                self._prepare()
        except sqlite3.OperationalError as error:
            raise OSError(f"the queue {path} cannot be opened: {error}") from None

    def _prepare(self) -> None:
        with self._open() as connection:
            (found,) = connection.execute("pragma quick_check(1)").fetchone()
            if found != "ok":
                raise sqlite3.DatabaseError(found)
            connection.executescript(SCHEMA)

    def _put_aside(self) -> Path:
        for number in range(1, 10_000):
            aside = self.path.with_name(f"{self.path.name}.damaged-{number}")
            if not aside.exists():
                break
        self.path.rename(aside)
        for ending in ("-journal", "-wal", "-shm"):
            beside = self.path.with_name(self.path.name + ending)
            if beside.exists():
                beside.rename(aside.with_name(aside.name + ending))
        return aside

    @contextmanager
    def _open(self, writing: bool = True) -> Iterator[sqlite3.Connection]:
        connection = sqlite3.connect(self.path, timeout=30, isolation_level=None)
        try:
            connection.execute("pragma synchronous = full")
            connection.execute("begin immediate" if writing else "begin")
            yield connection
            if connection.in_transaction:
                connection.execute("commit")
        finally:
            connection.close()

    def put(self, arrivals: Iterable[tuple[str, Arrival]]) -> int:
        """Take in arrivals with their sources; the number of those that are new. They are on disk when this returns."""
        now = time.time()
        with self._open() as connection:
            before = connection.total_changes
            connection.executemany(
                "insert or ignore into arrivals (source, store, bucket, name, version, received_at, due_at, changed_at)"
                " values (?, ?, ?, ?, ?, ?, ?, ?)",
                [
                    (source, each.store, each.bucket, each.name, each.version, now, now, now)
                    for source, each in arrivals
                ],
            )
            return connection.total_changes - before

    def recover(self) -> int:
        """What a process that died was building waits again; how many."""
        with self._open() as connection:
            return connection.execute("update arrivals set state = 'waiting' where state = 'building'").rowcount

    def quiet_for(self) -> tuple[float, float] | None:
        """Seconds since the newest and since the oldest arrival that is due; None when none is."""
        now = time.time()
        self._forget_the_future(now)
        with self._open(writing=False) as connection:
            newest, oldest = connection.execute(
                "select max(received_at), min(received_at) from arrivals where state = 'waiting' and due_at <= ?", [now]
            ).fetchone()
        return None if newest is None else (now - newest, now - oldest)

    def _forget_the_future(self, now: float) -> None:
        """Times that a clock wrote which was ahead count as of now: nothing waits until the clock is there again."""
        future = "(received_at > ? or changed_at > ?)"
        with self._open(writing=False) as connection:
            (any_of_it,) = connection.execute(
                f"select exists (select 1 from arrivals where state = 'waiting' and {future})", [now, now]
            ).fetchone()
        if any_of_it:
            with self._open() as connection:
                connection.execute(
                    "update arrivals set received_at = min(received_at, ?), changed_at = ?,"
                    f" due_at = ? + max(due_at - changed_at, 0) where state = 'waiting' and {future}",
                    [now, now, now, now, now],
                )

    def take(self) -> list[Waiting]:
        """All that is due, now marked as being built."""
        now = time.time()
        self._forget_the_future(now)
        with self._open() as connection:
            rows = connection.execute(
                "update arrivals set state = 'building', attempts = attempts + 1, changed_at = ?"
                " where state = 'waiting' and due_at <= ? returning number, source, store, bucket, name, attempts",
                [now, now],
            ).fetchall()
        return [Waiting(*row) for row in sorted(rows)]

    def settle(self, numbers: Iterable[int], state: str, reason: str = "", wait: float = 0.0) -> None:
        """What became of arrivals; ``waiting`` again after so many seconds."""
        now = time.time()
        with self._open() as connection:
            connection.executemany(
                "update arrivals set state = ?, reason = ?, changed_at = ?, due_at = ? where number = ?",
                [(state, reason, now, now + wait, number) for number in numbers],
            )

    def bury(self, content: str, reason: str) -> bool:
        """Keep what can never be taken in, once; whether it is new. Of more than 10,000 the oldest are forgotten."""
        kept = content[:LONGEST_LETTER].encode("utf-8", "backslashreplace").decode()
        reason = reason.encode("utf-8", "backslashreplace").decode()
        with self._open() as connection:
            new = connection.execute(
                "insert or ignore into dead_letters (received_at, reason, content) values (?, ?, ?)",
                [time.time(), reason, kept],
            ).rowcount
            connection.execute(
                "delete from dead_letters where number <= (select max(number) from dead_letters) - ?", [MOST_LETTERS]
            )
        return new > 0

    def letters(self, pending: bool = False) -> list[tuple[int, str, str]]:
        """Number, reason and content of dead letters; with ``pending`` only those without a notification."""
        with self._open(writing=False) as connection:
            return connection.execute(
                "select number, reason, content from dead_letters"
                + (" where told_at is null" if pending else "")
                + " order by number"
            ).fetchall()

    def mark_letters_notified(self, numbers: Iterable[int]) -> None:
        """A notification of these dead letters was sent."""
        with self._open() as connection:
            connection.executemany(
                "update dead_letters set told_at = ? where number = ?", [(time.time(), each) for each in numbers]
            )

    def pending_notifications(self) -> list[tuple[int, str, str, str, str]]:
        """Number, source, address, state and reason of arrivals that were given up or are gone, without a notification so far."""
        with self._open(writing=False) as connection:
            return connection.execute(
                "select number, source, store || '://' || bucket || '/' || name, state, reason from arrivals"
                " where state in ('dead', 'gone') and told_at is null order by number"
            ).fetchall()

    def mark_notified(self, numbers: Iterable[int]) -> None:
        """A notification of these arrivals was sent."""
        with self._open() as connection:
            connection.executemany(
                "update arrivals set told_at = ? where number = ?", [(time.time(), each) for each in numbers]
            )

    def retry_dead(self) -> int:
        """What was given up waits again, with all its attempts; how many."""
        now = time.time()
        with self._open() as connection:
            return connection.execute(
                "update arrivals set state = 'waiting', attempts = 0, due_at = ?, received_at = ?, told_at = null"
                " where state = 'dead'",
                [now, now],
            ).rowcount

    def counts(self) -> dict[str, int]:
        """Arrivals by state."""
        with self._open(writing=False) as connection:
            return dict(connection.execute("select state, count(*) from arrivals group by state").fetchall())

    def known(self, store: str, bucket: str) -> set[tuple[str, str]]:
        """Names and versions of a bucket that were ever taken in."""
        with self._open(writing=False) as connection:
            rows = connection.execute(
                "select name, version from arrivals where store = ? and bucket = ?", [store, bucket]
            )
            return set(rows.fetchall())
