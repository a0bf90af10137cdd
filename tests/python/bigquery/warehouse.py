"""A BigQuery project without data: which datasets, tables, models, connections and routines there are, and their columns.

The analyzer resolves names in it, and each statement that was analyzed changes it as the statement would (`apply`). So a
later statement is checked against what the earlier ones really left: a column that a model no longer makes is missed in
whatever reads it.
"""

from __future__ import annotations

import copy
import json
from dataclasses import dataclass, field
from typing import Any

from . import functions, sqltypes
from .sqltypes import Type


class WarehouseError(ValueError):
    """What BigQuery would refuse given what exists: a missing dataset, a table that is there already, and so on."""


@dataclass(frozen=True)
class Column:
    """A column of a table."""

    name: str
    type: Type
    description: str | None = None
    required: bool = False

    @property
    def words(self) -> str:
        """The type in BigQuery's words."""
        return sqltypes.words(self.type)


@dataclass(frozen=True)
class Partitioning:
    """How a table is partitioned. `unit` is DAY, HOUR, MONTH or YEAR for time; `bounds` is (start, end, step) for a range."""

    column: str | None
    unit: str | None = None
    bounds: tuple[int, int, int] | None = None


@dataclass
class Table:
    """A table, view or external table. `kind` is TABLE, VIEW, MATERIALIZED_VIEW, EXTERNAL or SNAPSHOT."""

    project: str
    dataset: str
    name: str
    kind: str
    columns: list[Column]
    partitioning: Partitioning | None = None
    clustering: tuple[str, ...] = ()
    is_object_table: bool = False
    description: str | None = None
    definition: str | None = None

    @property
    def path(self) -> str:
        """`project.dataset.table`."""
        return f"{self.project}.{self.dataset}.{self.name}"

    @property
    def pseudo_columns(self) -> dict[str, str]:
        """The columns that a `select *` does not show, with their types."""
        if self.is_object_table:
            return {"data": functions.OBJECT_DATA}
        if self.kind == "EXTERNAL":
            return dict(functions.EXTERNAL_PSEUDO_COLUMNS)
        if self.partitioning and self.partitioning.column is None and self.partitioning.unit:
            return dict(functions.INGESTION_TIME_PSEUDO_COLUMNS)
        return {}

    def column(self, name: str) -> Column | None:
        """The column of that name, whatever its case."""
        return next((each for each in self.columns if each.name.lower() == name.lower()), None)


@dataclass(frozen=True)
class Model:
    """A model. `kind` is one of `functions.MODEL_KINDS`; `outputs` are the columns that ML.PREDICT adds."""

    path: str
    kind: str
    outputs: dict[str, str] = field(default_factory=dict)
    outputs_known: bool = True


@dataclass(frozen=True)
class Routine:
    """A function, table function or procedure. `declaration` is the analyzer's message about it."""

    path: str
    kind: str
    declaration: Any


@dataclass
class Warehouse:
    """Everything that names can mean in a statement. `project` is where an unqualified dataset is looked for."""

    project: str
    datasets: set[str] = field(default_factory=set)
    tables: dict[str, Table] = field(default_factory=dict)
    models: dict[str, Model] = field(default_factory=dict)
    connections: set[str] = field(default_factory=set)
    routines: dict[str, Routine] = field(default_factory=dict)
    indexes: dict[str, str] = field(default_factory=dict)
    """Index path to the path of its table."""
    imported_outputs: dict[str, dict[str, str]] = field(default_factory=dict)
    """What imported models return, by model path: BigQuery reads it from the model's file."""
    locations: dict[str, str] = field(default_factory=dict)
    """Dataset path to the location that it was created in; the profile's where it is not here."""
    any_connection: bool = False
    """Whether an undeclared connection is assumed to exist. Off, but for the recorder's configuration."""

    def copy(self) -> Warehouse:
        """A warehouse of its own with the same things in it."""
        made = copy.copy(self)
        made.datasets, made.connections = set(self.datasets), set(self.connections)
        made.tables = {path: copy.copy(table) for path, table in self.tables.items()}
        made.models, made.routines, made.indexes = dict(self.models), dict(self.routines), dict(self.indexes)
        made.locations = dict(self.locations)
        return made

    # ------------------------------------------------------------------------------------------------------- names

    def full(self, names: tuple[str, ...]) -> str | None:
        """`project.dataset.thing` for a name of two or three pieces, None for any other."""
        if len(names) == 2:
            return ".".join((self.project, *names))
        return ".".join(names) if len(names) == 3 else None

    def table(self, names: tuple[str, ...]) -> Table | None:
        """The table of that name, an INFORMATION_SCHEMA view and a wildcard (`events_*`) included."""
        upper = tuple(each.upper() for each in names)
        if "INFORMATION_SCHEMA" in upper:
            return self._information_schema(names, upper)
        path = self.full(names)
        if path is None:
            return None
        if path.endswith("*"):
            return self._wildcard(path)
        return self.tables.get(path)

    def _information_schema(self, names: tuple[str, ...], upper: tuple[str, ...]) -> Table | None:
        place = upper.index("INFORMATION_SCHEMA")
        view = "_".join(upper[place + 1 :]).removesuffix("_BY_PROJECT")
        declared = functions.INFORMATION_SCHEMA.get(view)
        if declared is None:
            return None
        before = names[:place]
        dataset = before[-1] if before else ""
        regional = dataset.lower().startswith("region-")
        if (
            dataset
            and not regional
            and f"{before[0] if len(before) > 1 else self.project}.{dataset}" not in self.datasets
        ):
            return None
        columns = [Column(name, sqltypes.parse(words)) for name, words in declared[1].items()]
        return Table(self.project, "INFORMATION_SCHEMA", view, "VIEW", columns)

    def information_schema_rows(self, datasets: set[str]) -> dict[str, list[tuple[Any, ...]]]:
        """The rows of TABLES, TABLE_OPTIONS and COLUMNS for some datasets (`project.dataset`), by the path of the view.

        Of the options only `description` is there: the one that a macro of this project reads back.
        """
        rows: dict[str, list[tuple[Any, ...]]] = {"TABLES": [], "TABLE_OPTIONS": [], "COLUMNS": []}
        kinds = {"TABLE": "BASE TABLE", "MATERIALIZED_VIEW": "MATERIALIZED VIEW"}

        def add(view: str, values: dict[str, Any]) -> None:
            rows[view].append(tuple(values.get(name) for name in functions.INFORMATION_SCHEMA[view][1]))

        for table in self.tables.values():
            if f"{table.project}.{table.dataset}" not in datasets:
                continue
            named = {"table_catalog": table.project, "table_schema": table.dataset, "table_name": table.name}
            add("TABLES", named | {"table_type": kinds.get(table.kind, table.kind)})
            if table.description:
                option = {
                    "option_name": "description",
                    "option_type": "STRING",
                    "option_value": json.dumps(table.description),
                }
                add("TABLE_OPTIONS", named | option)
            for place, column in enumerate(table.columns, 1):
                add(
                    "COLUMNS",
                    named | {"column_name": column.name, "ordinal_position": place, "data_type": column.words},
                )
        return {f"{self.project}.INFORMATION_SCHEMA.{view}": found for view, found in rows.items()}

    def _wildcard(self, path: str) -> Table | None:
        prefix = path[:-1]
        found = [
            table for name, table in sorted(self.tables.items()) if name.startswith(prefix) and table.kind == "TABLE"
        ]
        if not found:
            return None
        newest = found[-1]
        columns = [*newest.columns, Column("_TABLE_SUFFIX", sqltypes.parse("STRING"))]
        return Table(newest.project, newest.dataset, path.rsplit(".", 1)[1], "VIEW", columns)

    def has_connection(self, names: tuple[str, ...]) -> bool:
        """Whether a connection exists. Its name is `[project.]location.id`; `default` always exists."""
        if len(names) == 1:
            return names[0].lower() == "default"
        if len(names) not in (2, 3):
            return False
        path = ".".join(names if len(names) == 3 else (self.project, *names))
        return self.any_connection or path in self.connections

    # ----------------------------------------------------------------------------------------------------- changes

    def create_dataset(self, path: str, if_not_exists: bool, or_replace: bool = False) -> None:
        """Makes a dataset (`project.dataset`). Raises `WarehouseError` where it is there already."""
        if path in self.datasets and not (if_not_exists or or_replace):
            raise WarehouseError(f"Already Exists: Dataset {path}")
        self.datasets.add(path)

    def create_table(self, table: Table, if_not_exists: bool = False, or_replace: bool = False) -> None:
        """Makes a table or view. Raises `WarehouseError` where BigQuery would.

        https://cloud.google.com/bigquery/docs/reference/standard-sql/data-definition-language#create_table_statement
        """
        if f"{table.project}.{table.dataset}" not in self.datasets:
            raise WarehouseError(f"Not found: Dataset {table.project}.{table.dataset}")
        if table.path in self.models:
            raise WarehouseError(f"Already Exists: Model {table.path}; tables and models share one namespace")
        known = self.tables.get(table.path)
        if known is None:
            self.tables[table.path] = table
            return
        if if_not_exists:
            return
        if not or_replace:
            raise WarehouseError(f"Already Exists: Table {table.path}")
        if known.kind != table.kind:
            raise WarehouseError(
                f"{table.path} is not allowed for this operation because it is currently a {known.kind}: "
                f"a {table.kind} cannot replace it; drop it first"
            )
        if table.kind == "TABLE" and known.partitioning != table.partitioning:
            raise WarehouseError(
                f"Cannot replace a table with a different partitioning spec: {table.path}. Instead, DROP the table, and "
                f"then recreate it. New partitioning spec is {table.partitioning} and existing spec is {known.partitioning}"
            )
        self.tables[table.path] = table
        self._forget_indexes(table.path)

    def _forget_indexes(self, path: str) -> None:
        """A table that is replaced or dropped takes its indexes along."""
        self.indexes = {index: table for index, table in self.indexes.items() if table != path}

    def drop_table(self, path: str, kinds: tuple[str, ...], if_exists: bool) -> None:
        """Takes a table or view away. Raises `WarehouseError` where it is missing or of another kind."""
        known = self.tables.get(path)
        if known is None:
            if not if_exists:
                raise WarehouseError(f"Not found: Table {path}")
            return
        if known.kind not in kinds:
            raise WarehouseError(f"Cannot drop {path} which has type {known.kind} as a {kinds[0]}")
        del self.tables[path]
        self._forget_indexes(path)

    def create_model(self, model: Model, if_not_exists: bool, or_replace: bool) -> None:
        """Makes a model. Raises `WarehouseError` where a table or a model of that name is there already."""
        dataset = model.path.rsplit(".", 1)[0]
        if dataset not in self.datasets:
            raise WarehouseError(f"Not found: Dataset {dataset}")
        if model.path in self.tables:
            raise WarehouseError(f"Already Exists: Table {model.path}; tables and models share one namespace")
        if model.path in self.models and not or_replace:
            if not if_not_exists:
                raise WarehouseError(f"Already Exists: Model {model.path}")
            return
        self.models[model.path] = model
