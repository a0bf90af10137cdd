"""Rewrites calls of BigQuery's table functions into plain SQL that means the same to the analyzer (see functions.py)."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

from . import functions, sqltypes
from .sqltext import Edited, Token, tokens
from .warehouse import Model, Warehouse


class SqlError(ValueError):
    """A statement that BigQuery would refuse. `offset` is the character in the statement's text."""

    def __init__(self, message: str, offset: int) -> None:
        super().__init__(message)
        self.message = message
        self.offset = offset


@dataclass
class Rewritten:
    """A statement whose table functions are plain SQL, and what the catalog must hold besides to analyze it."""

    edited: Edited
    functions: dict[str, Any] = field(default_factory=dict)
    called: set[str] = field(default_factory=set)
    """The names of the declared functions in the statement, table functions included."""


def rewrite(sql: str, warehouse: Warehouse) -> Rewritten:
    """The statement with its table functions rewritten. Raises `SqlError` for a call that BigQuery would refuse."""
    made = Rewritten(Edited(sql))
    stream = tokens(sql)
    _Rewriter(sql, stream, warehouse, made).copy(made.edited, 0, len(sql), 0, len(stream))
    return made


@dataclass(frozen=True)
class _Call:
    """A call in the token stream: `open` and `close` are the places of its parentheses."""

    name: str
    first: int
    open: int
    close: int


class _Rewriter:
    def __init__(self, sql: str, stream: list[Token], warehouse: Warehouse, made: Rewritten) -> None:
        self.sql, self.stream, self.warehouse, self.made = sql, stream, warehouse, made

    # -------------------------------------------------------------------------------------------------- walking

    def copy(self, out: Edited, start: int, end: int, first: int, last: int) -> None:
        """Appends the text from `start` to `end`, whose tokens are `first` to `last`, with its calls rewritten."""
        place = first
        while place < last:
            if (parts := self._one_quoted_name(place)) is not None:
                # `p.d.t` and `p`.`d`.`t` are the same to BigQuery, and both have the alias `t`; to the analyzer they differ.
                out.keep(start, self.stream[place].start)
                out.add(".".join(f"`{part}`" for part in parts), self.stream[place].start)
                start, place = self.stream[place].end, place + 1
                continue
            call = self._call_at(place, last)
            if call is None:
                place += 1
                continue
            self.made.called.add(call.name)
            if call.name in functions.TABLE_FUNCTIONS:
                out.keep(start, self.stream[call.first].start)
                self._table_function(out, call)
                start, place = self.stream[call.close].end, call.close + 1
            elif call.name == "AI.GENERATE" and (schema := self._output_schema(call)) is not None:
                out.keep(start, self.stream[call.first].start)
                out.add(f"`{schema}`", self.stream[call.first].start)
                start, place = self.stream[call.open].start, call.open
            else:
                place = call.open
        out.keep(start, end)

    def _one_quoted_name(self, place: int) -> list[str] | None:
        """The parts of a name such as `p.d.t` in one pair of backticks, where it names a table, model or connection."""
        token = self.stream[place]
        if token.kind != "quoted" or "." not in token.text:
            return None
        parts = token.name.split(".")
        known = (
            self.warehouse.table(tuple(parts)) is not None or self.warehouse.full(tuple(parts)) in self.warehouse.models
        )
        return parts if known else None

    def _call_at(self, place: int, last: int) -> _Call | None:
        token = self.stream[place]
        if token.kind not in ("name", "quoted") or (place and self.stream[place - 1].text == "."):
            return None
        names, after = [token.name.upper()], place + 1
        while after + 1 < last and self.stream[after].text == "." and self.stream[after + 1].kind in ("name", "quoted"):
            names.append(self.stream[after + 1].name.upper())
            after += 2
        name = ".".join(names)
        if name.startswith("SAFE."):
            name = name.removeprefix("SAFE.")
        if after >= last or self.stream[after].text != "(":
            return None
        if name not in functions.TABLE_FUNCTIONS and name not in functions.SCALARS:
            return None
        return _Call(name, place, after, self._closing(after))

    def _closing(self, opening: int) -> int:
        depth = 0
        for place in range(opening, len(self.stream)):
            if self.stream[place].text in "([" and self.stream[place].kind == "operator":
                depth += 1
            elif self.stream[place].text in ")]" and self.stream[place].kind == "operator":
                depth -= 1
                if depth == 0:
                    return place
        raise SqlError("Syntax error: a parenthesis is not closed", self.stream[opening].start)

    def _arguments(self, opening: int, closing: int) -> list[range]:
        """The places of each argument's tokens, commas within brackets left alone."""
        found, first, depth, angles = [], opening + 1, 0, 0
        for place in range(opening + 1, closing):
            text, kind = self.stream[place].text, self.stream[place].kind
            if kind != "operator":
                continue
            if text in ("(", "["):
                depth += 1
            elif text in (")", "]"):
                depth -= 1
            elif text == "<" and self.stream[place - 1].upper in ("STRUCT", "ARRAY"):
                angles += 1
            elif text in (">", ">>") and angles:
                angles = max(0, angles - len(text))
            elif text == "," and depth == 0 and angles == 0:
                found.append(range(first, place))
                first = place + 1
        if first < closing:
            found.append(range(first, closing))
        return found

    def _text(self, places: range) -> str:
        return self.sql[self.stream[places[0]].start : self.stream[places[-1]].end] if len(places) else ""

    def _copy_argument(self, out: Edited, places: range) -> None:
        self.copy(out, self.stream[places[0]].start, self.stream[places[-1]].end, places[0], places[-1] + 1)

    def _path(self, places: Sequence[int]) -> tuple[str, ...]:
        return tuple(
            re.sub(r"[`\s]", "", self.sql[self.stream[places[0]].start : self.stream[places[-1]].end]).split(".")
        )

    def _starts_with(self, places: range, word: str) -> bool:
        return len(places) > 1 and self.stream[places[0]].upper == word and self.stream[places[0]].kind == "name"

    # --------------------------------------------------------------------------------------------------- functions

    def _table_function(self, out: Edited, call: _Call) -> None:
        arguments = self._arguments(call.open, call.close)
        if call.name in functions.MODEL_CALLS:
            self._model_call(out, call, arguments)
        elif call.name == "VECTOR_SEARCH":
            self._vector_search(out, call, arguments)
        elif call.name == "VECTOR_INDEX.STATISTICS":
            self._index_statistics(out, call, arguments)
        elif call.name == "OBJ.LIST":
            self._object_list(out, call, arguments)
        else:
            self._object_transform(out, call, arguments)

    def _model_call(self, out: Edited, call: _Call, arguments: list[range]) -> None:
        at = self.stream[call.first].start
        declared = functions.MODEL_CALLS[call.name]
        if len(arguments) not in (2, 3):
            raise SqlError(
                f"{call.name} takes MODEL, a table or query, and STRUCT(...), not {len(arguments)} arguments", at
            )
        model = self._model(call.name, declared, arguments[0])
        relation = arguments[1]
        if declared.object_table:
            self._require_object_table(call.name, relation)
        given = self._options(call.name, declared, arguments[2] if len(arguments) == 3 else None, at)
        literals = {name: _literal(self._text(places)) for name, places in given.items()}
        try:
            adds = functions.columns_added(call.name, literals, model.outputs)
        except sqltypes.UnknownType as wrong:
            raise SqlError(f"{call.name}: output_schema is wrong: {wrong}", at) from wrong
        if call.name == "ML.PREDICT" and not model.outputs_known:
            raise SqlError(
                f"ML.PREDICT: the columns of model {model.path} are unknown; an imported model's output is in its file. "
                "Declare it in answers.py",
                at,
            )
        out.add("(SELECT * FROM ", at)
        self._relation(out, relation, call.name)
        out.add(" AS `input`", at)
        if adds:
            columns = ", ".join(f"CAST(NULL AS {words}) AS `{name}`" for name, words in adds.items())
            out.add(f" CROSS JOIN (SELECT {columns}) AS `output`", at)
        out.add(" WHERE TRUE", at)
        for name in declared.input:
            if self._is_object_table(relation):
                continue
            out.add(f" AND `{call.name} input`({name} => `input`.{name})", self.stream[relation[0]].start)
            self.made.functions[f"{call.name} input"] = functions.declared_checkers()[f"{call.name} input"]
        if given:
            self._check_options(out, f"{call.name} options", given)
        out.add(")", at)

    def _model(self, function: str, declared: functions.ModelCall, places: range) -> Model:
        at = self.stream[places[0]].start
        if not self._starts_with(places, "MODEL"):
            raise SqlError(f"{function}: the first argument must be MODEL followed by the model's name", at)
        names = self._path(places[1:])
        path = self.warehouse.full(names)
        model = self.warehouse.models.get(path or "")
        if model is None:
            raise SqlError(f"Model not found: {'.'.join(names)}", self.stream[places[1]].start)
        if model.kind not in declared.models:
            wanted = " or ".join(functions.MODEL_KINDS[kind] for kind in declared.models)
            raise SqlError(
                f"{function} needs {wanted}; {model.path} is {functions.MODEL_KINDS[model.kind]}",
                self.stream[places[1]].start,
            )
        return model

    def _options(self, function: str, declared: functions.ModelCall, places: range | None, at: int) -> dict[str, range]:
        given: dict[str, range] = {}
        if places is not None:
            at = self.stream[places[0]].start
            if self.stream[places[0]].upper != "STRUCT" or self.stream[places[0] + 1].text != "(":
                raise SqlError(f"{function}: the third argument must be STRUCT(value AS option, ...)", at)
            for each in self._arguments(places[0] + 1, places[-1]):
                if len(each) < 3 or self.stream[each[-2]].upper != "AS":
                    raise SqlError(
                        f"{function}: `{self._text(each)}` has no name; write value AS option",
                        self.stream[each[0]].start,
                    )
                name = self.stream[each[-1]].name.lower()
                if name not in declared.options:
                    known = ", ".join(sorted(declared.options)) or "none"
                    raise SqlError(f"{function} has no option `{name}`; it has: {known}", self.stream[each[-1]].start)
                if name in given:
                    raise SqlError(f"{function}: option `{name}` is given twice", self.stream[each[-1]].start)
                given[name] = each[:-2]
        for name in declared.required_options:
            if name not in given:
                raise SqlError(f"{function} needs the option `{name}`", at)
        if "model_params" in given and set(given) - {"model_params", "request_type"}:
            raise SqlError(f"{function}: model_params excludes every other model option", at)
        if "vision_features" in given:
            for place in given["vision_features"]:
                token = self.stream[place]
                if token.kind == "string" and _literal(token.text).upper() not in functions.VISION_FEATURES:
                    raise SqlError(f"{function} has no vision feature {token.text}", token.start)
        return given

    def _check_options(self, out: Edited, checker: str, given: dict[str, range]) -> None:
        self.made.functions[checker] = functions.declared_checkers()[checker]
        first = next(iter(given.values()))
        out.add(f" AND `{checker}`(", self.stream[first[0]].start)
        for number, (name, places) in enumerate(given.items()):
            out.add(f"{', ' if number else ''}{name} => ", self.stream[places[0]].start)
            self._copy_argument(out, places)
        out.add(")", self.stream[first[0]].start)

    def _relation(self, out: Edited, places: range, function: str) -> None:
        if self._starts_with(places, "TABLE"):
            self._copy_argument(out, places[1:])
        elif self.stream[places[0]].text == "(" and self._closing(places[0]) == places[-1]:
            self._copy_argument(out, places)
        else:
            raise SqlError(f"{function}: give the rows as TABLE name or as (query)", self.stream[places[0]].start)

    def _is_object_table(self, places: range) -> bool:
        if not self._starts_with(places, "TABLE"):
            return False
        table = self.warehouse.table(self._path(places[1:]))
        return table is not None and table.is_object_table

    def _require_object_table(self, function: str, places: range) -> None:
        if not self._starts_with(places, "TABLE"):
            raise SqlError(
                f"{function} takes an object table by name (TABLE ...), no query: filter on its result",
                self.stream[places[0]].start,
            )
        names = self._path(places[1:])
        table = self.warehouse.table(names)
        if table is None:
            raise SqlError(f"Table not found: {'.'.join(names)}", self.stream[places[1]].start)
        if not table.is_object_table:
            raise SqlError(f"{function} needs an object table; {table.path} is none", self.stream[places[1]].start)

    def _vector_search(self, out: Edited, call: _Call, arguments: list[range]) -> None:
        """VECTOR_SEARCH(base, 'column', query, ...): `query` and `base` are structs of the columns of the two relations."""
        at = self.stream[call.first].start
        positional = [each for each in arguments if not self._is_named(each)]
        named = {self.stream[each[0]].name.lower(): each[2:] for each in arguments if self._is_named(each)}
        by_value = "query_value" in named
        if len(positional) != (2 if by_value else 3):
            raise SqlError(
                "VECTOR_SEARCH takes the base table, the column to search, the query table, then named options", at
            )
        base, column = positional[0], positional[1]
        if len(column) != 1 or self.stream[column[0]].kind != "string":
            raise SqlError("VECTOR_SEARCH: the column to search must be a string literal", self.stream[column[0]].start)
        for name in named:
            if name not in functions.VECTOR_SEARCH_OPTIONS:
                raise SqlError(f"VECTOR_SEARCH has no argument `{name}`", self.stream[named[name][0] - 2].start)
        distance = named.get("distance_type")
        if distance is not None and _literal(self._text(distance)).upper() not in functions.DISTANCE_TYPES:
            raise SqlError(
                f"VECTOR_SEARCH: distance_type is one of {', '.join(sorted(functions.DISTANCE_TYPES))}",
                self.stream[distance[0]].start,
            )
        base_column = _literal(self._text(column))
        query_column = (
            _literal(self._text(named["query_column_to_search"])) if "query_column_to_search" in named else None
        )
        out.add("(SELECT ", at)
        if not by_value:
            out.add("`query`, ", at)
        out.add("`base`, CAST(NULL AS FLOAT64) AS distance FROM (SELECT * FROM ", at)
        self._relation(out, base, call.name)
        out.add(") AS `base`", at)
        if not by_value:
            out.add(" CROSS JOIN (SELECT * FROM ", at)
            self._relation(out, positional[2], call.name)
            out.add(") AS `query`", at)
        checkers = functions.declared_checkers()
        self.made.functions["VECTOR_SEARCH base column"] = checkers["VECTOR_SEARCH base column"]
        where = self.stream[column[0]].start
        out.add(f" WHERE `VECTOR_SEARCH base column`(column_to_search => `base`.`{base_column}`)", where)
        if query_column is not None and not by_value:
            self.made.functions["VECTOR_SEARCH query column"] = checkers["VECTOR_SEARCH query column"]
            where = self.stream[named["query_column_to_search"][0]].start
            out.add(f" AND `VECTOR_SEARCH query column`(query_column_to_search => `query`.`{query_column}`)", where)
        if named:
            self._check_options(out, "VECTOR_SEARCH options", named)
        out.add(")", at)

    def _index_statistics(self, out: Edited, call: _Call, arguments: list[range]) -> None:
        """VECTOR_INDEX.STATISTICS(TABLE name): one FLOAT64, whose name the page does not give."""
        at = self.stream[call.first].start
        if len(arguments) != 1 or not self._starts_with(arguments[0], "TABLE"):
            raise SqlError("VECTOR_INDEX.STATISTICS takes TABLE name", at)
        out.add("(SELECT CAST(NULL AS FLOAT64) AS `drift` FROM ", at)
        self._relation(out, arguments[0], call.name)
        out.add(")", at)

    def _is_named(self, places: range) -> bool:
        return len(places) > 2 and self.stream[places[0] + 1].text == "=>"

    def _object_list(self, out: Edited, call: _Call, arguments: list[range]) -> None:
        at = self.stream[call.first].start
        if not arguments or len(arguments[0]) != 1 or self.stream[arguments[0][0]].kind != "string":
            raise SqlError("OBJ.LIST: the URI must be a string literal", at)
        uri = _literal(self._text(arguments[0]))
        if uri.endswith("/") or "//" in uri.removeprefix("gs://"):
            raise SqlError(
                f"OBJ.LIST: '{uri}' may neither end in a slash nor hold two in a row",
                self.stream[arguments[0][0]].start,
            )
        self.made.functions["OBJ.LIST arguments"] = functions.declared_checkers()["OBJ.LIST arguments"]
        columns = ", ".join(f"CAST(NULL AS {words}) AS `{name}`" for name, words in functions.OBJECT_TABLE.items())
        out.add(f"(SELECT * FROM (SELECT {columns}) WHERE `OBJ.LIST arguments`(", at)
        for number, places in enumerate(arguments):
            out.add(", " if number else "", at)
            self._copy_argument(out, places)
        out.add("))", at)

    def _object_transform(self, out: Edited, call: _Call, arguments: list[range]) -> None:
        at = self.stream[call.first].start
        if len(arguments) != 2:
            raise SqlError("EXTERNAL_OBJECT_TRANSFORM takes TABLE name and ['SIGNED_URL']", at)
        self._require_object_table(call.name, arguments[0])
        name = f"{call.name} arguments"
        self.made.functions[name] = functions.declared_checkers()[name]
        out.add("(SELECT `input`.*, CAST(NULL AS STRING) AS signed_url FROM ", at)
        self._relation(out, arguments[0], call.name)
        out.add(f" AS `input` WHERE `{name}`(", at)
        self._copy_argument(out, arguments[1])
        out.add("))", at)

    def _output_schema(self, call: _Call) -> str | None:
        """AI.GENERATE with `output_schema`: a function of its own with the struct that the schema names."""
        for each in self._arguments(call.open, call.close):
            if self._is_named(each) and self.stream[each[0]].name.lower() == "output_schema":
                words = each[2:]
                if len(words) != 1 or self.stream[words[0]].kind != "string":
                    raise SqlError("AI.GENERATE: output_schema must be a string literal", self.stream[words[0]].start)
                try:
                    columns = functions.output_schema(_literal(self._text(words)))
                except sqltypes.UnknownType as wrong:
                    raise SqlError(
                        f"AI.GENERATE: output_schema is wrong: {wrong}", self.stream[words[0]].start
                    ) from wrong
                name = f"AI.GENERATE {len(self.made.functions) + 1}"
                fields = ", ".join(f"{key} {value}" for key, value in columns.items())
                returns = f"STRUCT<{fields}, full_response JSON, status STRING>"
                declared = functions.SCALARS["AI.GENERATE"]
                signatures = tuple((arguments, returns) for arguments, _ in declared.signatures)
                self.made.functions[name] = functions.declare(name, functions.Scalar(declared.page, signatures))
                return name
        return None


def _literal(text: str) -> str:
    """A literal's value as far as it is needed here: a string without its quotes, anything else as it is."""
    for quote in ('"""', "'''", '"', "'"):
        if len(text) >= 2 * len(quote) and text.endswith(quote):
            start = text.find(quote)
            if (start <= 2 and text[:start].isalpha()) or start == 0:
                return text[start + len(quote) : -len(quote)]
    return text
