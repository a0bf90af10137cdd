"""Opens a file of any format and reads it with an account of every record."""

from __future__ import annotations

import codecs
import gzip
import hashlib
import itertools
import os
import zlib
from collections.abc import Callable, Iterator
from typing import BinaryIO, Protocol

from lakeweave.errors import FileHeld
from lakeweave.ingestion import containers, dialects, layout, sniff
from lakeweave.ingestion.account import FileAccount
from lakeweave.ingestion.batch import Batch
from lakeweave.ingestion.delimited import DelimitedReader
from lakeweave.ingestion.dialects import TextPlan
from lakeweave.ingestion.encoding import ESCAPE, Detected, declared, detect
from lakeweave.ingestion.excel import ExcelReader
from lakeweave.ingestion.jsontext import JsonReader
from lakeweave.ingestion.judging import check_share, misfit_message, reconcile_message, useless_message
from lakeweave.ingestion.lines import MAX_LINE_CHARS, is_exact, measure
from lakeweave.ingestion.parquet import ParquetReader
from lakeweave.ingestion.sniff import HEAD
from lakeweave.ingestion.spec import Reading

_CHUNK = 1 << 20
MAX_UNPACKED = 64 << 30
"""A gzip file that unpacks to more bytes than this is not read."""

MAX_EVIDENCE = 64 << 10
Opener = Callable[[], BinaryIO]


class Reader(Protocol):
    """What all readers have: batches of accepted records, everything else goes to the account."""

    account: FileAccount

    def batches(self) -> Iterator[Batch]:
        """All accepted records in file order."""
        ...


def text_chunks(
    opener: Opener, encoding: str, skip: int, counted: Callable[[int], None] | None = None
) -> Iterator[str]:
    """The text of a stream in ``encoding`` after ``skip`` bytes; what is not decodable comes as lone surrogates.

    ``counted`` is called at the end with the number of bytes read.
    """
    decoder = codecs.getincrementaldecoder(encoding)(ESCAPE)
    with opener() as stream:
        read = len(stream.read(skip))
        while chunk := stream.read(_CHUNK):
            read += len(chunk)
            # By its types a GzipFile is no BinaryIO.
            if read > MAX_UNPACKED and isinstance(stream, gzip.GzipFile):  # type: ignore[unreachable]
                raise FileHeld("archive_too_large", f"The file unpacks to more than {MAX_UNPACKED >> 30} GiB.")
            yield decoder.decode(chunk)
        if counted:
            counted(read)
        yield decoder.decode(b"", final=True)


def _bytes_of(opener: Opener) -> Iterator[bytes]:
    with opener() as stream:
        while chunk := stream.read(_CHUNK):
            yield chunk


def _lines_with_escapes(opener: Opener, codec: str, quote: str, limit: int = 100) -> list[str]:
    r"""Lines of the whole file that hold ``\"``, which the beginning may not show."""
    if codec.startswith(("utf-16", "utf-32")):
        return []  # a line end is more than one byte there; the beginning has to do
    wanted = ("\\" + quote).encode(codec)
    found: list[str] = []
    tail = b""
    for chunk in _bytes_of(opener):
        if len(found) >= limit:
            break
        block = tail + chunk
        if wanted in block:
            whole, _, tail = block.rpartition(b"\n")
            found += [line.decode(codec, ESCAPE) for line in whole.split(b"\n") if wanted in line][: limit - len(found)]
        else:
            tail = block[-MAX_EVIDENCE:].rpartition(b"\n")[2]
        tail = tail[-MAX_EVIDENCE:]
    return found


def text_encoding(opener: Opener, head: bytes, reading: Reading) -> tuple[Detected, str, int]:
    """What to record, codec to decode with, and length of the byte order mark of a text.

    Raises :class:`FileHeld` for an encoding that cannot be determined with certainty.
    """
    mark = sniff.byte_order_mark(head)
    if mark:
        name, length = mark
        return Detected(name), "utf-8" if name == "utf-8-sig" else name, length
    if reading.encoding:
        name = codecs.lookup(reading.encoding).name
        return declared(name, head), name, 0
    wide = sniff.wide_encoding(head)
    if wide:
        return Detected(wide), wide, 0
    if sniff.is_shifted(head):
        raise FileHeld(
            "unsafe_encoding",
            "The text has the escape sequences of an encoding of ISO 2022, such as iso2022_jp, iso2022_kr or hz. "
            "Declare the `encoding` of the source, then release the file.",
        )
    found = detect(_bytes_of(opener))
    if found.others:
        raise FileHeld(
            "unsafe_encoding",
            f"The text is not UTF-8; it may be {found.encoding} or {', '.join(found.others)}, which give different letters. "
            "Declare the `encoding` of the source, then release the file.",
        )
    return found, found.encoding, 0


def sniff_head(text: str, *, complete: bool, name: str, reading: Reading) -> TextPlan:
    """:func:`sniff.sniff_text` over no more text than the first :data:`sniff.HEAD` characters, in whole lines."""
    if len(text) > HEAD:
        cut = text.find("\n", HEAD)
        if cut < 0:
            cut = text.find("\r", HEAD)
        if cut >= 0 and cut + 2 < len(text):
            text, complete = text[: cut + 2 if text[cut : cut + 2] == "\r\n" else cut + 1], False
            # The last line is whole: mark it so that it is not dropped as cut off.
            text += "\n" if text.endswith("\r") else ""
    return sniff.sniff_text(text, complete=complete, name=name, reading=reading)


def open_reader(path: str, name: str, reading: Reading, account: FileAccount) -> Reader:
    """The reader for the file at ``path``, delivered as ``name``; raises :class:`FileHeld`."""
    with open(path, "rb") as beginning:
        head = beginning.read(HEAD)

    def plain() -> BinaryIO:
        return open(path, "rb")

    def unpacked() -> BinaryIO:
        return gzip.open(path, "rb")  # type: ignore[return-value]

    kind = sniff.container(head)
    opener: Opener = plain
    packed = ""
    if kind == "gzip":
        opener, packed = unpacked, "+gzip"
        account.format = "gzip"
        with opener() as stream:
            head = stream.read(HEAD)
        kind = sniff.container(head)
        if kind == "tar":
            account.format = "tar+gzip"
            with opener() as stream:
                raise containers.archive_held("gzip-compressed tar", containers.tar_members(stream))
        if kind not in ("text", "empty"):
            what = containers.KNOWN_AS.get(kind, kind)
            raise FileHeld("unknown_format", f"The gzip file holds {what}; only text formats are read from gzip.")
    if kind == "empty":
        raise FileHeld("empty_file", "The file has no content.")
    if kind == "parquet":
        account.format = "parquet"
        return ParquetReader(path, reading, account)
    if kind == "tar":
        account.format = "tar"
        with plain() as stream:
            raise containers.archive_held("tar", containers.tar_members(stream))
    if kind == "zip":
        members = containers.zip_members(path)
        document = containers.zip_kind({member for member, _ in members})
        if document == "excel":
            account.format = "excel"
            return ExcelReader(path, reading, account)
        if document is None:
            account.format = "zip"
            raise containers.archive_held("zip", iter(members))
        kind = document
    if kind in containers.TAR_PACKED and not packed:
        with containers.unpacked(kind, path) as inner:
            if inner and sniff.container(inner.read(HEAD)) == "tar":
                account.format = f"tar+{kind}"
                inner.seek(0)
                raise containers.archive_held(f"{kind}-compressed tar", containers.tar_members(inner))
    if kind != "text" and not (kind == "binary" and reading.encoding):
        raise containers.not_read(kind, name, head)
    detected, codec, skip = text_encoding(opener, head, reading)
    account.encoding, account.encoding_confidence = detected.encoding, detected.confidence
    account.message = detected.note
    sizes: list[int] = []
    chunks = text_chunks(opener, codec, skip, sizes.append)
    text, complete = "", False
    while not complete and (len(text) <= HEAD + _CHUNK // 2 or ("\n" not in text and "\r" not in text)):
        chunk = next(chunks, None)
        complete = chunk is None
        text += chunk or ""
        if len(text) > MAX_LINE_CHARS:
            break
    plan = sniff_head(text, complete=complete, name=name, reading=reading)
    if plan.format in ("csv", "tsv"):
        plan = dialects.with_late_evidence(plan, _lines_with_escapes(opener, codec, plan.dialect.quote))
    account.format = plan.format + packed
    every = itertools.chain([text], chunks)
    if plan.format in ("json", "jsonl"):
        if is_exact(codec):
            account.measured = sizes
        return JsonReader(every, plan.format, reading, account, measure(codec), skip)
    return delimited_reader(every, plan, reading, account, codec, skip, sizes)


def delimited_reader(
    chunks: Iterator[str],
    plan: TextPlan,
    reading: Reading,
    account: FileAccount,
    codec: str,
    skip: int,
    sizes: list[int],
) -> DelimitedReader:
    """The reader of delimited text for a ``plan``; raises :class:`FileHeld` for a layout that is frozen.

    ``sizes`` has the number of bytes that were read when ``chunks`` are used up.
    """
    matched = layout.match(plan.cells, reading, positional=plan.positional)
    account.delimiter = plan.dialect.delimiter
    account.columns = list(plan.cells)
    account.changes.extend([*plan.told, *matched.changes])
    if matched.held:
        raise FileHeld(matched.held_reason, matched.held)
    if plan.told and reading.layout_policy == "freeze":
        raise FileHeld("layout_frozen", " ".join(c.message for c in plan.told))
    if is_exact(codec):
        account.measured = sizes
    return DelimitedReader(chunks, plan, matched, account, reading, measure(codec), skip)


def read_file(path: str, name: str, reading: Reading, account: FileAccount) -> Iterator[Batch]:
    """Batches of the accepted records of a file; ``account`` is complete when they are used up.

    Never raises because of what is in the file: a file that cannot be loaded is held in ``account``, and then the
    batches that came before do not count.
    """
    emitted = 0
    try:
        reader = open_reader(path, name, reading, account)
        for batch in reader.batches():
            emitted += len(batch.numbers)
            yield batch
    except FileHeld as held:
        account.hold(held.reason, held.message)
    except (gzip.BadGzipFile, EOFError, zlib.error) as error:
        account.hold("corrupt_archive", f"The compressed file is damaged or cut off ({error}).")
    except OSError as error:
        account.hold("unreadable", f"The file cannot be read ({error.strerror or error}).")
    except (MemoryError, RecursionError, ValueError, TypeError, KeyError, IndexError) as error:
        account.hold(
            "reader_failed", f"The reader failed on this file ({type(error).__name__}: {error}); please report it."
        )
    account.accepted = emitted
    account.close_bytes()
    if account.counted_by is None:
        account.counted_by = "lines" if account.content_bytes is None else "bytes"
    if account.state == "held":
        return
    undecodable = account.by_reason().get("undecodable_bytes", 0)
    if undecodable >= 10 and undecodable * 2 > account.records:
        account.hold(
            "undecodable_file",
            f"{undecodable} of {account.records} records hold bytes that are not valid {account.encoding}; "
            "declare the `encoding` of the source and release the file.",
        )
    elif misfits := misfit_message(account):
        account.hold("no_record_fits_the_header", misfits)
    elif useless := useless_message(account):
        account.hold("no_valid_record", useless)
    elif not account.reconciles():
        account.hold("counts_do_not_reconcile", reconcile_message(account))
    else:
        check_share(account, reading)


def account_file(
    path: str | os.PathLike[str],
    columns: list[str] | None = None,
    *,
    reading: Reading | None = None,
    name: str | None = None,
) -> FileAccount:
    """Read one file and say where each of its records went; never raises because of the file.

    ``columns`` are the declared columns (default: the header of the file as it is); ``reading`` gives every other
    setting. The accepted records themselves come from :func:`accepted_records`.
    """
    location = os.fspath(path)
    reading = reading or Reading(columns=tuple(columns) if columns else None)
    account = FileAccount(name or os.path.basename(location))
    seen: set[bytes] = set()
    repeats = 0
    try:
        with open(location, "rb") as stream:
            digest = hashlib.file_digest(stream, "sha256")
            account.bytes = stream.tell()
        account.file_id = digest.hexdigest()
    except OSError as error:
        account.hold("unreadable", f"The file cannot be read ({error.strerror or error}).")
        return account
    for batch in read_file(location, account.name, reading, account):
        for row in batch.rows:
            # A later batch of JSON may have more columns; trailing NULLs do not make a row another row.
            end = len(row)
            while end and not row[end - 1]:
                end -= 1
            key = hashlib.blake2b(
                "\x00".join("\x01" if v is None else v for v in row[:end]).encode("utf-8", "surrogatepass"),
                digest_size=16,
            ).digest()
            if key in seen:
                repeats += 1
            seen.add(key)
    account.accepted -= repeats
    account.repeats = repeats
    return account


def accepted_records(
    path: str | os.PathLike[str],
    columns: list[str] | None = None,
    *,
    reading: Reading | None = None,
    name: str | None = None,
) -> Iterator[dict[str, str | None]]:
    """The accepted records of a file (repeats included) in order, column name → text; an empty field is ``None``.

    Nothing comes from a file that :func:`account_file` holds only after it was read; ask that first.
    """
    location = os.fspath(path)
    reading = reading or Reading(columns=tuple(columns) if columns else None)
    account = FileAccount(name or os.path.basename(location))
    for batch in read_file(location, account.name, reading, account):
        blank = batch.columns if reading.columns is None else [*reading.columns, *batch.columns]
        for row in batch.rows:
            record: dict[str, str | None] = dict.fromkeys(blank)
            record.update((c, v or None) for c, v in zip(batch.columns, row, strict=True))
            yield record
