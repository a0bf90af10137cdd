"""The listing of a folder: which files are deliveries, which are reported, and when a file is new."""

from __future__ import annotations

import os
import shutil
import time
from collections.abc import Iterator
from pathlib import Path

import duckdb
import pytest

from lakeweave.ingestion.listing import IGNORED, ignored_by, list_files, printable
from tests.python.malformed.staged import build, call, connect, rows, spec

COLUMNS = ["id", "name", "price"]


@pytest.fixture
def conn() -> Iterator[duckdb.DuckDBPyConnection]:
    connection = connect()
    yield connection
    connection.close()


@pytest.fixture
def inbox(tmp_path: Path) -> Path:
    folder = tmp_path / "inbox"
    folder.mkdir()
    return folder


def write(folder: Path, name: str, record: str = "1,x,2") -> Path:
    path = folder / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(f"id,name,price\n{record}\n")
    return path


@pytest.mark.parametrize(
    "name",
    [
        ".hidden.csv", "_SUCCESS", ".DS_Store", "a.csv.tmp", "A.TMP", "b.part", "c.csv.partial", "d.csv.filepart",
        "e.csv.crdownload", "f.CRDOWNLOAD", "~$report.xlsx", "Thumbs.db", "thumbs.DB", "desktop.ini", "a.csv~", ".~lock.a.csv#",
    ],
)  # fmt: skip
def test_other_files_are_ignored_and_reported(inbox: Path, name: str):
    write(inbox, "a.csv")
    write(inbox, name)
    listing = list_files(str(inbox))
    assert [f.name for f in listing.files] == ["a.csv"]
    (message,) = listing.messages
    assert repr(name) in message
    assert "1 hidden or unfinished" in message
    assert not listing.warnings


def test_every_pattern_of_ignored_names_is_used():
    assert {ignored_by(p.replace("*", "x")) for p in IGNORED} >= set(IGNORED) - {"*~"}
    assert ignored_by("partial.csv") is ignored_by("tmp") is ignored_by("parts.csv") is None


def test_links_are_reported_as_links(conn, inbox: Path, tmp_path: Path):
    write(inbox, "a.csv")
    (inbox / "loop").symlink_to(inbox / "loop")
    (inbox / "x").symlink_to(inbox / "y")
    (inbox / "y").symlink_to(inbox / "x")
    (inbox / "gone.csv").symlink_to(inbox / "nothing.csv")
    (inbox / "folder").symlink_to(inbox)
    (inbox / "out.csv").symlink_to(write(tmp_path, "outside.csv"))
    result = build(conn, spec(inbox, COLUMNS))
    assert [f["file_name"] for f in result.files] == ["a.csv"]
    warnings = " ".join(result.plan["warnings"])
    for part in (
        "'loop' is a link that leads back to itself",
        "'x' is a link that leads back to itself",
        "'gone.csv' is a dangling link",
        "'folder' is a link to a folder",
        "'out.csv' is a link that leaves the folder",
    ):
        assert part in warnings
    assert len(result.plan["warnings"]) == 6


def test_a_subfolder_that_cannot_be_read_stops_nothing(conn, inbox: Path, monkeypatch: pytest.MonkeyPatch):
    write(inbox, "a.csv")
    write(inbox, "closed/b.csv", "2,y,3")
    real = os.scandir

    def scandir(path: str) -> object:
        if str(path).endswith("closed"):
            raise PermissionError(13, "Permission denied", path)
        return real(path)

    monkeypatch.setattr(os, "scandir", scandir)  # the tests may run as root, who may read everything
    result = build(conn, spec(inbox, COLUMNS))
    assert [f["file_name"] for f in result.files] == ["a.csv"]
    assert result.plan["warnings"] == [
        "The folder 'closed/' cannot be listed (Permission denied); its files are not loaded."
    ]


def test_different_names_are_different_in_the_ledger(conn, inbox: Path):
    names = [
        b"a\xff.csv",
        rb"a\xff.csv",
        rb"a\\xff.csv",
        rb"b\c.csv",
        rb"b\\c.csv",
        b"\\\xff.csv",
        "größe\\xfe".encode(),
    ]
    assert len({printable(os.fsdecode(n)) for n in names}) == len(names)
    assert printable("back\\slash.csv") == "back\\slash.csv"
    for number, name in enumerate(names):
        with open(os.path.join(os.fsencode(inbox), name), "wb") as file:
            file.write(f"id,name,price\n{number},x,2\n".encode())
    result = build(conn, spec(inbox, COLUMNS), record=True)
    assert len({f["file_name"] for f in result.files}) == len(names)
    assert len(result.records) == len(names)
    assert build(conn, spec(inbox, COLUMNS), record=True).files == []


# -------------------------------------------------------------- when a file is new


def ledger(conn: duckdb.DuckDBPyConnection) -> list[tuple[object, ...]]:
    return [
        (r["file_name"], r["version"], r["state"], r["file_id"], r["accepted"])
        for r in sorted(rows(conn, "main.files"), key=lambda r: (r["file_name"], r["version"]))
    ]


@pytest.mark.parametrize("how", ["touch", "copy", "restore"])
def test_the_same_content_under_the_same_name_is_nothing_new(conn, inbox: Path, tmp_path: Path, how: str):
    for number in range(5):
        write(inbox, f"sub/{number}.csv", f"{number},x,2")
    write(inbox, "repeat.csv", "0,x,2")
    write(inbox, "held.csv").write_text("nothing like it\n")
    source = spec(inbox, COLUMNS)
    build(conn, source, record=True)
    before = ledger(conn)
    assert {r[2] for r in before} == {"loaded", "repeat", "held"}
    if how == "touch":
        for path in inbox.rglob("*.csv"):
            os.utime(path)
    elif how == "copy":
        shutil.copytree(inbox, tmp_path / "copy")  # as cp -a: the times stay, the inodes are new
        shutil.rmtree(inbox)
        (tmp_path / "copy").rename(inbox)
    else:
        data = {p: p.read_bytes() for p in inbox.rglob("*.csv")}
        for path, content in data.items():
            path.unlink()
            path.write_bytes(content)
    result = build(conn, source, record=True)
    assert (result.files, result.records, result.plan["touched"]) == ([], [], 7)
    assert ledger(conn) == before
    plan = call(conn, "lakeweave_plan", source)
    assert (plan["new"], plan["touched"], plan["batches"], plan["known"]) == (0, 0, 0, 7)


def test_a_changed_file_is_seen_among_touched_ones(conn, inbox: Path):
    paths = [write(inbox, f"{n}.csv", f"{n},x,2") for n in range(3)]
    source = spec(inbox, COLUMNS)
    build(conn, source, record=True)
    stat = paths[1].stat()
    paths[1].write_text(paths[1].read_text().replace("x", "y"))
    os.utime(paths[1], ns=(stat.st_atime_ns, stat.st_mtime_ns))  # same size, same time of change
    os.utime(paths[0])
    result = build(conn, source, record=True)
    assert [(f["file_name"], f["version"], f["state"]) for f in result.files] == [("1.csv", 2, "loaded")]
    assert result.plan["touched"] == 1
    # The content of the first version again is a delivery, because the newest version has another one.
    paths[1].write_text(paths[1].read_text().replace("y", "x"))
    result = build(conn, source, record=True)
    assert [(f["version"], f["state"]) for f in result.files] == [(3, "repeat")]


def test_a_file_that_was_held_because_it_changed_is_read_again(conn, inbox: Path):
    path = write(inbox, "a.csv")
    source = spec(inbox, COLUMNS)
    plan = call(conn, "lakeweave_plan", source)
    time.sleep(0.03)
    os.utime(path)
    call(conn, "lakeweave_stage", {"plan_id": plan["plan_id"], "batch": 0})
    conn.execute('create table main.files as select * from staging.shop."things__files"')
    assert ledger(conn)[0][2] == "held"
    assert [f["state"] for f in build(conn, source, record=True).files] == ["loaded"]


def test_a_touched_file_that_is_released_is_taken_in(conn, inbox: Path):
    path = write(inbox, "a.csv")
    source = spec(inbox, COLUMNS)
    build(conn, source, record=True)
    conn.execute("update main.files set state = 'released'")
    os.utime(path)
    assert [f["state"] for f in build(conn, source, record=True).files] == ["loaded"]
