"""External tables as managed objects: every statement of plan and apply over a catalogue of shapes, by Google's analyzer."""

from __future__ import annotations

import re
import uuid
from collections.abc import Iterator
from copy import deepcopy
from typing import Any

import jinja2
import pytest

from tests.python.support import ROOT

from . import externals_catalogue as catalogue
from . import reference
from .analyzer import Analyzer
from .recorder import Recorder
from .sqltext import without_run
from .standin import Statement
from .warehouse import Column, Warehouse

SOURCE = "source.lakeweave.{}.{}"
SHAPE_SOURCES = "{select: [files, omni]}"


class Catalogue:
    """The catalogue's project before a warehouse of its own, which remembers what was applied."""

    def __init__(self, recorder: Recorder) -> None:
        self.recorder = recorder

    def run(self, macro: str, arguments: str = SHAPE_SOURCES) -> tuple[list[Statement], str]:
        """The statements that an operation sends that are no questions, and what it prints or ends with."""
        recorder = self.recorder
        before = len(recorder.log.statements)
        recorder.log.operation = f"operation {macro}"
        recorder.printed.clear()
        assert recorder.recording is not None
        recorder.recording.manifest.build_flat_graph()
        outcomes = recorder.phase("operations", "run-operation", macro, "--args", arguments)
        failed = " ".join(each.message for each in outcomes if each.status not in ("success", "pass"))
        sent = [each for each in recorder.log.statements[before:] if "QueryStmt" not in each.kinds]
        assert [each.problem for each in recorder.log.statements[before:] if each.problem] == []
        return sent, re.sub(r"\s+", " ", "\n".join(recorder.printed) + failed)

    def source(self, source: str, table: str) -> Any:
        assert self.recorder.recording is not None
        return self.recorder.recording.manifest.sources[SOURCE.format(source, table)]


@pytest.fixture(scope="module")
def parsed(tmp_path_factory) -> Iterator[Recorder]:
    made = Recorder(
        catalogue.write(tmp_path_factory.mktemp("catalogue") / "project"),
        variables={"connections": catalogue.CONNECTIONS},
    )
    made.warehouse.connections.clear()
    for name, said in catalogue.CONNECTIONS.items():
        if said["type"] == "aws" and "identity" in said:
            made.warehouse.connections.add(f"{made.warehouse.project}.{name}")
    try:
        made.parse()
        yield made
    finally:
        made.close()


class State:
    """What a test starts from: sources as they are written, a warehouse, and the statements that led to it."""

    def __init__(self, recorder: Recorder) -> None:
        assert recorder.recording is not None
        self.recorder, self.manifest = recorder, recorder.recording.manifest
        self.warehouse, self.sources = recorder.warehouse.copy(), deepcopy(self.manifest.sources)
        self.statements = list(recorder.log.statements)

    def restore(self) -> Catalogue:
        self.recorder.warehouse.__dict__.update(self.warehouse.copy().__dict__)
        self.manifest.sources = deepcopy(self.sources)
        self.recorder.log.statements[:] = self.statements
        return Catalogue(self.recorder)


@pytest.fixture(scope="module")
def beginning(parsed: Recorder) -> State:
    return State(parsed)


@pytest.fixture(scope="module")
def planned_and_applied(beginning: State) -> tuple[list[Any], State]:
    """What a plan and an apply sent and said, and what they left behind."""
    shapes = beginning.restore()
    told = [shapes.run("externals_plan"), shapes.run("externals_apply")]
    return told, State(shapes.recorder)


@pytest.fixture
def shapes(beginning: State) -> Catalogue:
    """The catalogue in a warehouse without anything but the connections to AWS."""
    return beginning.restore()


@pytest.fixture
def applied(planned_and_applied: tuple[list[Any], State]) -> Catalogue:
    """The catalogue after it was applied."""
    return planned_and_applied[1].restore()


def made(statements: list[Statement]) -> dict[str, str]:
    """The external tables that the statements create or replace."""
    found = {}
    for statement in statements:
        name = re.match(r"\s*create (or replace )?external table `[^`]*`\.`([^`]*)`\.`([^`]*)`", statement.text)
        if name:
            found[f"{name[2]}.{name[3]}"] = statement.text
    return found


def test_plan_prints_the_statements_of_apply_and_changes_nothing(planned_and_applied: Any) -> None:
    (planned, printed), (applied, said) = planned_and_applied[0]
    assert planned == []
    assert len(catalogue.SHAPES) >= 25
    assert len(made(applied)) == len(catalogue.SHAPES)
    for statement in applied:
        if "ledger" not in statement.text:
            assert re.sub(r"\s+", " ", statement.text.strip()) in printed
    assert "create connection if not exists `my-project.us-east4.files`" in printed
    assert "gcloud storage buckets add-iam-policy-binding gs://b --member=serviceAccount" in printed
    assert "options (location = 'aws-us-east-1')" in printed
    assert f"{len(catalogue.SHAPES) + 3} to create, 2 to refresh" in said


def test_apply_twice_does_nothing_the_second_time(applied: Catalogue) -> None:
    again, said = applied.run("externals_apply")
    assert made(again) == {}
    assert all("refresh_external_metadata_cache" in each.text for each in again)
    assert len(again) == 2, "the tables whose cache is refreshed by hand, before anyone reads them"
    assert f"2 to refresh, {len(catalogue.SHAPES) - 2 + 3} as they should be" in said


def test_a_change_of_one_option_touches_one_object(applied: Catalogue) -> None:
    applied.source("files", "csv_with_a_header").external._extra["options"]["skip_leading_rows"] = 2
    planned, printed = applied.run("externals_plan")
    assert planned == []
    assert "replace external table" in printed
    assert "changed: skip_leading_rows: 1 -> 2" in printed
    changed, _ = applied.run("externals_apply")
    assert list(made(changed)) == ["files.csv_with_a_header"]
    assert "skip_leading_rows = 2" in made(changed)["files.csv_with_a_header"]
    again, _ = applied.run("externals_apply")
    assert made(again) == {}


@pytest.mark.parametrize("part", ["description", "connection", "column"])
def test_every_part_of_a_definition_counts(applied: Catalogue, part: str) -> None:
    source = applied.source("files", "csv")
    if part == "description":
        source.description = "Another one."
    elif part == "connection":
        source.external._extra["connection"] = "us-east4.files"
    else:
        source.columns["id"].description = "The number."
    changed, _ = applied.run("externals_apply")
    assert list(made(changed)) == ["files.csv"]


def test_a_connection_is_made_once(shapes: Catalogue) -> None:
    first, _ = shapes.run("externals_apply", "{select: [files.parquet]}")
    assert any(each.text.startswith("create connection") for each in first)
    shapes.source("files", "avro").external._extra["connection"] = "us-east4.files"
    second, _ = shapes.run("externals_apply", "{select: [files.avro]}")
    assert list(made(second)) == ["files.avro"]
    assert not any(each.text.startswith("create connection") for each in second)


def test_a_column_that_would_be_lost_is_reported_and_nothing_changes(applied: Catalogue) -> None:
    gone, other = applied.source("files", "csv"), applied.source("files", "orc")
    del gone.columns["name"]
    other.columns["id"].data_type = "string"
    for macro in ("externals_plan", "externals_apply"):
        sent, said = applied.run(macro)
        assert made(sent) == {}
        assert (
            "source files.csv: replacing `my-project`.`files`.`csv` would change what is read from it: column name would be gone"
            in said
        )
        assert "column id would be string instead of INT64" in said
    gone.external._extra["on_column_change"] = "replace"
    other.columns["id"].data_type = "integer"
    sent, _ = applied.run("externals_apply")
    assert sorted(made(sent)) == ["files.csv", "files.orc"], "another word for the same type is no other column"


def test_another_object_with_the_name_of_a_source_is_not_used(applied: Catalogue) -> None:
    table = applied.recorder.warehouse.tables["my-project.files.csv"]
    table.description = "Made by hand."
    applied.recorder.warehouse.tables["my-project.files.avro"].kind = "TABLE"
    _, said = applied.run("externals_plan")
    assert "replace external table `my-project`.`files`.`csv` (not made by Lakeweave)" in said
    assert "`my-project`.`files`.`avro` exists and is a table, not a external table" in said


def test_a_dataset_in_another_location_is_reported(shapes: Catalogue) -> None:
    shapes.recorder.warehouse.create_dataset("my-project.files", if_not_exists=True)
    shapes.recorder.warehouse.locations["my-project.files"] = "EU"
    _, said = shapes.run("externals_plan")
    assert "`my-project`.`files` is in EU, and us-east4 is asked for" in said


def test_two_sources_cannot_be_one_object(shapes: Catalogue) -> None:
    shapes.source("files", "orc").identifier = "csv"
    _, said = shapes.run("externals_plan")
    assert "are both `my-project`.`files`.`csv`, with different definitions" in said


def test_a_connection_to_aws_is_created_manually(shapes: Catalogue) -> None:
    planned, printed = shapes.run("externals_plan", "{select: [by_hand]}")
    assert planned == []
    assert "by hand connection my-project.us-east4.unmade (a connection to AWS has no DDL)" in printed
    assert (
        'bq mk --connection --connection_type=AWS --properties=\'{"accessRole": {"iamRoleId": "arn:aws:iam::123456789012:role/omni"}}\''
        in printed
    )
    assert "BigQueryIdentity" in printed
    sent, said = shapes.run("externals_apply", "{select: [by_hand]}")
    assert sent == []
    assert "is missing: a connection to AWS has no DDL. Run `bq mk" in said


def test_all_problems_are_reported_in_one_message(shapes: Catalogue) -> None:
    names = ", ".join(catalogue.BAD)
    for macro in ("externals_plan", "externals_apply"):
        sent, said = shapes.run(macro, f"{{select: [{names}]}}")
        assert sent == []
        untold = [
            name
            for name, (_, words) in catalogue.BAD.items()
            if not re.search(rf"source {name}\.{name}: [^-]*(?:-[^ ][^-]*)*{re.escape(words)}", said)
        ]
        assert untold == [], said


def test_good_sources_have_no_complaint(shapes: Catalogue) -> None:
    _, said = shapes.run("externals_plan")
    assert "is wrong" not in said


def test_an_unknown_selection_is_reported(shapes: Catalogue) -> None:
    _, said = shapes.run("externals_plan", "{select: [files.nothing]}")
    assert "`select` names files.nothing" in said


def test_a_run_prepares_the_tables_that_the_selected_models_read(shapes: Catalogue) -> None:
    recorder = shapes.recorder
    before = len(recorder.log.statements)
    outcomes = recorder.phase("run", "run", "--select", "reader")
    assert {each.status for each in outcomes} == {"success"}
    sent = [each for each in recorder.log.statements[before:] if "QueryStmt" not in each.kinds]
    assert list(made(sent)) == ["files.cached_by_hand"]
    texts = [each.text for each in sent]
    refreshed = next(place for place, text in enumerate(texts) if "refresh_external_metadata_cache" in text)
    read = next(
        place
        for place, text in enumerate(texts)
        if "`files`.`cached_by_hand`" in text and "create or replace view" in text
    )
    assert refreshed < read, "the cache is fresh before the model reads"


def test_preparing_can_be_switched_off(shapes: Catalogue) -> None:
    recorder = shapes.recorder
    variables = recorder.variables
    columns = [Column(name, kind) for name, kind in (("id", _type("INT64")), ("name", _type("STRING")))]
    from .warehouse import Table

    recorder.warehouse.create_dataset("my-project.files", if_not_exists=True)
    recorder.warehouse.create_table(Table("my-project", "files", "cached_by_hand", "EXTERNAL", columns))
    recorder.variables = variables.replace("{", '{"apply_externals": false, ', 1)
    try:
        before = len(recorder.log.statements)
        recorder.phase("run", "run", "--select", "reader")
    finally:
        recorder.variables = variables
    assert made(recorder.log.statements[before:]) == {}


def test_a_shared_copy_is_left_to_production(shapes: Catalogue) -> None:
    recorder = shapes.recorder
    variables = recorder.variables
    recorder.variables = variables.replace("{", '{"own_externals": false, ', 1)
    try:
        sent, said = shapes.run("externals_apply")
    finally:
        recorder.variables = variables
    assert sent == []
    assert f"{len(catalogue.SHAPES)} as they should be" in said


def test_the_remote_function_is_created_and_can_be_called(shapes: Catalogue) -> None:
    shapes.recorder.warehouse.connections.add("my-project.us-east4.files")
    arguments = (
        '{endpoint: "https://convert.a.run.app", connection: us-east4.files, on_unknown: error, max_batching_rows: 50}'
    )
    sent, said = shapes.run("create_convert_to_usd", arguments)
    made = sent[-1].text
    assert "remote with connection `us-east4.files`" in made
    assert "user_defined_context = [('on_unknown', 'error')]" in made
    assert "max_batching_rows = 50" in made
    call = "select bronze.convert_to_usd(numeric '1.5', 'pounds', date '2026-02-01') as usd"
    (column,) = Analyzer(shapes.recorder.warehouse).columns(call.replace("bronze", "dev_bronze"))
    assert (column.name, column.words) == ("usd", "NUMERIC")
    sent, said = shapes.run("create_convert_to_usd", '{endpoint: "http://x", connection: files, on_unknown: guess}')
    assert sent == []
    for words in (
        "`endpoint` is 'http://x'",
        "`connection` is 'files'",
        "`on_unknown` is 'guess'; expected null or error",
    ):
        assert words in said


def test_an_object_table_of_a_model_follows_its_definition(shapes: Catalogue) -> None:
    recorder = shapes.recorder
    variables = recorder.variables
    recorder.variables = variables.replace("{", '{"apply_externals": false, ', 1)
    found = []
    try:
        for more in ("", "", '"gcs_connection": "us-east4.aws", ', '"gcs_connection": "us-east4.aws", '):
            recorder.variables = variables.replace("{", '{"apply_externals": false, ' + more, 1)
            before = len(recorder.log.statements)
            outcomes = recorder.phase("run", "run", "--select", "pictures")
            assert [each.message for each in outcomes if each.status != "success"] == []
            found.append([text[:34] for text in made(recorder.log.statements[before:]).values()])
    finally:
        recorder.variables = variables
    assert found == [["create external table `my-project`"], [], ["create or replace external table `"], []]


@pytest.fixture
def iceberg(shapes: Catalogue) -> Iterator[Recorder]:
    """The recorder with bronze and silver in Iceberg."""
    recorder = shapes.recorder
    variables = recorder.variables
    recorder.variables = variables.replace(
        "{", '{"iceberg_storage": "gs://lake/iceberg/", "gcs_connection": "us-east4.lake", ', 1
    )
    recorder.warehouse.connections.add(f"{recorder.warehouse.project}.us-east4.lake")
    yield recorder
    recorder.variables = variables


def test_silver_can_be_kept_in_iceberg_tables(iceberg: Recorder) -> None:
    places = []
    for how in ([], ["--full-refresh"], []):
        before = len(iceberg.log.statements)
        outcomes = iceberg.phase("run", "run", "--select", "kept", "merged", "native", *how)
        assert [each.message for each in outcomes if each.status != "success"] == []
        sent = {}
        for each in iceberg.log.statements[before:]:
            assert each.problem is None
            sent.setdefault(each.node.rpartition(".")[2], []).append(re.sub(r"\s+", " ", each.text))
        assert not any("ICEBERG" in text for text in sent["native"])
        assert not any("export table" in text for text in sent["native"])
        for name in ("kept", "merged"):
            assert sent[name][-1].replace("`", "").strip() == f"export table metadata from my-project.dev.{name}", (
                "after all"
            )
        (kept,) = [text for text in sent["kept"] if "ICEBERG" in text]
        assert "drop table if exists" in kept
        assert "with connection `us-east4.lake` OPTIONS(" in kept
        assert "select * replace (to_json_string(`payload`) as `payload`)" in kept
        places += re.findall(r"storage_uri='(gs://lake/iceberg/[^']*)'", kept)
        merged = [text for text in sent["merged"] if "create table" in text and "ICEBERG" in text]
        assert len(merged) == (0 if len(places) == 3 else 1), "merged into on the last run"
    assert len(places) == 3
    (place,) = set(places)
    assert place == f"gs://lake/iceberg/dev/kept/{without_run(str(uuid.uuid4()))}", (
        "a run's id, so that the place is empty"
    )
    table = iceberg.warehouse.tables["my-project.dev.kept"]
    assert [(column.name, column.words) for column in table.columns] == [
        ("id", "INT64"),
        ("payload", "STRING"),
        ("day", "DATE"),
    ]


def test_types_without_iceberg_support_are_reported_before_a_drop(iceberg: Recorder) -> None:
    before = len(iceberg.log.statements)
    outcomes = {
        each.node.rpartition(".")[2]: each for each in iceberg.phase("run", "run", "--select", "too_wide", "too_loose")
    }
    assert "column `number` is BIGNUMERIC, which Iceberg does not support" in outcomes["too_wide"].message
    assert "column `while_it_lasts` is INTERVAL" in outcomes["too_wide"].message
    assert (
        "column `payload` is JSON, which Iceberg does not support; select to_json_string(`payload`)"
        in outcomes["too_loose"].message
    )
    assert not any("drop table" in each.text for each in iceberg.log.statements[before:])


def _type(words: str) -> Any:
    from . import sqltypes

    return sqltypes.parse(words)


# -------------------------------------------------------------------- metadata caches that BigQuery refreshes by itself

LISTED = [("gs://b/a.csv", 1), ("gs://b/b.csv", 2)]


def listing(rows: list[tuple[str, int]], address: str = "uri") -> str:
    """A relation with these objects and their generations."""
    structs = ", ".join(f"struct('{uri}' as {address}, {generation} as generation)" for uri, generation in rows)
    return f"(select * from unnest([{structs}]))"


def differences(
    cached: list[tuple[str, int]], listed: list[tuple[str, int]], address: str = "uri"
) -> list[tuple[str, str]]:
    """The failing rows of the generic test `lists_the_bucket`, by Google's reference implementation."""
    text = (ROOT / "tests/generic/lists_the_bucket.sql").read_text()
    text = text.replace("{% test ", "{% macro ").replace("{% endtest %}", "{% endmacro %}")
    call = jinja2.Environment(extensions=["jinja2.ext.do"]).from_string(
        text + "{{ lists_the_bucket(model, listing, address) }}"
    )
    made = {"explain_failure": lambda *given: ""}
    sql = call.render(lakeweave=made, model=listing(cached, address), listing=listing(listed), address=address)
    return sorted(reference.run(sql, Warehouse("p"), {})[1])


@pytest.mark.parametrize(
    ("cached", "expected"),
    [
        (LISTED, []),
        (LISTED[:1], [("gs://b/b.csv", "in the bucket, and not listed")]),
        ([*LISTED, ("gs://b/gone.csv", 3)], [("gs://b/gone.csv", "listed, and not in the bucket")]),
        ([("gs://b/a.csv", 7), LISTED[1]], [("gs://b/a.csv", "listed with an old generation")]),
    ],
)
def test_a_cached_table_lists_the_objects_of_the_bucket(
    cached: list[tuple[str, int]], expected: list[tuple[str, str]]
) -> None:
    assert differences(cached, LISTED) == expected


def test_a_table_of_records_lists_the_objects_of_its_records() -> None:
    """One row for each record; the generation is not known there."""
    records = [("gs://b/a.csv", 0), ("gs://b/a.csv", 0), ("gs://b/old.csv", 0)]
    assert differences(records, LISTED, "_FILE_NAME") == [
        ("gs://b/b.csv", "in the bucket, and not listed"),
        ("gs://b/old.csv", "listed, and not in the bucket"),
    ]
