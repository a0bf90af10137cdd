"""A contract's `not_null` is a constraint of the table, so no data test scans for it."""

from __future__ import annotations

import json

from tests.python.support import Workspace


def test_not_null_of_contracts_is_a_constraint_of_the_table(demo: Workspace) -> None:
    nodes = json.loads((demo.root / "target" / "manifest.json").read_text())["nodes"]
    contracted = {
        each["unique_id"]: each
        for each in nodes.values()
        if each["resource_type"] == "model" and each["config"]["contract"]["enforced"]
    }
    declared = {
        (model["schema"], model["alias"], column["name"])
        for model in contracted.values()
        for column in model["columns"].values()
        if any(constraint["type"] == "not_null" for constraint in column["constraints"])
    }
    assert len(declared) > 50
    enforced = demo.query(
        "select schema_name, table_name, constraint_column_names[1] from duckdb_constraints() where constraint_type = 'NOT NULL'"
    )
    assert declared <= set(enforced)
    tested = [
        each["unique_id"]
        for each in nodes.values()
        if (each.get("test_metadata") or {}).get("name") == "not_null"
        and each["attached_node"] in contracted
        and each["config"]["severity"].lower() == "error"
    ]
    assert tested == []
