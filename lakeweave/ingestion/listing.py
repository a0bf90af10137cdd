"""Which files lie in a folder: names, sizes and stat keys, nothing is opened."""

from __future__ import annotations

import fnmatch
import os
import re
import stat
import time
from collections.abc import Sequence
from dataclasses import dataclass

from lakeweave.ingestion.spec import UserError

_DIGITS = re.compile(r"([0-9]+)")
_TEMPORARY = (".tmp", ".part")

SETTLE_SECONDS = 0.02
"""Longer than the tick of a file system's clock: within one tick two writes leave the same time stamps."""


@dataclass(frozen=True, slots=True)
class FoundFile:
    """A file of the listing. ``name`` is its path relative to the folder; ``path`` opens it."""

    name: str
    path: str
    size: int
    mtime_ns: int
    stat_key: str


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
    r"""``name`` as text that can be stored: bytes that are not UTF-8 are written as ``\xNN``."""
    return os.fsencode(name).decode("utf-8", "backslashreplace")


def list_files(
    folder: str, patterns: Sequence[str] = ("*",), what: str = "folder"
) -> tuple[list[FoundFile], list[str]]:
    """All delivered files under ``folder`` in natural order, and messages about what was passed over.

    Hidden names (``.`` or ``_`` first), ``*.tmp`` and ``*.part`` are not delivered yet, and links that lead out of the
    folder are not followed. Raises :class:`UserError` if ``folder`` is not a folder that can be listed.
    """
    root = os.path.realpath(folder)
    if not os.path.isdir(root):
        raise UserError(
            f"The {what} {folder!r} does not exist or is not a folder (looked for {root!r}); create it, "
            "correct the path, or set the landing path of this target."
        )
    every = any(p == "*" for p in patterns)
    matchers = [re.compile(fnmatch.translate(p)) for p in patterns]
    found: list[FoundFile] = []
    messages: list[str] = []
    hidden = 0
    pending = [("", root)]
    while pending:
        prefix, directory = pending.pop()
        try:
            entries = list(os.scandir(directory))
        except OSError as error:
            raise UserError(
                f"The folder {directory!r} cannot be listed ({error.strerror}); correct its permissions."
            ) from None
        for entry in entries:
            name = entry.name
            relative = prefix + name
            if name.startswith((".", "_")) or name.endswith(_TEMPORARY):
                hidden += 1
                continue
            if entry.is_symlink():
                target = os.path.realpath(entry.path)
                if entry.is_dir():
                    messages.append(f"{printable(relative)!r} is a link to a folder and is not followed.")
                    continue
                if os.path.commonpath([root, target]) != root:
                    messages.append(f"{printable(relative)!r} is a link that leaves the folder and is not followed.")
                    continue
            elif entry.is_dir():
                pending.append((relative + "/", entry.path))
                continue
            if not every and not any(m.match(relative) for m in matchers):
                continue
            try:
                info = entry.stat()
            except OSError:
                messages.append(f"{printable(relative)!r} vanished while the folder was listed.")
                continue
            if not stat.S_ISREG(info.st_mode):
                messages.append(f"{printable(relative)!r} is not a regular file and is passed over.")
                continue
            shown = relative if relative.isascii() else printable(relative)
            found.append(FoundFile(shown, entry.path, info.st_size, info.st_mtime_ns, stat_key(info)))
    if hidden:
        messages.append(
            f"{hidden} hidden or unfinished file(s) or folder(s) were passed over (names like .x, _x, x.tmp, x.part)."
        )
    found.sort(key=lambda f: natural_key(f.name))
    return found, messages
