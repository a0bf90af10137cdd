"""Files that were taken in and moved out of the way: where they lie, and how they are found again."""

from __future__ import annotations

import hashlib
import os
import re
import shutil
from collections.abc import Sequence
from typing import Any

from lakeweave.errors import UserError
from lakeweave.ingestion.listing import FoundFile, list_files
from lakeweave.ingestion.spec import Spec

_NUMBERED = re.compile(r"~(\d+)(?=(\.[^./]*)*$)")


def archive_folder(spec: Spec) -> str | None:
    """The source's own folder in its archive: two sources may share an archive and have files of one name."""
    return os.path.join(spec.archive, spec.source) if spec.archive else None


def archived_files(spec: Spec) -> Sequence[FoundFile]:
    """All files in the source's archive, none if there is no archive yet."""
    folder = archive_folder(spec)
    return list_files(folder, ("*",), "archive").files if folder and os.path.isdir(folder) else []


def hash_of(file: FoundFile) -> str | None:
    """SHA-256 of the content in hex; ``None`` if the file cannot be read."""
    try:
        with open(file.path, "rb") as stream:
            return hashlib.file_digest(stream, "sha256").hexdigest()
    except OSError:
        return None


def original_name(archived: str) -> str:
    """The name of an archived file without the ``~2`` that tells contents of one name apart."""
    return _NUMBERED.sub("", archived)


def _free_name(target: str, content: str | None) -> tuple[str, bool]:
    """A path for ``content`` in the archive, and whether it lies there already."""
    folder, base = os.path.split(target)
    stem, dot, rest = base.partition(".")
    n = 1
    while os.path.lexists(target):
        with open(target, "rb") as stream:
            if hashlib.file_digest(stream, "sha256").hexdigest() == content:
                return target, True
        n += 1
        target = os.path.join(folder, f"{stem}~{n}{dot}{rest}")
    return target, False


def move_to_archive(spec: Spec, settled: set[tuple[str, str]]) -> dict[str, Any]:
    """Move the files whose (name, stat key) is in ``settled`` from the source's folder to its archive.

    A file that is not in ``settled`` as it lies there now is left. Returns the counts ``moved`` and ``left`` and the
    ``bytes`` moved; raises :class:`UserError` if no archive is declared.
    """
    folder = archive_folder(spec)
    if folder is None:
        raise UserError(f"Source {spec.source} has no archive; declare `archive` in the `meta` of the source.")
    listing = list_files(spec.folder, spec.patterns)
    found = listing.files
    moved = size = 0
    for file in found:
        if (file.name, file.stat_key) not in settled:
            continue
        target, there = _free_name(
            os.path.join(folder, os.path.relpath(file.path, os.path.realpath(spec.folder))), hash_of(file)
        )
        os.makedirs(os.path.dirname(target), exist_ok=True)
        if there:
            os.unlink(file.path)
        else:
            _move(file.path, target)
        moved += 1
        size += file.size
    return {"moved": moved, "left": len(found) - moved, "bytes": size, "messages": listing.messages}


def _move(source: str, target: str) -> None:
    """Move a file so that ``target`` is whole whenever it exists, on another file system too."""
    try:
        os.rename(source, target)
    except OSError:
        partial = target + ".part"
        shutil.copy2(source, partial)
        os.replace(partial, target)
        os.unlink(source)
