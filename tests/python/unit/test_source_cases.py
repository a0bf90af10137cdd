"""Settings of a source are checked in Python for DuckDB and in Jinja for the other engines. Both have the cases of one table."""

from __future__ import annotations

import json
import re
from types import SimpleNamespace
from typing import Any

import pytest

from lakeweave.databases.reading import FAMILIES, TableSpec
from lakeweave.errors import UserError
from lakeweave.ingestion.spec import Spec
from tests.python.security.macros import Macros

GOOD: dict[str, Any] = {
    "source": "shop.lines", "folder": "landing/shop/lines", "schema": "shop", "table": "lines", "ledger": "ledger.files",
    "archive": None, "patterns": ["*"], "columns": ["id", "name", "created_at"], "aliases": {}, "layout_policy": "evolve",
    "layouts": [], "header": "auto", "delimiter": None, "encoding": None, "sheet": None, "key": [], "max_rejected_share": None,
    "max_record_chars": None, "batch_bytes": 1, "reload": False,
}  # fmt: skip
ACCEPTED: list[dict[str, Any]] = [
    {}, {"layout_policy": "freeze"}, {"header": "no"}, {"delimiter": ";"}, {"delimiter": "\t"}, {"key": ["id"]},
    {"aliases": {"title": "name"}}, {"aliases": {"Created": "createdAt"}}, {"max_rejected_share": 0},
    {"max_rejected_share": 0.5}, {"max_record_chars": 10}, {"patterns": ["a*", "b*"]},
    {"layouts": [{"pattern": "old*", "columns": ["id"]}]},
]  # fmt: skip
REFUSED: list[tuple[dict[str, Any], list[str]]] = [
    ({"layout_policy": "frezze"}, ["layout_policy"]),
    ({"header": "maybe"}, ["header"]),
    ({"columns": []}, ["columns"]),
    ({"columns": ["id", "ID"]}, ["columns"]),
    ({"columns": ["id", "id"]}, ["columns"]),
    ({"columns": ["ｉｄ", "id"]}, ["columns"]),
    ({"patterns": "*.csv"}, ["patterns"]),
    ({"patterns": [""]}, ["patterns"]),
    ({"layouts": ["old"]}, ["layouts[0]"]),
    ({"layouts": [{"pattern": "a", "columns": ["id"]}, {"pattern": "a", "columns": "id"}]}, ["layouts[1].columns"]),
    ({"aliases": {"title": "nome"}}, ["aliases"]),
    ({"aliases": ["title"]}, ["aliases"]),
    ({"aliases": {"title": 1}}, ["aliases"]),
    ({"key": ["no"]}, ["key"]),
    ({"key": [1]}, ["key"]),
    ({"delimiter": ",,"}, ["delimiter"]),
    ({"delimiter": '"'}, ["delimiter"]),
    ({"delimiter": "\n"}, ["delimiter"]),
    ({"max_rejected_share": 1.5}, ["max_rejected_share"]),
    ({"max_rejected_share": "half"}, ["max_rejected_share"]),
    ({"max_rejected_share": True}, ["max_rejected_share"]),
    ({"max_record_chars": 0}, ["max_record_chars"]),
    ({"max_record_chars": 1.5}, ["max_record_chars"]),
    ({"layout_policy": "strict", "key": ["no"], "delimiter": ""}, ["layout_policy", "key", "delimiter"]),
]
DATABASE = {"connection": "crm", "table": "lines", "key": "id", "watermark": "created_at"}
DATABASES: list[tuple[dict[str, Any], dict[str, str | None], list[str]]] = [
    ({}, {}, []),
    ({"watermark": None, "overlap_seconds": 0}, {"id": "integer", "name": None}, []),
    ({"connection": None}, {}, ["database.connection"]),
    ({"table": "", "key": None}, {}, ["database.table", "database.key"]),
    ({"overlap_seconds": -1}, {}, ["database.overlap_seconds"]),
    ({"overlap_seconds": "1 hour"}, {}, ["database.overlap_seconds"]),
    ({"overlap_seconds": True}, {}, ["database.overlap_seconds"]),
    ({"watermark": "updated_at"}, {}, ["database.watermark"]),
    ({"key": "op"}, {}, ["database.key"]),
    ({}, {"id": "bigint"}, ["database_type"]),
]
MACROS = Macros(
    "spark", "ingestion/_source_problems.sql", "ingestion/_snake_case.sql", "ingestion/_ingestion_spec.sql",
    "core/compatibility_form.sql",
)  # fmt: skip
MACROS._macros |= {
    "run_memory": lambda subject, shared, tables={}: tables,
    "setting": lambda name: "landing", "ledger_relation": lambda name: name,
    "source_settings": lambda declared: declared.meta,
}  # fmt: skip


def problems(message: str) -> list[tuple[str, str]]:
    """Setting and expectation of each problem; the given value is written differently."""
    each = re.split(r"; (?=`)|\n", re.sub(r"^.*? problem\(s\): ", "", message))
    return sorted((re.match(r"`([^`]*)`", one)[1], one.rstrip(".").partition(", ")[2]) for one in each)  # type: ignore[index]


@pytest.mark.parametrize("settings", ACCEPTED, ids=str)
def test_both_accept(settings: dict[str, Any]) -> None:
    Spec.parse(json.dumps(GOOD | settings))
    assert MACROS._source_problems(GOOD | settings) == []


@pytest.mark.parametrize(("settings", "names"), REFUSED, ids=str)
def test_both_refuse_with_the_same_expectation(settings: dict[str, Any], names: list[str]) -> None:
    with pytest.raises(UserError) as refused:
        Spec.parse(json.dumps(GOOD | settings))
    found = MACROS._source_problems(GOOD | settings)
    assert problems("\n".join(found)) == problems(str(refused.value))
    assert [name for name, _ in problems("\n".join(found))] == sorted(names)


@pytest.mark.parametrize("given", [{**GOOD, "columns": None}, {k: v for k, v in GOOD.items() if k != "columns"}])
def test_a_spec_without_columns_is_refused(given: dict[str, Any]) -> None:
    with pytest.raises(UserError, match="`columns` is None, expected a list of texts with at least one"):
        Spec.parse(json.dumps(given))


@pytest.mark.parametrize(("settings", "types", "names"), DATABASES, ids=str)
def test_both_check_a_database(settings: dict[str, Any], types: dict[str, str | None], names: list[str]) -> None:
    database = DATABASE | settings
    columns = [{"name": name, "database_type": types.get(name)} for name in [*GOOD["columns"], "op"]]
    message = ""
    try:
        TableSpec.parse(GOOD | {"landing": "landing", "database": database, "columns": columns})
    except UserError as refused:
        message = str(refused)
    found = MACROS._database_problems(SimpleNamespace(columns=[*GOOD["columns"], "op"]), database, types)
    assert [re.match("`([^`]*)`", problem)[1] for problem in found] == names  # type: ignore[index]
    assert sorted(re.findall(r"(?:: |; )`([^`]*)`", message)) == sorted(names)


def test_both_know_the_same_types_of_columns() -> None:
    (problem,) = MACROS._database_problems(SimpleNamespace(columns=["id"]), DATABASE | {"watermark": None}, {"id": "x"})
    assert problem.endswith(f"expected one of {', '.join(FAMILIES)}.")


@pytest.mark.parametrize(
    ("written", "header"), [(False, "no"), (True, "yes"), (None, "auto"), ("no", "no"), ("auto", "auto")]
)
def test_a_bare_yes_or_no_of_yaml_is_a_header(written: object, header: str) -> None:
    declared = SimpleNamespace(meta={} if written is None else {"header": written}, columns={})
    spec = MACROS._ingestion_spec(SimpleNamespace(source="shop", table="lines"), declared, False)
    assert spec["header"] == header


def places(sources: dict[str, Any]) -> Macros:
    """The macros of BigQuery about the place of a source's files, in a project with these sources."""
    macros = Macros(
        "bigquery", "ingestion/_source_problems.sql", "ingestion/engines/bigquery_new_files.sql", "core/landing_uri.sql",
        graph=SimpleNamespace(sources=sources),
    )  # fmt: skip
    macros._macros |= {
        "setting": lambda name: f"{'s3' if name == 'landing_s3' else 'gs'}://{name}",
        "source_settings": lambda declared: declared.meta,
    }
    return macros


def test_bigquery_needs_a_list_of_the_objects_of_a_bucket() -> None:
    declared = SimpleNamespace(source_name="web", name="users", meta={"folder": "gcp/web/users"}, columns={})
    other = SimpleNamespace(source_name="erp", name="inbox_files")
    (problem,) = places({"source.shop.erp.inbox_files": other}).bigquery___place_problems(declared)
    assert "`external: {location: gs://landing_gcs/web/, file_format: objects}`" in problem
    # A bucket on S3 is read without a list.
    declared.meta = {"folder": "aws/web/users"}
    assert places({}).bigquery___place_problems(declared) == []


@pytest.mark.parametrize(
    ("folder", "refused"),
    [("gcp/web/users", False), ("aws/web/users", False), ("gs://a/b", False), ("web/users", True), (None, True)],
)
def test_a_folder_outside_of_a_bucket_is_refused_on_bigquery(folder: str | None, refused: bool) -> None:
    inbox = SimpleNamespace(source_name="web", name="inbox_files")
    macros = places({"source.shop.web.inbox_files": inbox})
    declared = SimpleNamespace(source_name="web", name="users", meta={"folder": folder}, columns={})
    found = macros.bigquery___place_problems(declared)
    assert found == (
        ['`folder` is "web/users", expected a place in a bucket: gcp/… or aws/… of the landing zone, gs://… or s3://….']
        if refused
        else []
    )
