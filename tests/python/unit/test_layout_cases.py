"""Header matching is written in Python for DuckDB and in Jinja for Spark and Databricks. Both have the cases of one table."""

from __future__ import annotations

import re
import unicodedata
from functools import cache
from types import SimpleNamespace
from typing import Any, NamedTuple

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from lakeweave.ingestion.layout import match
from lakeweave.ingestion.names import RESERVED, snake_case
from lakeweave.ingestion.spec import Reading
from tests.python.security.macros import Macros
from tools.compatibility_forms import MACRO, compositions, forms, text

NAMES = {
    "id": "id", "userID": "user_id", "HTTPServer": "http_server", "Order Date": "order_date", "  padded\t": "padded",
    "%": "unnamed", "": "unnamed", "_": "unnamed", "2nd": "_2nd", "a__b": "a_b", "ÄRGER": "ärger", "日付": "日付", "İd": "id",
    "ｕｓｅｒＩｄ": "user_id", "ＩＤ": "id", "ﬁrst name": "first_name", "m²": "m2", "№": "no", "½ price": "_1_2_price",
    "cafe\u0301": "café", "Vie\u0323\u0302t": "việt", "\u1112\u1161\u11ab\u1100\u1173\u11af": "한글", "가\u11a8": "각",
    "ｶﾞｽ": "ガス", "𝐧𝐚𝐦𝐞": "name", "x" * 200: "x" * 120, "a" * 119 + "_b": "a" * 119, "a\u00a0b": "a_b", "a\u200bb": "a_b",
}  # fmt: skip


class Case(NamedTuple):
    """A header, what is declared, and the result: the column of each cell, and the changes."""

    cells: str
    targets: list[str]
    changes: tuple[tuple[str | None, str, str], ...] = ()
    declared: tuple[str, ...] = ("id", "name", "created_at")
    aliases: tuple[tuple[str, str], ...] = ()
    policy: str = "evolve"
    key: tuple[str, ...] = ()
    held: str | None = None


ADDED, HELD = "column added", "file held"
CASES = {
    "as declared": Case("id,name,created_at", ["id", "name", "created_at"]),
    "another spelling": Case("ID,Name,createdAt", ["id", "name", "created_at"]),
    "full-width letters": Case("ＩＤ,Ｎａｍｅ,ｃｒｅａｔｅｄＡｔ", ["id", "name", "created_at"]),
    "a separate mark": Case("id,cafe\u0301", ["id", "café"], declared=("id", "café")),
    "another order": Case("name,id,created_at", ["name", "id", "created_at"], ((None, "reordered", "matched by name"),)),
    "one more": Case("id,name,created_at,note", ["id", "name", "created_at", "note"], (("note", "added", ADDED),)),
    "one less": Case("id,name", ["id", "name"], (("created_at", "missing", "filled with null"),)),
    "an alias": Case(
        "id,title,created_at", ["id", "name", "created_at"], (("name", "renamed", "matched by alias"),),
        aliases=(("title", "name"),),
    ),
    "an alias beside the name": Case(
        "title,name,id,created_at", ["title", "name", "id", "created_at"],
        (("title", "duplicate", ADDED), (None, "reordered", "matched by name")), aliases=(("title", "name"),),
    ),
    "a repeated name": Case(
        "id,name,name,created_at", ["id", "name", "name_1", "created_at"], (("name_1", "duplicate", ADDED),),
    ),
    "a number that is taken": Case(
        "id,id_1,id_2,id_3,id", ["id", "id_1", "id_2", "id_3", "id_4"], (("id_4", "duplicate", ADDED),),
        declared=("id", "id_1", "id_2", "id_3"),
    ),
    "no name": Case("id,name,created_at, ", ["id", "name", "created_at", "unnamed"], (("unnamed", "empty_name", ADDED),)),
    "a name that bronze has": Case(
        "id,name,created_at,processed at", ["id", "name", "created_at", "processed_at_1"],
        (("processed_at_1", "added", ADDED),),
    ),
    "frozen": Case(
        "id,name,note", ["id", "name", "note"], (("note", "added", HELD), ("created_at", "missing", HELD)),
        policy="freeze", held="layout_frozen",
    ),
    "frozen, in another order": Case(
        "name,id,created_at", ["name", "id", "created_at"], ((None, "reordered", "matched by name"),), policy="freeze",
    ),
    "discard_row": Case(
        "id,name,created_at,note", ["id", "name", "created_at", "note"],
        (("note", "added", "records with a value rejected"),), policy="discard_row",
    ),
    "no key, and two more": Case(
        "name,created_at,note,note", ["name", "created_at", "note", "note_1"],
        (("note", "added", ADDED), ("note_1", "duplicate", ADDED), ("id", "missing", HELD)), key=("id",),
        held="key_column_missing",
    ),
    "no key": Case(
        "name,created_at", ["name", "created_at"], (("id", "missing", HELD),), key=("id",), held="key_column_missing",
    ),
}  # fmt: skip


@cache
def macros() -> Macros:
    made = Macros(
        "spark",
        "ingestion/engines/spark_layout.sql",
        "ingestion/engines/spark_listing.sql",
        "ingestion/_snake_case.sql",
        "core/compatibility_form.sql",
    )
    tables: dict[str, Any] = {}
    made._macros["run_memory"] = lambda subject, shared: tables
    return made


@pytest.mark.parametrize("case", CASES.values(), ids=CASES.keys())
def test_python_and_jinja_match_headers_alike(case: Case) -> None:
    reading = Reading(
        columns=case.declared, aliases=case.aliases, layout_policy=case.policy, key=case.key
    )  # fmt: skip
    found = match(case.cells.split(","), reading)
    spec = SimpleNamespace(
        columns=list(case.declared), aliases=dict(case.aliases), layout_policy=case.policy, key=list(case.key), delimiter=",",
        header="auto", layouts=[],
    )  # fmt: skip
    layout = macros()._spark_layout(spec, SimpleNamespace(file_name="a.csv"), case.cells)

    places = sorted(layout["columns"], key=layout["columns"].get)
    assert places == case.targets
    if case.policy == "evolve":
        assert found.targets == case.targets
    else:  # the names of columns without a target are in the changes
        assert [name for name in found.targets if name] == [name for name in case.targets if name in case.declared]
    assert [(c.column_name, c.change, c.action) for c in found.changes] == list(case.changes)
    assert [(c["column"], c["change"], c["action"]) for c in layout["changes"]] == list(case.changes)
    assert (found.held_reason if found.held else None) == layout["reason"] == case.held
    assert found.held == layout["message"]
    assert [c.message for c in found.changes] == [c["message"] for c in layout["changes"]]


@pytest.mark.parametrize(("name", "column"), NAMES.items())
def test_python_and_jinja_name_columns_alike(name: str, column: str) -> None:
    assert snake_case(name) == macros()._snake_case(name) == column


ELEMENTS = st.sampled_from([entry[0] for entry in forms()]) | st.sampled_from([entry[:2] for entry in compositions()])


@given(st.lists(ELEMENTS | st.sampled_from("aBz9 _-.é한"), max_size=8), st.sampled_from(["NFC", "NFD", "NFKC", "NFKD"]))
@settings(max_examples=150, deadline=None)
def test_random_names_are_alike(parts: list[str], form: Any) -> None:
    name = unicodedata.normalize(form, "".join(parts))
    assert macros()._snake_case(name) == snake_case(name)


def test_every_form_and_composition_is_in_the_table() -> None:
    for entry in forms():
        assert macros()._snake_case(entry[0]) == snake_case(entry[0])
    for entry in compositions():
        assert macros()._snake_case(entry[:2]) == snake_case(entry[:2])


def test_the_table_is_the_one_of_the_tool() -> None:
    """Other versions of Python have other versions of Unicode: their tables have more characters."""
    written = MACRO.read_text(encoding="utf-8")
    assert written.partition("{% macro _compatibility_forms")[0] == text().partition("{% macro _compatibility_forms")[0]
    assert set(written.split()) <= {*text().split(), *forms()} or unicodedata.unidata_version < "14"


def test_both_reserve_the_same_names() -> None:
    jinja = (MACRO.parents[1] / "ingestion" / "engines" / "spark_layout.sql").read_text(encoding="utf-8")
    (listed,) = re.findall(r"set reserved = \[([^]]*)\]", jinja)
    assert set(re.findall(r"'(\w+)'", listed)) == RESERVED
