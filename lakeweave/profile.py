"""An HTML page with a profile of the bronze tables: ``python -m lakeweave.profile``, or ``make profile``.

The figures come from the operation ``profile``, so they are the same on every engine; this module only lays them out. The page
is one file without scripts, fonts or pictures from elsewhere.
"""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
from html import escape
from pathlib import Path
from typing import Any

from lakeweave.errors import ProfileFailedError
from lakeweave.spark import dbt_program

MARK = "lakeweave-profile: "
STYLE = """
:root { color-scheme: light dark; --line: #8886; --bar: #2a78b5; --note: #a65300; }
@media (prefers-color-scheme: dark) { :root { --bar: #6cb4e8; --note: #ffb25c; } }
body { font: 15px/1.45 system-ui, sans-serif; margin: 1.5rem auto; max-width: 90rem; padding: 0 1rem; }
nav a { margin-right: .9rem; white-space: nowrap; }
.wide { overflow-x: auto; }
table { border-collapse: collapse; width: 100%; font-variant-numeric: tabular-nums; }
th, td { border-bottom: 1px solid var(--line); padding: .3rem .6rem; text-align: left; vertical-align: top; }
td.number, th.number { text-align: right; }
td.value { max-width: 16rem; overflow-wrap: anywhere; }
.share { background: var(--line); height: 5px; min-width: 4rem; }
.share i { background: var(--bar); display: block; height: 100%; }
.note { color: var(--note); }
small { opacity: .75; }
"""


def measure(relation: str, target: str, personal: bool = False) -> list[dict[str, Any]]:
    """What the operation ``profile`` says of a model, or of all models of a layer.

    Raises:
        ProfileFailedError: dbt ended with an error, or nothing is built yet.
    """
    arguments = json.dumps({"relation": relation, "output": "json", "personal": personal})
    done = subprocess.run(
        [
            *(sys.executable, "-m", dbt_program(target), "--quiet", "run-operation", "profile", "--args", arguments),
            *("--target", target),
        ],
        capture_output=True,
        text=True,
        check=False,
    )
    lines = done.stdout.splitlines()
    tables = [json.loads(line.removeprefix(MARK)) for line in lines if line.startswith(MARK)]
    if done.returncode != 0:
        raise ProfileFailedError((done.stdout + done.stderr).strip())
    if not tables:
        raise ProfileFailedError("\n".join(lines) or f"There is nothing in {relation} to profile.")
    return tables


def _column(column: dict[str, Any]) -> str:
    """One row of a table's profile."""
    rows = column["row_count"]
    missing = 100 * column["null_count"] / rows if rows else 0
    shown = f"{missing:.1f} %" if missing >= 0.05 or not missing else "below 0.1 %"
    lengths = "" if column["longest"] is None else f"{column['shortest']:,}–{column['longest']:,}"
    frequent = "<br>".join(
        f"{escape(each['value'])} <small>×{each['count']:,}</small>" for each in column["most_frequent"]
    )
    return (
        f"<tr><td><b>{escape(column['name'])}</b><br><small>{escape(column['type'])}</small></td>"
        f'<td class="number">{column["null_count"]:,} <small>{shown}</small><div class="share" role="img" '
        f'aria-label="{shown} NULL" title="{shown} NULL"><i style="width:{missing:.1f}%"></i></div></td>'
        f'<td class="number">{column["distinct_count"]:,}</td>'
        f'<td class="value">{frequent}</td>'
        f'<td class="value">{escape((column["least"] or "")[:80])}</td>'
        f'<td class="value">{escape((column["greatest"] or "")[:80])}</td>'
        f'<td class="number">{lengths}</td>'
        f"<td>{escape(column.get('holds') or '')}</td>"
        f'<td class="note">{"<br>".join(map(escape, column["notes"]))}</td></tr>'
    )


def page(tables: list[dict[str, Any]], title: str) -> str:
    """The whole page."""
    links = "".join(f'<a href="#{escape(each["name"])}">{escape(each["name"])}</a> ' for each in tables)
    head = (
        '<tr><th>column</th><th class="number">NULLs, share of rows</th><th class="number">distinct</th><th>most frequent</th>'
        '<th>least</th><th>greatest</th><th class="number">characters</th><th>holds</th>'
        "<th>look at</th></tr>"
    )
    sections = []
    for table in tables:
        rows = table["columns"][0]["row_count"] if table["columns"] else 0
        body = "".join(map(_column, table["columns"]))
        sections.append(
            f'<h2 id="{escape(table["name"])}">{escape(table["name"])} <small>{rows:,} rows</small></h2>'
            f'<div class="wide"><table><thead>{head}</thead><tbody>{body}</tbody></table></div>'
        )
    return (
        '<!doctype html><html lang="en"><meta charset="utf-8"><meta name="viewport" content="width=device-width">'
        f"<title>{escape(title)}</title><style>{STYLE}</style><main><h1>{escape(title)}</h1>"
        "<p>The bar is the share of rows without a value. Least and greatest are those of numbers where a column holds numbers"
        f" alone, else the first and the last text.</p><nav>{links}</nav>"
        f"{''.join(sections)}</main></html>\n"
    )


def main(argv: list[str] | None = None) -> int:
    """Write the page; 0, or 2 with dbt's words when there is nothing to profile."""
    parser = argparse.ArgumentParser(prog="python -m lakeweave.profile", description=__doc__)
    parser.add_argument("--relation", default="bronze", help="a model, or a layer for all of its models")
    parser.add_argument("--target", default="duckdb", help="dbt's target")
    parser.add_argument("--out", type=Path, default=Path("target/profile.html"), help="the page")
    parser.add_argument("--personal", action="store_true", help="show values of columns that are marked as personal")
    arguments = parser.parse_args(argv)
    try:
        tables = measure(arguments.relation, arguments.target, arguments.personal)
    except ProfileFailedError as error:
        print(f"lakeweave: {error}", file=sys.stderr)
        return 2
    arguments.out.parent.mkdir(parents=True, exist_ok=True)
    arguments.out.write_text(page(tables, f"Lakeweave: profile of {arguments.relation}"), encoding="utf-8")
    print(arguments.out)
    return 0


if __name__ == "__main__":
    sys.exit(main())
