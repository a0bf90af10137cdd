"""The same for a folder of this machine: files that land in it are arrivals. ``make watch``."""

from __future__ import annotations

import os
from pathlib import Path

from lakeweave.arrivals.events import Arrival
from lakeweave.arrivals.queue import Queue
from lakeweave.arrivals.sources import Sources

BUCKET = "landing"


class Watcher:
    """Looks at the folders of the sources again and again; a file has arrived once it is no longer growing."""

    def __init__(self, landing: Path, queue: Queue, sources: Sources) -> None:
        self.landing, self.queue, self.sources = landing, queue, sources
        self._before: dict[tuple[str, str], str] = {}

    def _files(self) -> dict[tuple[str, str], str]:
        """Store and name of each file with its version: size and moment of the last change."""
        found = {}
        for folder in self.sources.folders:
            for path, _, names in os.walk(self.landing / folder):
                for name in names:
                    if name.startswith((".", "_")):
                        continue
                    file = Path(path) / name
                    try:
                        info = file.stat()
                    except FileNotFoundError:
                        continue
                    store, _, place = file.relative_to(self.landing).as_posix().partition("/")
                    found[store, place] = f"{info.st_size}-{info.st_mtime_ns}"
        return found

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
        self._before = files
        known = {store: self.queue.known(store, BUCKET) for store in {store for store, _ in settled}}
        arrivals = [
            Arrival(store, BUCKET, name, version)
            for (store, name), version in settled.items()
            if (name, version) not in known[store]
        ]
        return self.queue.put([(source, each) for each in arrivals if (source := self.sources.of(each))])
