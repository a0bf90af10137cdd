"""Random histories of a project: after each step, a build that skips gives the relations and verdicts of a build from nothing.

``LAKEWEAVE_FAULTS`` sets the number of steps (``make test-reliability``), ``LAKEWEAVE_SEED`` the history.
"""

from __future__ import annotations

import os
import random
from collections.abc import Callable
from pathlib import Path

from tests.python.duckdb.computed_once_project import FILES, TESTS, Project, accepted

STEPS = int(os.environ.get("LAKEWEAVE_FAULTS", "1"))
SEED = int(os.environ.get("LAKEWEAVE_SEED", "1"))
SELECTIONS = [
    words.split()
    for words in (
        *("--select priced", "--select priced+", "--select +customers", "--select staged", "--exclude customers+"),
        *("--select prices", "--select history", "--exclude-resource-type test", "--select resource_type:test"),
        *("--full-refresh", "--select newest+ --full-refresh", "--empty", "--select python_totals --empty"),
    )
]
TABLES = {"prices": "price", "priced": "amount", "customers": "amount", "python_totals": "total", "marked": "last_id"}
"""What a hand changes, with a column of each."""


class History:
    """What happens to the project, one step after the other."""

    def __init__(self, project: Project, chance: random.Random) -> None:
        self.project, self.chance, self.lost_orders = project, chance, False
        deliveries = (self.deliver, self.deliver, self.deliver_bad, self.change_order, self.lose_order)
        edits = (
            self.edit_model,
            self.edit_macro,
            self.edit_seed,
            self.edit_variable,
            self.edit_environment,
            self.edit_test,
        )
        by_hand = (
            self.edit_row,
            self.edit_row,
            self.edit_rows_twice,
            self.drop_relation,
            self.replace_relation,
            self.add_column,
        )
        runs = (self.kill_build, self.build_some, self.build_some, self.forget_versions, self.undo, self.edit_settings)
        self.steps: tuple[Callable[[], str], ...] = deliveries + edits + by_hand + runs

    def step(self) -> str:
        return self.chance.choice(self.steps)()

    def _sql(self, statement: str) -> str:
        self.project.sql(statement)
        return statement

    def _table(self) -> str:
        with self.project.connect(read_only=True) as connection:
            rows = connection.execute("select table_name from duckdb_tables() where schema_name = 'main'").fetchall()
        return self.chance.choice(sorted({row[0] for row in rows} & TABLES.keys()) or ["priced"])

    def deliver(self) -> str:
        customer = self.chance.choice(["ann", "bob", "cy", "dee"])
        product, quantity = self.chance.randint(1, 3), self.chance.randint(1, 4)
        return self._sql(
            f"insert into raw.orders select max(id) + 1, '{customer}', {product}, {quantity} from raw.orders"
        )

    def deliver_bad(self) -> str:
        return self._sql("insert into raw.orders select max(id) + 1, 'eve', 9, 1 from raw.orders")

    def change_order(self) -> str:
        return self._sql(
            f"update raw.orders set quantity = {self.chance.randint(1, 9)} where id = (select min(id) from raw.orders)"
        )

    def lose_order(self) -> str:
        self.lost_orders = True
        return self._sql("delete from raw.orders where id = (select min(id) from raw.orders where id > 2)")

    def edit_model(self) -> str:
        number = self.chance.randint(1, 3)
        name = self.chance.choice(
            ["models/priced.sql", "models/customers.sql", "models/staged.sql", "models/python_totals.py"]
        )
        text = FILES[name]
        changes = {
            "models/priced.sql": text.replace("* prices.price", f"* prices.price * {number}"),
            "models/customers.sql": text.replace("sum(amount)", f"sum(amount) + {number}"),
            "models/staged.sql": text.replace("quantity from", f"quantity + {number} as quantity from"),
            "models/python_totals.py": text.replace(".sum())", f".sum()) + {number}"),
        }
        self.project.files[name] = changes[name]
        return f"edit {name}"

    def edit_macro(self) -> str:
        number = self.chance.randint(2, 4)
        self.project.files["macros/doubled.sql"] = FILES["macros/doubled.sql"].replace("* 2", f"* {number}")
        return f"macro * {number}"

    def edit_seed(self) -> str:
        price = self.chance.randint(5, 50)
        self.project.files["seeds/prices.csv"] = FILES["seeds/prices.csv"].replace("1,10", f"1,{price}")
        return f"price {price}"

    def edit_variable(self) -> str:
        self.project.variables["least"] = self.chance.randint(0, 2)
        return f"least = {self.project.variables['least']}"

    def edit_environment(self) -> str:
        self.project.environment["MARK"] = self.chance.choice(["none", "a", "b"])
        return f"MARK = {self.project.environment['MARK']}"

    def edit_test(self) -> str:
        values = list(range(1, self.chance.randint(2, 9)))
        self.project.tests["customers"]["orders"] = [accepted(values)]
        if self.chance.random() < 0.3:
            self.project.tests["priced"]["pieces"] = [{"not_null": {"config": {"severity": "warn"}}}]
        return f"accepted {values}"

    def edit_row(self) -> str:
        table = self._table()
        value = self.chance.choice(["null", f"coalesce({TABLES[table]}, 0) + 1"])
        return self._sql(f"update main.{table} set {TABLES[table]} = {value}")

    def edit_rows_twice(self) -> str:
        """DuckDB may put the changed blocks back where the old ones were."""
        return (
            self._sql("update main.priced set amount = amount + 1 where id = 1")
            + "; "
            + self._sql("update main.priced set amount = amount + 1 where id = 2")
        )

    def drop_relation(self) -> str:
        return self._sql(f"drop table main.{self._table()}")

    def replace_relation(self) -> str:
        table = self._table()
        return self._sql(f"create or replace table main.{table} as select * from main.{table} limit 1")

    def add_column(self) -> str:
        return self._sql(f"alter table main.{self._table()} add column more_{self.chance.randint(1, 9999)} int")

    def kill_build(self) -> str:
        seconds = self.chance.uniform(1, 6)
        self.project.kill(seconds, "build")
        return f"kill after {seconds:.1f} s"

    def build_some(self) -> str:
        words = self.chance.choice(SELECTIONS)
        self.project.dbt("build", *words)
        return "build " + " ".join(words)

    def forget_versions(self) -> str:
        return self._sql("drop table if exists ledger.relations")

    def undo(self) -> str:
        name = self.chance.choice(sorted(self.project.files))
        self.project.files[name] = FILES[name]
        self.project.tests = {model: dict(columns) for model, columns in TESTS.items()}
        return f"undo {name}"

    def edit_settings(self) -> str:
        self.project.settings = self.chance.choice([{}, {"default_null_order": "nulls_first"}, {"TimeZone": "UTC"}])
        return f"settings {self.project.settings}"


def test_a_build_that_skips_is_a_build_from_nothing(tmp_path: Path) -> None:
    chance = random.Random(SEED)
    project = Project(tmp_path / "project")
    history = History(project, chance)
    told, skipped = [], 0
    project.dbt("build")
    for number in range(STEPS):
        told.append([history.step() for _ in range(chance.choice([1, 1, 1, 2, 3]))])
        run = project.dbt("build")
        rows = project.contents()
        expected, plain = project.from_nothing(tmp_path / "nothing")
        # The fault that is the last of these is the one to look at.
        what = (
            f"seed {SEED}, step {number}:\n"
            + "\n".join(map(str, told))
            + "\n"
            + run.output[-3000:]
            + plain.output[-1500:]
        )
        assert run.results, what
        assert run.statuses() == plain.statuses(), what
        built = {result["unique_id"].split(".")[2] for result in plain.results if result["status"] == "success"}
        for name in sorted(built & expected.keys()):
            if not (history.lost_orders and name == "newest"):
                assert rows.get(name) == expected[name], f"{name}: {what}"
        skipped += len(run.by(unchanged=True))
    assert skipped > 0, "nothing was skipped, so nothing was tested"
