"""Files that are no table: told as what they are, and held."""

from __future__ import annotations

import gzip
import io
import tarfile
import zipfile
from pathlib import Path

import pytest

from lakeweave.ingestion import account_file, containers

COLUMNS = ["id", "name"]
TABLE = b"id,name\n" + b"".join(b"%d,x\n" % n for n in range(3000))


def tar(members: int = 2, form: int = tarfile.USTAR_FORMAT) -> bytes:
    out = io.BytesIO()
    with tarfile.open(fileobj=out, mode="w", format=form) as archive:
        for number in range(members):
            info = tarfile.TarInfo(f"export/part_{number}.csv")
            info.size = len(TABLE)
            archive.addfile(info, io.BytesIO(TABLE))
    return out.getvalue()


def zipped(names: list[str]) -> bytes:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w") as archive:
        for name in names:
            archive.writestr(name, TABLE)
    return out.getvalue()


@pytest.mark.parametrize("name", ["a.tar", "a.tar.gz", "a.csv", "a"])
@pytest.mark.parametrize("packed", [False, True])
@pytest.mark.parametrize("form", [tarfile.USTAR_FORMAT, tarfile.GNU_FORMAT, tarfile.PAX_FORMAT])
def test_tar_is_held_with_its_members(tmp_path: Path, name: str, packed: bool, form: int):
    data = tar(form=form)
    (tmp_path / name).write_bytes(gzip.compress(data) if packed else data)
    account = account_file(tmp_path / name, COLUMNS)
    assert (account.state, account.reason) == ("held", "archive_of_files")
    assert account.format == ("tar+gzip" if packed else "tar")
    assert "'export/part_0.csv'" in account.message
    assert f"2 file(s) of {2 * len(TABLE)} bytes" in account.message


def test_an_old_tar_without_its_magic_is_known_by_its_checksum(tmp_path: Path):
    block = bytearray(tar(1))
    block[257:265] = bytes(8)
    block[148:156] = b" " * 8
    block[148:156] = b"%06o\0 " % sum(block[:512])
    (tmp_path / "a.csv").write_bytes(block)
    assert account_file(tmp_path / "a.csv", COLUMNS).reason == "archive_of_files"


def test_a_truncated_archive_is_reported(tmp_path: Path):
    for data in (tar(3)[:30_000], gzip.compress(tar(3))[:400]):
        (tmp_path / "a.tar").write_bytes(data)
        account = account_file(tmp_path / "a.tar", COLUMNS)
        assert account.state == "held"
        assert "damaged or cut off" in account.message


def test_the_list_of_members_is_bounded(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    (tmp_path / "a.zip").write_bytes(zipped([f"{'n' * 150}{n}.csv" for n in range(300)]))
    account = account_file(tmp_path / "a.zip", COLUMNS)
    assert "with 300 file(s)" in account.message
    assert "and 280 more" in account.message
    assert len(account.message) < 8000
    monkeypatch.setattr(containers, "MAX_MEMBERS_READ", 100)
    assert "at least 100 file(s)" in account_file(tmp_path / "a.zip", COLUMNS).message


def test_a_zip_of_one_file_is_held_too(tmp_path: Path):
    (tmp_path / "a.csv").write_bytes(zipped(["only.csv"]))
    account = account_file(tmp_path / "a.csv", COLUMNS)
    assert (account.reason, account.format) == ("archive_of_files", "zip")
    assert "'only.csv'" in account.message


@pytest.mark.parametrize(
    ("data", "said"),
    [
        (b"%PDF-1.7\n%\xe2\xe3\n" + TABLE, "a PDF document"),
        (b"\x89PNG\r\n\x1a\n" + TABLE, "a PNG image"),
        (b"\xff\xd8\xff\xe0" + TABLE, "a JPEG image"),
        (b"RIFF\x10\x00\x00\x00WEBPVP8 " + TABLE, "a WebP image"),
        (b"7z\xbc\xaf\x27\x1c\x00\x04" + TABLE, "a 7-Zip archive"),
        (b"ARROW1\x00\x00" + TABLE, "an Arrow file"),
        (b"PARE" + bytes(100), "encrypted footer"),
        (
            b"\n<!DOCTYPE HTML>\n<html><title>403 Forbidden</title>" + TABLE,
            "an HTML page with the title '403 Forbidden'",
        ),
        (b"<!-- x --><html lang='de'>" + TABLE, "an HTML page"),
        (b"\xef\xbb\xbf<?xml version='1.0'?><a>" + TABLE, "an XML document"),
        ("<?xml version='1.0'?><html>id,name".encode("utf-16"), "an HTML page"),
        (zipped(["xl/workbook.bin"]), ".xlsb"),
        (zipped(["content.xml", "META-INF/manifest.xml"]), "an OpenDocument file"),
        (zipped(["word/document.xml"]), "a Word document"),
    ],
)
def test_a_file_with_the_wrong_extension_is_reported_as_its_format(tmp_path: Path, data: bytes, said: str):
    (tmp_path / "users.csv").write_bytes(data)
    account = account_file(tmp_path / "users.csv", COLUMNS)
    assert (account.state, account.reason) == ("held", "unknown_format")
    assert said in account.message


def test_text_that_only_resembles_them_is_read(tmp_path: Path):
    for start in (b"<id>,name\n", b"BZh,name\n", b"ORC,name\n", b"GIF8,name\n", b"<html,name\n"):
        (tmp_path / "a.csv").write_bytes(start + b"1,x\n2,y\n")
        account = account_file(tmp_path / "a.csv")
        assert (account.state, account.records) == ("loaded", 2), (start, account.message)
