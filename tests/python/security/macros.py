"""The project's Jinja macros without dbt: called by name, with Python values in and out."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from functools import cache
from types import SimpleNamespace
from typing import Any

import jinja2

from tests.python.support import ROOT


class _ReturnError(Exception):
    def __init__(self, value: Any) -> None:
        self.value = value


class Macros:
    """``macros.name(…)`` calls a macro of the given files; ``target`` is what ``target.type`` says, ``names`` are other names."""

    def __init__(self, target: str, *files: str, **names: Any) -> None:
        environment = jinja2.Environment(extensions=["jinja2.ext.do", "jinja2.ext.loopcontrols"])

        def give_back(value: Any) -> None:
            raise _ReturnError(value)

        environment.globals |= {
            "return": give_back, "modules": SimpleNamespace(re=re), "target": SimpleNamespace(type=target, name="dev"), "lakeweave": self,
            "tojson": json.dumps, "adapter": SimpleNamespace(dispatch=self._dispatch, quote=self._quote),
            **names,
        }  # fmt: skip
        self._engines = {"databricks": ("databricks", "spark", "default")}.get(target, (target, "default"))
        # Whether a relation exists is asked of an adapter, and here is none.
        ref = names.get("ref", lambda *parts: parts[-1])
        self._macros: dict[str, Callable[..., Any]] = {
            "package_seed": lambda name: ref("lakeweave", name),
            "require_relation": lambda relation: relation,
        }
        for file in files:
            # Jinja exports no name that begins with an underscore.
            # Only its macros: dbt's own blocks, such as materializations, are no Jinja.
            text = "\n".join(re.findall(r"(?s){%-? macro .*?{%-? endmacro -?%}", (ROOT / "macros" / file).read_text()))
            text = re.sub(r"(?<=macro )_", "private_", text)
            module = vars(environment.from_string(text).module)
            self._macros |= {re.sub("^private_", "_", name): value for name, value in module.items() if callable(value)}

    def _quote(self, name: str) -> str:
        mark = '"' if self._engines[0] == "duckdb" else "`"
        return f"{mark}{name}{mark}"

    def _dispatch(self, name: str, _package: str) -> Callable[..., Any]:
        """The variant of the engine, as dbt finds it."""
        return getattr(
            self, next(f"{engine}__{name}" for engine in self._engines if f"{engine}__{name}" in self._macros)
        )

    def __getattr__(self, name: str) -> Callable[..., Any]:
        macro = self._macros[name]

        def call(*arguments: Any, **named: Any) -> Any:
            try:
                return macro(*arguments, **named)
            except _ReturnError as given:
                return given.value

        return call


ENGINES = sorted(f"inference/engines/{path.name}" for path in (ROOT / "macros" / "inference" / "engines").glob("*.sql"))


@cache
def personal(target: str) -> Macros:
    """The check by names, for an engine."""
    made = Macros(target, "inference/_personal_columns_by_name.sql", "inference/_names_in_sql.sql", *ENGINES)
    made._macros["_without_redacted"] = lambda sql: sql  # no body here has a call of `redact`
    return made
