"""``python tools/macro_reference.py``: writes docs/macros.md and the macro table of README.md from the `_macros.yml` files.

The engines of a macro are found in its dispatch: each `<adapter>__<name>` macro is an implementation, and a default that
calls `raise_unsupported` is none.
"""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import yaml

ROOT = Path(__file__).resolve().parents[1]
ENGINES = ("duckdb", "spark", "bigquery", "databricks")
FOLDERS = {
    "inference": "Inference",
    "vectors": "Vector search",
    "ingestion": "Ingestion",
    "ledger": "Ledger",
    "cleaning": "Values",
    "conversion": "Currency conversion",
    "externals": "External tables",
    "publishing": "Publishing",
    "profiling": "Profiling",
    "computed_once": "Computed once",
    "demo": "Demo",
    "core": "Core",
}
#: The macros of the README's table, in its order.
MOST_USED = (
    "ingestion",
    "delivered_records",
    "one_row_per_key",
    "newest_records",
    "clean_text",
    "to_money",
    "parse_timestamp",
    "standardize",
    "inference",
    "remote_model",
    "generate_text",
    "redact",
    "vector_search",
    "vector_index",
    "object_table",
    "inference_plan",
    "ledger_summary",
    "externals_plan",
)
TABLE = re.compile(r"(<!-- macros: tools/macro_reference.py -->\n).*?(<!-- /macros -->)", re.DOTALL)
OPERATIONS = re.compile(r"^\s*dbt run-operation (\w+)", re.MULTILINE)


def macro_texts(root: Path = ROOT) -> dict[str, str]:
    """The text of each macro of the project, by its name."""
    texts: dict[str, str] = {}
    for path in sorted((root / "macros").rglob("*.sql")):
        text = path.read_text(encoding="utf-8")
        starts = list(re.finditer(r"{%-?\s*macro\s+(\w+)\s*\(", text))
        for match in starts:
            end = text.find("endmacro", match.end())
            texts[match[1]] = text[match.start() : end]
    return texts


def engines(name: str, texts: dict[str, str]) -> list[str]:
    """The engines that implement the macro ``name``."""
    if "adapter.dispatch('" + name not in texts.get(name, ""):
        return list(ENGINES)
    default = texts.get(f"default__{name}", "")
    has_default = bool(default) and "raise_unsupported" not in default
    found = [engine for engine in ENGINES if has_default or f"{engine}__{name}" in texts]
    # dbt-databricks inherits from dbt-spark.
    return found + ["databricks"] * ("spark" in found and "databricks" not in found)


def reference(root: Path = ROOT) -> str:
    """The text of docs/macros.md."""
    texts = macro_texts(root)
    lines = [
        "# Macros",
        "",
        "`tools/macro_reference.py` writes this page from the `_macros.yml` files. Every macro is called as `lakeweave.<name>`.",
    ]
    for folder, title in FOLDERS.items():
        path = root / "macros" / folder / "_macros.yml"
        if not path.is_file():
            continue
        macros = [
            m for m in yaml.safe_load(path.read_text(encoding="utf-8"))["macros"] if not m["name"].startswith("_")
        ]
        lines += ["", f"## {title}"]
        for macro in sorted(macros, key=lambda m: m["name"]):
            lines += ["", f"### {macro['name']}", "", " ".join(macro["description"].split())]
            known = engines(macro["name"], texts)
            if known != list(ENGINES):
                lines += ["", f"Engines: {', '.join(known) or 'none'}."]
            if macro.get("arguments"):
                lines += ["", "| argument | type | description |", "|---|---|---|"]
                for argument in macro["arguments"]:
                    text = " ".join(argument["description"].split()).replace("|", "\\|")
                    lines.append(f"| `{argument['name']}` | {argument['type']} | {text} |")
    return "\n".join(lines) + "\n"


def documented(root: Path = ROOT) -> dict[str, dict[str, Any]]:
    """The entry of each public macro in the `_macros.yml` files, by its name."""
    return {
        macro["name"]: macro
        for path in sorted((root / "macros").glob("*/_macros.yml"))
        for macro in yaml.safe_load(path.read_text(encoding="utf-8"))["macros"]
        if not macro["name"].startswith("_")
    }


def readme(text: str, root: Path = ROOT) -> str:
    """``text``, the README, with its table of the most used macros as the `_macros.yml` files describe them."""
    texts, macros = macro_texts(root), documented(root)
    lines = ["| macro | purpose | arguments | engines |", "|---|---|---|---|"]
    for name in MOST_USED:
        summary = re.split(r"(?<=[.])\s", " ".join(macros[name]["description"].split()))[0].rstrip(".")
        arguments = ", ".join(f"`{each['name']}`" for each in macros[name].get("arguments", []))
        known = engines(name, texts)
        lines.append(
            f"| [`{name}`](docs/macros.md#{name}) | {summary} | {arguments or '–'} "
            f"| {'all' if known == list(ENGINES) else ', '.join(known)} |"
        )
    return TABLE.sub(lambda found: found[1] + "\n".join(lines) + "\n" + found[2], text)


if __name__ == "__main__":
    (ROOT / "docs" / "macros.md").write_text(reference(), encoding="utf-8")
    page = ROOT / "README.md"
    page.write_text(readme(page.read_text(encoding="utf-8")), encoding="utf-8")
