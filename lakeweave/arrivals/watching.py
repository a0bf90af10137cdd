"""The same for a folder of this machine: files that land in it are arrivals. ``make watch``."""

from __future__ import annotations

import os
import stat
import sys
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import watchfiles

from lakeweave.arrivals.events import Arrival
from lakeweave.arrivals.queue import Queue
from lakeweave.arrivals.sources import Sources
from lakeweave.printable import printable

BUCKET = "landing"
LOOK_ANYWAY = 30.0
"""Seconds without an event after which the folders are listed: a network file system may send no events."""


class Watcher:
    """Lists the folders of the sources; a file has arrived once two listings show the same size and time.

    :func:`changes` gives the times to list them. What it cannot take in (a link that leads
    nowhere, a name that is not UTF-8, a folder that it may not read) becomes a dead letter once, and holds up nothing else.
    """

    def __init__(self, landing: Path, queue: Queue, sources: Sources) -> None:
        """``sources``: their folders alone count; the buckets that events may name are no matter of a folder."""
        self.landing, self.queue = landing, queue
        self.sources = Sources(sources.folders)
        self._before: dict[tuple[str, str], str] = {}
        self._is_unsettled = False
        self._refused: set[tuple[str, str]] = set()

    def _refuse(self, path: str, reason: str) -> None:
        """Keep an item that cannot be taken in as a dead letter, the first time that it is seen."""
        if (path, reason) not in self._refused:
            self._refused.add((path, reason))
            self.queue.bury(path, reason)
            print(f"arrivals: not taken in: {printable(path)}: {reason}", file=sys.stderr, flush=True)

    def _paths(self) -> Iterator[str]:
        for folder in self.sources.folders:
            top = os.path.join(self.landing, folder)
            if not os.path.lexists(top):
                continue

            def unreadable(error: OSError) -> None:
                self._refuse(str(error.filename), f"the folder cannot be read: {error.strerror}")

            for path, folders, names in os.walk(top, onerror=unreadable):
                for name in folders:
                    if os.path.islink(os.path.join(path, name)):
                        self._refuse(os.path.join(path, name), "it is a link to a folder, which is not followed")
                yield from (os.path.join(path, name) for name in names if not name.startswith((".", "_")))

    def _files(self) -> dict[tuple[str, str], str]:
        """Store and name of each file with its version: size and moment of the last change."""
        found = {}
        for path in self._paths():
            try:
                info = os.stat(path)
                path.encode()
            except FileNotFoundError:
                if os.path.islink(path):
                    self._refuse(path, "it is a link that leads nowhere")
                continue
            except OSError as error:
                self._refuse(path, f"it cannot be looked at: {error.strerror}")
                continue
            except UnicodeEncodeError:
                self._refuse(path, "its name is not UTF-8; rename it")
                continue
            if not stat.S_ISREG(info.st_mode):
                self._refuse(path, "it is no file")
                continue
            store, _, place = os.path.relpath(path, self.landing).replace(os.sep, "/").partition("/")
            found[store, place] = f"{info.st_size}-{info.st_mtime_ns}"
        return found

    @property
    def waits(self) -> bool:
        """Whether the last listing has new or changed files, which the next one settles."""
        return self._is_unsettled

    def baseline(self) -> int:
        """On the first watch of a landing zone, what lies there was built before: it is noted, not built. How many files."""
        if any(self.queue.known(store, BUCKET) for store in ("aws", "gcp")):
            return 0
        files = self._files()
        arrivals = [Arrival(store, BUCKET, name, version) for (store, name), version in files.items()]
        self.queue.put([(self.sources.of(each) or "", each) for each in arrivals])
        self.queue.settle([each.number for each in self.queue.take()], "built", "there when watching began")
        return len(files)

    def look(self) -> int:
        """Take in what has arrived since; how many files."""
        files = self._files()
        settled = {key: version for key, version in files.items() if self._before.get(key) == version}
        self._is_unsettled = len(settled) < len(files)
        self._before = files
        known = {store: self.queue.known(store, BUCKET) for store in {store for store, _ in settled}}
        new = 0
        for (store, name), version in settled.items():
            if (name, version) in known[store]:
                continue
            each = Arrival(store, BUCKET, name, version)
            source = self.sources.of(each)
            if source is not None:
                new += self._put(source, each)
        return new

    def _put(self, source: str, each: Arrival) -> int:
        try:
            return self.queue.put([(source, each)])
        except (ValueError, OverflowError) as error:
            self._refuse(f"{each.store}/{each.name}", f"it cannot be noted: {type(error).__name__}")
            return 0


def changes(landing: Path, stop: threading.Event, pause: float) -> Iterator[bool]:
    """Yield once every ``pause`` seconds or sooner, until ``stop`` is set: whether the folder had an event.

    The events are the system's (inotify, FSEvents, ReadDirectoryChangesW). Where the system gives none, for example because
    the limit of inotify is reached, watchfiles polls. After :data:`LOOK_ANYWAY` seconds without an event the value is true.
    """
    last = time.monotonic()
    for force_polling in (None, True):
        try:
            for events in watchfiles.watch(
                landing,
                watch_filter=None,
                debounce=max(int(pause * 1000), 1),
                stop_event=stop,
                rust_timeout=max(int(pause * 1000), 1),
                yield_on_timeout=True,
                force_polling=force_polling,
                ignore_permission_denied=True,
            ):
                is_due = bool(events) or time.monotonic() - last >= LOOK_ANYWAY
                if is_due:
                    last = time.monotonic()
                yield is_due
            return
        except OSError as error:
            print(f"arrivals: no events of {landing}: {printable(error)}", file=sys.stderr, flush=True)
    # Neither way works, e.g. because the folder is gone for now: look at each step.
    while not stop.wait(pause):
        yield True
