"""What is documented is whole and still true: models, columns, macros, exposures, pictures, links, reasons."""

from __future__ import annotations

import json
import re
import tomllib
from collections import Counter
from pathlib import Path
from typing import Any

import pytest
import sqlglot
import yaml
from sqlglot import exp

from lakeweave.ingestion.reasons import FILE_REASONS, RECORD_REASONS, SKIP_REASONS
from tests.python.support import ROOT, Workspace
from tools.lineage import pictures, read_nodes
from tools.macro_reference import readme, reference

# Materializations that add columns of their own to those of the model's body.
WIDER = {"inference", "remote_model"}
DOCUMENTS = sorted([*ROOT.glob("*.md"), *ROOT.glob("docs/*.md"), *ROOT.glob("docs/decisions/*.md")])


@pytest.fixture(scope="module")
def manifest(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    """dbt's manifest with compiled SQL; compiling reads no data."""
    workspace = Workspace.create(tmp_path_factory.mktemp("docs"))
    workspace.dbt("compile")
    return json.loads((workspace.root / "target" / "manifest.json").read_text())


def nodes(manifest: dict[str, Any], *kinds: str) -> list[dict[str, Any]]:
    return [node for node in manifest["nodes"].values() if node["resource_type"] in kinds]


def test_every_node_is_described(manifest: dict[str, Any]) -> None:
    described = [
        *nodes(manifest, "model", "seed", "snapshot", "analysis"),
        *manifest["sources"].values(),
        *manifest["exposures"].values(),
        *manifest["unit_tests"].values(),
    ]
    assert len(described) > 50
    assert [node["unique_id"] for node in described if not (node.get("description") or "").strip()] == []
    sources = {source["source_name"]: source["source_description"] for source in manifest["sources"].values()}
    assert [name for name, description in sources.items() if not description.strip()] == []


def test_every_documented_column_is_described(manifest: dict[str, Any]) -> None:
    missing = [
        f"{node['name']}.{name}"
        for node in nodes(manifest, "model", "seed")
        for name, column in node["columns"].items()
        if not (column["description"] or "").strip()
    ]
    assert missing == []


def output_columns(sql: str) -> list[str]:
    """The columns of the select that a model ends with, looked up in its own common table expressions."""
    query = sqlglot.parse_one(sql, read="duckdb")
    tables = {cte.alias: cte.this for cte in query.find_all(exp.CTE)}
    while len(query.named_selects) == 1 and query.named_selects[0] == "*":
        source = query.find(exp.From)
        assert source is not None
        query = tables[source.this.name]
    return query.named_selects


def test_every_column_is_documented(manifest: dict[str, Any]) -> None:
    checked = 0
    for model in nodes(manifest, "model"):
        if model["language"] != "sql":
            continue
        built = output_columns(model["compiled_code"] or model["raw_code"])
        documented = list(model["columns"])
        checked += 1
        assert set(built) <= set(documented), f"{model['name']} makes columns that its YAML does not describe"
        if model["config"]["materialized"] not in WIDER:
            assert set(documented) <= set(built), f"the YAML of {model['name']} describes columns that it does not make"
    assert checked > 15


def test_every_doc_block_is_used_and_written_once() -> None:
    blocks = Counter(
        name
        for path in [*ROOT.glob("docs/blocks/*.md"), *ROOT.glob("models/**/*.md")]
        for name in re.findall(r"{%-?\s*docs\s+(\w+)\s*-?%}", path.read_text())
    )
    assert [name for name, times in blocks.items() if times > 1] == []
    used = {
        name
        for folder in ("models", "seeds", "snapshots", "macros")
        for path in (ROOT / folder).rglob("*.yml")
        for name in re.findall(r"doc\(['\"](\w+)['\"]\)", path.read_text())
    }
    assert set(blocks) - used - {"__overview__"} == set()


def public_macros(manifest: dict[str, Any]) -> list[dict[str, Any]]:
    """Macros for others to call: no helper, no variant of one engine, no materialization, no test."""
    return [
        macro
        for macro in manifest["macros"].values()
        if macro["package_name"] == "lakeweave"
        and not macro["name"].startswith(("_", "materialization_", "test_"))
        and not re.match(r"(default|duckdb|bigquery|spark|databricks)__", macro["name"])
    ]


def test_every_public_macro_is_documented_with_its_arguments(manifest: dict[str, Any]) -> None:
    macros = public_macros(manifest)
    assert len(macros) > 30
    problems = []
    for macro in macros:
        signature = re.search(
            r"{%-?\s*macro\s+" + macro["name"] + r"\s*\((.*?)\)\s*-?%}", macro["macro_sql"], re.DOTALL
        )
        assert signature is not None, macro["name"]
        taken = [word.split("=")[0].strip() for word in re.split(r",(?![^\[{(]*[\]})])", signature[1]) if word.strip()]
        documented = [argument["name"] for argument in macro["arguments"] if argument.get("description")]
        if not macro["description"].strip():
            problems.append(f"{macro['name']} has no description")
        if taken != documented:
            problems.append(f"{macro['name']} takes {taken}, documented are {documented}")
        if any(not argument.get("type") for argument in macro["arguments"]):
            problems.append(f"{macro['name']} has an argument without a type")
    assert not problems, "\n".join(problems)


def test_one_public_macro_a_file_named_after_it(manifest: dict[str, Any]) -> None:
    wrong = [
        f"{macro['name']} in {macro['original_file_path']}"
        for macro in public_macros(manifest)
        if Path(macro["original_file_path"]).stem != macro["name"]
    ]
    assert wrong == []


def test_exposures_name_the_models_that_their_consumers_read(manifest: dict[str, Any]) -> None:
    exposures = {exposure["name"]: set(exposure["depends_on"]["nodes"]) for exposure in manifest["exposures"].values()}
    known = {*manifest["nodes"], *manifest["sources"]}
    assert all(parents and parents <= known for parents in exposures.values())
    read = {parent for analysis in nodes(manifest, "analysis") for parent in analysis["depends_on"]["nodes"]}
    assert exposures["shop_analyses"] == read
    # The app and the notebook name their tables by schema and table.
    tables = {
        (node["schema"], node["alias"]): unique_id
        for unique_id, node in manifest["nodes"].items()
        if node["resource_type"] == "model"
    }
    app = "".join(path.read_text() for path in sorted((ROOT / "app").rglob("*.py")) if path.stem != "warehouse")
    notebook = (ROOT / "analyses" / "notebooks" / "cohort_retention.ipynb").read_text()
    for name, text in (("shop_app", app), ("retention_notebook", notebook)):
        named = {tables[each] for each in re.findall(r"\b(bronze|silver|gold)\.(\w+)", text) if each in tables}
        assert exposures[name] == named, name


def test_pictures_of_the_lineage_have_not_drifted(manifest: dict[str, Any]) -> None:
    drawn = pictures(manifest)
    for name, picture in drawn.items():
        path = ROOT / "docs" / name
        assert (path.read_text() if path.exists() else "") == picture, (
            f"docs/{name} differs from the manifest: run `dbt parse && python -m tools.lineage`"
        )
    assert drawn == pictures(manifest)
    boxes = {name: set(re.findall(r"<g><title>(\w+)</title>", picture)) for name, picture in drawn.items()}
    assert boxes["lineage.svg"] == {node.name for node in read_nodes(manifest).values()}
    page = (ROOT / "docs" / "demo.md").read_text()
    for feed in {source["source_name"] for source in manifest["sources"].values()} - {"published"}:
        if f"lineage/{feed}.svg" in drawn:
            assert f"](lineage/{feed}.svg)" in page
            assert len(boxes[f"lineage/{feed}.svg"]) < len(boxes["lineage.svg"])
    assert {"bronze_users", "silver_users", "customer_metrics"} <= boxes["lineage/thelook.svg"]
    assert "bronze_grocery_items" not in boxes["lineage/thelook.svg"]
    assert len(drawn) == 6


def test_demo_page_answers_for_every_gold_model(manifest: dict[str, Any]) -> None:
    page = (ROOT / "docs" / "demo.md").read_text()
    assert "lineage.svg" in page
    listed = set(re.findall(r"^\| `(\w+)` \|", page, re.MULTILINE))
    gold = {model["name"] for model in nodes(manifest, "model") if model["fqn"][1] == "gold"}
    known = {node["name"] for node in nodes(manifest, "model", "snapshot")}
    assert gold <= listed
    assert {name for name in listed if name.startswith(("bronze_", "silver_"))} <= known


def test_macro_reference_has_not_drifted() -> None:
    page = (ROOT / "README.md").read_text()
    assert "| [`inference`](docs/macros.md#inference) |" in page
    for written, generated, name in (
        ((ROOT / "docs" / "macros.md").read_text(), reference(), "docs/macros.md"),
        (page, readme(page), "README.md"),
    ):
        assert written == generated, f"{name} differs from the _macros.yml files: run `python tools/macro_reference.py`"


def test_commands_that_documents_name_exist() -> None:
    targets = set(re.findall(r"^([a-z-]+):", (ROOT / "Makefile").read_text(), re.MULTILINE))
    extras = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]["optional-dependencies"]
    targets |= {f"extra-{name}" for name in extras}
    told = {
        target
        for path in (ROOT / "lakeweave").rglob("*.py")
        for target in re.findall(r"make (extra-[a-z-]+[a-z])", path.read_text())
    }
    assert told <= targets, "a message of the code names an extra that pyproject.toml does not have"
    for path in DOCUMENTS:
        for target in re.findall(r"`make ([a-z-]+)", path.read_text()):
            assert target in targets, f"{path.name} names `make {target}`, which the Makefile does not have"


def test_operations_that_documents_name_exist(manifest: dict[str, Any]) -> None:
    macros = {macro["name"] for macro in public_macros(manifest)}
    for path in DOCUMENTS:
        for operation in re.findall(r"dbt run-operation (\w+)", path.read_text()):
            assert operation in macros, f"{path.name} names the operation {operation}, which is no macro"


def test_links_between_documents_lead_somewhere() -> None:
    links = 0
    for path in DOCUMENTS:
        for target in re.findall(r"\]\(([^)#\s]+)(?:#[^)]*)?\)", path.read_text()):
            if "://" in target:
                continue
            links += 1
            assert (path.parent / target).exists(), f"{path.relative_to(ROOT)} links to {target}, which does not exist"
    assert links > 5


def test_every_reason_is_in_the_documents() -> None:
    text = (ROOT / "docs" / "ingestion.md").read_text()
    rows = dict(re.findall(r"^\| `(\w+)` \| (.+) \|$", text, re.MULTILINE))
    for reason, sentence in {**RECORD_REASONS, **FILE_REASONS, **SKIP_REASONS}.items():
        assert rows.get(reason) == sentence
    # The other way: the documents name no reason that the code does not have.
    section = text.partition("## Reasons")[2].partition("\n## ")[0]
    documented = set(re.findall(r"^\| `(\w+)` \|", section, re.MULTILINE))
    assert documented == {*RECORD_REASONS, *FILE_REASONS, *SKIP_REASONS}


def test_troubleshooting_shows_messages_as_they_are_printed() -> None:
    page = (ROOT / "docs" / "troubleshooting.md").read_text()
    shown = re.findall(r"<!-- ([\w/.]+): (.*?) -->\n```\n(.*?)\n```", page, re.DOTALL)
    assert len(shown) >= 10
    assert len(shown) == page.count("\n## ")
    for path, fragment, message in shown:
        assert fragment in (ROOT / path).read_text(), f"{path} prints no `{fragment}`"
        assert fragment in message, f"the message on the page lacks `{fragment}`"


def test_analyses_are_not_among_the_nodes_of_dbts_documentation() -> None:
    """They are questions for a reader of docs/questions.md; between the models they would be in the way."""
    described = yaml.safe_load((ROOT / "analyses" / "_analyses.yml").read_text())["analyses"]
    assert {each["name"] for each in described} == {path.stem for path in (ROOT / "analyses").glob("*.sql")}
    assert [each["name"] for each in described if each["config"]["docs"] != {"show": False}] == []


def test_dbts_documentation_has_a_color_for_each_layer_and_an_owner_for_each_gold_model(
    manifest: dict[str, Any],
) -> None:
    colors: dict[str, set[str | None]] = {}
    for node in nodes(manifest, "model", "seed", "snapshot"):
        layer = node["fqn"][1] if node["resource_type"] == "model" else node["resource_type"]
        colors.setdefault(layer, set()).add(node["config"]["docs"].get("node_color"))
    assert colors.keys() == {"bronze", "silver", "gold", "ml", "seed", "snapshot"}
    assert all(len(found) == 1 and None not in found for found in colors.values()), colors
    assert len(set.union(*colors.values())) == len(colors), "two layers have one color"
    owners = {group["name"]: group["owner"] for group in manifest["groups"].values()}
    gold = [node for node in nodes(manifest, "model") if node["fqn"][1] == "gold"]
    assert [node["name"] for node in gold if node["config"].get("group") not in owners] == []
    assert all(owner["name"] and owner["email"] for owner in owners.values())
