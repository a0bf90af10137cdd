"""The effects of a statement on the warehouse, and the OPTIONS that it may have."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from zetasql.wasi._pb2.zetasql.resolved_ast import resolved_ast_enums_pb2 as enums

from . import functions, options, rules, sqltypes
from .calls import SqlError
from .sqltext import Token
from .sqltypes import Type
from .tree import get, name_of, unwrap
from .warehouse import Column, Model, Partitioning, Routine, Table, Warehouse, WarehouseError

if TYPE_CHECKING:
    from .analyzer import Analyzed, _Scope

_CREATE = enums.ResolvedCreateStatementEnums
_OR_REPLACE, _IF_NOT_EXISTS, _TEMPORARY = _CREATE.CREATE_OR_REPLACE, _CREATE.CREATE_IF_NOT_EXISTS, _CREATE.CREATE_TEMP

_THINGS = (
    # The longest first: the words after CREATE [OR REPLACE] [TEMP], ALTER or DROP.
    ("EXTERNAL TABLE", "external table"), ("EXTERNAL SCHEMA", "external schema"), ("SNAPSHOT TABLE", "snapshot"),
    ("MATERIALIZED VIEW", "materialized view"), ("VECTOR INDEX", "vector index"), ("SEARCH INDEX", "search index"),
    ("TABLE FUNCTION", "table function"), ("AGGREGATE FUNCTION", "function"), ("TABLE", "table"), ("VIEW", "view"),
    ("SCHEMA", "schema"), ("MODEL", "model"), ("FUNCTION", "function"), ("PROCEDURE", "procedure"),
)  # fmt: skip


def things(stream: list[Token]) -> tuple[str, ...]:
    """The kinds of objects whose OPTIONS the statement may have: `("table", "column")` for a `create table`."""
    words = [token.upper for token in stream[:8]]
    if words[:2] == ["EXPORT", "DATA"]:
        return ("export",)
    if words[:2] == ["LOAD", "DATA"]:
        return ("load", "table", "column")
    if words[0] not in ("CREATE", "ALTER", "DROP"):
        return ()
    rest = [word for word in words[1:] if word not in ("OR", "REPLACE", "TEMP", "TEMPORARY")]
    for phrase, thing in _THINGS:
        if rest[: phrase.count(" ") + 1] == phrase.split():
            if thing == "external table" and any(token.upper == "OBJECT_METADATA" for token in stream):
                return ("object table",)
            if thing == "table":
                return (
                    ("table", "column", "generated column")
                    if "GENERATED" in (t.upper for t in stream)
                    else ("table", "column")
                )
            return (thing, "column") if thing in ("external table", "view", "materialized view", "model") else (thing,)
    return ()


# --------------------------------------------------------------------------------------- beyond this release's parser


@dataclass(frozen=True)
class Beyond:
    """A statement of BigQuery that this release of ZetaSQL cannot parse. `options`: start and end of OPTIONS(...)."""

    kind: str
    thing: str
    names: tuple[str, ...]
    table: tuple[str, ...] = ()
    options: tuple[int, int] | None = None
    if_not_exists: bool = False
    if_exists: bool = False


def beyond_the_parser(stream: list[Token]) -> Beyond | None:
    """Reads `create connection`, `drop connection` and `alter vector index ... rebuild`; None for anything else.

    Raises `SqlError` where such a statement is not of the form that its page gives.
    https://cloud.google.com/bigquery/docs/create-cloud-resource-connection
    https://cloud.google.com/bigquery/docs/reference/standard-sql/data-definition-language#alter_vector_index_rebuild_statement
    """
    words = [token.upper for token in stream]
    place = 0

    def take(*expected: str) -> bool:
        nonlocal place
        if words[place : place + len(expected)] == list(expected):
            place += len(expected)
            return True
        return False

    def name() -> tuple[str, ...]:
        nonlocal place
        parts: list[str] = []
        while place < len(stream) and (
            stream[place].kind in ("name", "quoted", "number") or stream[place].text in ".-"
        ):
            if stream[place].upper in ("OPTIONS", "ON", "REBUILD") and stream[place].kind == "name":
                break
            parts.append(stream[place].name)
            place += 1
        return tuple("".join(parts).split("."))

    def done() -> None:
        if place < len(stream) and not (stream[place].text == ";" and place == len(stream) - 1):
            raise SqlError(f"Syntax error: Unexpected {stream[place].text!r}", stream[place].start)

    if take("CREATE", "CONNECTION"):
        if_not_exists, names = take("IF", "NOT", "EXISTS"), name()
        if len(names) not in (2, 3):
            raise SqlError("A connection's name is [project.]location.id", stream[0].start)
        if not take("OPTIONS"):
            raise SqlError("CREATE CONNECTION needs OPTIONS (connection_type = ...)", stream[-1].end)
        start, end = stream[place - 1].start, _closing(stream, place)
        place = end + 1
        done()
        return Beyond(
            "CreateConnectionStmt", "connection", names, options=(start, stream[end].end), if_not_exists=if_not_exists
        )
    if take("DROP", "CONNECTION"):
        if_exists, names = take("IF", "EXISTS"), name()
        done()
        return Beyond("DropConnectionStmt", "connection", names, if_exists=if_exists)
    if take("ALTER", "VECTOR", "INDEX"):
        if_exists, index = take("IF", "EXISTS"), name()
        if not take("ON"):
            return None
        table = name()
        if not take("REBUILD"):
            return None
        done()
        return Beyond("AlterVectorIndexRebuildStmt", "vector index", index, table=table, if_exists=if_exists)
    return None


def _closing(stream: list[Token], opening: int) -> int:
    depth = 0
    for place in range(opening, len(stream)):
        depth += {"(": 1, ")": -1}.get(stream[place].text, 0)
        if depth == 0:
            return place
    raise SqlError("Syntax error: a parenthesis is not closed", stream[min(opening, len(stream) - 1)].start)


def apply_beyond(beyond: Beyond, warehouse: Warehouse) -> str:
    """Lets such a statement take effect. Raises `WarehouseError`."""
    path = ".".join(beyond.names if len(beyond.names) == 3 else (warehouse.project, *beyond.names))
    if beyond.kind == "CreateConnectionStmt":
        if path in warehouse.connections and not beyond.if_not_exists:
            raise WarehouseError(f"Already Exists: Connection {path}")
        warehouse.connections.add(path)
    elif beyond.kind == "DropConnectionStmt":
        if path not in warehouse.connections and not beyond.if_exists:
            raise WarehouseError(f"Not found: Connection {path}")
        warehouse.connections.discard(path)
    else:
        table = warehouse.full(beyond.table) or ".".join(beyond.table)
        index = f"{table}.{beyond.names[-1]}"
        if index not in warehouse.indexes and not beyond.if_exists:
            raise WarehouseError(f"Not found: Vector index {beyond.names[-1]} on {table}")
        return table
    return path


# ---------------------------------------------------------------------------------------------------------- options


def option_values(resolved: Any, field: str = "option_list") -> dict[str, Any]:
    """Each option of the statement itself with its literal value (None for what is no literal)."""
    found: dict[str, Any] = {}
    for option in get(resolved, field, ()):
        value = unwrap(option.value)
        while name_of(value) == "ResolvedCast":
            value = unwrap(value.expr)
        found[option.name.lower()] = _plain(value.value.value) if name_of(value) == "ResolvedLiteral" else None
    return found


def _plain(value: Any) -> Any:
    which = value.WhichOneof("value")
    if which == "array_value":
        return [_plain(each) for each in value.array_value.element]
    if which == "struct_value":
        return tuple(_plain(each) for each in value.struct_value.field)
    return getattr(value, which) if which else None


def check_options(resolved: Any, about: tuple[str, ...], at: int, origin: Callable[[int], int]) -> None:
    """Options of the statement against what its page lists. The analyzer has checked the types; here the rest.

    Raises `SqlError` for an option of another level, one that is missing, and a word that BigQuery does not know.
    """
    if not about:
        return
    thing = about[0]
    field = "from_files_option_list" if thing == "load" else "option_list"
    given = option_values(resolved, field)
    for option in get(resolved, field, ()):
        name = option.name.lower()
        found = get(option, "parse_location_range")
        place = origin(found.start) if found is not None else at
        if name not in options.NAMES[thing]:
            raise SqlError(f"Unknown option: {option.name} (of a {thing}; see {options.PAGES[thing]})", place)
        words = options.WORDS.get((thing, name))
        if words and isinstance(given[name], str) and given[name].upper() not in words:
            raise SqlError(f"Option {name}: '{given[name]}' is none of {', '.join(words)}", place)
    drops = name_of(resolved).startswith("ResolvedDrop")
    for name in () if drops else options.REQUIRED.get(thing, ()):
        if name not in given:
            raise SqlError(f"A {thing} needs the option {name}; see {options.PAGES[thing]}", at)
    for definition in get(resolved, "column_definition_list", ()):
        allowed = set(options.NAMES["column"])
        if definition.HasField("generated_column_info"):
            allowed |= set(options.NAMES["generated column"])
        for option in definition.annotations.option_list:
            if option.name.lower() not in allowed:
                raise SqlError(f"Unknown option: {option.name} (of a column; see {options.PAGES['column']})", at)


def check(
    analyzed: Analyzed, about: tuple[str, ...], warehouse: Warehouse, scope: _Scope, origin: Callable[[int], int]
) -> None:
    """Everything that is refused beyond what the language says. Raises `SqlError`."""
    at = origin(len(analyzed.text) - len(analyzed.text.lstrip()))
    check_options(analyzed.resolved, about, at, origin)
    try:
        rules.check(analyzed, about, option_values(analyzed.resolved), warehouse, scope)
    except WarehouseError as wrong:
        raise SqlError(str(wrong), at) from wrong


# ---------------------------------------------------------------------------------------------------------- effects


def apply(analyzed: Analyzed, warehouse: Warehouse, scope: _Scope) -> str | None:
    """Lets the statement take effect; the path of what it made or changed. Raises `WarehouseError`."""
    resolved, kind = analyzed.resolved, analyzed.kind
    path = _path(resolved, warehouse)
    mode = get(resolved, "create_mode", 0)
    how = {"if_not_exists": mode == _IF_NOT_EXISTS, "or_replace": mode == _OR_REPLACE}
    if kind in ("CreateTableStmt", "CreateTableAsSelectStmt", "CreateExternalTableStmt", "CreateViewStmt",
                "CreateMaterializedViewStmt", "CreateSnapshotTableStmt"):  # fmt: skip
        if get(resolved, "create_scope", 0) == _TEMPORARY:
            name = list(get(resolved, "name_path"))[-1]
            scope.temporary[name] = _table(analyzed, ("", "", name), warehouse)
            return name
        if path is None:
            raise WarehouseError(f"Table name {'.'.join(get(resolved, 'name_path'))} has no dataset")
        project, dataset, name = path.split(".", 2)
        warehouse.create_table(_table(analyzed, (project, dataset, name), warehouse), **how)
    elif kind in ("CreateSchemaStmt", "CreateExternalSchemaStmt"):
        names = ".".join(get(resolved, "name_path")).split(".")
        path = ".".join(names if len(names) == 2 else [warehouse.project, *names])
        location = option_values(resolved).get("location")
        if location and path not in warehouse.datasets:
            warehouse.locations[path] = location
        warehouse.create_dataset(path, **how)
    elif kind == "CreateModelStmt":
        warehouse.create_model(_model(analyzed, path or "", warehouse), **how)
    elif kind in ("CreateFunctionStmt", "CreateTableFunctionStmt", "CreateProcedureStmt"):
        _create_routine(analyzed, path or "", warehouse, how)
    elif kind == "CreateIndexStmt":
        path = _create_index(resolved, warehouse, how["if_not_exists"])
    elif kind == "DropStmt":
        _drop(resolved, path, warehouse, scope)
    elif kind in ("DropFunctionStmt", "DropTableFunctionStmt"):
        if path not in warehouse.routines and not get(resolved, "is_if_exists"):
            raise WarehouseError(f"Not found: Routine {path}")
        warehouse.routines.pop(path or "", None)
    elif kind == "DropIndexStmt":
        table = warehouse.full(tuple(".".join(resolved.table_name_path).split(".")))
        index = f"{table}.{resolved.name}"
        if index not in warehouse.indexes and not resolved.is_if_exists:
            raise WarehouseError(f"Not found: Index {resolved.name} on {table}")
        warehouse.indexes.pop(index, None)
        path = table
    elif kind == "AlterTableStmt":
        _alter(resolved, path, warehouse)
    elif kind == "AuxLoadDataStmt" and path is not None and path not in warehouse.tables:
        project, dataset, name = path.split(".", 2)
        warehouse.create_table(Table(project, dataset, name, "TABLE", _defined_columns(resolved)))
    elif kind in ("InsertStmt", "UpdateStmt", "DeleteStmt", "MergeStmt", "TruncateStmt"):
        path = get(resolved, "table_scan").table.full_name or get(resolved, "table_scan").table.name
    return path


def _path(resolved: Any, warehouse: Warehouse) -> str | None:
    names = get(resolved, "name_path", ())
    return warehouse.full(tuple(".".join(names).split("."))) if names else None


def _defined_columns(resolved: Any) -> list[Column]:
    made = []
    for each in get(resolved, "column_definition_list", ()):
        described = option_values(each.annotations).get("description")
        made.append(
            Column(
                each.name, Type.FromString(each.type.SerializeToString()), described, bool(each.annotations.not_null)
            )
        )
    return made


def _table(analyzed: Analyzed, path: tuple[str, str, str], warehouse: Warehouse) -> Table:
    resolved, kind = analyzed.resolved, analyzed.kind
    given = option_values(resolved)
    names = {
        "CreateExternalTableStmt": "EXTERNAL", "CreateViewStmt": "VIEW", "CreateMaterializedViewStmt": "MATERIALIZED_VIEW",
        "CreateSnapshotTableStmt": "SNAPSHOT",
    }  # fmt: skip
    made = Table(*path, names.get(kind, "TABLE"), [], description=given.get("description"))
    if kind == "CreateExternalTableStmt":
        made.is_object_table = "object_metadata" in given
        made.columns = _defined_columns(resolved)
        if made.is_object_table:
            made.columns = [Column(name, sqltypes.parse(words)) for name, words in functions.OBJECT_TABLE.items()]
        elif not made.columns:
            raise WarehouseError(
                f"{made.path} declares no columns: BigQuery would detect them from the files, which cannot be proved here. "
                "Give the source's columns a data_type and write them into the statement"
            )
        partitions = get(resolved, "with_partition_columns")
        if partitions is not None:
            made.columns += _defined_columns(partitions)
        return made
    if kind == "CreateTableStmt":
        made.columns = _defined_columns(resolved)
        for field in ("clone_from", "copy_from"):
            source = get(resolved, field)
            if source is not None:
                made.columns = _scanned(source, warehouse).columns
        if resolved.HasField("parent") and get(resolved, "like_table") is not None:
            like = warehouse.tables.get(get(resolved, "like_table").full_name)
            made.columns = list(like.columns) if like else made.columns
    elif kind == "CreateSnapshotTableStmt":
        made.columns = _scanned(get(resolved, "clone_from"), warehouse).columns
    else:
        described = {each.name.lower(): each for each in _defined_columns(resolved)}
        made.columns = [Column(name, each, *_details(described.get(name.lower()))) for name, each in analyzed.columns]
        if kind in ("CreateViewStmt", "CreateMaterializedViewStmt"):
            made.definition = analyzed.text
    made.partitioning = rules.partitioning(resolved)
    made.clustering = rules.clustering(resolved)
    return made


def _details(column: Column | None) -> tuple[str | None, bool]:
    return (column.description, column.required) if column else (None, False)


def _scanned(scan: Any, warehouse: Warehouse) -> Table:
    for field in ("input_scan",):
        while get(unwrap(scan), field) is not None:
            scan = get(unwrap(scan), field)
    name = unwrap(scan).table.full_name
    found = warehouse.tables.get(name)
    if found is None:
        raise WarehouseError(f"Not found: Table {name}")
    return found


def _model(analyzed: Analyzed, path: str, warehouse: Warehouse) -> Model:
    """The model, with its kind and what ML.PREDICT would add."""
    resolved, given = analyzed.resolved, option_values(analyzed.resolved)
    declared = {each.name: sqltypes.words(each.type) for each in get(resolved, "output_column_definition_list", ())}
    service = (given.get("remote_service_type") or "").upper()
    kinds = {
        "CLOUD_AI_VISION_V1": "vision", "CLOUD_AI_NATURAL_LANGUAGE_V1": "language", "CLOUD_AI_TRANSLATE_V3": "translation",
        "CLOUD_AI_DOCUMENT_V1": "document", "CLOUD_AI_SPEECH_TO_TEXT_V2": "speech",
    }  # fmt: skip
    if service:
        return Model(path, kinds[service])
    if resolved.is_remote:
        if declared:
            return Model(path, "predict", declared | {"remote_model_status": "STRING"})
        target = (
            given.get("endpoint") or given.get("hugging_face_model_id") or given.get("model_garden_model_name") or ""
        ).lower()
        return Model(path, "embedding" if "embed" in target else "text")
    if not analyzed.columns:
        outputs = declared or warehouse.imported_outputs.get(path, {})
        return Model(path, "predict", outputs, outputs_known=bool(outputs))
    labels = [str(each).lower() for each in given.get("input_label_cols") or ["label"]]
    outputs: dict[str, str] = {}
    for name, made in analyzed.columns:
        if name.lower() in labels:
            words = sqltypes.words(made)
            outputs[f"predicted_{name}"] = words
            if (
                "reg" not in (given.get("model_type") or "").lower()
                or "logistic" in (given.get("model_type") or "").lower()
            ):
                outputs[f"predicted_{name}_probs"] = f"ARRAY<STRUCT<label {words}, prob FLOAT64>>"
    if "kmeans" in (given.get("model_type") or "").lower():
        outputs = {
            "CENTROID_ID": "INT64", "NEAREST_CENTROIDS_DISTANCE": "ARRAY<STRUCT<CENTROID_ID INT64, DISTANCE FLOAT64>>",
        }  # fmt: skip
    return Model(path, "predict", outputs, outputs_known=bool(outputs))


def _create_routine(analyzed: Analyzed, path: str, warehouse: Warehouse, how: dict[str, bool]) -> None:
    from zetasql.wasi._pb2.zetasql.proto import function_pb2 as signature_pb2
    from zetasql.wasi._pb2.zetasql.public import function_pb2

    resolved, kind = analyzed.resolved, analyzed.kind
    if path.rsplit(".", 1)[0] not in warehouse.datasets:
        raise WarehouseError(f"Not found: Dataset {path.rsplit('.', 1)[0]}")
    if path in warehouse.routines and not how["or_replace"]:
        if how["if_not_exists"]:
            return
        raise WarehouseError(f"Already Exists: Routine {path}")
    if kind == "CreateProcedureStmt":
        made: Any = signature_pb2.ProcedureProto(signature=resolved.signature)
        made.signature.return_type.CopyFrom(functions.nothing())
        warehouse.routines[path] = Routine(path, "PROCEDURE", made)
        return
    if kind == "CreateTableFunctionStmt":
        made = signature_pb2.TableValuedFunctionProto(signature=resolved.signature)
        made.type = function_pb2.FunctionEnums.FIXED_OUTPUT_SCHEMA_TVF
        warehouse.routines[path] = Routine(path, "TABLE FUNCTION", made)
        return
    mode = function_pb2.FunctionEnums.AGGREGATE if resolved.is_aggregate else function_pb2.FunctionEnums.SCALAR
    made = signature_pb2.FunctionProto(group="External_function", mode=mode)
    made.signature.append(resolved.signature)
    warehouse.routines[path] = Routine(path, "FUNCTION", made)


def _create_index(resolved: Any, warehouse: Warehouse, if_not_exists: bool) -> str:
    table = warehouse.full(tuple(".".join(resolved.table_name_path).split("."))) or ""
    name = list(get(resolved, "name_path"))[-1]
    index = f"{table}.{name}"
    if table in warehouse.indexes.values() and not (if_not_exists and index in warehouse.indexes):
        raise WarehouseError(f"Table {table} has an index already; BigQuery allows one of a kind for each table")
    warehouse.indexes[index] = table
    return table


def _drop(resolved: Any, path: str | None, warehouse: Warehouse, scope: _Scope) -> None:
    thing, if_exists = resolved.object_type.upper(), resolved.is_if_exists
    names = tuple(".".join(resolved.name_path).split("."))
    if thing == "SCHEMA":
        dataset = ".".join(names if len(names) == 2 else (warehouse.project, *names))
        if dataset not in warehouse.datasets and not if_exists:
            raise WarehouseError(f"Not found: Dataset {dataset}")
        warehouse.datasets.discard(dataset)
        warehouse.tables = {key: value for key, value in warehouse.tables.items() if not key.startswith(dataset + ".")}
        return
    if len(names) == 1 and names[0] in scope.temporary:
        del scope.temporary[names[0]]
        return
    if path is None:
        raise WarehouseError(f"{'.'.join(names)} has no dataset")
    if thing == "MODEL":
        if path not in warehouse.models and not if_exists:
            raise WarehouseError(f"Not found: Model {path}")
        warehouse.models.pop(path, None)
        return
    kinds = {
        "TABLE": ("TABLE", "SNAPSHOT"), "EXTERNAL TABLE": ("EXTERNAL",), "VIEW": ("VIEW",),
        "MATERIALIZED VIEW": ("MATERIALIZED_VIEW",), "SNAPSHOT TABLE": ("SNAPSHOT",),
    }  # fmt: skip
    if thing in kinds:
        warehouse.drop_table(path, kinds[thing], if_exists)


def _alter(resolved: Any, path: str | None, warehouse: Warehouse) -> None:
    table = warehouse.tables.get(path or "")
    if table is None:
        if resolved.parent.is_if_exists:
            return
        raise WarehouseError(f"Not found: Table {path}")
    columns = list(table.columns)
    for action in get(resolved, "alter_action_list", ()):
        each = unwrap(action)
        kind = name_of(each).removeprefix("Resolved").removesuffix("Action")
        if kind == "AddColumn":
            definition = each.column_definition
            if table.column(definition.name):
                if each.is_if_not_exists:
                    continue
                raise WarehouseError(f"Column {definition.name} already exists in {table.path}")
            if definition.annotations.not_null:
                raise WarehouseError(f"Column {definition.name}: a column that is added to a table cannot be NOT NULL")
            columns.append(Column(definition.name, Type.FromString(definition.type.SerializeToString())))
        elif kind == "DropColumn":
            columns = [column for column in columns if column.name.lower() != each.name.lower()]
        elif kind == "RenameColumn":
            columns = [
                Column(each.new_name, column.type, column.description, column.required)
                if column.name.lower() == each.name.lower()
                else column
                for column in columns
            ]
        elif kind == "RenameTo":
            project, dataset, _ = table.path.split(".", 2)
            moved = Table(
                project, dataset, list(each.new_path)[-1], table.kind, columns, table.partitioning, table.clustering,
            )  # fmt: skip
            del warehouse.tables[table.path]
            warehouse.create_table(moved)
            return
    warehouse.tables[table.path] = Table(
        table.project, table.dataset, table.name, table.kind, columns, table.partitioning, table.clustering,
        table.is_object_table, table.description, table.definition,
    )  # fmt: skip


__all__ = ["Beyond", "Partitioning", "apply", "apply_beyond", "beyond_the_parser", "check", "check_options", "things"]
