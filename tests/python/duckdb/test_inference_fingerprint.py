"""The fingerprint of a call is the same bytes on every engine: checked-in vectors, here asserted on DuckDB.

`inference_fingerprints.json` is what the other engines' tests compare with, too.
"""

from __future__ import annotations

import hashlib
import json
from pathlib import Path

from tests.python.duckdb.inference_project import InferenceProject

VECTORS = json.loads((Path(__file__).parent / "inference_fingerprints.json").read_text())


def sent(function: str, options: dict) -> dict:
    """The options of the request that is sent: defaults filled in, and what says nothing left out."""
    defaults = {"generate_text": {"temperature": 0}, "annotate_image": {"features": ["LABEL_DETECTION"]}}
    filled = {**defaults.get(function, {}), **options}
    if function == "generate_text" and filled.get("response_format") == "text":
        del filled["response_format"]
    return {k: int(v) if isinstance(v, float) and v == int(v) else v for k, v in filled.items()}


def reference(function: str, model: str, model_version: str, options: dict, content: str) -> str:
    """What macros/inference/fingerprint.sql says, in Python."""
    constants = ["lakeweave-1", function, model, model_version, json.dumps(sent(function, options), sort_keys=True)]
    return hashlib.sha256((json.dumps(constants) + content).encode()).hexdigest()


def test_vectors_equal_their_definition() -> None:
    calls = set()
    for vector in VECTORS:
        parts = {key: value for key, value in vector.items() if key != "sha256"}
        assert reference(**parts) == vector["sha256"], parts
        calls.add(json.dumps({**parts, "options": sent(parts["function"], parts["options"])}, sort_keys=True))
    assert len({vector["sha256"] for vector in VECTORS}) == len(calls), "no two different calls are the same call"
    assert len(calls) < len(VECTORS), "the same request, written in two ways, is one call"


def test_duckdb_gives_the_vectors(tmp_path: Path) -> None:
    project = InferenceProject(tmp_path, {"backend": "offline"})
    selects = []
    for number, vector in enumerate(VECTORS):
        codes = " || ".join(f"chr({ord(character)})" for character in vector["content"]) or "''"
        call = ", ".join(json.dumps(vector[key]) for key in ("function", "model", "model_version"))
        options = json.dumps(vector["options"]).replace("null", "none")
        selects.append(
            f"select {number} as number, {{{{ lakeweave.fingerprint({call}, {options}, 'content') }}}} as sha256 "
            f"from (select {codes} as content)"
        )
    project.write("fingerprints", "\nunion all\n".join(selects))
    project.build("-s", "fingerprints")
    found = project.query("select sha256 from fingerprints order by number")
    assert [row[0] for row in found] == [vector["sha256"] for vector in VECTORS]
