"""Runs the project on the real dbt-databricks adapter against the stand-in: a first run, an increment, a full refresh.

The grocer's database is read by JDBC in the first run and as a foreign catalog in the increment, if a server can be started here.
"""

from __future__ import annotations

import contextlib
import os
import shutil
import sys
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from unittest import mock

from demo.landing import LandingConfig, generate
from demo.landing.grocery import rows
from lakeweave.databases.connection import address
from lakeweave.spark import session as spark_session
from lakeweave.spark.databases import jdbc, settings_of
from tests.python import dbt_speedups, postgres, worked_examples
from tests.python.databricks.standin import FakeWarehouse
from tests.python.left_behind import marked
from tests.python.support import ROOT, Workspace, add_models, deliver_batch

ENDPOINTS = (
    "{gemini: a-chat-model, text_embedding: an-embedding-model, vision: a-vision-model, yoga_pose: a-served-model,"
    " worked_chat: a-chat-model, worked_embedder: an-embedding-model}"
)
FOREIGN_CATALOG = "{grocery: {catalog: shop_pg, schema: public}}"
NO_TESTS = ("--exclude-resource-type", "test", "--exclude-resource-type", "unit_test")
# Each delivers one batch more. Data tests are the same statements in every run, so they are sent once, after all of the
# first run: what a stub answered for a model that sees may fail a test, and keeps no model from being built.
PHASES = (
    ("first run", (("build", *NO_TESTS), ("test", "--exclude-resource-type", "unit_test"))),
    ("increment", (("build", *NO_TESTS),)),
    ("full refresh", (("build", "--full-refresh", *NO_TESTS),)),
)


@dataclass
class Recording:
    """What was sent, and how each node ended."""

    warehouse: FakeWarehouse
    ended: list[tuple[str, str, str, str]] = field(default_factory=list)
    """Phase, node, status, message."""
    nodes: set[str] = field(default_factory=set)
    """Models, seeds and snapshots of the manifest."""
    left: Path = Path()
    """The project's folder, with logs, artifacts and the warehouse."""


def record(root: Path, *selection: str) -> Recording:
    """Record all phases in a workspace at ``root``."""
    complete = root / "complete"
    generate(LandingConfig(scale=0.001, batches=2, seed=42, out=complete))
    workspace = Workspace.create(root / "project", root / "landing")
    shutil.copytree(ROOT / "requirements", workspace.root / "requirements", dirs_exist_ok=True)
    add_models(workspace, worked_examples.MODELS)
    jars = Path(os.environ.get("LAKEWEAVE_SPARK_JARS", ROOT / ".venv" / "spark-jars"))
    server = None if postgres.absent() else postgres.Server()
    environment = {
        **workspace.env(),
        **marked(),
        **(server.environment() if server else {}),
        "LAKEWEAVE_TARGET": "databricks",
        # dbt quotes it into every name; Delta can only replace Spark's own catalog.
        "LAKEWEAVE_CATALOG": "spark_catalog",
        "DATABRICKS_HOST": "fake.cloud.databricks.com",
    }
    with mock.patch.dict(os.environ, environment), contextlib.chdir(workspace.root):
        warehouse = FakeWarehouse(spark_session.open_session(_settings(workspace.root, jars)))
        warehouse.stub_functions()
        recording = Recording(warehouse, left=workspace.root)
        if server:
            _name_database(warehouse.session)
        try:
            with _offline(warehouse):
                for number, (phase, commands) in enumerate(PHASES):
                    deliver_batch(complete, workspace.landing, number)
                    if server:
                        server.fill(rows(0.02, 42, min(number, 2)))
                    warehouse.phase = phase
                    catalog = FOREIGN_CATALOG if server and phase == "increment" else "{}"
                    for command in commands:
                        # Half an hour in all. pytest shows what is printed at the end only.
                        print(f"\n{phase}: dbt {command[0]}", file=sys.__stderr__, flush=True)
                        _run(recording, phase, [*command, *selection], workspace.landing, catalog)
        finally:
            if server:
                server.stop()
    return recording


def _name_database(session: Any) -> None:
    """What a cluster's Spark configuration says of the grocer's database, and Spark's own catalog in the foreign one's place."""
    session.conf.set("spark.sql.catalog.shop_pg", "org.apache.spark.sql.execution.datasources.v2.jdbc.JDBCTableCatalog")
    session.conf.set("spark.sql.catalog.shop_pg.preferTimestampNTZ", "true")
    for name, value in settings_of("grocery", os.environ).items():
        session.conf.set(name, value)
    where = address("grocery", None, "")
    for name, value in {"url": jdbc(where), "user": where.user, "password": where.password}.items():
        session.conf.set(f"spark.sql.catalog.shop_pg.{name}", value)


def _run(recording: Recording, phase: str, arguments: list[str], landing: Path, catalog: str) -> None:
    from dbt.cli.main import dbtRunner

    dbt_speedups.install()
    variables = (
        f"{{endpoints: {{databricks: {ENDPOINTS}}}, databases: {{databricks: {catalog}}},"
        f" landing_gcs: 'file:{landing}/gcp', landing_s3: 'file:{landing}/aws'}}"
    )
    runner = dbtRunner(callbacks=[])
    outcome = runner.invoke(["--quiet", "--no-use-colors", *arguments, "--threads", "1", "--vars", variables])
    for each in getattr(outcome.result, "results", None) or []:
        recording.ended.append(
            (phase, each.node.unique_id, str(each.status), " ".join(str(each.message or "").split()))
        )
    if outcome.exception is not None:
        recording.ended.append((phase, "dbt", "error", str(outcome.exception)))
    manifest = runner.invoke(["--quiet", "parse", "--vars", variables]).result
    recording.nodes |= {
        node.unique_id for node in manifest.nodes.values() if node.resource_type in ("model", "seed", "snapshot")
    }


@contextlib.contextmanager
def _offline(warehouse: FakeWarehouse) -> Iterator[None]:
    """The real adapter with the fake connection, and Python models run by the session instead of by a job."""
    from dbt.adapters.contracts.connection import AdapterResponse
    from dbt.adapters.databricks import handle
    from dbt.adapters.databricks.impl import DatabricksAdapter

    def submit(_: Any, parsed_model: dict[str, Any], compiled_code: str) -> AdapterResponse:
        exec(compile(compiled_code, parsed_model["original_file_path"], "exec"), {"spark": warehouse.session})
        return AdapterResponse(_message="OK")

    with (
        mock.patch.object(handle.dbsql, "connect", warehouse.connect),
        mock.patch.object(DatabricksAdapter, "submit_python_job", submit),
    ):
        yield


def _settings(root: Path, jars: Path) -> dict[str, str]:
    """Settings of the target `spark`, for a warehouse in ``root``."""
    import yaml
    from jinja2 import Environment

    environment = Environment(autoescape=False)
    text = environment.from_string((ROOT / "profiles.example.yml").read_text()).render(
        env_var=lambda _, default: default
    )
    profile = yaml.safe_load(text)["lakeweave"]["outputs"]["spark"]["server_side_parameters"]
    return {**{name: str(value) for name, value in profile.items()}, "spark.driver.extraClassPath": f"{jars}/*"}
