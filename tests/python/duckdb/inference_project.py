"""A small project for tests of inference: this project's macros, models of its own, and a fake to ask."""

from __future__ import annotations

import shutil
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import duckdb
import yaml

from tests.python import dbt_speedups

ROOT = Path(__file__).resolve().parents[3]

GEMINI = "{{ lakeweave.remote_model(function='generate_text') }}\n"


@dataclass
class Outcome:
    """How a run of dbt ended, and what it said."""

    success: bool
    said: str


@dataclass
class InferenceProject:
    """A project in ``root``. ``text`` is the text backend of the profile."""

    root: Path
    text: dict[str, Any]
    threads: int = 1
    variables: dict[str, Any] = field(default_factory=dict)
    config: dict[str, Any] = field(default_factory=dict)
    attach: list[dict[str, Any]] = field(default_factory=list)

    def __post_init__(self) -> None:
        for name in ("lakeweave", "macros", "tests/generic"):
            target = self.root / name
            target.parent.mkdir(parents=True, exist_ok=True)
            target.symlink_to(ROOT / name, target_is_directory=True)
        for name in ("dbt_project.yml", "vars.yml"):
            shutil.copy(ROOT / name, self.root)
        (self.root / "models").mkdir()
        (self.root / "seeds").mkdir()
        for name in ("model_prices.csv", "model_prices.yml"):
            shutil.copy(ROOT / "seeds" / name, self.root / "seeds")
        # Described in the project's docs, which are not part of this one.
        prices = self.root / "seeds" / "model_prices.yml"
        prices.write_text(prices.read_text().replace("{{ doc('model_version') }}", "What answers."))
        self.write("gemini", GEMINI)

    @property
    def warehouse(self) -> Path:
        """The DuckDB file."""
        return self.root / "inference.duckdb"

    def write(self, name: str, sql: str, description: dict[str, Any] | None = None) -> None:
        """A model, and where given its YAML (an entry of the list of models, and `unit_tests`)."""
        (self.root / "models" / f"{name}.sql").write_text(sql)
        if description is not None:
            described = dict(description)
            tests = described.pop("unit_tests", None)
            content: dict[str, Any] = {"version": 2, "models": [{"name": name, **described}]}
            if tests:
                content["unit_tests"] = tests
            (self.root / "models" / f"{name}.yml").write_text(yaml.safe_dump(content))

    def price(self, *rows: str) -> None:
        """Put these rows at the end of the price list; each as in seeds/model_prices.csv."""
        listed = (ROOT / "seeds" / "model_prices.csv").read_text()
        (self.root / "seeds" / "model_prices.csv").write_text(listed + "".join(f"{row}\n" for row in rows))

    def remove(self, name: str) -> None:
        """Take a model away."""
        for ending in ("sql", "yml"):
            (self.root / "models" / f"{name}.{ending}").unlink(missing_ok=True)

    def _prepare(self) -> None:
        output = {
            "type": "duckdb",
            "path": str(self.warehouse),
            "schema": "main",
            "threads": self.threads,
            "module_paths": [str(ROOT)],
            "plugins": [
                {"module": "lakeweave.plugin", "alias": "lakeweave", "config": {"text": self.text, **self.config}}
            ],
        }
        if self.attach:
            output["attach"] = self.attach
        profile = {"lakeweave": {"target": "duckdb", "outputs": {"duckdb": output}}}
        (self.root / "profiles.yml").write_text(yaml.safe_dump(profile))

    def arguments(self, *arguments: str) -> list[str]:
        """The words of a dbt call."""
        self._prepare()
        said = [*arguments, "--project-dir", str(self.root), "--profiles-dir", str(self.root)]
        if arguments[0] not in ("clean", "deps"):
            said += ["--vars", yaml.safe_dump(self.variables, default_flow_style=True, width=10**6).strip()]
        return said

    def dbt(self, *arguments: str) -> Outcome:
        """Run dbt in this process."""
        from dbt.cli.main import dbtRunner

        dbt_speedups.install()
        messages: list[str] = []

        def keep(event: Any) -> None:
            if event.info.level != "debug":
                messages.append(event.info.msg)

        runner = dbtRunner(callbacks=[keep])
        flags = ["--no-use-colors", "--log-path", str(self.root / "logs"), "--log-level", "error"]
        done = runner.invoke([*flags, *self.arguments(*arguments)])
        if done.exception is not None:
            messages.append(str(done.exception))
        return Outcome(done.success, "\n".join(messages))

    def build(self, *arguments: str) -> Outcome:
        """`dbt build`, which must succeed."""
        outcome = self.dbt("build", *arguments)
        assert outcome.success, outcome.said[-8000:]
        return outcome

    def query(self, sql: str, *parameters: object) -> list[tuple]:
        """Rows of a query."""
        with duckdb.connect(str(self.warehouse)) as connection:
            return connection.execute(sql, list(parameters)).fetchall()

    def states(self, name: str) -> dict[str, int]:
        """Rows of an inference model by state."""
        return dict(self.query(f"select response_state, count(*) from {name} group by 1"))


def asking(body: str, **arguments: Any) -> str:
    """An inference model over ``body``."""
    given = {"function": "generate_text", "model": "gemini", "input": "prompt", **arguments}
    words = ", ".join(f"{name}={value!r}" for name, value in given.items())
    words = words.replace("True", "true").replace("False", "false")
    return "{{ lakeweave.inference(" + words + ") }}\n\n" + body + "\n"


def openai(base_url: str, **settings: Any) -> dict[str, Any]:
    """The profile's text backend for a fake server."""
    return {"backend": "openai", "base_url": base_url, "model": "fake-1", "timeout": 2.0, "max_wait": 0.2, **settings}
