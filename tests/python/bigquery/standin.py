"""A substitute for `google.cloud.bigquery.Client`: the adapter's own code runs, and nothing is sent.

Every query job is read by Google's analyzer and changes the stand-in's warehouse. What is wrong with a statement comes
back as BigQuery's own error (`BadRequest`), so that dbt does with it what it would do in production. Questions are answered
from `answers.py`, by the reference implementation over tables without rows, or with no rows.
"""

from __future__ import annotations

import datetime
import re
import uuid
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any

from google.api_core.exceptions import BadRequest, Conflict, NotFound
from google.cloud.bigquery import DatasetReference, SchemaField, TableReference
from google.cloud.bigquery.dataset import Dataset
from google.cloud.bigquery.routine import Routine as GoogleRoutine
from google.cloud.bigquery.table import Row
from google.cloud.bigquery.table import Table as GoogleTable

from . import reference, rules, sqltypes
from .analyzer import Analyzed, Analyzer, Refused
from .answers import RULES, Answer
from .sqltext import without_run
from .warehouse import Column, Partitioning, Table, Warehouse, WarehouseError

_COMMENT = re.compile(r"\A\s*/\*.*?\*/\s*", re.DOTALL)

_ONLY_COLUMNS = re.compile(r"\bwhere\s+false\s+limit\s+0\s*;?\s*\Z", re.IGNORECASE)
"""dbt finds the columns of a query by a query without rows."""

_OF_DATASET = re.compile(r"`?([\w-]+)`?\.`?(\w+)`?\.INFORMATION_SCHEMA\.", re.IGNORECASE)
"""The dataset whose INFORMATION_SCHEMA a query reads: its content follows from the earlier statements."""

STATEMENT_TYPES = {
    "QueryStmt": "SELECT", "CreateTableAsSelectStmt": "CREATE_TABLE_AS_SELECT", "CreateTableStmt": "CREATE_TABLE",
    "CreateViewStmt": "CREATE_VIEW", "CreateExternalTableStmt": "CREATE_EXTERNAL_TABLE", "CreateModelStmt": "CREATE_MODEL",
    "CreateSchemaStmt": "CREATE_SCHEMA", "MergeStmt": "MERGE", "InsertStmt": "INSERT", "UpdateStmt": "UPDATE",
    "DeleteStmt": "DELETE", "TruncateStmt": "TRUNCATE_TABLE", "AlterTableStmt": "ALTER_TABLE", "DropStmt": "DROP_TABLE",
    "CreateFunctionStmt": "CREATE_FUNCTION", "CreateIndexStmt": "CREATE_INDEX",
}  # fmt: skip
"""https://cloud.google.com/bigquery/docs/reference/rest/v2/Job#JobStatistics2"""


@dataclass
class Statement:
    """One thing that the adapter sent, in order."""

    number: int
    phase: str
    node: str
    """The dbt node's unique id, or `operation <name>` of a run-operation."""
    text: str
    """The SQL without dbt's comment; for a call of the API, the DDL or the words that say what it does."""
    by_api: bool = False
    analyzed: list[Analyzed] = field(default_factory=list)
    problem: Refused | None = None
    answered_by: str = ""
    """Who answered a question: a rule's name, `reference implementation`, or `no rows`."""

    @property
    def kinds(self) -> list[str]:
        """The kinds of the statements in it; a script has several."""
        return [each.kind for each in self.analyzed]


@dataclass
class Log:
    """What was recorded so far, and under which name the next statement goes."""

    statements: list[Statement] = field(default_factory=list)
    phase: str = ""
    operation: str = ""

    def add(self, node: str, text: str, by_api: bool = False) -> Statement:
        """Appends a statement."""
        made = Statement(len(self.statements) + 1, self.phase, node or self.operation, text, by_api)
        self.statements.append(made)
        return made


class Rows:
    """The rows of a finished query, as the client library gives them."""

    def __init__(self, schema: Sequence[SchemaField], rows: Iterable[Sequence[Any]]) -> None:
        self.schema = list(schema)
        names = {column.name: place for place, column in enumerate(self.schema)}
        self._rows = [Row(tuple(row), names) for row in rows]
        self.total_rows = len(self._rows)

    def __iter__(self) -> Iterator[Row]:
        return iter(self._rows)


class Job:
    """A finished job."""

    def __init__(self, project: str, location: str | None, job_id: str | None, statement_type: str, rows: Rows) -> None:
        self.project, self.location, self.job_id = project, location, job_id or str(uuid.uuid4())
        self.statement_type = statement_type
        self.destination = TableReference(DatasetReference(project, "_results"), f"anon{uuid.uuid4().hex}")
        self.num_dml_affected_rows = 0
        self.total_bytes_processed = self.total_bytes_billed = self.slot_millis = 0
        self.state, self.error_result, self.errors = "DONE", None, None
        self._rows = rows

    def result(self, *_: Any, **__: Any) -> Any:
        """The rows; a load or copy job gives itself."""
        return self._rows if self.statement_type != "" else self

    def reload(self, *_: Any, **__: Any) -> None:
        """Nothing changes on a finished job."""

    def cancel(self, *_: Any, **__: Any) -> None:
        """Nothing is left to cancel."""


class Client:
    """The stand-in. `node` says which dbt node is at work; `raises` whether a refused statement fails as in production.

    With `raises=False` a refused statement is noted and passed over, so that one run can show many mistakes; the warehouse
    keeps what it had.
    """

    def __init__(
        self,
        warehouse: Warehouse,
        log: Log,
        node: Callable[[], str],
        location: str | None = None,
        raises: bool = True,
        rules: Sequence[Answer] = RULES,
    ) -> None:
        self.warehouse, self.log, self.node = warehouse, log, node
        self.project, self.location, self.raises, self.rules = warehouse.project, location, raises, rules
        self.analyzer = Analyzer(warehouse)
        self._results: dict[str, list[SchemaField]] = {}

    def close(self) -> None:
        """Nothing is open."""

    # ------------------------------------------------------------------------------------------------------- queries

    def query(self, query: str, job_config: Any = None, job_id: str | None = None, **_: Any) -> Job:
        """Analyzes the statement or script and answers it. Raises `BadRequest` where BigQuery would refuse it."""
        text = without_run(_COMMENT.sub("", query))
        statement = self.log.add(self.node(), text)
        if job_config is not None and job_config.use_legacy_sql:
            self._refuse(statement, Refused("legacy SQL is not analyzed; write GoogleSQL", 1, 1))
        if statement.node.startswith("unit_test.") and re.match(r"\s*(select|with)\b", text, re.IGNORECASE):
            return self._unit_test(statement, job_id)
        try:
            if job_config is not None and job_config.dry_run:
                statement.analyzed = Analyzer(self.warehouse.copy()).run(text)
            else:
                statement.analyzed = self.analyzer.run(text)
        except Refused as wrong:
            self._refuse(statement, wrong)
            return Job(self.project, self.location, job_id, "SCRIPT", Rows([], []))
        last = statement.analyzed[-1]
        kind = STATEMENT_TYPES.get(last.kind, last.kind) if len(statement.analyzed) == 1 else "SCRIPT"
        schema, rows = [], []
        if last.kind == "QueryStmt":
            schema = [sqltypes.schema_field(name, made) for name, made in last.columns]
            rows = self._answer(statement, last)
        job = Job(self.project, self.location, job_id, kind, Rows(schema, rows))
        self._results[job.destination.table_id] = schema
        if last.kind == "CreateTableAsSelectStmt" and last.target:
            job.destination = TableReference.from_string(last.target)
        return job

    def _unit_test(self, statement: Statement, job_id: str | None) -> Job:
        """A unit test brings its rows along, so that it is executed, and analyzed by that, by the reference implementation."""
        try:
            columns, rows = reference.run(statement.text, self.warehouse, {})
        except reference.CannotRun as reason:
            self._refuse(statement, Refused(f"the unit test cannot be executed: {reason}", 1, 1))
            return Job(self.project, self.location, job_id, "SELECT", Rows([], []))
        statement.analyzed = [Analyzed("QueryStmt", statement.text, tuple(columns))]
        statement.answered_by = "reference implementation"
        schema = [sqltypes.schema_field(name, made) for name, made in columns]
        job = Job(self.project, self.location, job_id, "SELECT", Rows(schema, rows))
        self._results[job.destination.table_id] = schema
        return job

    def _refuse(self, statement: Statement, wrong: Refused) -> None:
        statement.problem = wrong
        if self.raises:
            raise BadRequest(str(wrong), errors=[{"message": str(wrong), "reason": "invalidQuery"}])

    def _answer(self, statement: Statement, query: Analyzed) -> list[Sequence[Any]]:
        """Rows for a question: by a rule, for a test, from the reference implementation, or none."""
        names = [name for name, _ in query.columns]
        for rule in self.rules:
            if rule.applies(statement.phase, statement.node, statement.text):
                statement.answered_by = rule.name
                rows = rule.give(statement.text, [each.text for each in self.log.statements])
                return [[row.get(name) for name in names] for row in rows]
        if _ONLY_COLUMNS.search(statement.text) or statement.node.startswith("analysis."):
            statement.answered_by = "its columns"
            return []
        if names == ["failures", "should_warn", "should_error"]:
            statement.answered_by = "a passing test"
            return [[0, False, False]]
        try:
            asked = {f"{project}.{dataset}" for project, dataset in _OF_DATASET.findall(query.text)}
            _, rows = reference.run(query.text, self.warehouse, self.warehouse.information_schema_rows(asked))
        except reference.CannotRun:
            statement.answered_by = "no rows"
            return []
        statement.answered_by = "reference implementation"
        return [list(row) for row in rows]

    def get_job(self, job_id: str, *_: Any, **__: Any) -> Job:
        """A job is over before anyone can ask for it."""
        raise NotFound(f"Not found: Job {job_id}")

    def cancel_job(self, *_: Any, **__: Any) -> None:
        """Nothing is left to cancel."""

    # -------------------------------------------------------------------------------------------------------- tables

    def get_table(self, table: Any, *_: Any, **__: Any) -> GoogleTable:
        """The table with its real columns. Raises `NotFound`."""
        place = _reference(table)
        if place.dataset_id == "_results":
            return GoogleTable(place, schema=self._results.get(place.table_id, []))
        found = self.warehouse.tables.get(_path(place))
        if found is None:
            raise NotFound(f"Not found: Table {_path(place)}")
        return _google_table(found)

    def list_tables(self, dataset: Any, *_: Any, **__: Any) -> Iterator[GoogleTable]:
        """The tables and views of a dataset. Raises `NotFound` at the first step, as the service does."""
        path = _dataset_path(dataset)
        if path not in self.warehouse.datasets:
            raise NotFound(f"Not found: Dataset {path}")
        for name, table in sorted(self.warehouse.tables.items()):
            if name.rsplit(".", 1)[0] == path:
                yield _google_table(table)

    def list_routines(self, dataset: Any, *_: Any, **__: Any) -> Iterator[GoogleRoutine]:
        """The functions and procedures of a dataset."""
        path = _dataset_path(dataset)
        for name, routine in sorted(self.warehouse.routines.items()):
            if name.rsplit(".", 1)[0] == path:
                made = GoogleRoutine(name)
                made.type_ = "PROCEDURE" if routine.kind == "PROCEDURE" else "SCALAR_FUNCTION"
                yield made

    def get_routine(self, routine: Any, *_: Any, **__: Any) -> GoogleRoutine:
        """Raises `NotFound`."""
        path = f"{routine.project}.{routine.dataset_id}.{routine.routine_id}"
        if path not in self.warehouse.routines:
            raise NotFound(f"Not found: Routine {path}")
        made = GoogleRoutine(path)
        made.type_ = "SCALAR_FUNCTION"
        return made

    def delete_table(self, table: Any, not_found_ok: bool = False, **_: Any) -> None:
        """Takes a table or view away, whichever it is."""
        path = _path(_reference(table))
        kind = self.warehouse.tables[path].kind if path in self.warehouse.tables else "TABLE"
        words = {"VIEW": "VIEW", "MATERIALIZED_VIEW": "MATERIALIZED VIEW", "EXTERNAL": "EXTERNAL TABLE"}.get(
            kind, "TABLE"
        )
        self._by_api(f"DROP {words} {'IF EXISTS ' if not_found_ok else ''}`{path}`")

    def copy_table(self, sources: Any, destination: Any, job_config: Any = None, **_: Any) -> Job:
        """Copies tables; the columns of the first are those of the copy."""
        first = _reference(sources[0] if isinstance(sources, list) else sources)
        place = _reference(destination)
        appends = job_config is not None and job_config.write_disposition == "WRITE_APPEND"
        if appends and _path(place) in self.warehouse.tables:
            self._by_api(f"INSERT INTO `{_path(place)}` SELECT * FROM `{_path(first)}`")
        else:
            self._by_api(f"CREATE OR REPLACE TABLE `{_path(place)}` COPY `{_path(first)}`")
        return Job(self.project, self.location, None, "", Rows([], []))

    def update_table(self, table: GoogleTable, fields: Sequence[str], **_: Any) -> GoogleTable:
        """New columns, descriptions of columns, or the table's description."""
        path = _path(_reference(table))
        statement = self.log.add(self.node(), f"-- tables.update {path}: {', '.join(fields)}", by_api=True)
        found = self.warehouse.tables.get(path)
        try:
            if found is None:
                raise WarehouseError(f"Not found: Table {path}")
            if "description" in fields:
                rules.check_description(table.description, 16384, path)
                found.description = table.description
            if "schema" in fields:
                self._new_schema(found, table.schema)
        except WarehouseError as wrong:
            self._refuse(statement, Refused(str(wrong), 1, 1))
        return table

    def _new_schema(self, table: Table, schema: Sequence[SchemaField]) -> None:
        """https://cloud.google.com/bigquery/docs/managing-table-schemas: columns can be added, not changed or lost."""
        columns = []
        for each in schema:
            rules.check_description(each.description, 1024, f"column {each.name} of {table.path}")
            known = table.column(each.name)
            made = sqltypes.from_schema_field(each)
            columns.append(Column(each.name, made, each.description, known.required if known else False))
        rules.check_column_names([column.name for column in columns])
        missing = [
            column.name for column in table.columns if column.name.lower() not in {c.name.lower() for c in columns}
        ]
        if missing:
            raise WarehouseError(f"Provided Schema does not match Table {table.path}. Missing: {', '.join(missing)}")
        for column in columns:
            known = table.column(column.name)
            if (
                known is not None
                and column.words != known.words
                and not column.words.startswith(("STRUCT", "ARRAY<STRUCT"))
            ):
                raise WarehouseError(
                    f"Provided Schema does not match Table {table.path}. Field {column.name} has changed type from "
                    f"{known.words} to {column.words}"
                )
        table.columns = columns

    def load_table_from_file(self, file: Any, destination: Any, job_config: Any = None, **_: Any) -> Job:
        """A load job: recorded as the table that it makes. The file's header must name the columns."""
        path = _path(_reference(destination))
        header = file.readline().decode("utf-8-sig").strip() if hasattr(file, "readline") else ""
        columns = ", ".join(
            f"`{each.name}` {sqltypes.words(sqltypes.from_schema_field(each))}" for each in job_config.schema or ()
        )
        statement = self._by_api(f"CREATE OR REPLACE TABLE `{path}` ({columns})")
        delimiter = job_config.field_delimiter or ","
        named = [name.strip().strip('"') for name in header.split(delimiter)] if header else []
        declared = [each.name for each in job_config.schema or ()]
        if named and [name.lower() for name in named] != [name.lower() for name in declared]:
            self._refuse(statement, Refused(f"the file's columns are {named}, the load job's {declared}", 1, 1))
        return Job(self.project, self.location, None, "", Rows([], []))

    def _by_api(self, ddl: str) -> Statement:
        """A call of the API whose effect a statement can say: that statement is analyzed in its place."""
        statement = self.log.add(self.node(), ddl, by_api=True)
        try:
            statement.analyzed = self.analyzer.run(ddl)
        except Refused as wrong:
            self._refuse(statement, wrong)
        return statement

    # ------------------------------------------------------------------------------------------------------ datasets

    def list_datasets(self, project: str | None = None, **_: Any) -> list[Any]:
        """The project's datasets."""
        prefix = f"{project or self.project}."
        return [Dataset(path) for path in sorted(self.warehouse.datasets) if path.startswith(prefix)]

    def get_dataset(self, dataset: Any, *_: Any, **__: Any) -> Dataset:
        """Raises `NotFound`."""
        path = _dataset_path(dataset)
        if path not in self.warehouse.datasets:
            raise NotFound(f"Not found: Dataset {path}")
        made = Dataset(path)
        made.location = self.warehouse.locations.get(path, self.location)
        return made

    def create_dataset(self, dataset: Any, exists_ok: bool = False, **_: Any) -> Dataset:
        """Makes a dataset. Raises `Conflict` where it is there already."""
        path = _dataset_path(dataset)
        if path in self.warehouse.datasets and not exists_ok:
            raise Conflict(f"Already Exists: Dataset {path}")
        self._by_api(f"CREATE SCHEMA IF NOT EXISTS `{path}`")
        return Dataset(path)

    def delete_dataset(self, dataset: Any, not_found_ok: bool = False, **_: Any) -> None:
        """Takes a dataset with all its tables away."""
        self._by_api(f"DROP SCHEMA {'IF EXISTS ' if not_found_ok else ''}`{_dataset_path(dataset)}` CASCADE")

    def update_dataset(self, dataset: Any, *_: Any, **__: Any) -> Any:
        """Grants are not kept."""
        return dataset


def _reference(table: Any) -> TableReference:
    if isinstance(table, str):
        table = TableReference.from_string(table)
    place = table if isinstance(table, TableReference) else table.reference
    return TableReference(DatasetReference(place.project, place.dataset_id), without_run(place.table_id))


def _path(place: TableReference) -> str:
    return f"{place.project}.{place.dataset_id}.{place.table_id}"


def _dataset_path(dataset: Any) -> str:
    if isinstance(dataset, str):
        return dataset
    return f"{dataset.project}.{dataset.dataset_id}"


def _google_table(table: Table) -> GoogleTable:
    """The table as the REST API describes it: https://cloud.google.com/bigquery/docs/reference/rest/v2/tables#Table"""
    columns = [
        sqltypes.schema_field(each.name, each.type, "REQUIRED" if each.required else "NULLABLE", each.description)
        for each in table.columns
    ]
    resource: dict[str, Any] = {
        "tableReference": {"projectId": table.project, "datasetId": table.dataset, "tableId": table.name},
        "type": table.kind,
        "schema": {"fields": [each.to_api_repr() for each in columns]},
        "numRows": "0",
        "lastModifiedTime": str(int(datetime.datetime(2026, 1, 1, tzinfo=datetime.UTC).timestamp() * 1000)),
        "description": table.description,
    }
    if table.clustering:
        resource["clustering"] = {"fields": list(table.clustering)}
    if table.partitioning is not None:
        resource |= _partition_resource(table.partitioning)
    if table.definition:
        resource["view"] = {"query": table.definition}
    return GoogleTable.from_api_repr(resource)


def _partition_resource(partitioning: Partitioning) -> dict[str, Any]:
    if partitioning.bounds is not None:
        start, end, step = partitioning.bounds
        bounds = {"start": str(start), "end": str(end), "interval": str(step)}
        return {"rangePartitioning": {"field": partitioning.column, "range": bounds}}
    time: dict[str, Any] = {"type": partitioning.unit}
    if partitioning.column is not None:
        time["field"] = partitioning.column
    return {"timePartitioning": time}
