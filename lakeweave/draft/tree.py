"""The one thing that a draft's SQL may be: a select over relations that it names by ``ref``, checked as a tree.

The template is checked before dbt renders it, and the compiled statement before it is built. Whatever wrote the template, a
statement, a function that reads files, a macro or a relation that is not in the lists below is refused.
"""

from __future__ import annotations

import re
from collections.abc import Iterable

import jinja2
import sqlglot
from jinja2 import nodes
from sqlglot import exp
from sqlglot.errors import SqlglotError

MACROS = frozenset({
    "lakeweave.one_row_per_key", "lakeweave.newest_records", "lakeweave.account_columns", "lakeweave.to_integer",
    "lakeweave.to_float",
    "lakeweave.to_money", "lakeweave.to_boolean", "lakeweave.parse_timestamp", "lakeweave.standardize", "lakeweave.as_of",
    "lakeweave.setting", "lakeweave.convert_to_usd", "lakeweave.type_double", "dbt.type_bigint", "dbt.type_string",
    "dbt.type_numeric",
    "dbt.type_timestamp", "dbt.datediff", "dbt.date_trunc", "ref",
})  # fmt: skip
"""What a template may call."""
_LITERAL_ARGUMENTS = re.compile(r"[A-Za-z0-9_ .,'()=<>&+/@#:$%*|?!-]*")
"""What a text that a macro is given may consist of."""
FUNCTIONS = (
    exp.Count, exp.Sum, exp.Avg, exp.Min, exp.Max, exp.Coalesce, exp.Nullif, exp.Lower, exp.Upper, exp.Trim, exp.Cast,
    exp.Case, exp.If,
    exp.And, exp.Or, exp.Not,
)  # fmt: skip
"""Functions that the template may call in SQL; what macros write is checked after compilation, by what it may not call."""
_FILES = re.compile(
    r"(read|scan|glob|parquet|csv|json_objects|sniff|copy|install|load|attach|getenv|query|getvariable|current_setting|pragma"
    r"|duckdb_)", re.IGNORECASE
)  # fmt: skip


def template_problems(template: str, models: Iterable[str]) -> list[str]:
    """What a template has that a draft may not have. ``models`` are those that it may read by ``ref``."""
    allowed = frozenset(models)
    if "{%" in template or "{#" in template:
        return ["The template has a Jinja statement or comment; only expressions are allowed."]
    try:
        parsed = jinja2.Environment(autoescape=True).parse(template)
    except jinja2.TemplateError as error:
        return [f"The template is no Jinja: {error}."]
    problems: list[str] = []
    pieces: list[str] = []
    for output in parsed.body:
        if not isinstance(output, nodes.Output):
            problems.append(f"The template has {type(output).__name__}; only text and expressions are allowed.")
            continue
        for node in output.nodes:
            if isinstance(node, nodes.TemplateData):
                pieces.append(node.data)
            else:
                problems += _expression_problems(node, allowed)
                name = _called(node)
                pieces.append(_STAND_INS.get(name, "__jinja__"))
    if not problems:
        problems += select_problems("".join(pieces), None)
    return problems


_STAND_INS = {
    "lakeweave.one_row_per_key": "", "lakeweave.account_columns": "__jinja__ as account",
    "dbt.type_bigint": "bigint",
    "dbt.type_string": "text", "dbt.type_numeric": "decimal(28, 6)", "dbt.type_timestamp": "timestamp",
    "lakeweave.type_double": "double",
}  # fmt: skip


def _called(node: nodes.Node) -> str:
    if not isinstance(node, nodes.Call):
        return ""
    target = node.node
    if isinstance(target, nodes.Name):
        return target.name
    if isinstance(target, nodes.Getattr) and isinstance(target.node, nodes.Name):
        return f"{target.node.name}.{target.attr}"
    return ""


def _expression_problems(node: nodes.Node, models: frozenset[str]) -> list[str]:
    if isinstance(node, nodes.Const):
        text = node.value
        if isinstance(text, str) and (not _LITERAL_ARGUMENTS.fullmatch(text) or "--" in text or "/*" in text):
            return [f"The text {text!r} has signs that the argument of a macro may not have here."]
        return []
    if isinstance(node, nodes.List | nodes.Tuple):
        return [problem for one in node.items for problem in _expression_problems(one, models)]
    if isinstance(node, nodes.Concat):
        return [problem for one in node.nodes for problem in _expression_problems(one, models)]
    if not isinstance(node, nodes.Call):
        return [f"The template has a Jinja {type(node).__name__}; only calls of known macros are allowed."]
    name = _called(node)
    if name not in MACROS or node.dyn_args or node.dyn_kwargs:
        return [f"The template calls {name or 'something'}; allowed are {', '.join(sorted(MACROS))}."]
    arguments = [*node.args, *(one.value for one in node.kwargs)]
    if name == "ref":
        names = [one.value if isinstance(one, nodes.Const) else None for one in arguments]
        return (
            []
            if len(names) == 1 and names[0] in models
            else [f"The template reads {names}; allowed are {', '.join(sorted(models))}."]
        )
    return [problem for one in arguments for problem in _expression_problems(one, models)]


def select_problems(sql: str, relations: frozenset[str] | None) -> list[str]:
    """Why a statement is not one harmless select.

    ``relations`` are the tables that compiled SQL may read, as ``schema.table``. Without them the SQL is a template's, whose
    tables are CTEs and whose functions are few.
    """
    try:
        statements = [one for one in sqlglot.parse(sql, dialect="duckdb") if one is not None]
    except (SqlglotError, RecursionError) as error:
        return [f"The SQL cannot be parsed: {str(error).splitlines()[0]}"]
    if len(statements) != 1 or not isinstance(statements[0], exp.Select):
        kinds = ", ".join(type(one).__name__.lower() for one in statements) or "nothing"
        return [f"The SQL is {kinds}; expected one select."]
    tree = statements[0]
    problems = []
    ctes = {cte.alias_or_name.lower() for cte in tree.find_all(exp.CTE)}
    for node in tree.walk():
        if isinstance(
            node, exp.DDL | exp.DML | exp.Command | exp.Into | exp.Set | exp.Copy | exp.Attach | exp.Pragma | exp.Use
        ):
            problems.append(f"The SQL has {type(node).__name__.lower()}; expected one select.")
        elif isinstance(node, exp.Table):
            problems += _table_problems(node, ctes, relations)
        elif isinstance(node, exp.Func):
            name = (node.name if isinstance(node, exp.Anonymous) else node.sql_name()).lower()
            if relations is None and not isinstance(node, (*FUNCTIONS, exp.Count)):
                problems.append(f"The SQL calls {name}, which a draft may not call.")
            elif relations is not None and _FILES.match(name):
                problems.append(f"The compiled SQL calls {name}, which reads what is no relation.")
    return problems


def _table_problems(table: exp.Table, ctes: set[str], relations: frozenset[str] | None) -> list[str]:
    if not isinstance(table.this, exp.Identifier):
        return [f"The SQL reads {table.sql()[:80]}; expected a relation."]
    name = table.name.lower()
    if not table.db and (name in ctes or (relations is None and name == "__jinja__")):
        return []
    if relations is not None and f"{table.db}.{name}".lower() in relations:
        return []
    return [f"The SQL reads {table.sql()[:80]}, which the sentence does not name."]
