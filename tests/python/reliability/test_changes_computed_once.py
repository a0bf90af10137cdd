"""Random histories of a project: after each step, a build that skips gives the relations and verdicts of a build from nothing.

``LAKEWEAVE_FAULTS`` sets the number of steps (``make test-reliability``), ``LAKEWEAVE_SEED`` the history.
"""

from __future__ import annotations

import os
import random
from collections.abc import Callable
from pathlib import Path

import duckdb

from tests.python.duckdb.computed_once_project import FILES, TESTS, Project, accepted

STEPS = int(os.environ.get("LAKEWEAVE_FAULTS", "1"))
SEED = int(os.environ.get("LAKEWEAVE_SEED", "1"))
SELECTIONS = [
    [word.replace("\u00a0", " ") for word in words.split(" ")]
    for words in (
        *("--select priced", "--select priced+", "--select +customers", "--select staged", "--exclude customers+"),
        *("--select prices", "--select history", "--exclude-resource-type test", "--select resource_type:test"),
        *("--full-refresh", "--select newest+ --full-refresh", "--empty", "--select python_totals --empty"),
        *("--target other", "--select priced+ --target other", "--select test_type:unit", "--threads 1"),
        *("--vars {least:\u00a01}", "--select customers --defer --state target", "--fail-fast", "--sample 1\u00a0day"),
    )
]
COMMANDS = ("run", "test", "seed", "snapshot", "compile", "retry", "docs generate", "run-operation build_plan")
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
            self.edit_test_macro,
            self.edit_unit_test,
            self.edit_config,
            self.break_model,
        )
        by_hand = (
            self.edit_row,
            self.edit_row,
            self.edit_rows_twice,
            self.drop_relation,
            self.replace_relation,
            self.add_column,
            self.swap_values,
            self.delete_row,
            self.rename_relation,
            self.exchange_relations,
            self.edit_view,
        )
        ledger = (self.forget_versions, self.lose_ledger, self.age_ledger, self.turn_clock_back)
        runs = (
            *(self.kill_build, self.kill_build, self.build_some, self.build_some, self.run_command, self.build_at_once),
            *(self.undo, self.edit_settings, *ledger),
        )
        self.steps: tuple[Callable[[], str], ...] = deliveries + edits + by_hand + runs

    def step(self) -> str:
        return self.chance.choice(self.steps)()

    def _sql(self, statement: str) -> str:
        try:
            self.project.sql(statement)
        except (duckdb.CatalogException, duckdb.BinderException) as error:
            # An earlier step has taken away what this one changes.
            return f"{statement}: {error}"
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
        """Not to the seed: dbt loads the file into the table that is there, and refuses, with and without versions."""
        table = self._table().replace("prices", "priced")
        return self._sql(f"alter table main.{table} add column more_{self.chance.randint(1, 9999)} int")

    def edit_test_macro(self) -> str:
        most = self.chance.choice([10, 100000])
        self.project.files["macros/at_most.sql"] = FILES["macros/at_most.sql"].replace("100000", str(most))
        return f"at most {most}"

    def edit_unit_test(self) -> str:
        quantity = self.chance.randint(1, 4)
        self.project.unit_tests = {"pieces_are_doubled": (quantity, self.chance.choice([2, 2, 3]) * quantity)}
        return f"unit test {self.project.unit_tests}"

    def edit_config(self) -> str:
        name = self.chance.choice(["models/priced.sql", "models/customers.sql", "models/marked.sql"])
        config = self.chance.choice(
            ["materialized='view'", "materialized='table'", "post_hook='select 1'", "tags=['a']"]
        )
        self.project.files[name] = "{{ config(" + config + ") }}" + FILES[name]
        return f"{name}: {config}"

    def break_model(self) -> str:
        """A build that fails, and the model as it was."""
        text = self.project.files["models/customers.sql"]
        self.project.files["models/customers.sql"] = text.replace("amount)", "no_such_column)")
        run = self.project.dbt("build")
        self.project.files["models/customers.sql"] = text
        return f"a build that failed: {'ERROR' in run.output}"

    def swap_values(self) -> str:
        """Two rows exchange a value, so that no count and no sum of a column is another one."""
        return self._sql(
            "update main.priced set amount = (select sum(amount) from main.priced where id in (1, 2)) - amount where id in (1, 2)"
        )

    def delete_row(self) -> str:
        table = self._table()
        return self._sql(f"delete from main.{table} where rowid = (select max(rowid) from main.{table})")

    def rename_relation(self) -> str:
        table = self._table()
        return self._sql(f"alter table main.{table} rename to {table}_{self.chance.randint(1, 9999)}")

    def exchange_relations(self) -> str:
        """A relation takes the place of another one with the same columns."""
        return self._sql(
            "create or replace table main.priced as select * from main.priced order by amount desc nulls last"
        )

    def edit_view(self) -> str:
        if self.chance.random() < 0.3:
            return self._sql("drop view if exists main.staged")
        return self._sql(
            "create or replace view main.staged as select id, customer, product, quantity + 1 as quantity from raw.orders"
        )

    def lose_ledger(self) -> str:
        return self._sql("drop schema if exists ledger cascade")

    def age_ledger(self) -> str:
        """The ledger of an older release: a column is absent, or a version was made of other things."""
        change = self.chance.choice(
            ["alter table {} drop column reads", "alter table {} drop column mark", "update {} set version = 'old'"]
        )
        return self._sql(change.format("ledger.relations"))

    def turn_clock_back(self) -> str:
        return self._sql("update ledger.relations set recorded_at = recorded_at + interval 10 year")

    def run_command(self) -> str:
        command = self.chance.choice(COMMANDS)
        self.project.dbt(*command.split())
        return f"dbt {command}"

    def build_at_once(self) -> str:
        self.project.twice_at_once("build")
        return "two builds at once"

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
        self.project.unit_tests = {"pieces_are_doubled": (3, 6)}
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
        verdicts, plain_verdicts = run.statuses(), plain.statuses()
        if history.lost_orders:
            # The incremental model keeps an order that the source has lost, so the rows say what its test finds.
            for test in [each for each in verdicts if each.startswith("test.lakeweave.relationships_newest")]:
                plain_verdicts.pop(test, None)
                if (verdict := verdicts.pop(test)) != "skipped":
                    known = {row[0] for row in rows["customers"]}
                    lost = {row[1] for row in rows["newest"]} - known - {None}
                    assert verdict == ("fail" if lost else "pass"), what
        assert verdicts == plain_verdicts, what
        built = {result["unique_id"].split(".")[2] for result in plain.results if result["status"] == "success"}
        for name in sorted(built & expected.keys()):
            if not (history.lost_orders and name == "newest"):
                assert rows.get(name) == expected[name], f"{name}: {what}"
        skipped += len(run.by(unchanged=True))
    assert skipped > 0, "nothing was skipped, so nothing was tested"
