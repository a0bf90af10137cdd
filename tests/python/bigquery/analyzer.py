"""Reads a statement as BigQuery would: Google's analyzer resolves names and types, and the warehouse changes with it.

`Analyzer.run` takes what the adapter sends, which may be one statement or a script, and gives back each statement with its
output columns. The first thing that BigQuery would refuse is raised as a `Refused` with its line and column.
"""

from __future__ import annotations

import re
from collections import OrderedDict
from collections.abc import Iterator
from dataclasses import dataclass, field
from functools import lru_cache
from typing import Any, ClassVar

from google._upb import _message
from google.protobuf import empty_pb2, message
from zetasql.core.exceptions import ServerError
from zetasql.wasi._pb2.zetasql.local_service import local_service_pb2 as service_pb2
from zetasql.wasi._pb2.zetasql.proto import simple_catalog_pb2
from zetasql.wasi._pb2.zetasql.public import (
    simple_connection_pb2,
    simple_constant_pb2,
    simple_table_pb2,
    type_pb2,
    value_pb2,
)

from . import effects, functions, options, profile, sqltypes
from .analyzer_cache import AnalyzerCache
from .calls import Rewritten, SqlError, rewrite
from .runtime import AnalyzerCrash, Service
from .sqltext import Path, Token, line_and_column, offset_of, paths, tokens
from .sqltypes import Type
from .tree import get, name_of, unwrap, walk
from .warehouse import Column, Routine, Table, Warehouse, WarehouseError

# A parsed statement is a message whose depth is that of its expressions. Protobuf refuses to read more than 100 levels otherwise.
_message.SetAllowOversizeProtos(True)


class Refused(ValueError):
    """A statement that BigQuery would refuse: `line` and `column` are 1-based in the text that was sent."""

    def __init__(self, message: str, line: int, column: int) -> None:
        super().__init__(f"{line}:{column} {message}")
        self.message = message
        self.line = line
        self.column = column

    def __reduce__(self) -> tuple[type[Refused], tuple[str, int, int]]:
        """It comes out of the process that records the unit tests as it went in."""
        return type(self), (self.message, self.line, self.column)


@dataclass(frozen=True)
class Analyzed:
    """One statement that BigQuery would take."""

    kind: str
    """What it is, as the analyzer names it: `QueryStmt`, `CreateTableAsSelectStmt`, `MergeStmt`, ..."""
    text: str
    columns: tuple[tuple[str, Type], ...]
    """Names and types of what a query or a `create ... as` gives."""
    resolved: Any = field(repr=False, compare=False, default=None)
    """The analyzer's resolved statement (a protocol buffer), None for what is no statement of its own (IF, LOOP, ...)."""
    target: str | None = None
    """The path of the table, view or model that the statement makes or changes."""


@dataclass
class _Scope:
    """What a script declares: variables by lower-case name, and temporary tables."""

    variables: dict[str, Type] = field(default_factory=dict)
    temporary: dict[str, Table] = field(default_factory=dict)
    in_transaction: bool = False
    in_script: bool = False


_SCRIPT_WORDS = frozenset(
    [
        "DECLARE",
        "SET",
        "IF",
        "LOOP",
        "WHILE",
        "REPEAT",
        "FOR",
        "BEGIN",
        "CASE",
        "RAISE",
        "RETURN",
        "BREAK",
        "LEAVE",
        "CONTINUE",
        "ITERATE",
        "EXECUTE",
    ]
)


class Analyzer:
    """Analyzes statements against a warehouse, one after the other."""

    _REMEMBERED = 512
    _REGISTERED = 48

    def __init__(self, warehouse: Warehouse) -> None:
        self.warehouse = warehouse
        self.service = Service.shared()

    # ------------------------------------------------------------------------------------------------ entry points

    def run(self, sql: str) -> list[Analyzed]:
        """Analyzes a statement or script and lets the warehouse change accordingly. Raises `Refused`.

        A script that is refused leaves the warehouse as it was.
        """
        before = self.warehouse.copy()
        try:
            return list(self._run(sql))
        except SqlError as wrong:
            self.warehouse.__dict__.update(before.__dict__)
            raise Refused(wrong.message, *line_and_column(sql, wrong.offset)) from wrong
        except AnalyzerCrash as wrong:
            self.warehouse.__dict__.update(before.__dict__)
            raise Refused(f"the analyzer broke down over this statement: {wrong}", 1, 1) from wrong

    def columns(self, query: str) -> list[Column]:
        """The output columns of a query. Raises `Refused`; changes nothing."""
        try:
            analyzed = self._analyze(query, 0, query, _Scope())
        except SqlError as wrong:
            raise Refused(wrong.message, *line_and_column(query, wrong.offset)) from wrong
        return [Column(name, made) for name, made in analyzed.columns]

    def prepared(self, query: str) -> tuple[str, Any]:
        """A query with its table functions rewritten, and the catalog to resolve it in. For the reference implementation."""
        rewritten = rewrite(query, self.warehouse)
        return rewritten.edited.text, self._catalog(tokens(rewritten.edited.text), rewritten, _Scope())

    # ----------------------------------------------------------------------------------------------------- scripts

    def _run(self, sql: str) -> Iterator[Analyzed]:
        stream = tokens(sql)
        if not stream:
            raise SqlError("Syntax error: the statement is empty", 0)
        if _is_script(stream):
            tree = self._parse_script(sql)
            offsets = _Offsets(sql)
            yield from self._list(tree.parsed_script.statement_list_node, sql, offsets, _Scope(in_script=True))
            return
        yield self._statement(sql, 0, sql, _Scope())

    def _parse_script(self, sql: str) -> Any:
        request = service_pb2.ParseRequest(sql_statement=sql, options=profile.language_options(), allow_script=True)
        try:
            return self.service.call("Parse", request, service_pb2.ParseResponse)
        except ServerError as wrong:
            raise _located(wrong, lambda offset: offset, sql) from wrong

    def _list(self, listed: Any, sql: str, offsets: _Offsets, scope: _Scope) -> Iterator[Analyzed]:
        for each in listed.statement_list:
            yield from self._part(unwrap(each), sql, offsets, scope)

    def _part(self, part: Any, sql: str, offsets: _Offsets, scope: _Scope) -> Iterator[Analyzed]:
        """One statement of a script: control flow is walked through, everything else is analyzed."""
        kind = name_of(part).removeprefix("AST")
        start, end = offsets.range(part)
        here = Analyzed(kind, sql[start:end], ())
        if kind == "VariableDeclaration":
            made = self._declared_type(part, sql, offsets, scope)
            for each in part.variable_list.identifier_list:
                scope.variables[each.id_string.lower()] = made
            yield here
        elif kind in ("SingleAssignment", "AssignmentFromStruct", "SystemVariableAssignment"):
            self._assignment(kind, part, sql, offsets, scope)
            yield here
        elif kind == "IfStatement":
            self._condition(part.condition, sql, offsets, scope)
            yield here
            yield from self._list(part.then_list, sql, offsets, scope)
            if part.HasField("elseif_clauses"):
                for clause in part.elseif_clauses.elseif_clauses:
                    self._condition(clause.condition, sql, offsets, scope)
                    yield from self._list(clause.body, sql, offsets, scope)
            if part.HasField("else_list"):
                yield from self._list(part.else_list, sql, offsets, scope)
        elif kind == "CaseStatement":
            yield here
            for clause in part.when_then_clauses.when_then_clauses:
                if not part.HasField("expression"):
                    self._condition(clause.condition, sql, offsets, scope)
                yield from self._list(clause.body, sql, offsets, scope)
            if part.HasField("else_list"):
                yield from self._list(part.else_list, sql, offsets, scope)
        elif kind in ("WhileStatement", "RepeatStatement"):
            if kind == "WhileStatement" and part.HasField("condition"):
                self._condition(part.condition, sql, offsets, scope)
            yield here
            yield from self._list(get(part, "body"), sql, offsets, scope)
            if kind == "RepeatStatement":
                self._condition(part.until_clause.condition, sql, offsets, scope)
        elif kind == "ForInStatement":
            first, last = offsets.range(part.query)
            row = self._analyze(sql[first:last], first, sql, scope)
            fields = [type_pb2.StructFieldProto(field_name=name, field_type=made) for name, made in row.columns]
            struct = Type(type_kind=type_pb2.TYPE_STRUCT, struct_type=type_pb2.StructTypeProto(field=fields))
            inner = _Scope(
                {**scope.variables, part.variable.id_string.lower(): struct}, scope.temporary, in_script=True
            )
            yield here
            yield from self._list(get(part, "body"), sql, offsets, inner)
        elif kind == "BeginEndBlock":
            inner = _Scope(dict(scope.variables), scope.temporary, scope.in_transaction, in_script=True)
            yield from self._list(part.statement_list_node, sql, offsets, inner)
            if part.HasField("handler_list"):
                handling = _Scope(dict(inner.variables), scope.temporary, inner.in_transaction, in_script=True)
                for handler in part.handler_list.exception_handler_list:
                    yield from self._list(handler.statement_list, sql, offsets, handling)
        elif kind in ("BeginStatement", "CommitStatement", "RollbackStatement"):
            self._transaction(kind, start, scope)
            yield here
        elif kind in (
            "BreakStatement",
            "ContinueStatement",
            "ReturnStatement",
            "RaiseStatement",
            "ExecuteImmediateStatement",
        ):
            yield here
        else:
            yield self._statement(sql[start:end], start, sql, scope)

    def _transaction(self, kind: str, start: int, scope: _Scope) -> None:
        """https://cloud.google.com/bigquery/docs/transactions"""
        if kind == "BeginStatement":
            if scope.in_transaction:
                raise SqlError("BEGIN TRANSACTION inside a transaction: BigQuery does not nest them", start)
            scope.in_transaction = True
        else:
            scope.in_transaction = False

    def _declared_type(self, part: Any, sql: str, offsets: _Offsets, scope: _Scope) -> Type:
        if part.HasField("type"):
            start, end = offsets.range(unwrap(part.type))
            try:
                made = sqltypes.parse(sql[start:end])
            except sqltypes.UnknownType as wrong:
                raise SqlError(str(wrong), start) from wrong
            if part.HasField("default_value"):
                self._coerces(part.default_value, made, sql, offsets, scope)
            return made
        return self._expression(part.default_value, sql, offsets, scope)

    def _assignment(self, kind: str, part: Any, sql: str, offsets: _Offsets, scope: _Scope) -> None:
        if kind == "SingleAssignment":
            name = part.variable.id_string
            made = scope.variables.get(name.lower())
            if made is None:
                raise SqlError(f"Undeclared variable: {name}", offsets.range(part)[0])
            self._coerces(part.expression, made, sql, offsets, scope)
        elif kind == "AssignmentFromStruct":
            names = [each.id_string for each in part.variables.identifier_list]
            for name in names:
                if name.lower() not in scope.variables:
                    raise SqlError(f"Undeclared variable: {name}", offsets.range(part)[0])
            made = self._expression(part.struct_expression, sql, offsets, scope)
            if len(made.struct_type.field) != len(names):
                raise SqlError(
                    f"SET of {len(names)} variables from {len(made.struct_type.field)} values", offsets.range(part)[0]
                )

    def _expression(self, expression: Any, sql: str, offsets: _Offsets, scope: _Scope) -> Type:
        start, end = offsets.range(unwrap(expression))
        return self._within("SELECT (", sql, start, end, scope).columns[0][1]

    def _condition(self, expression: Any, sql: str, offsets: _Offsets, scope: _Scope) -> None:
        made = self._expression(expression, sql, offsets, scope)
        if made.type_kind != type_pb2.TYPE_BOOL:
            raise SqlError(
                f"A condition must be BOOL, not {sqltypes.words(made)}", offsets.range(unwrap(expression))[0]
            )

    def _coerces(self, expression: Any, wanted: Type, sql: str, offsets: _Offsets, scope: _Scope) -> None:
        start, end = offsets.range(unwrap(expression))
        declared = functions.declare(
            "the variable", functions.Scalar("", (((functions.Argument("value", sqltypes.words(wanted)),), "BOOL"),))
        )
        self._within("SELECT `the variable`(", sql, start, end, scope, {"the variable": declared})

    def _within(
        self, before: str, sql: str, start: int, end: int, scope: _Scope, extra: dict[str, Any] | None = None
    ) -> Analyzed:
        """Analyzes an expression of a script within a query; what is wrong with the query is wrong with the expression."""
        try:
            return self._analyze(f"{before}{sql[start:end]})", start - len(before), sql, scope, extra)
        except SqlError as wrong:
            raise SqlError(wrong.message, min(max(wrong.offset, start), end)) from wrong

    # -------------------------------------------------------------------------------------------------- statements

    def _statement(self, text: str, at: int, sql: str, scope: _Scope) -> Analyzed:
        """Analyzes one statement and lets it take effect. `at` is its place in the text that was sent."""
        beyond = effects.beyond_the_parser(tokens(text))
        try:
            if beyond is not None:
                return self._beyond(beyond, text, at, sql, scope)
            analyzed = self._analyze(text, at, sql, scope)
            target = effects.apply(analyzed, self.warehouse, scope)
        except WarehouseError as wrong:
            raise SqlError(str(wrong), at + len(text) - len(text.lstrip())) from wrong
        return Analyzed(analyzed.kind, analyzed.text, analyzed.columns, analyzed.resolved, target)

    def _beyond(self, beyond: effects.Beyond, text: str, at: int, sql: str, scope: _Scope) -> Analyzed:
        """A statement of BigQuery that this ZetaSQL cannot parse; its OPTIONS are analyzed on a statement that it can."""
        if beyond.options is not None:
            start, end = beyond.options
            inner = f"CREATE SCHEMA `a`.`b` {text[start:end]}"
            shift = at + start - len("CREATE SCHEMA `a`.`b` ")
            resolved = self._analyze(inner, shift, sql, scope, kinds=(beyond.thing,))
            effects.check_options(resolved.resolved, (beyond.thing,), at, lambda offset: offset + shift)
        target = effects.apply_beyond(beyond, self.warehouse)
        return Analyzed(beyond.kind, text, (), None, target)

    def _analyze(
        self,
        text: str,
        at: int,
        sql: str,
        scope: _Scope,
        extra: dict[str, Any] | None = None,
        kinds: tuple[str, ...] | None = None,
    ) -> Analyzed:
        """Resolves a statement's names and types. Raises `SqlError` with the place in `sql`."""
        stream = tokens(text)
        if not stream:
            raise SqlError("Syntax error: the statement is empty", at)
        try:
            rewritten = rewrite(text, self.warehouse)
        except SqlError as wrong:
            raise SqlError(wrong.message, wrong.offset + at) from wrong
        rewritten.functions.update(extra or {})
        about = kinds if kinds is not None else effects.things(stream)
        final = rewritten.edited.text
        catalog = self._catalog(tokens(final), rewritten, scope)
        response = self._ask(final, catalog, about, lambda offset: rewritten.edited.origin(offset) + at, sql)
        resolved = unwrap(response.resolved_statement)
        columns = tuple(
            (each.name, Type.FromString(each.column.type.SerializeToString()))
            for each in get(resolved, "output_column_list", ())
        )
        kind = name_of(resolved).removeprefix("Resolved")
        analyzed = Analyzed(kind, text, columns, resolved)
        if kinds is None:
            effects.check(analyzed, about, self.warehouse, scope, lambda offset: rewritten.edited.origin(offset) + at)
        return analyzed

    # Answers are remembered per process: the same text against the same catalog gives the same answer, and a second run
    # of dbt sends much of the first one again. So are catalogs, as making one costs more than most analyses.
    _answers: ClassVar[OrderedDict[tuple[str, bytes, tuple[str, ...]], Any]] = OrderedDict()
    _catalogs: ClassVar[OrderedDict[bytes, tuple[int, int]]] = OrderedDict()

    def _ask(self, text: str, catalog: Any, about: tuple[str, ...], origin: Any, sql: str) -> Any:
        raw = catalog.SerializeToString(deterministic=True)
        key = (text, raw, about)
        answer = Analyzer._answers.get(key)
        if answer is None:
            answer = self._remembered(text, raw, catalog, about)
            Analyzer._answers[key] = answer
            if len(Analyzer._answers) > self._REMEMBERED:
                Analyzer._answers.popitem(last=False)
        if isinstance(answer, ServerError):
            raise _located(answer, origin, sql, text)
        return answer

    def _remembered(self, text: str, raw: bytes, catalog: Any, about: tuple[str, ...]) -> Any:
        """The analyzer's answer from an earlier process, or asked for now."""
        key = AnalyzerCache.key(b"Analyze", text.encode(), raw, _settings(about))
        known = self.service.cache.get(key)
        if known is not None:
            if known[:1] == b"!":
                return ServerError.from_error_string(known[1:].decode())
            return service_pb2.AnalyzeResponse.FromString(known[1:])
        try:
            answer = self._call(text, raw, catalog, about)
        except AnalyzerCrash:
            # Once more, on a fresh instance: the breakdown may have been the work of an earlier statement.
            answer = self._call(text, raw, catalog, about)
        if isinstance(answer, ServerError):
            self.service.cache.put(key, b"!" + answer.raw_error.encode())
        else:
            self.service.cache.put(key, b"=" + answer.SerializeToString())
        return answer

    def _call(self, text: str, raw: bytes, catalog: Any, about: tuple[str, ...]) -> Any:
        """The analyzer's answer, which may be its refusal."""
        request = service_pb2.AnalyzeRequest(sql_statement=text, registered_catalog_id=self._register(raw, catalog))
        request.options.CopyFrom(profile.analyzer_options())
        request.options.allowed_hints_and_options.CopyFrom(options.allowed(about))
        try:
            return self.service.call("Analyze", request, service_pb2.AnalyzeResponse)
        except ServerError as wrong:
            return wrong

    def _register(self, raw: bytes, catalog: Any) -> int:
        known = Analyzer._catalogs.get(raw)
        if known is not None and self.service.is_current(known[1]):
            Analyzer._catalogs.move_to_end(raw)
            return known[0]
        request = service_pb2.RegisterCatalogRequest(simple_catalog=catalog)
        number = int(self.service.call("RegisterCatalog", request, service_pb2.RegisterResponse).registered_id)
        Analyzer._catalogs[raw] = (number, self.service.generation)
        if len(Analyzer._catalogs) > self._REGISTERED:
            _, (old, generation) = Analyzer._catalogs.popitem(last=False)
            if self.service.is_current(generation):
                self.service.call(
                    "UnregisterCatalog", service_pb2.UnregisterRequest(registered_id=old), empty_pb2.Empty
                )
        return number

    # ----------------------------------------------------------------------------------------------------- catalog

    def _catalog(self, stream: list[Token], rewritten: Rewritten, scope: _Scope) -> Any:
        """The analyzer's catalog with what this statement may name, under the very paths by which it names it."""
        catalog = simple_catalog_pb2.SimpleCatalogProto(name="BigQuery")
        catalog.builtin_function_options.CopyFrom(profile.builtin_functions())
        for alias, words in sqltypes.ALIASES.items():
            catalog.named_type.add(name=alias, type=sqltypes.parse(words))
        for name, made in scope.variables.items():
            catalog.constant.append(
                simple_constant_pb2.SimpleConstantProto(name_path=[name], type=made, value=value_pb2.ValueProto())
            )
        catalog.custom_function.extend(rewritten.functions.values())
        self._declare_scalars(catalog, rewritten.called)
        seen: set[tuple[str, ...]] = set()
        previous: str = ""
        for path in paths(stream):
            word = path.parts[0].upper()
            before = previous
            previous = word if len(path.parts) == 1 else ""
            for length in range(1, len(path.parts) + 1):
                self._resolve(catalog, path, length, before, scope, seen)
        return catalog

    def _resolve(
        self, catalog: Any, path: Path, length: int, before: str, scope: _Scope, seen: set[tuple[str, ...]]
    ) -> None:
        written = path.parts[:length]
        if written in seen:
            return
        names = tuple(".".join(written).split("."))
        if before == "CONNECTION" and length == len(path.parts):
            if self.warehouse.has_connection(names):
                seen.add(written)
                name = "$connection_default" if len(names) == 1 else written[-1]
                place = self._place(catalog, written[:-1])
                place.connection.append(simple_connection_pb2.SimpleConnectionProto(name=name))
            return
        table = self.warehouse.table(names)
        if table is None and len(names) == 1:
            table = scope.temporary.get(names[0])
        if table is not None:
            seen.add(written)
            self._place(catalog, written[:-1]).table.append(_table_message(written[-1], table))
            return
        full = self.warehouse.full(names)
        routine = self.warehouse.routines.get(full or "")
        if routine is not None:
            seen.add(written)
            self._add_routine(catalog, written, routine)
        elif ".".join(names).upper() in functions.PROCEDURES:
            seen.add(written)
            for procedure in functions.declared_procedures():
                if [each.upper() for each in procedure.name_path] == [each.upper() for each in names]:
                    made = type(procedure)()
                    made.CopyFrom(procedure)
                    del made.name_path[:]
                    made.name_path.append(written[-1])
                    self._place(catalog, written[:-1]).procedure.append(made)

    def _add_routine(self, catalog: Any, written: tuple[str, ...], routine: Routine) -> None:
        place = self._place(catalog, written[:-1])
        made = type(routine.declaration)()
        made.CopyFrom(routine.declaration)
        del made.name_path[:]
        made.name_path.append(written[-1])
        {"FUNCTION": place.custom_function, "TABLE FUNCTION": place.custom_tvf, "PROCEDURE": place.procedure}[
            routine.kind
        ].append(made)

    def _place(self, catalog: Any, outer: tuple[str, ...]) -> Any:
        """The nested catalog of the given path, made where it is not there yet."""
        for name in outer:
            known = next((each for each in catalog.catalog if each.name.lower() == name.lower()), None)
            catalog = known if known is not None else catalog.catalog.add(name=name)
        return catalog

    def _declare_scalars(self, catalog: Any, called: set[str]) -> None:
        for name in sorted(called & set(functions.SCALARS)):
            declared = functions.declared_scalars()[name]
            made = type(declared)()
            made.CopyFrom(declared)
            outer, last = tuple(name.split(".")[:-1]), name.split(".")[-1]
            del made.name_path[:]
            made.name_path.append(last)
            self._place(catalog, outer).custom_function.append(made)


@lru_cache(maxsize=64)
def _settings(about: tuple[str, ...]) -> bytes:
    """What an answer depends on besides the statement and the catalog."""
    parts = (profile.analyzer_options(), options.allowed(about))
    return b"".join(part.SerializeToString(deterministic=True) for part in parts)


def _table_message(name: str, table: Table) -> Any:
    made = simple_table_pb2.SimpleTableProto(name=name, full_name=table.path, allow_duplicate_column_names=False)
    for column in table.columns:
        made.column.add(name=column.name, type=column.type)
    for pseudo, words in table.pseudo_columns.items():
        made.column.add(name=pseudo, type=sqltypes.parse(words), is_pseudo_column=True)
    return made


def _is_script(stream: list[Token]) -> bool:
    """Whether the text is more than one statement, or one of the procedural language."""
    first = stream[0].upper
    if first in _SCRIPT_WORDS:
        return True
    return any(token.text == ";" for token in stream[:-1])


class _Offsets:
    """Turns the parser's byte offsets into places in the text."""

    def __init__(self, text: str) -> None:
        self._plain = text.isascii()
        self._raw = b"" if self._plain else text.encode()

    def at(self, offset: int) -> int:
        return offset if self._plain else len(self._raw[:offset].decode(errors="ignore"))

    def range(self, node: message.Message) -> tuple[int, int]:
        """Start and end of a node of the parser's tree."""
        found = get(unwrap(node), "parse_location_range")
        return self.at(found.start), self.at(found.end)


_AT = re.compile(r"\s*\[at (\d+):(\d+)\]\s*$")


def _located(wrong: ServerError, origin: Any, sql: str, text: str | None = None) -> SqlError:
    """The analyzer's complaint with its place in what was sent. `origin` maps an offset of `text` to one of `sql`."""
    # The wheel keeps the first line only as the message; types and signatures stand on the others.
    words = re.sub(r"\s+", " ", wrong.raw_error.partition("Message: ")[2] or wrong.message)
    found = _AT.search(words)
    offset = 0
    if found:
        words = words[: found.start()]
        offset = offset_of(text if text is not None else sql, int(found.group(1)), int(found.group(2)))
    words = (
        re.sub(r"(?i)\bBigQuery:", "", words).replace("`input`", "its rows").replace(" $connection_default", " default")
    )
    return SqlError(words, origin(offset))


__all__ = ["Analyzed", "Analyzer", "Refused", "walk"]
