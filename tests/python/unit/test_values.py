"""What the cleaning macros read as a number, an amount, a key and a timestamp, executed on DuckDB.

The property tests write a value in a random form: the macro gives the right value, or NULL where the form is not declared.
`LAKEWEAVE_VALUE_CASES` is the number of random cases of each type (300 by default).
"""

from __future__ import annotations

import datetime
import os
import random
import re
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any

import duckdb
import pytest

from tests.python.support import ROOT, Workspace
from tests.python.value_cases import CASES, READERS, random_cases

COUNT = int(os.environ.get("LAKEWEAVE_VALUE_CASES", "300"))

CALLS = READERS | {
    "short_year_and_time": "lakeweave.parse_timestamp('delivered', ['%m/%d/%y %H:%M:%S'], pivot=70)",
    "kept_text": "lakeweave.clean_text('delivered', sentinels=false)",
    "deletion": "lakeweave.is_deletion('delivered')",
}

Read = Callable[[str, Iterable[str | None]], dict[str | None, Any]]


@pytest.fixture(scope="module")
def read(tmp_path_factory: pytest.TempPathFactory) -> Read:
    """Runs one call of `CALLS` on texts: what each becomes."""
    workspace = Workspace.create(tmp_path_factory.mktemp("values"))
    folder = workspace.root / "analyses"
    folder.unlink()
    folder.mkdir()
    for name, call in CALLS.items():
        (folder / f"values_{name}.sql").write_text(f"select delivered, {{{{ {call} }}}} as typed from texts\n")
    workspace.dbt("compile", "--select", "path:analyses")
    connection = duckdb.connect()
    for path in (ROOT / "seeds").glob("*.csv"):
        if path.stem in ("currency_symbols", "null_sentinels"):
            connection.execute(f"create table {path.stem} as select * from read_csv('{path}', all_varchar = true)")
    statements = {}
    for name in CALLS:
        sql = next((workspace.root / "target" / "compiled").glob(f"*/analyses/values_{name}.sql")).read_text()
        sql = re.sub(r'(?:"\w+"\.)*"(currency_symbols|null_sentinels)"', r"\1", sql)
        statements[name] = sql.replace("from texts", "from (select unnest(cast(? as varchar[])) as delivered) as texts")
    return lambda name, texts: dict(connection.execute(statements[name], [list(texts)]).fetchall())


@pytest.mark.parametrize("kind", CASES)
def test_each_case(read: Read, kind: str) -> None:
    found = read(kind, CASES[kind])
    assert {text: value for text, value in found.items() if value != CASES[kind][text]} == {}
    assert read(kind, [None]) == {None: 0 if kind == "nanoseconds" else None}


@pytest.mark.parametrize("kind", ["amount", "whole", "float", "moment"])
def test_random_forms(read: Read, kind: str) -> None:
    cases = random_cases(COUNT, COUNT)[kind]
    found = read(kind, cases)
    assert {text: value for text, value in found.items() if value != cases[text]} == {}


@pytest.mark.parametrize(
    ("text", "year"),
    [
        ("01/02/24 03:04:05", 2024),
        ("01/02/69 03:04:05", 2069),
        ("01/02/70 03:04:05", 1970),
        ("01/02/2024 03:04:05", None),
    ],
)
def test_two_digit_year_with_a_pivot(read: Read, text: str, year: int | None) -> None:
    assert read("short_year_and_time", [text]) == {text: datetime.datetime(year, 1, 2, 3, 4, 5) if year else None}


def test_each_zone_of_the_database_is_read(read: Read) -> None:
    connection = duckdb.connect()
    connection.execute("load icu")
    areas = (
        "Africa",
        "America",
        "Antarctica",
        "Arctic",
        "Asia",
        "Atlantic",
        "Australia",
        "Brazil",
        "Canada",
        "Chile",
        "Etc",
    )
    areas += ("Europe", "Indian", "Mexico", "Pacific", "US")
    zones = [
        name
        for (name,) in connection.execute("select name from pg_timezone_names()").fetchall()
        if name.split("/")[0] in areas and "/" in name
    ]
    found = read("moment", [f"2024-02-01 12:00:00 {zone}" for zone in zones])
    assert len(zones) > 400
    assert [text for text, value in found.items() if value is None] == []


def test_now_is_the_clock_by_default(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("LAKEWEAVE_AS_OF")
    workspace = Workspace.create(tmp_path)
    before = datetime.datetime.now(datetime.UTC).replace(tzinfo=None)
    done = workspace.dbt("compile", "--quiet", "--inline", "select {{ lakeweave.as_of() }} as now")
    moment = datetime.datetime.fromisoformat(re.search(r"'(20[^']+)'", done.stdout)[1])
    assert before <= moment <= before + datetime.timedelta(minutes=10)


def test_sentinels_are_kept_where_declared(read: Read) -> None:
    assert read("text", ("Null", "NA", "Ann")) == {"Null": None, "NA": None, "Ann": "Ann"}
    assert read("kept_text", (" Null ", "NA", "", None)) == {" Null ": "Null", "NA": "NA", "": None, None: None}


def test_operations_that_delete(read: Read) -> None:
    deletes = {"D": True, "d": True, "DELETE": True, "Delete": True, "U": False, "I": False, None: False}
    assert read("deletion", deletes) == deletes


def test_a_format_that_not_every_engine_reads_is_refused(tmp_path: Path) -> None:
    workspace = Workspace.create(tmp_path)
    refused = "select {{ lakeweave.parse_timestamp('v', ['%d-%m-%Y %z', '%j %Y']) }}"
    done = workspace.dbt("compile", "--inline", refused, check=False)
    assert done.returncode != 0
    assert "%z in %d-%m-%Y %z, %j in %j %Y, which is not read on every engine" in " ".join(done.stdout.split())


def test_random_text_is_never_an_error(read: Read) -> None:
    chance = random.Random(COUNT)
    texts = ["".join(chance.choices("0123456789 .,-+()$€kKeE:/TZ", k=chance.randrange(25))) for _ in range(20 * COUNT)]
    for name in CALLS:
        read(name, texts)


DELIVERED_CAST = re.compile(
    r"cast_or_null\s*\(|(?:try_|safe_)?cast\s*\(\s*'?(?:dms_commit_ts|updated_at|[a-z_]*created_at)\b[^)]*timestamp|::\s*(?:timestamp|date|numeric|bigint)\b"
)
"""A cast of a delivered column, in a model of bronze or silver. They go through the macros of macros/cleaning instead."""


def free_casts(sql: str) -> list[str]:
    """Casts of text without a whitelist in front of them."""
    return DELIVERED_CAST.findall(re.sub(r"\{#.*?#\}|/\*.*?\*/", "", sql, flags=re.DOTALL).lower())


def test_no_free_cast_of_delivered_text() -> None:
    found = {
        str(path.relative_to(ROOT)): free_casts(path.read_text())
        for folder in ("models/bronze", "models/silver", "macros/ingestion")
        for path in sorted(Path(ROOT, folder).rglob("*.sql"))
    }
    assert {path: casts for path, casts in found.items() if casts} == {}


@pytest.mark.parametrize(
    "sql",
    [
        "{{ lakeweave.cast_or_null('dms_commit_ts', dbt.type_timestamp()) }}",
        "try_cast( updated_at as timestamp)",
        "price :: numeric",
        "CAST(created_at AS timestamp)",
    ],
)
def test_a_free_cast_is_found(sql: str) -> None:
    assert free_casts(sql)
