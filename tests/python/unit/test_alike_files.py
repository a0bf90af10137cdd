"""Small files that are alike are judged once and read together, with the account that each has for itself."""

from __future__ import annotations

import dataclasses
import json
from pathlib import Path

import pytest

from lakeweave.ingestion.alike import Alike
from lakeweave.ingestion.cleantext import CleanText
from lakeweave.ingestion.fastpath import FastPath
from lakeweave.ingestion.inspecting import inspect
from lakeweave.ingestion.listing import list_files
from lakeweave.ingestion.spec import Spec
from tests.python.malformed.mutations import COLUMNS, all_cases
from tests.python.malformed.staged import build, connect, spec

HEADERS = {",": b"id,name,price", "\t": b"id\tname\tprice", ";": b"id;name;price", "|": b"id|name|price"}
PIECES = [
    b"",
    b"\n",
    b"\r\n",
    b"4,d,40\r\n",
    b"4,d\n",
    b"4,d,40,50\n",
    b"4;d;40\n",
    b"4\td\t40\n",
    b'4,"d",40\n',
    b'4,"d,e",40\n',
    b'4,"d\ne",40\n',
    b'4,"d,40\n',
    b"4,O'Neill,40\n",
    b"4,'d, e',40\n",
    b"4,d\\,e,40\n",
    b"4,d\0,40\n",
    b"4,d\x1b$B,40\n",
    b"4,d\x1a,40\n",
    b"4,d\x0c,40\n",
    b"4,\xff,40\n",
    b"4,\xef\xbb\xbfd,40\n",
    b"\xef\xbb\xbf4,d,40\n",
    "4,Zoë,40\n".encode(),
    "4,李雷,40\n".encode(),
    "4,a\u2028b,40\n".encode(),
    b"id,name,price\n",
    b"ID , Name,PRICE\n",
    b"id,name,price,more\n",
    b"id;name;price\n",
    b"sep=;\n",
    b"sep=,\n",
    b",,\n",
    b" , , \n",
    b'{"id": 4}\n',
    b"[1]\n",
    b"<html>,d,40\n",
    b"# a comment\n",
    b"4, d, 40\n",
    b"4,d,40",
]


def spec_of(folder: Path, **more: object) -> Spec:
    """The spec of a source of three columns."""
    return Spec.parse(json.dumps({**spec(folder, ["id", "name", "price"]), **more}))


@pytest.mark.parametrize("delimiter", HEADERS)
@pytest.mark.parametrize("name", ["b.csv", "b.json"])
def test_a_small_file_is_judged_as_if_it_were_the_only_one(tmp_path: Path, delimiter: str, name: str):
    header, d = HEADERS[delimiter], delimiter.encode()
    clean = [d.join((b"%d" % i, b"v%d" % i, b"%d0" % i)) + b"\n" for i in range(1, 4)]
    folder = tmp_path / "inbox"
    folder.mkdir()
    source = spec_of(folder)
    first = folder / "a.csv"
    first.write_bytes(header + b"\n" + b"".join(clean))
    alike = Alike(source.reading)
    (found,) = list_files(str(folder)).files
    assert inspect(found, source, alike).text
    first.unlink()
    judged = 0
    for piece in PIECES:
        for at in (0, 1, 3):
            for end in (b"\n", b"\r\n"):
                lines = [*clean[:at], piece.replace(b",", d) if b";" not in piece else piece, *clean[at:]]
                data = header + end + b"".join(lines)
                quick = alike.judge(data, name)
                if quick is None:
                    continue
                judged += 1
                (folder / name).write_bytes(data)
                (found,) = list_files(str(folder)).files
                alone = inspect(found, source, Alike(source.reading))
                assert (alone.held, alone.text, alone.census) == (None, *quick), data
    assert (judged > 0) == (name != "b.json"), "the test compares nothing"


@pytest.mark.parametrize(
    ("change", "alike"),
    [
        ({}, True),
        ({"header": "yes"}, True),
        ({"delimiter": ","}, True),
        ({"header": "no", "layouts": [{"pattern": "*", "columns": ["id", "name", "price"]}]}, False),
        ({"columns": ["id", "name", "price", "more"]}, False),
        ({"columns": ["id", "name"]}, False),
    ],
)
def test_only_a_header_that_names_all_columns_is_remembered(tmp_path: Path, change: dict[str, object], alike: bool):
    (tmp_path / "a.csv").write_bytes(b"id,name,price\n1,a,10\n2,b,20\n")
    source = spec_of(tmp_path, **change)
    known = Alike(source.reading)
    (found,) = list_files(str(tmp_path)).files
    inspect(found, source, known)
    assert (known.judge(b"id,name,price\n3,c,30\n", "b.csv") is not None) == alike


def test_files_that_are_read_together_have_the_account_of_files_that_are_read_apart(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    folder = tmp_path / "inbox"
    folder.mkdir()
    header = ",".join(COLUMNS).encode()
    for i in range(5):
        (folder / f"clean_{i}.csv").write_bytes(header + f"\n{i},a{i},b,1,2\n{i}0,c,d,3,4".encode() + b"\n" * (i % 2))
    (folder / "empty.csv").write_bytes(header + b"\n")
    (folder / "crlf_1.csv").write_bytes(header + b"\r\n1,a,b,c,d\r\n2,a,b,c,d")
    (folder / "crlf_2.csv").write_bytes(header + b"\r\n3,a,b,c,d\r\n3,a,b,c,d\r\n")
    (folder / "wide_1.csv").write_bytes(b"\xef\xbb\xbf" + header + b'\n7,"a ""x"", y",b,c,d\n')
    (folder / "wide_2.csv").write_bytes(b"\xef\xbb\xbf" + header + b'\n8,"a",,"",d\n')
    for i, case in enumerate([c for c in all_cases() if not c.options and c.columns == COLUMNS][::3]):
        (folder / f"case_{i}_{Path(case.name).name}").write_bytes(case.data)
    joined: list[int] = []
    original = FastPath._joined

    def watched(self: FastPath, texts: list[CleanText]) -> object:
        result = original(self, texts)
        joined.append(len(result[0]) if result else 0)
        return result

    monkeypatch.setattr(FastPath, "_joined", watched)
    with connect() as conn:
        together = build(conn, spec(folder, COLUMNS))
    assert max(joined) >= 7
    monkeypatch.setattr(CleanText, "joinable", False)
    monkeypatch.setattr(Alike, "judge", lambda *_: None)
    with connect() as conn:
        apart = build(conn, spec(folder, COLUMNS))
    assert len(together.files) == len(apart.files) > 40
    for part in (f.name for f in dataclasses.fields(together) if f.name != "plan"):
        a, b = (sorted(map(repr, getattr(x, part))) for x in (together, apart))
        assert a == b, part
    assert {k: v for k, v in together.plan.items() if k != "plan_id"} == {
        k: v for k, v in apart.plan.items() if k != "plan_id"
    }


def test_a_line_that_duckdb_refuses_is_missed_in_its_file(tmp_path: Path, monkeypatch):
    for i in range(3):
        (tmp_path / f"f{i}.csv").write_bytes(b"id,name,price\n%d,a,10\n" % i)
    numbered = CleanText.numbered
    monkeypatch.setattr(CleanText, "numbered", lambda self, prefix: numbered(self, prefix).replace(b",a,10", b""))
    with connect() as conn:
        result = build(conn, spec(tmp_path, ["id", "name", "price"]))
    assert [(r["_file_name"], r["id"]) for r in result.records] == [(f"f{i}.csv", str(i)) for i in range(3)]


def test_a_value_that_moves_between_joined_files_is_noticed(tmp_path: Path, monkeypatch):
    for i in range(3):
        (tmp_path / f"f{i}.csv").write_bytes(b"id,name,price\n%d,a,10\n" % i)
    numbered = CleanText.numbered
    monkeypatch.setattr(
        CleanText, "numbered", lambda self, prefix: numbered(self, prefix).replace(b",a,10", b",changed,10")
    )
    with connect() as conn:
        result = build(conn, spec(tmp_path, ["id", "name", "price"]))
    assert {r["name"] for r in result.records} == {"a"}, "the files are read record by record instead"
    assert len(result.records) == 3
