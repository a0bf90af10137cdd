"""Which files lie in a folder: names, sizes and stat keys, nothing is opened."""

from __future__ import annotations

import errno
import fnmatch
import os
import re
import stat
import time
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import NamedTuple, overload

from lakeweave.errors import UserError

_DIGITS = re.compile(r"([0-9]+)")
_ESCAPED = re.compile(r"\\x[0-9a-fA-F]{2}")

IGNORED = (
    ".*",
    "_*",
    "*.tmp",
    "*.part",
    "*.partial",
    "*.filepart",
    "*.crdownload",
    "*.download",
    "*.opdownload",
    "*.!ut",
    "*.swp",
    "*~",
    "~$*",
    "Thumbs.db",
    "ehthumbs.db",
    "desktop.ini",
)
"""Names of files and folders that are no deliveries: hidden ones, unfinished uploads, locks of office programs and what
file managers leave. Upper and lower case are the same."""

_BEGINNINGS = tuple(p[:-1].lower() for p in IGNORED if p.endswith("*"))
_ENDINGS = tuple(p[1:].lower() for p in IGNORED if p.startswith("*"))
_NAMES = frozenset(p.lower() for p in IGNORED if "*" not in p)
_SHOWN = 5

SETTLE_SECONDS = 0.02
"""Longer than the tick of a file system's clock: within one tick two writes leave the same time stamps."""


class FoundFile(NamedTuple):
    """A file of the listing. ``name`` is its path relative to the folder; ``path`` opens it."""

    name: str
    path: str
    size: int
    mtime_ns: int
    stat_key: str


@dataclass
class FoundFiles(Sequence[FoundFile]):
    """The files of a listing, as columns.

    Of a million known files only the names and the stat keys are read. A tuple for each of them would cost as much as the
    listing itself, and Python's garbage collector would visit all of them again and again.
    """

    root: str
    names: list[str] = field(default_factory=list)
    stat_keys: list[str] = field(default_factory=list)
    _relative: list[str] = field(default_factory=list)
    _sizes: list[int] = field(default_factory=list)
    _times: list[int] = field(default_factory=list)

    def add(self, relative: str, info: os.stat_result) -> None:
        """Append the file at this path below the root."""
        self.names.append(relative if relative.isascii() and "\\" not in relative else printable(relative))
        self.stat_keys.append(stat_key(info))
        self._relative.append(relative)
        self._sizes.append(info.st_size)
        self._times.append(info.st_mtime_ns)

    def in_natural_order(self) -> FoundFiles:
        """The same files, sorted by :func:`natural_key`."""
        keys = [natural_key(name) for name in self.names]
        order = sorted(range(len(keys)), key=keys.__getitem__)
        columns = (self.names, self.stat_keys, self._relative, self._sizes, self._times)
        return FoundFiles(self.root, *([column[place] for place in order] for column in columns))  # type: ignore[arg-type]

    def __len__(self) -> int:
        return len(self.names)

    @overload
    def __getitem__(self, place: int) -> FoundFile: ...
    @overload
    def __getitem__(self, place: slice) -> list[FoundFile]: ...
    def __getitem__(self, place: int | slice) -> FoundFile | list[FoundFile]:
        if isinstance(place, slice):
            return [self[each] for each in range(*place.indices(len(self)))]
        path = os.path.join(self.root, self._relative[place])
        return FoundFile(self.names[place], path, self._sizes[place], self._times[place], self.stat_keys[place])

    def __iter__(self) -> Iterator[FoundFile]:
        return (self[place] for place in range(len(self)))


@dataclass
class Listing:
    """The delivered files under a folder, in natural order, and what else lies there.

    ``warnings`` has one sentence for each path that could not be listed or is not followed; ``ignored`` counts the names
    that match a pattern of :data:`IGNORED`, ``examples`` shows some of them.
    """

    files: FoundFiles
    warnings: list[str] = field(default_factory=list)
    ignored: Counter[str] = field(default_factory=Counter)
    examples: list[str] = field(default_factory=list)

    @property
    def messages(self) -> list[str]:
        """Everything that was passed over, in sentences."""
        if not self.ignored:
            return list(self.warnings)
        patterns = ", ".join(f"{n} {p}" for p, n in sorted(self.ignored.items()))
        total = sum(self.ignored.values())
        return [
            *self.warnings,
            f"{total} hidden or unfinished file(s) or folder(s) are ignored by their names ({patterns}): "
            f"{', '.join(map(repr, self.examples))}{', …' if total > len(self.examples) else ''}.",
        ]


def natural_key(name: str) -> tuple[tuple[str | int, ...], str]:
    """Sort key that compares runs of digits as numbers: ``batch_2`` before ``batch_10``."""
    parts = _DIGITS.split(name)
    return tuple(int(p) if i % 2 else p for i, p in enumerate(parts)), name


def stat_key(info: os.stat_result) -> str:
    """Size, modification time, change time and inode: what changes whenever the content may have changed."""
    return f"{info.st_size}-{info.st_mtime_ns}-{info.st_ctime_ns}-{info.st_ino}"


def settle(info: os.stat_result) -> None:
    """Wait until a write after now must give the file another time stamp than the one in ``info``."""
    age = time.time() - max(info.st_mtime_ns, info.st_ctime_ns) / 1e9
    if age < SETTLE_SECONDS:
        time.sleep(min(SETTLE_SECONDS, max(0.0, SETTLE_SECONDS - age)))


def printable(name: str) -> str:
    r"""``name`` as text that can be stored, different for different names.

    Bytes that are not UTF-8 are written as ``\xNN``. Where a name has such bytes, or itself reads like ``\xNN``, each of
    its backslashes is doubled.
    """
    if name.isascii():
        return name.replace("\\", "\\\\") if "\\" in name and _ESCAPED.search(name) else name
    raw = os.fsencode(name)
    try:
        text = raw.decode()
    except UnicodeDecodeError:
        return raw.replace(b"\\", b"\\\\").decode("utf-8", "backslashreplace")
    return text.replace("\\", "\\\\") if _ESCAPED.search(text) else text


def ignored_by(name: str) -> str | None:
    """The pattern of :data:`IGNORED` that ``name`` (without its folder) matches, if any."""
    name = name.lower()
    if not (name.startswith(_BEGINNINGS) or name.endswith(_ENDINGS) or name in _NAMES):
        return None
    return next(p for p in IGNORED if fnmatch.fnmatchcase(name, p.lower()))


def list_files(
    folder: str, patterns: Sequence[str] = ("*",), what: str = "folder", *, in_order: bool = True
) -> Listing:
    """All delivered files under ``folder``, and what was passed over.

    The files come in natural order; without ``in_order`` as the file system lists them, which is faster.

    A subfolder that cannot be listed is a warning; its files are not in the result. Links to folders and links that lead
    out of the folder are not followed. Raises :class:`UserError` if ``folder`` itself cannot be listed.
    """
    root = os.path.realpath(folder)
    if not os.path.isdir(root):
        raise UserError(
            f"The {what} {folder!r} does not exist or is not a folder (looked for {root!r}); create it, "
            "correct the path, or set the landing path of this target."
        )
    every = any(p == "*" for p in patterns)
    matchers = [re.compile(fnmatch.translate(p)) for p in patterns]
    listing = Listing(FoundFiles(root))
    pending = [("", root)]
    while pending:
        prefix, directory = pending.pop()
        try:
            with os.scandir(directory) as entries:
                for entry in entries:
                    _take(entry, prefix, root, None if every else matchers, listing, pending)
        except OSError as error:
            if not prefix:
                raise UserError(
                    f"The folder {directory!r} cannot be listed ({error.strerror}); correct its permissions."
                ) from None
            listing.warnings.append(
                f"The folder {printable(prefix)!r} cannot be listed ({error.strerror}); its files are not loaded."
            )
    if in_order:
        listing.files = listing.files.in_natural_order()
    return listing


def _take(
    entry: os.DirEntry[str],
    prefix: str,
    root: str,
    matchers: list[re.Pattern[str]] | None,
    listing: Listing,
    pending: list[tuple[str, str]],
) -> None:
    """Put one entry of a folder where it belongs."""
    name = entry.name
    relative = prefix + name
    if pattern := ignored_by(name):
        listing.ignored[pattern] += 1
        if len(listing.examples) < _SHOWN:
            listing.examples.append(printable(relative))
        return
    try:
        if entry.is_symlink():
            if problem := _link_problem(entry, root):
                listing.warnings.append(f"{printable(relative)!r} {problem}")
                return
        elif entry.is_dir():
            pending.append((relative + "/", entry.path))
            return
        if matchers is not None and not any(m.match(relative) for m in matchers):
            return
        info = entry.stat()
    except FileNotFoundError:
        listing.warnings.append(f"{printable(relative)!r} vanished while the folder was listed.")
        return
    except OSError as error:
        listing.warnings.append(f"{printable(relative)!r} cannot be examined ({error.strerror}) and is passed over.")
        return
    if not stat.S_ISREG(info.st_mode):
        listing.warnings.append(f"{printable(relative)!r} is not a regular file and is passed over.")
        return
    listing.files.add(relative, info)


def _link_problem(entry: os.DirEntry[str], root: str) -> str | None:
    """Why a link is not followed; ``None`` if it leads to a file inside the folder."""
    try:
        mode = entry.stat().st_mode
    except OSError as error:
        if error.errno == errno.ELOOP:
            return "is a link that leads back to itself and is not followed."
        if error.errno == errno.ENOENT:
            target = os.readlink(entry.path)
            return f"is a dangling link: its target {printable(target)!r} does not exist."
        return f"is a link that cannot be followed ({error.strerror})."
    if stat.S_ISDIR(mode):
        return "is a link to a folder and is not followed."
    if os.path.commonpath([root, os.path.realpath(entry.path)]) != root:
        return "is a link that leaves the folder and is not followed."
    return None
