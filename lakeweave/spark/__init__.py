"""dbt on a Spark session of this process: ``python -m lakeweave.spark build --target spark``.

dbt-spark opens the session but knows no plugins, so what the SQL of the project cannot do on Spark alone is put into the
session here, before dbt's first statement: the local models (:mod:`.functions`) and Python models (:mod:`.python_models`).
:mod:`.checks` says in one sentence what is wrong with a machine on which no session can be had. Nothing is imported here:
Spark's Python workers import this package, and they need neither dbt nor the rest.
"""

from __future__ import annotations


def dbt_program(target: str | None) -> str:
    """The module that is dbt for ``target``: on Spark, this package, whose session has the project's functions."""
    return "lakeweave.spark" if (target or "").startswith("spark") else "dbt.cli.main"
