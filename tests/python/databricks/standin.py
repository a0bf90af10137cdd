"""A stand-in for the SQL warehouse of Databricks: a fake connection whose statements open-source Spark with Delta runs.

The adapter is the real one; only `databricks.sql.connect` is replaced. Every statement is recorded, parsed, analyzed and run
by Spark, so what comes back is what the next statement goes by.
"""

from __future__ import annotations

import json
import re
from collections import Counter
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Any

from lakeweave.spark.session import one_sentence
from tests.python.databricks.databricks_only import STATEMENTS, STUBS, Unknown


@dataclass
class Statement:
    """One statement: who sent it in which phase, and what became of it."""

    phase: str
    node: str
    sql: str
    problem: str = ""
    unknown: str = ""


@dataclass
class FakeWarehouse:
    """What all fake connections share."""

    session: Any
    phase: str = ""
    statements: list[Statement] = field(default_factory=list)
    used: Counter[str] = field(default_factory=Counter)

    def connect(self, **_: Any) -> FakeConnection:
        """In the place of `databricks.sql.connect`."""
        return FakeConnection(self)

    def run(self, sql: str, bindings: list[Any] | None) -> Any:
        """The statement's result as a Spark data frame, or rows where the stand-in answers."""
        from dbt_common.events.contextvars import get_node_info
        from pyspark.errors import PySparkException

        statement = Statement(self.phase, str(get_node_info().get("unique_id") or "dbt"), sql)
        self.statements.append(statement)
        text = re.sub(r"/\*.*?\*/", "", sql, flags=re.DOTALL)
        for each in STATEMENTS:
            if re.search(each.pattern, text, re.IGNORECASE):
                statement.unknown = each.name
                self.used[each.name] += 1
                return self._answer(each, text)
        self.used.update(name for name in STUBS if f"{name}(" in text)
        if "ai_query(" in text:
            text = re.sub(r"ai_query\((?=[^;]*?returnType => 'ARRAY<FLOAT>')", "ai_query_floats(", text)
        try:
            return self.session.sql(_bound(text, bindings))
        except PySparkException as error:
            statement.problem = one_sentence(error)
            raise RuntimeError(statement.problem) from None

    def _answer(self, asked: Unknown, text: str) -> list[tuple]:
        if asked.name == "a table as JSON":
            named = re.search(r"extended\s+(\S+)\s+as json", text, re.IGNORECASE)
            columns = self.session.table(named[1]).schema.fields if named else []
            described = [{"name": each.name, "type": {"name": each.dataType.simpleString()}} for each in columns]
            return [(json.dumps({"columns": described, "type": "MANAGED", "provider": "delta"}),)]
        if asked.name != "relations of a schema":
            return []
        schemas = re.findall(r"table_schema = '([^']*)'", text) + re.findall(r"table_schema in \('([^']*)'\)", text)
        rows = []
        for schema in schemas:
            if not self.session.catalog.databaseExists(schema):
                continue
            views = {row.viewName for row in self.session.sql(f"show views in `{schema}`").collect()}
            for table in self.session.sql(f"show tables in `{schema}`").collect():
                if not table.isTemporary:
                    kind = "view" if table.tableName in views else "table"
                    rows.append((table.tableName, kind, "delta", "root", "managed"))
        return rows

    def stub_functions(self) -> None:
        """Declare the functions that only Databricks has."""
        from pyspark.sql.functions import udf, udtf

        def value(schema):
            """A value that fits a JSON Schema; it says nothing about what a model would answer."""
            kind = schema.get("type")
            kind = kind[0] if isinstance(kind, list) else kind
            if "enum" in schema:
                return schema["enum"][0]
            if kind == "object":
                return {name: value(each) for name, each in schema.get("properties", {}).items()}
            if kind == "array":
                return [value(schema["items"])]
            if kind == "string":
                return "2026-01-01" if schema.get("format") == "date" else "stub"
            return {"boolean": True}.get(kind, schema.get("minimum", 0))

        def ai_query(
            endpoint, request, returnType=None, failOnError=None, modelParameters=None, responseFormat=None, files=None
        ):
            said = json.loads(responseFormat) if responseFormat else {}
            return (json.dumps(value(said.get("json_schema", {}).get("schema", {"type": "object"}))), None)

        def ai_query_floats(endpoint, request, returnType=None, failOnError=None):
            return ([0.0, 1.0], None)

        class ReadFiles:
            def eval(self, path, format):
                assert format == "binaryFile", format
                for each in sorted(file for file in Path(path.removeprefix("file:")).rglob("*") if file.is_file()):
                    state = each.stat()
                    yield f"file:{each}", datetime.fromtimestamp(state.st_mtime), state.st_size, each.read_bytes()

        columns = "path string, modificationTime timestamp, length bigint, content binary"
        self.session.udtf.register("read_files", udtf(ReadFiles, returnType=columns))
        self.session.udf.register("ai_query", udf(ai_query, "result string, errorMessage string"))
        self.session.udf.register("ai_query_floats", udf(ai_query_floats, "result array<float>, errorMessage string"))


class FakeConnection:
    """In the place of databricks.sql.client.Connection."""

    def __init__(self, warehouse: FakeWarehouse) -> None:
        self._warehouse = warehouse

    def cursor(self) -> FakeCursor:
        return FakeCursor(self._warehouse, self)

    def get_session_id_hex(self) -> str:
        return "fake"

    def close(self) -> None:
        pass


class FakeCursor:
    """In the place of databricks.sql.client.Cursor."""

    query_id = "fake"

    def __init__(self, warehouse: FakeWarehouse, connection: FakeConnection) -> None:
        self._warehouse, self.connection = warehouse, connection
        self._rows: list[tuple] | None = None
        self._result: Any = None
        self.description: list[tuple] | None = None

    def execute(self, sql: str, parameters: Any = None) -> FakeCursor:
        self._set(self._warehouse.run(sql, parameters))
        return self

    def schemas(self, database: str, schema: str | None = None) -> FakeCursor:
        like = f" like '{schema}'" if schema else ""
        self._set(self._warehouse.run(f"show schemas in `{database}`{like}", None))
        return self

    def tables(self, database: str, schema: str) -> FakeCursor:
        self._set(self._warehouse.run(f"show tables in `{database}`.`{schema}`", None))
        return self

    def _set(self, result: Any) -> None:
        self._result, self._rows = result, None
        if isinstance(result, list):
            self._rows = list(result)
            names = ("table_name", "table_type", "file_format", "table_owner", "databricks_table_type")
            if self._rows and len(self._rows[0]) == 1:
                names = ("json_metadata",)
            self.description = [(name, "string", None, None, None, None, True) for name in names]
        else:
            self.description = [
                (each.name, each.dataType.simpleString(), None, None, None, None, True) for each in result.schema.fields
            ]

    def fetchall(self) -> list[tuple]:
        if self._rows is None:
            self._rows = [tuple(row) for row in self._result.collect()]
        rows, self._rows = self._rows, []
        return rows

    def fetchmany(self, size: int) -> list[tuple]:
        if self._rows is None:
            self._rows = [tuple(row) for row in self._result.collect()]
        rows, self._rows = self._rows[:size], self._rows[size:]
        return rows

    def fetchone(self) -> tuple | None:
        return next(iter(self.fetchmany(1)), None)

    def cancel(self) -> None:
        pass

    def close(self) -> None:
        pass


def _bound(sql: str, bindings: list[Any] | None) -> str:
    """Parameters as literals: Databricks binds them on the server."""
    if not bindings:
        return sql
    values = iter(bindings)

    def literal(_: re.Match[str]) -> str:
        value = next(values)
        if value is None:
            return "null"
        if isinstance(value, bool | int | float):
            return str(value)
        return "'" + str(value).replace("\\", "\\\\").replace("'", "\\'") + "'"

    return re.sub("%s", literal, sql)
