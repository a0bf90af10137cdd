"""``python -m lakeweave.personal``: checks every inference model of a compiled manifest, whatever its engine.

Run ``dbt compile --target <target>`` first. Ends with 1 if a model puts personal columns into its input unannounced, or is
not understood; with 2 if there is no manifest to read.
"""

from __future__ import annotations

import argparse
import json
import sys
from pathlib import Path
from typing import Any

from lakeweave.personal.upstream import Verdict, verdict


def _node(said: dict[str, Any]) -> dict[str, Any]:
    """What the lineage wants to know of a node of the manifest."""
    config = said.get("config") or {}
    pii = {}
    for column in (said.get("columns") or {}).values():
        meta = (column.get("config") or {}).get("meta") or column.get("meta") or {}
        if "pii" in meta:
            pii[column["name"].lower()] = str(meta["pii"]).lower() not in ("false", "no", "0", "", "none")
    return {
        **{name: said.get(name) for name in ("name", "resource_type", "source_name", "database", "schema", "language")},
        **{name: said.get(name) for name in ("compiled_code", "raw_code")},
        "identifier": said.get("identifier") or said.get("alias") or said["name"],
        "depends_on": (said.get("depends_on") or {}).get("nodes") or [],
        "input": ((config.get("meta") or {}).get("inference") or {}).get("input"),
        "pii": pii,
    }


def verdicts(manifest: dict[str, Any]) -> dict[str, Verdict]:
    """The verdict on each inference model that does not announce personal data, by name."""
    nodes = {**manifest["nodes"], **manifest["sources"]}
    found = {}
    for node in manifest["nodes"].values():
        asked = ((node.get("config") or {}).get("meta") or {}).get("inference")
        if not asked or asked.get("allow_pii"):
            continue
        upstream: dict[str, Any] = {}
        queue = list(node["depends_on"]["nodes"])
        while queue:
            node_id = queue.pop()
            if node_id in nodes and node_id not in upstream and nodes[node_id]["name"] != asked["model"]:
                upstream[node_id] = _node(nodes[node_id])
                queue.extend(upstream[node_id]["depends_on"])
        if not node.get("compiled_code"):
            found[node["name"]] = Verdict((), "it is not compiled; run dbt compile first.")
            continue
        found[node["name"]] = verdict(
            {
                "dialect": manifest["metadata"]["adapter_type"],
                "body": node["compiled_code"],
                "input": asked["input"],
                "nodes": upstream,
                "trust_marks": True,
            }
        )
    return found


def main(argv: list[str] | None = None) -> int:
    """Print a line for each inference model; 0, 1 if one is refused, 2 without a manifest."""
    parser = argparse.ArgumentParser(prog="python -m lakeweave.personal", description=__doc__)
    parser.add_argument("--manifest", type=Path, default=Path("target/manifest.json"))
    arguments = parser.parse_args(argv)
    try:
        manifest = json.loads(arguments.manifest.read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        print(f"personal: {arguments.manifest} cannot be read ({error}). Run dbt compile first.", file=sys.stderr)
        return 2
    refused = 0
    for name, said in sorted(verdicts(manifest).items()):
        if said.problem:
            print(f"{name}: not understood: {said.problem}")
        elif said.found:
            print(f"{name}: personal columns in its input: {', '.join(said.found)}")
        else:
            print(f"{name}: no personal column in its input")
        refused += bool(said.problem or said.found)
        if said.unread:
            print(f"{name}: by name only below {', '.join(sorted(set(said.unread)))}, whose SQL cannot be read")
    return 1 if refused else 0


if __name__ == "__main__":
    sys.exit(main())
