"""Column lineage of one SQL query: which personal columns each of its columns may hold.

The query is parsed by sqlglot and read scope by scope. The answer errs on the side of more: what cannot be distinguished
counts as everything that is in reach, and what cannot be read at all counts as every personal column upstream.

* A name is every column of this name in scope, the whole row of a relation of this name, and an alias of the same list.
* A star inside a function, ``columns(…)`` of a lambda, ``pivot``, a table function and the like count as every column of
  the relations in scope. ``columns('…')``, ``unpivot`` and the field of a row are resolved where all columns are known.
* Unions are the union of all branches, position by position; column lists rename by position. The rows of ``intersect`` and
  ``except`` are rows of the left side.
* A relation that is not among those given, and a function that the engine does not bring, count as everything.

Not followed is what chooses or orders rows and writes no value: ``where``, ``on``, ``group by``, the order, partition and filter
of an aggregate or a window, ``count``, and whether a column is NULL.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field

import sqlglot
from sqlglot import exp
from sqlglot.errors import SqlglotError

from lakeweave.errors import NotUnderstoodError

Origins = frozenset[str]
NOTHING: Origins = frozenset()

JINJA = "__jinja__"
"""Replaces a Jinja expression in the SQL of a file. Its arguments are the names in the expression."""

DEEPEST = 400
"""Nested nodes of a query that are followed; deeper ones are not understood."""

_SET_OPERATION_ARGS = {
    "this",
    "expression",
    "with_",
    "distinct",
    "by_name",
    "order",
    "limit",
    "offset",
    "fetch",
    "locks",
}
_SELECT_ARGS = {
    "with_", "expressions", "distinct", "from_", "joins", "laterals", "where", "group", "having", "qualify", "windows",
    "order", "limit", "offset", "fetch", "sample", "hint", "cluster", "distribute", "sort", "kind", "operation_modifiers",
}  # fmt: skip
_TABLE_ARGS = {"this", "db", "catalog", "alias", "joins", "sample", "only", "when", "laterals", "hints"}
_SUBQUERY_ARGS = {"this", "alias", "with_", "joins", "sample", "laterals", "order", "limit", "offset"}
_JOIN_ARGS = {"this", "on", "using", "side", "kind", "method", "global_", "hint", "match_condition"}
_ROW_SOURCES = {
    "range",
    "generate_series",
    "unnest",
    "explode",
    "explode_outer",
    "posexplode",
    "posexplode_outer",
    "flatten",
}
_READ_BY_TEXT = {"identifier", "getvariable", "query", "query_table"}
"""Functions whose text is a name or SQL, or that read what the query does not show."""
_ENGINE_SCHEMAS = {"safe", "net", "keys", "aead", "hll_count", "kll_quantiles", "obj", "ai", "ml"}
"""Prefixes of BigQuery's own functions."""
_ARRANGED = (
    exp.ArrayAgg, exp.GroupConcat, exp.First, exp.Last, exp.AnyValue, exp.FirstValue, exp.LastValue, exp.NthValue,
    exp.ArrayConcatAgg, exp.JSONArrayAgg, exp.Min, exp.Max, exp.Sum, exp.ArgMax, exp.ArgMin,
)  # fmt: skip
"""Aggregates whose order arranges their argument. To others, such as `quantile_disc(0.5 order by x)`, it is the argument."""
#: Patterns that DuckDB's RE2 and Python's re read alike; the latter may match more, never less.
_SIMPLE_PATTERN = re.compile(r"[\w ^$.*|()-]*")
_UNREADABLE = (exp.PositionalColumn, exp.Placeholder, exp.Parameter, exp.SessionParameter, exp.Command)
_ROW_GENERATORS = (exp.Explode, exp.Unnest, exp.Posexplode, exp.Inline, exp.Columns, exp.Star, exp.Aliases, exp.UDTF)


@dataclass(frozen=True)
class Relation:
    """Columns in order, each with its origins. ``rest`` is what columns without a known name may hold."""

    columns: tuple[tuple[str, Origins], ...] = ()
    rest: Origins = NOTHING
    open: bool = False
    """Whether there may be columns that are not listed."""
    cleared: frozenset[str] = frozenset()
    """Columns that are declared to be harmless, ``rest`` or not."""

    @classmethod
    def unknown(cls, rest: Origins) -> Relation:
        """A relation of which no column is known."""
        return cls((), rest, True)

    @property
    def all(self) -> Origins:
        """What any column may hold."""
        return self.rest.union(*(origins for _, origins in self.columns))

    def find(self, name: str) -> Origins | None:
        """What the column ``name`` may hold; None where there is none."""
        if name in self.cleared:
            return NOTHING
        found = [origins for known, origins in self.columns if known == name]
        if not found and not self.open:
            return None
        return (self.rest if self.open else NOTHING).union(*found)

    def renamed(self, names: Sequence[str]) -> Relation:
        """With other names for the first columns."""
        if not names:
            return self
        if self.open or len(names) > len(self.columns):
            return Relation(tuple((name, self.all) for name in names), self.all, self.open)
        return Relation(
            tuple((names[i] if i < len(names) else name, origins) for i, (name, origins) in enumerate(self.columns)),
            self.rest,
        )


@dataclass
class Scope:
    """The relations that a query's names may mean, by alias, and the scope around it."""

    outer: Scope | None
    tables: dict[str, Relation]
    """CTEs in reach."""
    sources: dict[str, Relation] = field(default_factory=dict)
    aliases: dict[str, Origins] = field(default_factory=dict)
    """Columns of the same select list, by alias."""

    @property
    def all(self) -> Origins:
        """Everything in reach, the scopes around included."""
        own = NOTHING.union(*(source.all for source in self.sources.values()), *self.aliases.values())
        return own | (self.outer.all if self.outer else NOTHING)

    @property
    def own(self) -> Relation:
        """All columns of all relations of this scope, in order."""
        sources = list(self.sources.values())
        return Relation(
            tuple(column for source in sources for column in source.columns),
            NOTHING.union(*(source.rest for source in sources)),
            any(source.open for source in sources),
        )


class Lineage:
    """Reads queries of one engine against known relations."""

    def __init__(
        self,
        dialect: str,
        relation: Callable[[str, str, str], Relation | None],
        everything: Origins,
        functions: Iterable[str] | None = None,
    ) -> None:
        """Read for ``dialect``.

        ``relation`` gives a relation by catalog, schema and name (lower case, catalog and schema maybe empty), or None.
        ``everything`` is every personal column upstream. ``functions`` are the functions that the engine brings; None where
        no list is at hand, and then a function that sqlglot does not know counts only by its arguments.
        """
        self._dialect, self._relation, self._everything = dialect, relation, everything
        self._functions = None if functions is None else frozenset(functions)

    def read(self, sql: str) -> Relation:
        """The columns that ``sql`` gives.

        Raises:
            NotUnderstoodError: it is not one query.
        """
        try:
            statements = [each for each in sqlglot.parse(sql, dialect=self._dialect) if each is not None]
        except (SqlglotError, RecursionError) as error:
            words = str(error).splitlines() or [type(error).__name__]
            raise NotUnderstoodError(f"sqlglot cannot parse it: {words[0][:200]}") from None
        if len(statements) != 1:
            raise NotUnderstoodError(f"it is {len(statements)} statements; expected one query.")
        try:
            return self._query(statements[0], Scope(None, {}))
        except RecursionError:
            raise NotUnderstoodError("it is nested too deeply.") from None

    # Queries

    def _query(self, node: exp.Expr, outer: Scope) -> Relation:
        if isinstance(node, exp.Subquery | exp.Paren) and not _extra(node, {"this", "with_"}):
            inner = self._with(node, outer)
            return self._query(node.this, inner)
        if isinstance(node, exp.Subquery):
            return self._subquery(node, outer)
        if isinstance(node, exp.SetOperation):
            return self._set_operation(node, outer)
        if isinstance(node, exp.Select):
            return self._select(node, outer)
        if isinstance(node, exp.Values):
            return self._values(node, outer)
        if isinstance(node, exp.Table):
            return self._table(node, outer)
        if isinstance(node, exp.Pivot) and isinstance(node.this, exp.Table):
            unpivoted = self._unpivoted(node, self._table(node.this, outer))
            if unpivoted is not None:
                return unpivoted
        return self._opaque(node, outer)

    def _with(self, node: exp.Expr, outer: Scope) -> Scope:
        clause = node.args.get("with_")
        if clause is None:
            return outer
        scope = Scope(outer, dict(outer.tables))
        for cte in clause.expressions:
            name, columns = _lower(cte.alias), [_lower(column.name) for column in _alias_columns(cte)]
            recursive = bool(clause.args.get("recursive"))
            if recursive:
                scope.tables[name] = Relation(tuple((column, NOTHING) for column in columns))
                for _ in range(DEEPEST):
                    read = self._query(cte.this, scope).renamed(columns)
                    if read == scope.tables[name]:
                        break
                    scope.tables[name] = read
                else:
                    scope.tables[name] = Relation.unknown(self._everything)
            else:
                scope.tables[name] = self._query(cte.this, scope).renamed(columns)
            if _extra(cte, {"this", "alias", "materialized", "scalar"}) or cte.args.get("scalar"):
                scope.tables[name] = Relation.unknown(scope.tables[name].all | self._everything)
        return scope

    def _set_operation(self, node: exp.SetOperation, outer: Scope) -> Relation:
        scope = self._with(node, outer)
        left, right = self._query(node.this, scope), self._query(node.expression, scope)
        both = left.all | right.all
        if _extra(node, _SET_OPERATION_ARGS):
            return Relation.unknown(both)
        if isinstance(node, exp.Intersect | exp.Except):
            return left
        if node.args.get("by_name"):
            names = list(dict.fromkeys(name for name, _ in (*left.columns, *right.columns)))
            columns = [(name, (left.find(name) or NOTHING) | (right.find(name) or NOTHING)) for name in names]
            return Relation(tuple(columns), left.rest | right.rest, left.open or right.open)
        if left.open or right.open or len(left.columns) != len(right.columns):
            return Relation(tuple((name, both) for name, _ in left.columns), both, True)
        pairs = zip(left.columns, right.columns, strict=True)
        return Relation(tuple((name, mine | theirs) for (name, mine), (_, theirs) in pairs))

    def _select(self, node: exp.Select, outer: Scope) -> Relation:
        around = self._with(node, outer)
        scope = Scope(around, around.tables)
        if (source := node.args.get("from_")) is not None:
            self._add(source.this, scope)
        for part in (*(node.args.get("joins") or []), *(node.args.get("laterals") or [])):
            self._add(part, scope)
        read = self._items(node.expressions, scope)
        if _extra(node, _SELECT_ARGS) or node.args.get("kind"):
            return Relation(read.columns, read.all | scope.all, True)
        return read

    def _items(self, items: Sequence[exp.Expr], scope: Scope) -> Relation:
        columns: list[tuple[str, Origins]] = []
        rest, is_open = NOTHING, False
        for item in items:
            if isinstance(item, exp.Star) or (isinstance(item, exp.Column) and isinstance(item.this, exp.Star)):
                read = self._star(item, scope)
                columns.extend(read.columns)
                rest, is_open = rest | read.rest, is_open or read.open
                continue
            spread = self._spread(item, scope)
            if spread is not None:
                columns.extend(spread.columns)
                continue
            origins = self._value(item, scope)
            name = _lower(item.output_name or item.alias_or_name)
            if name:
                columns.append((name, origins))
                scope.aliases[name] = scope.aliases.get(name, NOTHING) | origins
            # Only an alias and a bare column have a name that is certain, and some functions give several columns.
            if not isinstance(item, exp.Alias | exp.Column) or any(item.find_all(*_ROW_GENERATORS)):
                rest, is_open = rest | origins, True
        return Relation(tuple(columns), rest, is_open)

    def _spread(self, item: exp.Expr, scope: Scope) -> Relation | None:
        """The columns of ``columns(*)`` and of ``unnest(relation)`` in a select list, where they are known; None elsewhere."""
        if self._dialect != "duckdb":
            return None
        read = None
        if isinstance(item, exp.Columns) and isinstance(item.this, exp.Star) and not _extra(item, {"this"}):
            read = self._star(item.this, scope)
        elif isinstance(item, exp.Explode) and not _extra(item, {"this"}):
            read = self._row(item.this, scope)
        return read if read is not None and _is_plain(read) else None

    def _row(self, node: exp.Expr, scope: Scope) -> Relation | None:
        """The relation whose whole row an expression is; None where it may be something else."""
        while isinstance(node, exp.Paren):
            node = node.this
        if not isinstance(node, exp.Column) or len(node.parts) != 1 or isinstance(node.this, exp.Star):
            return None
        name = _lower(node.name)
        is_column = self._named(name, scope, rows=False) is not None
        return None if is_column else self._source(name, scope)

    def _star(self, item: exp.Expr, scope: Scope) -> Relation:
        star = item.this if isinstance(item, exp.Column) else item
        if isinstance(item, exp.Column):
            alias = _lower(item.table)
            source = self._source(alias, scope)
            if source is None:
                # The fields of a struct, or a relation that is not in reach.
                return Relation.unknown(scope.all)
        else:
            source = scope.own
        if _extra(star, {"except_", "replace", "rename"}):
            return Relation.unknown(scope.all)
        left_out = {_lower(each.name) for each in _listed(star.args.get("except_"))}
        columns = [(name, origins) for name, origins in source.columns if name not in left_out]
        for replaced in _listed(star.args.get("replace")):
            origins, name = self._value(replaced, scope), _lower(replaced.alias_or_name)
            columns = [(known, origins if known == name else had) for known, had in columns]
            if source.open:
                columns.append((name, origins))
        for renamed in _listed(star.args.get("rename")):
            old, new = _lower(renamed.this.name), _lower(renamed.alias_or_name)
            had = source.find(old)
            columns = [(new if known == old else known, origins) for known, origins in columns]
            if source.open:
                columns.append((new, NOTHING if had is None else had))
        return Relation(tuple(columns), source.rest, source.open)

    # Relations

    def _add(self, node: exp.Expr, scope: Scope) -> None:
        """Put what a FROM clause names into the scope."""
        if isinstance(node, exp.Join):
            using = [_lower(each.name) for each in node.args.get("using") or []]
            if _extra(node, _JOIN_ARGS):
                scope.sources[f" {len(scope.sources)}"] = Relation.unknown(self._opaque(node, scope).all)
            self._add(node.this, scope)
            for name in using:
                scope.aliases[name] = NOTHING.union(
                    *(source.find(name) or NOTHING for source in scope.sources.values())
                )
            return
        if isinstance(node, exp.Table):
            read = self._table(node, scope)
        elif isinstance(node, exp.Subquery):
            read = self._subquery(node, scope)
        elif isinstance(node, exp.Values):
            read = self._values(node, scope)
        elif isinstance(node, exp.Paren):
            self._add(node.this, scope)
            return
        elif isinstance(node, exp.Lateral) and isinstance(node.this, exp.Subquery):
            inner = self._query(node.this, scope)
            read = inner.renamed([_lower(each.name) for each in _alias_columns(node)])
        elif isinstance(node, exp.Unnest) or (isinstance(node, exp.Lateral) and not node.find(exp.Query)):
            names = [_lower(each.name) for each in _alias_columns(node)]
            origins = self._value_of_parts(node, scope)
            read = Relation(tuple((name, origins) for name in names), origins, True)
        else:
            read = self._opaque(node, scope)
        alias = _lower(_pivot_alias(node) or node.alias_or_name) or f" {len(scope.sources)}"
        if alias in scope.sources:
            had = scope.sources[alias]
            read = Relation((*had.columns, *read.columns), had.rest | read.rest, had.open or read.open)
        scope.sources[alias] = read
        for part in (*(node.args.get("joins") or []), *(node.args.get("laterals") or [])):
            self._add(part, scope)

    def _table(self, node: exp.Table, scope: Scope) -> Relation:
        columns = [_lower(each.name) for each in _alias_columns(node)]
        inner = node.this
        if isinstance(inner, exp.Identifier):
            name, schema, catalog = _lower(node.name), _lower(node.db), _lower(node.catalog)
            read = scope.tables.get(name) if not schema else None
            if read is None:
                read = self._relation(catalog, schema, name)
            if read is None:
                read = Relation.unknown(self._everything)
        elif isinstance(inner, exp.Func) and _function_name(inner) in _ROW_SOURCES:
            read = Relation.unknown(self._value(inner, scope))
            if not read.rest:
                return read
        else:
            read = Relation.unknown(self._everything | self._opaque(inner, scope).all)
        pivots = node.args.get("pivots") or []
        unpivoted = self._unpivoted(pivots[0], read) if len(pivots) == 1 and not columns else None
        if unpivoted is not None and not _extra(node, {*_TABLE_ARGS, "pivots"}):
            return unpivoted
        if _extra(node, _TABLE_ARGS):
            # A pivot, a version of the table, and the like.
            read = Relation.unknown(read.all | self._opaque(node, scope).all)
        return read.renamed(columns)

    def _unpivoted(self, node: exp.Expr, source: Relation) -> Relation | None:
        """What ``unpivot`` makes of a relation: a column of names, columns of values, and the columns that are not listed.

        None where not all of it is known. The names of columns are no personal data as long as all of them are known.
        """
        if not isinstance(node, exp.Pivot) or not node.args.get("unpivot") or not _is_plain(source):
            return None
        if _extra(node, {"this", "expressions", "fields", "into", "unpivot", "include_nulls", "alias"}):
            return None
        into, fields = node.args.get("into"), node.args.get("fields") or []
        if fields:
            if len(fields) != 1 or not isinstance(fields[0], exp.In) or into is not None:
                return None
            name, values, listed = _lower(fields[0].this.name), node.expressions, fields[0].expressions
        else:
            name = _lower(into.this.name) if into is not None else "name"
            values = list(into.expressions) if into is not None else [exp.to_identifier("value")]
            listed = node.expressions
        taken: list[str] = []
        for each in listed:
            names = _unpivoted_names(each, source)
            if names is None:
                return None
            taken += names
        named = [part for value in values for part in (value.expressions if isinstance(value, exp.Tuple) else [value])]
        if not named or not all(isinstance(value, exp.Identifier | exp.Column) for value in named):
            return None
        origins = NOTHING.union(*(source.find(each) or NOTHING for each in taken))
        kept = [column for column in source.columns if column[0] not in taken]
        read = Relation((*kept, (name, NOTHING), *((_lower(value.name), origins) for value in named)))
        return read.renamed([_lower(each.name) for each in _alias_columns(node)])

    def _subquery(self, node: exp.Subquery, outer: Scope) -> Relation:
        scope = self._with(node, outer)
        if not isinstance(node.this, exp.Query | exp.Table | exp.Values | exp.Paren):
            read = self._query(node.this, scope)
        elif isinstance(node.this, exp.Table) or node.args.get("joins"):
            # A join in parentheses.
            inner = Scope(scope, scope.tables)
            self._add(node.this, inner)
            read = inner.own
        else:
            read = self._query(node.this, scope)
        if _extra(node, _SUBQUERY_ARGS):
            read = Relation.unknown(read.all | self._opaque(node, scope).all)
        return read.renamed([_lower(each.name) for each in _alias_columns(node)])

    def _values(self, node: exp.Values, scope: Scope) -> Relation:
        origins = self._value_of_parts(node, scope)
        names = [_lower(each.name) for each in _alias_columns(node)]
        return Relation(tuple((name, origins) for name in names), origins, True)

    def _opaque(self, node: exp.Expr, scope: Scope) -> Relation:
        """What is not understood: everything that its parts could hold."""
        found = self._value_of_parts(node, scope)
        for table in node.find_all(exp.Table):
            if isinstance(table.this, exp.Identifier):
                name, schema = _lower(table.name), _lower(table.db)
                known = scope.tables.get(name) if not schema else None
                known = known or self._relation(_lower(table.catalog), schema, name)
                found |= known.all if known is not None else self._everything
            else:
                found |= self._everything
        if node.find(exp.Query) and not isinstance(node, exp.Query):
            found |= self._everything
        if isinstance(node, exp.Command):
            found |= self._everything
        return Relation.unknown(found)

    # Values

    def _value(self, node: exp.Expr, scope: Scope) -> Origins:
        """What an expression may hold."""
        if isinstance(node, exp.Query):
            return self._query(node, scope).all
        if isinstance(node, exp.Column) and not _is_parameter(node):
            return self._column(node, scope)
        if isinstance(node, exp.Count) or _asks_for_null(node):
            return NOTHING
        if isinstance(node, exp.Columns) and (matched := self._matched(node, scope)) is not None:
            return matched
        if isinstance(node, exp.Star | exp.Columns):
            return scope.all
        if isinstance(node, exp.Window | exp.Filter) or (isinstance(node, exp.Order) and _only_arranges(node)):
            return self._value(node.this, scope)
        if isinstance(node, exp.ToMap):
            return self._map(node.this, scope)
        if isinstance(node, exp.ArgMax | exp.ArgMin) and not _extra(node, {"this", "expression"}):
            return self._value(node.this, scope)
        if (field_of := self._field(node, scope)) is not None:
            return field_of
        if isinstance(node, _UNREADABLE):
            return self._everything
        if isinstance(node, exp.Table):
            return self._table(node, scope).all
        if isinstance(node, exp.Identifier | exp.Column) and _is_parameter(node):
            return NOTHING  # the list that it goes through counts
        if isinstance(node, exp.PropertyEQ):
            return self._value(node.expression, scope)
        if isinstance(node, exp.Lambda):
            return self._value(node.this, scope)
        if isinstance(node, exp.Comprehension):
            parts = (node.args.get(name) for name in ("this", "iterator", "condition"))
            return NOTHING.union(*(self._value(part, scope) for part in parts if part is not None))
        if isinstance(node, exp.Identifier):
            # A key of a struct, a parameter of a lambda, or a column in a place that is not known as one.
            return self._named(_lower(node.name), scope) or NOTHING
        if isinstance(node, exp.Anonymous) and _function_name(node) == JINJA:
            columns = node.find_all(exp.Column)
            return NOTHING.union(*(self._named(_lower(each.name), scope) or NOTHING for each in columns))
        found = NOTHING
        if isinstance(node, exp.Anonymous | exp.AnonymousAggFunc | exp.CombinedAggFunc) and not self._is_known(node):
            found |= self._everything
        if isinstance(node, exp.Alias):
            return self._value(node.this, scope)
        return found | self._value_of_parts(node, scope)

    def _matched(self, node: exp.Columns, scope: Scope) -> Origins | None:
        """What ``columns('…')`` may hold: the columns of this scope whose names match, or more; None where not all are known."""
        matches = _name_test(node.this)
        if matches is None or not scope.sources or not all(_is_plain(source) for source in scope.sources.values()):
            return None
        return NOTHING.union(*(origins for name, origins in scope.own.columns if matches(name)))

    def _field(self, node: exp.Expr, scope: Scope) -> Origins | None:
        """What a field of a row, or of a struct that is written on the spot, may hold; None for anything else."""
        if isinstance(node, exp.Dot) and isinstance(node.expression, exp.Identifier):
            base, name = node.this, _lower(node.expression.name)
        elif (
            isinstance(node, exp.StructExtract)
            and isinstance(node.expression, exp.Literal)
            and node.expression.is_string
        ):
            base, name = node.this, _lower(node.expression.this)
        elif isinstance(node, exp.Bracket) and len(node.expressions) == 1 and node.expressions[0].is_string:
            base, name = node.this, _lower(node.expressions[0].this)
        else:
            return None
        while isinstance(base, exp.Paren):
            base = base.this
        if isinstance(base, exp.Struct) and all(isinstance(each, exp.PropertyEQ) for each in base.expressions):
            named = [each.expression for each in base.expressions if _lower(each.this.name) == name]
            return self._value(named[0], scope) if len(named) == 1 else None
        row = self._row(base, scope)
        return row.find(name) if row is not None and _is_plain(row) else None

    def _map(self, node: exp.Expr, scope: Scope) -> Origins:
        """What a map may hold. Its keys are expressions, unlike those of a struct."""
        pairs = node.expressions if isinstance(node, exp.Struct) else [node]
        parts = [
            part for pair in pairs for part in (pair.iter_expressions() if isinstance(pair, exp.PropertyEQ) else [pair])
        ]
        return NOTHING.union(*(self._value(part, scope) for part in parts))

    def _value_of_parts(self, node: exp.Expr, scope: Scope) -> Origins:
        return NOTHING.union(*(self._value(part, scope) for part in node.iter_expressions()))

    def _is_known(self, node: exp.Expr) -> bool:
        name = _function_name(node)
        if name in _READ_BY_TEXT or "." in name:
            return False
        if name.startswith("lakeweave_"):
            return True
        if self._functions is not None:
            return name in self._functions
        # Without a list of functions, a function of a schema is not the engine's.
        return not isinstance(node.parent, exp.Dot) or not _is_schema(node.parent.this)

    def _column(self, node: exp.Column, scope: Scope) -> Origins:
        parts = [_lower(part.name) for part in node.parts]
        if isinstance(node.this, exp.Star):
            return scope.all
        if len(parts) == 1:
            found = self._named(parts[0], scope)
        else:
            found = None
            for i in range(len(parts) - 1):
                source = self._source(parts[i], scope)
                if source is not None:
                    column = source.find(parts[i + 1])
                    found = (found or NOTHING) | (source.all if column is None else column)
            # A field of a column: the column is what counts.
            for part in parts[:-1]:
                column = self._named(part, scope, rows=False)
                found = found if column is None else (found or NOTHING) | column
        return scope.all if found is None else found

    def _named(self, name: str, scope: Scope, rows: bool = True) -> Origins | None:
        """What a bare name may mean, in this scope and in those around it; None when it is found nowhere."""
        found: list[Origins] = []
        at: Scope | None = scope
        while at is not None:
            found += [origins for source in at.sources.values() if (origins := source.find(name)) is not None]
            if name in at.aliases:
                found.append(at.aliases[name])
            if rows and name in at.sources:
                found.append(at.sources[name].all)
            at = at.outer
        return NOTHING.union(*found) if found else None

    def _source(self, alias: str, scope: Scope) -> Relation | None:
        at: Scope | None = scope
        while at is not None:
            if alias in at.sources:
                return at.sources[alias]
            at = at.outer
        return None


def _extra(node: exp.Expr, known: set[str]) -> bool:
    """Whether a node says something that is not among ``known``."""
    return any(value for name, value in node.args.items() if name not in known)


def _is_plain(read: Relation) -> bool:
    """Whether every column is known by a name of its own. DuckDB gives the second of two equal names another one."""
    return not read.open and len({name for name, _ in read.columns}) == len(read.columns) > 0


def _is_parameter(node: exp.Expr) -> bool:
    """Whether a bare name is the parameter of a lambda or of a list comprehension around it."""
    if isinstance(node, exp.Column) and len(node.parts) != 1:
        return False
    name, at = _lower(node.name), node
    while at.parent is not None and not isinstance(at.parent, exp.Query):
        around = at.parent
        if isinstance(around, exp.Lambda) and at.arg_key == "this":
            if name in (_lower(each.name) for each in around.expressions):
                return True
        elif isinstance(around, exp.Comprehension) and at.arg_key in ("this", "condition"):
            variable = around.expression
            if isinstance(variable, exp.Column | exp.Identifier) and _lower(variable.name) == name:
                return True
        at = around
    return False


def _name_test(node: exp.Expr) -> Callable[[str], bool] | None:
    """What ``columns('…')`` and ``columns(c -> c like '…')`` ask of a column's name, in any case; None where it is not read."""
    if isinstance(node, exp.Literal) and node.is_string and _SIMPLE_PATTERN.fullmatch(node.this):
        try:
            pattern = re.compile(node.this, re.IGNORECASE)
        except re.error:
            return None
        return lambda name: pattern.search(name) is not None
    if not isinstance(node, exp.Lambda) or len(node.expressions) != 1:
        return None
    test, parameter = node.this, _lower(node.expressions[0].name)
    if not isinstance(test, exp.Like | exp.ILike | exp.EQ) or _extra(test, {"this", "expression"}):
        return None
    tested, wanted = test.this, test.expression
    if not isinstance(tested, exp.Identifier | exp.Column) or _lower(tested.name) != parameter:
        return None
    if not isinstance(wanted, exp.Literal) or not wanted.is_string or not re.fullmatch(r"[\w %]*", wanted.this):
        return None
    likeness = re.escape(wanted.this) if isinstance(test, exp.EQ) else wanted.this.replace("%", ".*").replace("_", ".")
    compiled = re.compile(likeness, re.IGNORECASE | re.DOTALL)
    return lambda name: compiled.fullmatch(name) is not None


def _only_arranges(node: exp.Order) -> bool:
    """Whether an order in an aggregate gives no value."""
    return node.this is not None and isinstance(node.parent, _ARRANGED)


def _is_schema(node: exp.Expr) -> bool:
    """Whether the left side of a dot is the name of a schema, and not an expression or a prefix of the engine."""
    names = [part.name for part in node.find_all(exp.Identifier)]
    is_name = isinstance(node, exp.Identifier | exp.Column) or (
        isinstance(node, exp.Dot) and not any(node.find_all(exp.Func, exp.Paren))
    )
    return is_name and (len(names) != 1 or _lower(names[0]) not in _ENGINE_SCHEMAS)


def _asks_for_null(node: exp.Expr) -> bool:
    return isinstance(node, exp.Is) and isinstance(node.expression, exp.Null) and isinstance(node.this, exp.Column)


def _unpivoted_names(node: exp.Expr, source: Relation) -> list[str] | None:
    """The columns that a part of the list of ``unpivot`` names; None where that is not certain."""
    if isinstance(node, exp.Tuple):
        parts = [_unpivoted_names(each, source) for each in node.expressions]
        return None if None in parts else [name for part in parts for name in part or []]
    if isinstance(node, exp.Alias | exp.PivotAlias):
        return _unpivoted_names(node.this, source)
    if isinstance(node, exp.Column) and len(node.parts) == 1 and not isinstance(node.this, exp.Star):
        name = _lower(node.name)
        return [name] if source.find(name) is not None else None
    return None


def _pivot_alias(node: exp.Expr) -> str:
    pivots = node.args.get("pivots") or []
    return pivots[0].alias if len(pivots) == 1 else ""


def _alias_columns(node: exp.Expr) -> list[exp.Expr]:
    alias = node.args.get("alias")
    return list(alias.args.get("columns") or []) if isinstance(alias, exp.TableAlias) else []


def _listed(value: object) -> list[exp.Expr]:
    if value is None:
        return []
    return list(value) if isinstance(value, list | tuple) else [value]  # type: ignore[list-item]


def _function_name(node: exp.Expr) -> str:
    if isinstance(node, exp.Anonymous | exp.AnonymousAggFunc | exp.CombinedAggFunc):
        return str(node.this if isinstance(node.this, str) else node.name).lower()
    return node.sql_name().lower() if isinstance(node, exp.Func) else ""


def _lower(name: str | None) -> str:
    return (name or "").lower()


def origins_of(read: Relation, column: str) -> Origins:
    """What the column ``column`` of a query may hold.

    Raises:
        NotUnderstoodError: the query does not give such a column, as far as it is understood.
    """
    found = read.find(column.lower())
    if found is None:
        raise NotUnderstoodError(f"no column `{column}` is found in what it gives.")
    return found


def lookup(known: Mapping[tuple[str, str], Relation]) -> Callable[[str, str, str], Relation | None]:
    """A function that finds relations by schema and name."""

    def find(_catalog: str, schema: str, name: str) -> Relation | None:
        return known.get((schema, name))

    return find
