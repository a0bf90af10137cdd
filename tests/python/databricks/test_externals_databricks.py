"""External tables on Databricks: what dbt-databricks sends for them. Spark's parser reads the views; the rest are statements of
Unity Catalog, which Spark does not support; they are compared with the forms in its documentation."""

from __future__ import annotations

import importlib.util
import json
import os
import re
from pathlib import Path
from typing import Any

import pytest
import yaml

pytestmark = pytest.mark.skipif(
    importlib.util.find_spec("dbt.adapters.databricks") is None or importlib.util.find_spec("pyspark") is None,
    reason="dbt-databricks is in an environment of its own: make test-databricks",
)

COLUMNS = [{"name": "id", "data_type": "int64"}, {"name": "name", "data_type": "string"}]
CONNECTIONS = {
    "landing": {"type": "external_location", "url": "s3://lake", "storage_credential": "lakeweave"},
    "erp": {
        "type": "sqlserver", "host": "erp.example.com", "port": "1433", "database": "ERP", "catalog": "erp",
        "secret_scope": "erp",
    },
}  # fmt: skip
SHAPES: dict[str, dict[str, Any]] = {
    "csv": {"location": "s3://lake/csv/*", "file_format": "csv", "options": {"skip_leading_rows": 1, "field_delimiter": ";"}},
    "lines": {"location": "s3://lake/lines/*", "file_format": "json"},
    "parquet": {
        "location": "s3://lake/parquet/*", "file_format": "parquet", "partitions": [{"name": "day", "data_type": "date"}],
    },
    "delta": {"location": "s3://lake/delta", "file_format": "delta"},
    "pictures": {"location": "/Volumes/c/s/v/*", "file_format": "avro"},
    "xml": {"location": "s3://lake/xml/*", "file_format": "xml", "databricks": {"options": {"rowTag": "row"}}},
}  # fmt: skip
BAD: dict[str, tuple[dict[str, Any], str]] = {
    "nowhere": ({"location": "s3://other/x/*", "file_format": "csv"}, "lies in no external location"),
    "unreadable": ({"location": "s3://lake/x/*", "file_format": "iceberg"}, "which databricks cannot read"),
    "unknown_server": ({"databricks": {"connection": "undeclared"}}, "is not in `vars.connections`"),
}
FORMS = (
    # https://docs.databricks.com/en/sql/language-manual/sql-ref-syntax-ddl-create-location.html
    r"create external location if not exists `\w+` url '[^']+' with \(storage credential `\w+`\) comment '[^']*'",
    # https://docs.databricks.com/en/sql/language-manual/sql-ref-syntax-ddl-create-connection.html
    r"create connection if not exists `\w+` type \w+ options \(host '[^']+', port '\d+', "
    r"user secret\('\w+', '\w+'\), password secret\('\w+', '\w+'\)\)",
    # https://docs.databricks.com/en/sql/language-manual/sql-ref-syntax-ddl-create-catalog.html
    r"create foreign catalog if not exists `\w+` using connection `\w+` options \(database '\w+'\)",
)


@pytest.fixture(scope="module")
def recorded(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    """What a plan, two applies, an apply after a change, and one of bad sources sent and said."""
    from unittest import mock

    from dbt.cli.main import dbtRunner

    from lakeweave.spark import session as spark_session
    from tests.python.databricks.recorder import _offline, _settings
    from tests.python.databricks.standin import FakeWarehouse, Statement
    from tests.python.support import ROOT

    class Warehouse(FakeWarehouse):
        """Remembers views and what belongs to Unity Catalog; the ledger is in Spark."""

        views: dict[str, tuple[str, str]]

        def run(self, sql: str, bindings: list[Any] | None) -> Any:
            text = re.sub(r"/\*.*?\*/", "", sql, flags=re.DOTALL).strip()
            statement = Statement(self.phase, "", text)
            if re.match(r"create (external location|connection|foreign catalog)", text):
                self.statements.append(statement)
                if not any(re.fullmatch(form, text) for form in FORMS):
                    statement.problem = "is of no form that Databricks documents"
                return []
            if re.match(r"create or replace view .*read_files|create or replace view .*delta\.`", text, re.DOTALL):
                self.statements.append(statement)
                self.session._jsparkSession.sessionState().sqlParser().parsePlan(text)
                name = re.match(r"create or replace view `\w+`\.`(\w+)`\.`(\w+)`", text)
                comment = re.search(r"comment '((?:[^'\\]|\\.)*)'", text)
                assert name
                assert comment
                self.views[f"{name[1]}.{name[2]}"] = (name[2], comment[1])
                return []
            if "information_schema.tables as tables" in text:
                return [(name, "VIEW", comment, "[]", None) for name, comment in self.views.values()]
            return super().run(sql, bindings)

    root = tmp_path_factory.mktemp("databricks") / "project"
    (root / "models").mkdir(parents=True)
    for name in ("macros", "requirements"):
        (root / name).symlink_to(ROOT / name)
    (root / "profiles.yml").write_text((ROOT / "profiles.example.yml").read_text())
    (root / "dbt_project.yml").write_text(
        yaml.safe_dump({"name": "lakeweave", "version": "0.1.0", "profile": "lakeweave"})
    )

    def write(shapes: dict[str, dict[str, Any]]) -> None:
        tables = [{"name": name, "external": block, "columns": COLUMNS} for name, block in shapes.items()]
        bad = [{"name": name, "external": block, "columns": COLUMNS} for name, (block, _) in BAD.items()]
        foreign = [{"name": "orders", "external": {"databricks": {"connection": "erp"}}}]
        sources = [
            {"name": "files", "schema": "files", "tables": tables},
            {"name": "bad", "schema": "bad", "tables": bad},
            {"name": "erp", "database": "erp", "schema": "dbo", "tables": foreign},
        ]
        (root / "models" / "_sources.yml").write_text(
            yaml.safe_dump({"version": 2, "sources": sources}, sort_keys=False)
        )

    environment = {
        "LAKEWEAVE_TARGET": "databricks", "LAKEWEAVE_CATALOG": "spark_catalog", "DATABRICKS_HOST": "fake.cloud.databricks.com",
        "DBT_SEND_ANONYMOUS_USAGE_STATS": "false",
    }  # fmt: skip
    jars = Path(os.environ.get("LAKEWEAVE_SPARK_JARS", ROOT / ".venv" / "spark-jars"))
    said: dict[str, str] = {}
    before = Path.cwd()
    with mock.patch.dict(os.environ, environment):
        os.chdir(root)
        try:
            warehouse = Warehouse(spark_session.open_session(_settings(root, jars)))
            warehouse.views = {}
            good = "[files, erp]"
            for phase, macro, select, skip in (
                ("plan", "externals_plan", good, 1), ("apply", "externals_apply", good, 1), ("again", "externals_apply", good, 1),
                ("changed", "externals_apply", good, 0), ("bad", "externals_plan", "[bad]", 0),
            ):  # fmt: skip
                write(SHAPES | {"csv": SHAPES["csv"] | {"options": {"skip_leading_rows": skip}}})
                warehouse.phase = phase
                told: list[str] = []
                with _offline(warehouse):
                    outcome = dbtRunner(callbacks=[lambda event, told=told: told.append(event.info.msg)]).invoke([
                        "--quiet", "run-operation", macro, "--args", f"{{select: {select}}}",
                        "--vars", json.dumps({"connections": CONNECTIONS}),
                    ])  # fmt: skip
                said[phase] = re.sub(r"\s+", " ", " ".join(told) + str(outcome.exception or ""))
        finally:
            os.chdir(before)
            spark_session.close()
    return {"statements": warehouse.statements, "said": said}


def sent(recorded: dict[str, Any], phase: str) -> list[str]:
    """The statements of a phase that make something, without dbt's comment."""
    texts = [
        re.sub(r"/\*.*?\*/", "", each.sql, flags=re.DOTALL).strip()
        for each in recorded["statements"]
        if each.phase == phase
    ]
    return [text for text in texts if text.startswith("create ")]


def test_nothing_is_refused(recorded) -> None:
    assert [f"{each.phase}: {each.sql}: {each.problem}" for each in recorded["statements"] if each.problem] == []


def test_a_plan_changes_nothing_and_lists_what_apply_does(recorded) -> None:
    assert [each for each in sent(recorded, "plan") if "ledger" not in each] == []
    made = [each for each in sent(recorded, "apply") if "ledger" not in each]
    assert sum("view" in each for each in made) == len(SHAPES)
    for each in made:
        assert re.sub(r"\s+", " ", each) in recorded["said"]["plan"]


def test_outside_text_comes_first(recorded) -> None:
    made = [
        re.match(r"create (?:or replace )?(\w+)", each)[1] for each in sent(recorded, "apply") if "ledger" not in each
    ]
    assert made[:4] == ["external", "connection", "foreign", "schema"]
    assert set(made[4:]) == {"view"}


def test_apply_twice_does_nothing_and_a_change_touches_one_view(recorded) -> None:
    assert sent(recorded, "again") == []
    changed = [each for each in sent(recorded, "changed") if "ledger" not in each]
    assert len(changed) == 1
    assert "`files`.`csv`" in changed[0]
    assert "header => 'false'" in changed[0]


def test_all_problems_are_reported(recorded) -> None:
    untold = [words for _, words in BAD.values() if words not in recorded["said"]["bad"]]
    assert untold == [], recorded["said"]["bad"]
