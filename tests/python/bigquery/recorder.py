"""Runs the project on the real dbt-bigquery adapter against a stand-in client and records what it sends.

    recording = record(Path("."))
    recording.statements   # every statement of a first run, a second run, a full refresh and the operations, in order
    recording.warehouse    # what they leave behind

dbt runs in this process (`dbtRunner`), with the project's own `profiles.example.yml` and one thread, so that the order is
the same every time. The project is parsed once.
"""

from __future__ import annotations

import contextlib
import dataclasses
import json
import os
import pickle
import re
import shutil
import signal
import tempfile
import time
import traceback
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, TypeVar
from unittest import mock

import yaml

from .. import dbt_speedups
from ..left_behind import marked
from ..support import PARSED, ROOT
from . import cleaning, sqltypes
from .answers import CONNECTIONS, DECLARED, IMPORTED_OUTPUTS, RULES, Answer, endpoints
from .standin import Client, Log, Statement
from .warehouse import Column, Table, Warehouse

Result = TypeVar("Result")


@dataclass(frozen=True)
class Operation:
    """A `dbt run-operation`, with its arguments as YAML."""

    macro: str
    arguments: str = "{}"
    fails: str = ""
    """Words of the error with which it is meant to end; empty for success."""


@dataclass
class Outcome:
    """What dbt said about a node in a phase."""

    phase: str
    node: str
    status: str
    message: str


@dataclass
class Recording:
    """What a project sends to BigQuery."""

    manifest: Any
    log: Log
    warehouse: Warehouse
    outcomes: list[Outcome] = field(default_factory=list)
    snapshots: dict[str, Warehouse] = field(default_factory=dict)
    """The warehouse as it was after each phase."""
    compiled: dict[tuple[str, str], str] = field(default_factory=dict)
    """By phase and node: the model's SELECT as dbt compiled it."""
    parsed: bytes = field(default=b"", repr=False)
    """What dbt remembers of the parsed files; a copy of the project is parsed from it but for what changed there."""

    @property
    def statements(self) -> list[Statement]:
        """Every statement, in order."""
        return self.log.statements


class Recorder:
    """A project, its stand-in warehouse and its parsed manifest. Phases are recorded one after the other."""

    def __init__(
        self,
        project: Path = ROOT,
        warehouse: Warehouse | None = None,
        raises: bool = True,
        rules: Sequence[Answer] = RULES,
        target_path: Path | None = None,
        variables: dict[str, Any] | None = None,
        parsed: bytes = b"",
        log_path: Path | None = None,
    ) -> None:
        self.project = project
        self.log_path = log_path
        """Where dbt's debug log goes; without one there is no log, and dbt writes no artifact."""
        self.raises, self.rules = raises, rules
        behind = endpoints(project)
        self.variables = json.dumps({"endpoints": {"bigquery": behind}, "connections": DECLARED} | (variables or {}))
        self._scratch = Path(tempfile.mkdtemp(prefix="lakeweave-bigquery-"))
        self.target_path = target_path or self._scratch / "target"
        if parsed:
            self.target_path.mkdir(parents=True, exist_ok=True)
            (self.target_path / PARSED).write_bytes(parsed)
        self._profiles = self._scratch / "profiles"
        self._profiles.mkdir()
        shutil.copy(project / "profiles.example.yml", self._profiles / "profiles.yml")
        credentials = _profile(self._profiles / "profiles.yml")
        self.warehouse = warehouse or Warehouse(credentials["project"])
        named = [*CONNECTIONS, *(each["connection"] for each in behind.values() if "connection" in each)]
        for connection in named:
            if DECLARED.get(connection, {}).get("type") == "cloud_resource":
                continue  # the project makes it
            full = connection if connection.count(".") == 2 else f"{credentials['project']}.{connection}"
            self.warehouse.connections.add(full)
        self._location = credentials.get("location")
        self.log = Log()
        self.recording: Recording | None = None
        self.printed: list[str] = []
        """What operations printed."""

    def close(self) -> None:
        """Takes the scratch folder away."""
        shutil.rmtree(self._scratch, ignore_errors=True)

    # ----------------------------------------------------------------------------------------------------------- dbt

    def parse(self) -> Recording:
        """Parses the project and declares its sources. Raises `RuntimeError` where dbt cannot parse it."""
        manifest = self._invoke(["parse"], None).result
        remembered = self.target_path / PARSED
        self.recording = Recording(
            manifest, self.log, self.warehouse, parsed=remembered.read_bytes() if remembered.exists() else b""
        )
        self.declare_sources()
        for node in manifest.nodes.values():
            described = (node.config.meta or {}).get("remote_model") if node.resource_type == "model" else None
            if described and "path" in (described.get("endpoint_config") or {}):
                self.warehouse.imported_outputs[f"{node.database}.{node.schema}.{node.alias}"] = dict(IMPORTED_OUTPUTS)
        return self.recording

    def phase(self, name: str, *arguments: str) -> list[Outcome]:
        """Runs dbt with the arguments and records what it sends under the phase's name."""
        if self.recording is None:
            self.parse()
        recording = self.recording
        assert recording is not None
        self.log.phase = name
        done = self._invoke([*arguments], recording.manifest)
        outcomes = []
        if done.result is not None and hasattr(done.result, "results"):
            for each in done.result.results:
                if not hasattr(each, "node"):
                    outcomes.append(Outcome(name, self.log.operation, str(each.status), str(each.message or "")))
                    continue
                node = each.node.unique_id
                outcomes.append(Outcome(name, node, str(each.status), str(each.message or "")))
                code = getattr(each.node, "compiled_code", None)
                if code:
                    recording.compiled[name, node] = code
        if done.exception is not None:
            outcomes.append(Outcome(name, self.log.operation or "dbt", "error", _one_line(str(done.exception))))
        recording.outcomes += outcomes
        recording.snapshots[name] = self.warehouse.copy()
        return outcomes

    def analyses(self) -> None:
        """Compiles the analyses, which people run by hand, and one query with every cleaning macro, and reads them too."""
        recording = self.recording
        assert recording is not None
        self.phase("analyses", "compile", "--select", "resource_type:analysis")
        done = self._invoke(["compile", "--inline", cleaning.query(self.project)], recording.manifest)
        if done.exception is not None:
            raise RuntimeError(f"the cleaning macros cannot be compiled: {done.exception}")
        recording.compiled["analyses", "cleaning macros"] = done.result.results[0].node.compiled_code
        for (phase, node), sql in recording.compiled.items():
            if phase == "analyses":
                client = Client(self.warehouse, self.log, lambda node=node: node, self._location, False, self.rules)
                client.query(sql)

    def excerpt(self, name: str, *arguments: str) -> tuple[list[Statement], list[Outcome]]:
        """A phase's statements and outcomes alone, without the analyzer's messages: what another process needs."""
        before = len(self.log.statements)
        outcomes = self.phase(name, *arguments)
        statements = self.log.statements[before:]
        for statement in statements:
            statement.analyzed = [dataclasses.replace(each, resolved=None, columns=()) for each in statement.analyzed]
        return statements, outcomes

    def operation(self, each: Operation) -> Outcome:
        """Runs one `dbt run-operation` and records what it sends."""
        self.log.operation = f"operation {each.macro}"
        outcomes = self.phase("operations", "run-operation", each.macro, "--args", each.arguments)
        outcome = next((one for one in outcomes if one.status not in ("success", "pass")), None)
        failed = outcome.message if outcome else ""
        assert self.recording is not None
        self.recording.outcomes = [one for one in self.recording.outcomes if one not in outcomes]
        status = "success" if bool(failed) == bool(each.fails) and each.fails in failed else "error"
        message = (
            failed if status == "error" and failed else f"was meant to fail with: {each.fails}" if each.fails else ""
        )
        made = Outcome("operations", self.log.operation, status, message)
        self.recording.outcomes.append(made)
        self.log.operation = ""
        return made

    def _invoke(self, arguments: list[str], manifest: Any) -> Any:
        from dbt.cli.main import dbtRunner

        dbt_speedups.install()
        common = [
            "--project-dir", str(self.project), "--profiles-dir", str(self._profiles), "--target", "bigquery",
            "--target-path", str(self.target_path), "--vars", self.variables,
        ]  # fmt: skip
        if arguments[0] != "parse":
            common += ["--threads", "1"] if arguments[0] != "run-operation" else []
        logged = ["--log-level-file", "none", "--log-path", str(self._scratch / "logs"), "--no-write-json"]
        if self.log_path:
            logged = ["--log-level-file", "debug", "--log-path", str(self.log_path), "--write-json"]
        quiet = [
            "--quiet", "--log-level", "none", *logged, "--no-send-anonymous-usage-stats", "--no-version-check", "--no-use-colors",
        ]  # fmt: skip

        def hear(event: Any) -> None:
            if event.info.name == "PrintEvent":
                self.printed.append(event.data.msg)

        with self._offline():
            done = dbtRunner(manifest=manifest, callbacks=[hear]).invoke(
                [*quiet, arguments[0], *common, *arguments[1:]]
            )
        if manifest is None and not done.success:
            raise RuntimeError(f"dbt cannot parse {self.project}: {done.exception}")
        return done

    @contextlib.contextmanager
    def _offline(self) -> Iterator[None]:
        """The adapter with the stand-in in place of Google's client, and Python models recorded instead of submitted."""
        from dbt.adapters.bigquery import connections, retry
        from dbt.adapters.bigquery.impl import BigQueryAdapter
        from dbt_common.behavior_flags import BehaviorFlagRendered
        from dbt_common.events.contextvars import get_node_info

        def node() -> str:
            return str(get_node_info().get("unique_id") or self.log.operation)

        def client(_: Any) -> Client:
            return Client(self.warehouse, self.log, node, self._location, self.raises, self.rules)

        def submit(_: Any, parsed_model: dict[str, Any], compiled_code: str) -> Any:
            return self._python_model(parsed_model, compiled_code)

        environment = {
            "LAKEWEAVE_TARGET": "bigquery", "DBT_SEND_ANONYMOUS_USAGE_STATS": "false", "DO_NOT_TRACK": "1",
            "LAKEWEAVE_SCHEMA": os.environ.get("LAKEWEAVE_SCHEMA", "dev"), **marked(),
        }  # fmt: skip
        with (
            mock.patch.dict(os.environ, environment),
            mock.patch.object(connections, "create_bigquery_client", client),
            mock.patch.object(retry, "create_bigquery_client", client),
            mock.patch.object(BigQueryAdapter, "submit_python_job", submit),
            # Only names a flag's owner in a warning, and walks the whole stack for it: a second and a half for each run.
            mock.patch.object(BehaviorFlagRendered, "_default_source", staticmethod(lambda: "dbt-bigquery")),
        ):
            yield

    # ------------------------------------------------------------------------------------------------- what is given

    def declare_sources(self) -> None:
        """Puts the sources' tables into the warehouse, with the columns and types that their YAML declares.

        A source table without typed columns is left out: a statement that reads it is then refused, unless an operation
        of the project creates it first. So is one with an `external:` block, which the project creates itself.
        """
        assert self.recording is not None
        for source in self.recording.manifest.sources.values():
            if source.external is not None:
                continue
            meta = {**(source.source_meta or {}), **(source.meta or {}), **(getattr(source.config, "meta", None) or {})}
            external = bool(meta)
            columns = [
                Column(each.name, sqltypes.parse(each.data_type)) for each in source.columns.values() if each.data_type
            ]
            if not columns or len(columns) != len(source.columns):
                continue
            project, dataset = str(source.database).strip("`"), str(source.schema).strip("`")
            self.warehouse.datasets.add(f"{project}.{dataset}")
            table = Table(project, dataset, source.identifier, "EXTERNAL" if external else "TABLE", columns)
            from . import functions

            table.is_object_table = {c.name.lower() for c in columns} >= {
                "uri",
                "generation",
                "content_type",
                "md5_hash",
            }
            if table.is_object_table:
                table.columns = [Column(name, sqltypes.parse(words)) for name, words in functions.OBJECT_TABLE.items()]
            self.warehouse.tables[table.path] = table

    def _python_model(self, parsed_model: dict[str, Any], compiled_code: str) -> Any:
        """A Python model's job: the code must compile, and its table has the columns that the model's YAML declares."""
        from dbt.adapters.bigquery.connections import BigQueryAdapterResponse
        from dbt.adapters.bigquery.impl import BigQueryAdapter  # noqa: F401 - the adapter must be there

        compile(compiled_code, parsed_model["original_file_path"], "exec")
        columns = ", ".join(
            f"`{name}` {each['data_type']}" for name, each in parsed_model["columns"].items() if each.get("data_type")
        )
        path = f"{parsed_model['database']}.{parsed_model['schema']}.{parsed_model['alias']}"
        client = Client(
            self.warehouse, self.log, lambda: parsed_model["unique_id"], self._location, self.raises, self.rules
        )
        client._by_api(f"CREATE OR REPLACE TABLE `{path}` ({columns})")
        return BigQueryAdapterResponse(_message="OK")


def _profile(path: Path) -> dict[str, Any]:
    """The credentials of the target `bigquery`, with `env_var` resolved as dbt does."""
    import jinja2
    import yaml

    def env_var(name: str, default: str | None = None) -> str:
        return os.environ.get(name, default if default is not None else "")

    text = jinja2.Environment().from_string(path.read_text()).render(env_var=env_var)
    outputs = next(iter(yaml.safe_load(text).values()))["outputs"]
    return outputs["bigquery"]


def _one_line(text: str) -> str:
    return re.sub(r"\s+", " ", text).strip()


NOT_TESTS = ("--exclude-resource-type", "test", "--exclude-resource-type", "unit_test")

PHASES: tuple[tuple[str, tuple[str, ...]], ...] = (
    ("first run", ("build", "--exclude-resource-type", "unit_test")),
    ("second run", ("build", *NOT_TESTS)),
    ("full refresh", ("build", "--full-refresh", *NOT_TESTS)),
)
"""The three kinds of run. Data tests say the same on every run, so they are sent once."""

UNIT_TESTS = ("unit tests", ("test", "--select", "test_type:unit"))
"""Sent on their own: within a build a unit test that fails would skip its model."""


def record(
    project: Path = ROOT,
    variables: dict[str, Any] | None = None,
    after_first: Callable[[Recording], None] | None = None,
) -> Recording:
    """Records all phases of a project, its unit tests, and the operations that its macros document.

    After the first run the unit tests go their own way in a forked process, where there are such, while the others follow.
    `after_first` receives the state after the first run.
    """
    recorder = Recorder(project, variables=variables)
    try:
        recorder.parse()
        first, *others = PHASES
        recorder.phase(first[0], *first[1])
        if after_first and recorder.recording:
            after_first(recorder.recording)
        unit_tests = aside(lambda: recorder.excerpt(UNIT_TESTS[0], *UNIT_TESTS[1]))
        for name, arguments in others:
            recorder.phase(name, *arguments)
        recorder.analyses()
        for each in documented_operations(project):
            recorder.operation(each)
        recording = recorder.recording
        assert recording is not None
        told = unit_tests()
        if told is None:
            recorder.phase(UNIT_TESTS[0], *UNIT_TESTS[1])
        else:
            statements, outcomes = told
            for statement in statements:
                statement.number = len(recording.statements) + 1
                recording.statements.append(statement)
            recording.outcomes += outcomes
        return recording
    finally:
        recorder.close()


def aside(work: Callable[[], Result], within: float = 120.0) -> Callable[[], Result | None]:
    """Starts work in a forked process; what comes back waits for its result.

    The result is None where there is no `fork`, where the process did not end within so many seconds more, and where it died
    before it wrote a result: a library with threads may leave a lock that is never released in the fork, or abort there when
    it joins a thread that the fork does not have. Raises `RuntimeError` with the other process's complaint.
    """
    if not hasattr(os, "fork"):
        return lambda: None
    handle, name = tempfile.mkstemp(prefix="lakeweave-bigquery-aside-")
    os.close(handle)
    child = os.fork()
    if child == 0:
        try:
            try:
                raw = pickle.dumps((True, work()))
            except BaseException:
                raw = pickle.dumps((False, traceback.format_exc()))
            Path(name).write_bytes(raw)
        finally:
            os._exit(0)

    def wait() -> Result | None:
        started = time.monotonic()
        try:
            while os.waitpid(child, os.WNOHANG) == (0, 0):
                if time.monotonic() - started > within:
                    os.kill(child, signal.SIGKILL)
                    os.waitpid(child, 0)
                    return None
                time.sleep(0.05)
            raw = Path(name).read_bytes()
        finally:
            Path(name).unlink()
        if not raw:
            return None
        good, answer = pickle.loads(raw)
        if not good:
            raise RuntimeError(answer)
        return answer

    return wait


def write_project(folder: Path, models: dict[str, str]) -> None:
    """A project of ``models`` (SQL by name) with the macros and the profile of this one."""
    project = {
        "name": "lakeweave",
        "version": "0.1.0",
        "profile": "lakeweave",
        "flags": {"send_anonymous_usage_stats": False},
        "on-run-start": ["{{ lakeweave.create_ledger() }}"],
    }
    (folder / "models").mkdir()
    (folder / "macros").symlink_to(ROOT / "macros")
    (folder / "profiles.example.yml").write_text((ROOT / "profiles.example.yml").read_text())
    (folder / "dbt_project.yml").write_text(yaml.safe_dump(project))
    for name, sql in models.items():
        (folder / "models" / f"{name}.sql").write_text(sql)


_USAGE = re.compile(r"dbt run-operation (\w+)(?: --args '([^']*)')?")
_UNSUPPORTED = re.compile(r"macro default__(\w+)\((?:(?!endmacro).)*raise_unsupported\(", re.DOTALL)


def documented_operations(project: Path) -> list[Operation]:
    """The operations that the comments in the project's macros say how to run, with the arguments of the comment.

    An operation whose default raises `raise_unsupported` and that BigQuery does not implement is meant to fail there.
    """
    found: dict[str, Operation] = {}
    texts = [path.read_text() for path in sorted((project / "macros").rglob("*.sql"))]
    unsupported = {name for text in texts for name in _UNSUPPORTED.findall(text)}
    unsupported -= {name for text in texts for name in re.findall(r"macro bigquery__(\w+)\(", text)}
    for text in texts:
        for macro, arguments in _USAGE.findall(text):
            if re.search(rf"\bmacro {macro}\(", text):
                refusal = "is not implemented for the adapter" if macro in unsupported else ""
                found[macro] = Operation(macro, arguments or "{}", refusal)
    return [found[name] for name in sorted(found)]
