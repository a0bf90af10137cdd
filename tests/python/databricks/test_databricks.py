"""Every statement that dbt-databricks sends is parsed, analyzed and run by open-source Spark with Delta.

It runs in an environment of its own (`make test-databricks`): dbt-databricks and the other adapters want different releases
of the same packages. What is listed in databricks_only.py is answered by the stand-in; nothing was ever sent to Databricks.
"""

from __future__ import annotations

import importlib.util
import os
import re

import pytest

from tests.python import postgres
from tests.python.left_behind import MARK, in_files

PHASES = ("first run", "increment", "full refresh")

pytestmark = pytest.mark.skipif(
    importlib.util.find_spec("dbt.adapters.databricks") is None or importlib.util.find_spec("pyspark") is None,
    reason="dbt-databricks is in an environment of its own: make test-databricks",
)


@pytest.fixture(scope="module")
def recording(tmp_path_factory: pytest.TempPathFactory):
    from tests.python.databricks.recorder import record

    return record(tmp_path_factory.mktemp("databricks"))


def test_spark_takes_every_statement(recording) -> None:
    """One line for each statement that Spark refuses: phase, node, message."""
    assert len(recording.warehouse.statements) > 500
    refused = [f"{each.phase}: {each.node}: {each.problem}" for each in recording.warehouse.statements if each.problem]
    assert not refused, "\n".join(refused)


# Tests of what models answer, which a stub does not know: that they fail says nothing of the statements.
ABOUT_ANSWERS = (
    "test.lakeweave.condition_ratio_silver_product_image_looks_",
    "test.lakeweave.condition_ratio_yoga_pose_library_",
    "test.lakeweave.condition_ratio_yoga_model_evaluation_accuracy_",
    "test.lakeweave.searches_find_what_they_should",
)


def test_no_node_fails(recording) -> None:
    """Neither a model nor a data test, but for those that ask how good the answers are."""
    bad = [" | ".join(each) for each in recording.ended if each[2] not in ("success", "pass", "warn", "no-op")]
    assert not [each for each in bad if not (" | fail | " in each and each.split(" | ")[1].startswith(ABOUT_ANSWERS))]
    for name in ABOUT_ANSWERS:
        assert any(f"| {name}" in each for each in bad), f"{name} passes now: take it from the list"


def test_records_arrive(recording) -> None:
    """Statements over empty tables would be taken too: every file is loaded, and every bronze table has rows."""
    session = recording.warehouse.session
    held = session.sql("select file_name, reason from dev_ledger.files where state = 'held'").collect()
    assert held == []
    loaded = session.sql("select distinct source from dev_ledger.files where state = 'loaded'").collect()
    assert len(loaded) >= 9
    for row in loaded:
        table = row.source.split(".")[1]
        assert session.table(f"dev_bronze.{table}").count() > 0, table
    # Databricks has no such function any more.
    assert [each.node for each in recording.warehouse.statements if "input_file_name" in each.sql] == []


def test_every_node_is_covered(recording) -> None:
    """Each model, seed and snapshot sent something in each kind of run."""
    for phase in PHASES:
        assert recording.nodes <= {node for run, node, _, _ in recording.ended if run == phase}
    assert set(PHASES) == {each.phase for each in recording.warehouse.statements}


def _word(statement) -> str:
    """The first word of a statement, without dbt's comments."""
    return re.sub(r"(?s:/\*.*?\*/)|--.*", "", statement.sql).split()[0].lower()


def test_the_increment_merges(recording) -> None:
    """Both branches of an incremental model are among the statements."""
    kinds = {phase: {_word(each) for each in recording.warehouse.statements if each.phase == phase} for phase in PHASES}
    assert "merge" in kinds["increment"]
    assert "merge" not in kinds["first run"]
    # A snapshot keeps its history when everything else is created again.
    unlike = {
        each.node for each in recording.warehouse.statements if each.phase == "full refresh" and _word(each) == "merge"
    }
    assert {node.split(".")[0] for node in unlike} <= {"snapshot"}
    assert {"create", "insert", "select", "set", "declare"} <= kinds["first run"]


@pytest.mark.skipif(
    postgres.absent() is not None and not os.environ.get("CI"), reason=f"no database server: {postgres.absent()}"
)
def test_the_database_is_read_by_jdbc_and_as_a_foreign_catalog(recording) -> None:
    """No statement holds the password: it is a setting of the cluster."""
    sent = {
        phase: "\n".join(each.sql for each in recording.warehouse.statements if each.phase == phase) for phase in PHASES
    }
    assert "using jdbc" in sent["first run"]
    assert "password '${spark.lakeweave.grocery.phrase}'" in sent["first run"]
    assert "from `shop_pg`.`public`.`Transactions`" in sent["increment"]
    assert "using jdbc" not in sent["increment"]
    assert postgres.PASSWORD[:13] not in "".join(sent.values())
    read = recording.warehouse.session.table("dev_bronze.transactions").select("read_number").distinct().collect()
    assert {row.read_number for row in read} >= {"1", "2"}


def test_no_secret_is_sent_or_left(recording) -> None:
    """Statements, results of each node, logs, artifacts and tables; of a token, a key and the database's password."""
    marks = [MARK, postgres.PASSWORD[:13]]
    texts = [*(each.sql for each in recording.warehouse.statements), *(each[3] for each in recording.ended)]
    assert not [text for text in texts if any(mark in text for mark in marks)]
    assert (recording.left / "target" / "manifest.json").is_file()
    assert list((recording.left / "logs").iterdir())
    assert in_files(recording.left, marks) == []


def test_every_entry_of_databricks_only_is_used(recording) -> None:
    """An entry of the list that nothing uses is out of date."""
    from tests.python.databricks.databricks_only import STATEMENTS, STUBS

    assert {*(each.name for each in STATEMENTS), *STUBS} == set(recording.warehouse.used)
