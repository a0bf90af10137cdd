"""A project of ten nodes with every kind that may be skipped, and a build from nothing to compare with."""

from __future__ import annotations

import json
import os
import shutil
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import duckdb
import yaml

from tests.python import forking

ROOT = Path(__file__).resolve().parents[3]

FILES = {
    "seeds/prices.csv": "product,price\n1,10\n2,20\n3,30\n",
    "macros/doubled.sql": "{% macro doubled(column) %}{{ column }} * 2{% endmacro %}\n",
    "models/staged.sql": """{{ config(materialized='view') }}
select id, customer, product, quantity from {{ source('raw', 'orders') }}
""",
    "models/kept.sql": """{{ config(materialized='ephemeral') }}
select * from {{ ref('staged') }} where quantity > {{ var('least', 0) }}
""",
    "models/priced.sql": """
select kept.id, kept.customer, {{ doubled('kept.quantity') }} as pieces, kept.quantity * prices.price as amount
from {{ ref('kept') }} as kept
left join {{ ref('prices') }} as prices on kept.product = prices.product
""",
    "models/customers.sql": """
select customer, sum(amount) as amount, count(*) as orders from {{ ref('priced') }} group by customer
""",
    "models/python_totals.py": """import pandas as pd


def model(dbt, session):
    dbt.config(materialized='table')
    rows = dbt.ref('customers').df()
    return pd.DataFrame({'total': [int(rows['orders'].sum())]})
""",
    "models/newest.sql": """{{ config(materialized='incremental', unique_key='id') }}
select id, customer from {{ ref('staged') }}
{% if is_incremental() %}where id >= (select coalesce(max(id), 0) from {{ this }}){% endif %}
""",
    "models/marked.sql": """
select cast('{{ env_var('MARK', 'none') }}' as varchar) as mark, max(id) as last_id from {{ ref('staged') }}
""",
    "snapshots/history.sql": """{% snapshot history %}
{{ config(unique_key='customer', strategy='check', check_cols=['amount'], hard_deletes='invalidate') }}
select customer, amount from {{ ref('customers') }}
{% endsnapshot %}
""",
    "macros/at_most.sql": """{% test at_most(model, column_name) %}
select {{ column_name }} from {{ model }} where {{ column_name }} > 100000
{% endtest %}
""",
    "tests/amounts_agree.sql": """
select 1 as differs from (select sum(amount) as amount from {{ ref('priced') }}) as one
cross join (select sum(amount) as amount from {{ ref('customers') }}) as other where one.amount <> other.amount
""",
}


def accepted(values: list[int], config: dict[str, Any] | None = None) -> dict[str, Any]:
    """The test `accepted_values` as in YAML."""
    return {"accepted_values": {"arguments": {"values": values, "quote": False}, "config": config or {}}}


TESTS: dict[str, dict[str, list[Any]]] = {
    "priced": {"id": ["not_null", "unique"], "amount": ["not_null"]},
    "customers": {"customer": ["not_null", "unique"], "orders": [accepted([1, 2, 3, 4, 5])], "amount": ["at_most"]},
    "newest": {"customer": [{"relationships": {"arguments": {"to": "ref('customers')", "field": "customer"}}}]},
    "python_totals": {"total": ["not_null"]},
}  # fmt: skip
ORDERS = [(1, "ann", 1, 1), (2, "bob", 2, 2), (3, "ann", 3, 1)]
RELATIONS = ("prices", "priced", "customers", "python_totals", "newest", "marked", "history", "staged")


class Project:
    """The project at ``root``; ``computed_once`` switches versions on."""

    def __init__(self, root: Path, *, computed_once: bool = True, project: dict[str, Any] | None = None) -> None:
        self.root, self.environment = root, {"MARK": "none"}
        self.files, self.tests, self.variables = (
            dict(FILES),
            json.loads(json.dumps(TESTS)),
            {"computed_once": computed_once},
        )
        self.project, self.settings = project or {}, dict[str, str]()
        # Pieces of one order, and the result of the model.
        self.unit_tests = {"pieces_are_doubled": (3, 6)}
        root.mkdir(parents=True, exist_ok=True)
        (root / "lakeweave_macros").symlink_to(ROOT / "macros")
        with self.connect() as connection:
            connection.execute(
                "create schema raw; create table raw.orders (id int, customer varchar, product int, quantity int)"
            )
            connection.executemany("insert into raw.orders values (?, ?, ?, ?)", ORDERS)
        self.write()

    @property
    def warehouse(self) -> Path:
        """The DuckDB file."""
        return self.root / "warehouse.duckdb"

    def connect(self, *, read_only: bool = False) -> duckdb.DuckDBPyConnection:
        """A connection as a person opens it."""
        return duckdb.connect(str(self.warehouse), read_only=read_only)

    def sql(self, statement: str) -> list[tuple]:
        """A statement by hand."""
        with self.connect() as connection:
            return connection.execute(statement).fetchall()

    def write(self) -> None:
        """Write all files of the project."""
        project = {
            "name": "lakeweave",
            "version": "0.1.0",
            "profile": "small",
            "macro-paths": ["macros", "lakeweave_macros"],
            "vars": self.variables,
            "flags": {"send_anonymous_usage_stats": False, "require_generic_test_arguments_property": True},
            "models": {"+materialized": "table"},
            "on-run-start": ["{{ lakeweave.create_ledger() }}"],
            "on-run-end": ["{{ lakeweave.record_versions(results) }}"],
            **self.project,
        }
        outputs = {
            name: {
                "type": "duckdb", "path": "warehouse.duckdb", "threads": 2, "schema": schema,
                "settings": self.settings,
                "plugins": [{"module": "lakeweave.plugin", "alias": "lakeweave"}],
            }
            for name, schema in (("dev", "main"), ("other", "other"))
        }  # fmt: skip
        models = [
            {"name": model, "columns": [{"name": column, "data_tests": tests} for column, tests in columns.items()]}
            for model, columns in self.tests.items()
        ]
        sources = [{"name": "raw", "tables": [{"name": "orders"}]}]
        unit_tests = [
            {
                "name": name,
                "model": "priced",
                "overrides": {"vars": {"least": 0}},
                "given": [
                    {
                        "input": "ref('kept')",
                        "format": "sql",
                        "rows": f"select 1 as id, 'ann' as customer, 1 as product, {quantity} as quantity",
                    },
                    {"input": "ref('prices')", "rows": [{"product": 1, "price": 10}]},
                ],
                "expect": {"rows": [{"id": 1, "pieces": pieces}]},
            }
            for name, (quantity, pieces) in self.unit_tests.items()
        ]
        texts = {
            **self.files,
            "dbt_project.yml": yaml.safe_dump(project, sort_keys=False),
            "profiles.yml": yaml.safe_dump({"small": {"target": "dev", "outputs": outputs}}),
            "models/_models.yml": yaml.safe_dump(
                {"models": models, "sources": sources, "unit_tests": unit_tests}, sort_keys=False
            ),
        }
        for name, text in texts.items():
            path = self.root / name
            path.parent.mkdir(parents=True, exist_ok=True)
            if not path.exists() or path.read_text() != text:
                path.write_text(text)

    def dbt(self, *words: str) -> Run:
        """Run dbt to its end."""
        self.write()
        environment = {**os.environ, "PYTHONPATH": str(ROOT), "DBT_LOG_LEVEL_FILE": "none", **self.environment}
        done = forking.run(("--no-use-colors", *words), self.root, environment)
        return Run(done.stdout + done.stderr, self.root)

    def kill(self, seconds: float, *words: str) -> None:
        """Run dbt and kill it after so many seconds."""
        self.write()
        environment = {**os.environ, "PYTHONPATH": str(ROOT), "DBT_LOG_LEVEL_FILE": "none", **self.environment}
        forking.kill(("--no-use-colors", *words), self.root, environment, seconds)

    def twice_at_once(self, *words: str) -> None:
        """Start two dbt processes at the same time, and wait for both."""
        self.write()
        environment = {**os.environ, "PYTHONPATH": str(ROOT), "DBT_LOG_LEVEL_FILE": "none", **self.environment}
        with ThreadPoolExecutor(2) as both:
            for number in range(2):
                target = ("--target-path", f"target_{number}")
                both.submit(forking.run, ("--no-use-colors", *words, *target), self.root, environment)

    def contents(self) -> dict[str, list[tuple]]:
        """All rows of all relations; of a snapshot those that are valid."""
        found = {}
        with self.connect(read_only=True) as connection:
            present = {
                row[0]
                for row in connection.execute(
                    "select table_name from information_schema.tables where table_schema = 'main'"
                ).fetchall()
            }
            for name in RELATIONS:
                if name in present:
                    rows = (
                        "customer, amount from main.history where dbt_valid_to is null"
                        if name == "history"
                        else f"* from main.{name}"
                    )
                    found[name] = sorted(connection.execute(f"select {rows}").fetchall(), key=repr)
        return found

    def from_nothing(self, root: Path, *words: str) -> tuple[dict[str, list[tuple]], Run]:
        """The same project over the same source, built in an empty warehouse."""
        other = Project.__new__(Project)
        other.root, other.files, other.tests, other.project = root, self.files, self.tests, self.project
        other.settings, other.unit_tests = self.settings, self.unit_tests
        # Nothing is recorded there, so nothing is skipped; and dbt need not parse the project again.
        other.environment, other.variables = self.environment, self.variables
        shutil.rmtree(root, ignore_errors=True)
        root.mkdir(parents=True)
        (root / "lakeweave_macros").symlink_to(ROOT / "macros")
        if (self.root / "target" / "partial_parse.msgpack").exists():
            (root / "target").mkdir()
            shutil.copy(self.root / "target" / "partial_parse.msgpack", root / "target")
        with other.connect() as connection:
            connection.execute(f"attach '{self.warehouse}' as original (read_only)")
            connection.execute("create schema raw; create table raw.orders as from original.raw.orders")
        run = other.dbt("build", *words)
        return other.contents(), run


class Run:
    """What dbt said and what it wrote down."""

    def __init__(self, output: str, root: Path) -> None:
        self.output = output
        path = root / "target" / "run_results.json"
        self.results = json.loads(path.read_text())["results"] if path.exists() else []

    def by(self, *, unchanged: bool) -> set[str]:
        """Names of the nodes that were answered UNCHANGED, or of the others."""
        return {
            result["unique_id"].split(".")[2]
            for result in self.results
            if ((result["adapter_response"] or {}).get("code") == "UNCHANGED") is unchanged
            and not result["unique_id"].startswith("operation.")
        }

    def statuses(self) -> dict[str, str]:
        """The status of each test."""
        return {
            result["unique_id"]: result["status"]
            for result in self.results
            if result["unique_id"].split(".")[0] in ("test", "unit_test")
        }
