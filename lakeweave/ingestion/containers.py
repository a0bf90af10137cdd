"""What a file is by its first bytes, whatever its name says; and what an archive of files holds."""

from __future__ import annotations

import bz2
import itertools
import lzma
import re
import tarfile
import zipfile
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from typing import BinaryIO

from lakeweave.errors import FileHeld
from lakeweave.ingestion.encoding import shown

MAX_MEMBERS_SHOWN = 20
MAX_MEMBERS_READ = 100_000
"""Members of an archive that are counted; one with more is reported as having at least so many."""

_TAR_BLOCK = 512

MAGIC: tuple[tuple[bytes, str], ...] = (
    (b"\x1f\x8b", "gzip"),
    (b"PAR1", "parquet"),
    (b"PARE", "encrypted parquet"),
    (b"PK\x03\x04", "zip"),
    (b"PK\x05\x06", "zip"),
    (b"PK\x07\x08", "zip"),
    (b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1", "ole"),
    (b"%PDF-", "pdf"),
    (b"\x89PNG\r\n", "png"),
    (b"\xff\xd8\xff", "jpeg"),
    (b"GIF87a", "gif"),
    (b"GIF89a", "gif"),
    (b"II*\x00", "tiff"),
    (b"MM\x00*", "tiff"),
    (b"BZh", "bzip2"),
    (b"\xfd7zXZ\x00", "xz"),
    (b"\x28\xb5\x2f\xfd", "zstd"),
    (b"7z\xbc\xaf\x27\x1c", "7z"),
    (b"Rar!\x1a\x07", "rar"),
    (b"\x04\x22\x4d\x18", "lz4"),
    (b"\x7fELF", "elf"),
    (b"SQLite format 3\x00", "sqlite"),
    (b"Obj\x01", "avro"),
    (b"ORC", "orc"),
    (b"ARROW1\x00\x00", "arrow"),
    (b"\x89HDF\r\n\x1a\n", "hdf5"),
    (b"\x1f\x9d", "compress"),
    (b"LZIP\x01", "lzip"),
    (b"\x89LZO\x00\r\n\x1a\n", "lzo"),
    (b"\xff\x06\x00\x00sNaPpY", "snappy"),
    (b"MSCF\x00\x00\x00\x00", "cab"),
    (b"!<arch>\n", "ar"),
    (b"{\\rtf", "rtf"),
    (b"%!PS-Adobe-", "postscript"),
    (b"\x93NUMPY", "numpy"),
)
TAR_PACKED = ("bzip2", "xz")
"""Compressions that are not read. Their archives are reported with their members."""
_CPIO = re.compile(rb"07070[12][0-9A-Fa-f]{104}|070707[0-7]{70}")
_ZSTD_SKIPPED = re.compile(rb"[\x50-\x5f]\x2a\x4d\x18", re.DOTALL)

KNOWN_AS: dict[str, str] = {
    "ole": "an old binary Office file, or one with a password; save it as .xlsx without a password",
    "pdf": "a PDF document; deliver the table in it as CSV or Excel",
    "png": "a PNG image",
    "jpeg": "a JPEG image",
    "gif": "a GIF image",
    "webp": "a WebP image",
    "tiff": "a TIFF image",
    "bzip2": "bzip2; use gzip",
    "xz": "xz; use gzip",
    "zstd": "zstd; use gzip",
    "lz4": "LZ4; use gzip",
    "7z": "a 7-Zip archive; deliver the files in it one by one",
    "rar": "a RAR archive; deliver the files in it one by one",
    "elf": "a program",
    "sqlite": "an SQLite database",
    "encrypted parquet": "a Parquet file with an encrypted footer",
    "avro": "an Avro file; deliver it as Parquet",
    "orc": "an ORC file; deliver it as Parquet",
    "arrow": "an Arrow file; deliver it as Parquet",
    "hdf5": "an HDF5 file; deliver it as Parquet",
    "compress": "a file of the compress program; use gzip",
    "lzip": "lzip; use gzip",
    "lzo": "LZO; use gzip",
    "snappy": "Snappy; use gzip",
    "cab": "a cabinet archive; deliver the files in it one by one",
    "ar": "an ar archive; deliver the files in it one by one",
    "cpio": "a cpio archive; deliver the files in it one by one",
    "rtf": "a rich text document; deliver the table in it as CSV or Excel",
    "postscript": "a PostScript document; deliver the table in it as CSV or Excel",
    "numpy": "a NumPy array; deliver it as Parquet",
    "html": "an HTML page",
    "xml": "an XML document",
    "binary": "binary data",
}
"""Kinds that are not read, as messages name them."""

_HTML = re.compile(rb"\s*(<!--.*?-->\s*)*<(!doctype\s+html|html|head|body)[\s>]", re.IGNORECASE | re.DOTALL)
_XML = re.compile(rb"\s*<\?xml\s", re.IGNORECASE)
_TITLE = re.compile(rb"<title[^>]*>(.*?)</title>", re.IGNORECASE | re.DOTALL)
_MARKS = (b"\xef\xbb\xbf", b"\xff\xfe", b"\xfe\xff")


def by_magic(head: bytes) -> str | None:
    """The kind of a file that begins with ``head``, if its first bytes tell; ``tar``, ``html`` and ``xml`` included."""
    for magic, kind in MAGIC:
        if head.startswith(magic):
            if kind == "orc" and b"\0" not in head[:64]:
                continue
            if kind == "bzip2" and head[4:10] not in (b"1AY&SY", b"\x17rE8P\x90"):
                continue
            return kind
    if _CPIO.match(head):
        return "cpio"
    if _ZSTD_SKIPPED.match(head):
        return "zstd"
    if head.startswith(b"RIFF") and head[8:12] == b"WEBP":
        return "webp"
    if is_tar(head):
        return "tar"
    return markup(head)


def markup(head: bytes) -> str | None:
    """``html`` or ``xml`` if the text in ``head`` is such a document, in any of the usual encodings."""
    text = head[:4096]
    for mark in _MARKS:
        text = text.removeprefix(mark)
    text = text.replace(b"\0", b"")
    if text.lstrip()[:1] != b"<":
        return None
    if _HTML.match(text):
        return "html"
    if _XML.match(text):
        return "html" if re.search(rb"<html[\s>]", text, re.IGNORECASE) else "xml"
    return None


def is_tar(head: bytes) -> bool:
    """Whether ``head`` begins with the header block of a tar archive: its checksum has to be right."""
    block = head[:_TAR_BLOCK]
    if len(block) < _TAR_BLOCK or not block.strip(b"\0"):
        return False
    field = block[148:156].strip(b" \0")
    if not field or not all(48 <= c <= 55 for c in field):
        return False
    return sum(block) - sum(block[148:156]) + 8 * 32 == int(field, 8)


def tar_members(stream: BinaryIO) -> Iterator[tuple[str, int]]:
    """Name and size of each file in a tar archive."""
    with tarfile.open(fileobj=stream, mode="r|") as archive:
        for member in archive:
            archive.members.clear()  # type: ignore[attr-defined]  # memory does not grow with the archive
            if not member.isdir():
                yield member.name, member.size


@contextmanager
def unpacked(kind: str, path: str) -> Iterator[BinaryIO | None]:
    """The text of a file compressed as ``kind``, one of :data:`TAR_PACKED`; ``None`` if its beginning is damaged."""
    opener = bz2.open if kind == "bzip2" else lzma.open
    with opener(path, "rb") as stream:
        try:
            stream.read(1)
            stream.seek(0)
        except (OSError, EOFError, ValueError, lzma.LZMAError):
            yield None
        else:
            yield stream  # type: ignore[misc]


def zip_members(path: str) -> list[tuple[str, int]]:
    """Name and unpacked size of each file in a zip archive; raises :class:`FileHeld` for a damaged one."""
    try:
        with zipfile.ZipFile(path) as archive:
            return [(i.filename, i.file_size) for i in archive.infolist() if not i.is_dir()]
    except (zipfile.BadZipFile, OSError, ValueError, NotImplementedError):
        raise FileHeld(
            "corrupt_archive", "The file starts like a zip archive or workbook but is damaged or cut off."
        ) from None


def archive_held(kind: str, members: Iterator[tuple[str, int]]) -> FileHeld:
    """Why an archive is held: with the number of its members, their size and the first of their names."""
    first: list[str] = []
    count = size = 0
    cut = ""
    try:
        for name, length in itertools.islice(members, MAX_MEMBERS_READ):
            count += 1
            size += length
            if len(first) < MAX_MEMBERS_SHOWN:
                first.append(f"{shown(name)[:200]!r} ({length} bytes)")
    except (tarfile.TarError, EOFError, OSError, zlib.error, lzma.LZMAError, ValueError) as error:
        cut = f" The archive is damaged or cut off after them ({error})."
    listed = ", ".join(first) + (f" and {count - len(first)} more" if count > len(first) else "")
    least = "at least " if count >= MAX_MEMBERS_READ else ""
    return FileHeld(
        "archive_of_files",
        f"The file is a {kind} archive with {least}{count} file(s) of {size} bytes: {listed or 'none'}. "
        f"Deliver its members one by one.{cut}",
    )


def zip_kind(names: set[str]) -> str | None:
    """What a zip archive with these members is, if it is a document: ``excel``, or the words of a message."""
    if "xl/workbook.xml" in names:
        return "excel"
    if "xl/workbook.bin" in names:
        return "an Excel binary workbook (.xlsb); save it as .xlsx"
    if "word/document.xml" in names:
        return "a Word document; deliver the table in it as CSV or Excel"
    if "ppt/presentation.xml" in names:
        return "a PowerPoint file"
    if "content.xml" in names and "META-INF/manifest.xml" in names:
        return "an OpenDocument file; save it as .xlsx or CSV"
    return None


def not_read(kind: str, name: str, head: bytes) -> FileHeld:
    """Why a file of a kind that is not read is held."""
    title = ""
    if kind == "html" and (found := _TITLE.search(head.replace(b"\0", b""))):
        title = f" with the title {shown(found[1].decode('utf-8', 'replace')).strip()[:200]!r}"
        title += "; servers send such a page in place of a file that they refuse"
    what = KNOWN_AS.get(kind, kind)
    return FileHeld("unknown_format", f"The content is {what}{title}, whatever the name {name!r} says.")
