"""Pictures of the lineage: ``python -m tools.lineage`` draws dbt's manifest into docs/lineage.svg and docs/lineage/.

docs/lineage.svg has all models. docs/lineage/<feed>.svg has a feed with everything upstream and downstream of it. The
pictures have one box per source table, model and snapshot, grouped by layer and feed, and a line to each dependant. Seeds
are left out: nearly every bronze and silver model reads them. The pictures depend on the manifest alone, so a test can
compare them (``--check``).
"""

from __future__ import annotations

import argparse
import json
import sys
from collections import defaultdict
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from html import escape
from pathlib import Path
from typing import Any

# Left to right. The members of one list share a column.
COLUMNS = (("sources",), ("bronze", "ml"), ("silver",), ("gold", "snapshots"))
FEEDS = ("thelook", "listings", "marketplace", "yoga", "grocery", "ledger", "shop")
COLORS = {
    "sources": ("#f4f4f5", "#71717a"),
    "bronze": ("#fdf1e4", "#b4690e"),
    "ml": ("#f3ecfb", "#7c3aad"),
    "silver": ("#eef2f6", "#526479"),
    "gold": ("#fdf7d8", "#a17c07"),
    "snapshots": ("#e8f5ee", "#2f7d55"),
}
BOX_WIDTH, BOX_HEIGHT, BOX_GAP = 176, 24, 14
RANK_GAP, COLUMN_GAP, GROUP_GAP = 36, 56, 18
PADDING, TITLE = 12, 22


@dataclass
class Node:
    """One box: where it belongs, what it reads, and where it ends up (``x``, ``y`` of its upper left corner)."""

    key: str
    name: str
    layer: str
    feed: str
    parents: list[str] = field(default_factory=list)
    rank: int = 0
    x: float = 0.0
    y: float = 0.0


def read_nodes(manifest: dict[str, Any]) -> dict[str, Node]:
    """Boxes of the manifest's own project by their unique id; a source table without a reader has none."""
    project = manifest["metadata"]["project_name"]
    layers = {layer for column in COLUMNS for layer in column}
    nodes: dict[str, Node] = {}
    for key, node in manifest["nodes"].items():
        if node["package_name"] != project or node["resource_type"] not in ("model", "snapshot"):
            continue
        layer = "snapshots" if node["resource_type"] == "snapshot" else node["fqn"][1]
        if layer not in layers:
            continue
        feed = node["fqn"][2] if layer != "snapshots" and len(node["fqn"]) > 3 else ""
        nodes[key] = Node(key, node["name"], layer, feed, list(node["depends_on"]["nodes"]))
    read = {parent for node in nodes.values() for parent in node.parents}
    for key, source in manifest["sources"].items():
        if key in read:
            nodes[key] = Node(key, source["name"], "sources", source["source_name"])
    for node in nodes.values():
        node.parents = sorted(parent for parent in set(node.parents) if parent in nodes)
    return nodes


def _rank(nodes: dict[str, Node]) -> None:
    """How many models of its own layer stand before each one: 0 for those that read none."""

    def rank(node: Node) -> int:
        same = [nodes[parent] for parent in node.parents if nodes[parent].layer == node.layer]
        return 1 + max(rank(parent) for parent in same) if same else 0

    for node in nodes.values():
        node.rank = rank(node)


def _feed_order(feed: str) -> tuple[int, str]:
    return (FEEDS.index(feed) if feed in FEEDS else len(FEEDS), feed)


def _beside(node: Node, nodes: dict[str, Node]) -> tuple[float, str]:
    """Sorts boxes to be near their parents."""
    heights = [nodes[parent].y for parent in node.parents if nodes[parent].y]
    return (sum(heights) / len(heights) if heights else 0.0, node.name)


def _line(parent: Node, node: Node) -> str:
    """The path from one box to the next; past other boxes it runs in the gap below the row, on the lane of its end."""
    x1, y1 = parent.x + BOX_WIDTH, parent.y + BOX_HEIGHT / 2
    x2, y2 = node.x, node.y + BOX_HEIGHT / 2
    if x2 - x1 <= COLUMN_GAP + 2 * PADDING:
        bend = (x2 - x1) / 2
        return f"M{x1:.0f} {y1:.0f}C{x1 + bend:.0f} {y1:.0f} {x2 - bend:.0f} {y2:.0f} {x2:.0f} {y2:.0f}"
    lane = node.y + BOX_HEIGHT + 2 + 3.5 * (node.rank % 4)
    first = x1 + (RANK_GAP if parent.layer == node.layer else COLUMN_GAP + 2 * PADDING)
    last = x2 - RANK_GAP
    return (
        f"M{x1:.0f} {y1:.0f}C{(x1 + first) / 2:.0f} {y1:.0f} {(x1 + first) / 2:.0f} {lane:.1f} {first:.0f} {lane:.1f}"
        f"H{last:.0f}C{(last + x2) / 2:.0f} {lane:.1f} {(last + x2) / 2:.0f} {y2:.0f} {x2:.0f} {y2:.0f}"
    )


def lay_out(nodes: dict[str, Node]) -> tuple[list[tuple[str, str, float, float, float, float]], float, float]:
    """Place every box.

    Returns:
        The groups as (layer, feed, x, y, width, height), and the width and height of the whole, in pixels.
    """
    _rank(nodes)
    groups: list[tuple[str, str, float, float, float, float]] = []
    x, bottom = float(PADDING), 0.0
    for column in COLUMNS:
        members = [node for node in nodes.values() if node.layer in column]
        if not members:
            continue
        y, column_width = float(PADDING), 0.0
        for layer in column:
            for feed in sorted({node.feed for node in members if node.layer == layer}, key=_feed_order):
                group = [node for node in members if node.layer == layer and node.feed == feed]
                ranks: dict[int, list[Node]] = defaultdict(list)
                for node in group:
                    ranks[node.rank].append(node)
                left = x + min(ranks) * (BOX_WIDTH + RANK_GAP)
                for rank, rank_nodes in sorted(ranks.items()):
                    for place, node in enumerate(sorted(rank_nodes, key=lambda node: _beside(node, nodes))):
                        node.x = x + PADDING + rank * (BOX_WIDTH + RANK_GAP)
                        node.y = y + TITLE + place * (BOX_HEIGHT + BOX_GAP)
                width = 2 * PADDING + (max(ranks) - min(ranks) + 1) * (BOX_WIDTH + RANK_GAP) - RANK_GAP
                height = TITLE + max(map(len, ranks.values())) * (BOX_HEIGHT + BOX_GAP) - BOX_GAP + PADDING
                groups.append((layer, feed, left, y, width, height))
                column_width = max(column_width, left - x + width)
                y += height + GROUP_GAP
        bottom = max(bottom, y - GROUP_GAP)
        x += column_width + COLUMN_GAP
    return groups, x - COLUMN_GAP + PADDING, bottom + PADDING


def of_feed(nodes: dict[str, Node], feed: str) -> dict[str, Node]:
    """The boxes of one feed: its sources, its bronze and silver models, and everything upstream and downstream of these."""
    own = {key for key, node in nodes.items() if node.feed == feed and node.layer in ("sources", "bronze", "silver")}
    children: dict[str, list[str]] = defaultdict(list)
    for key, node in nodes.items():
        for parent in node.parents:
            children[parent].append(key)

    def reached(edges: Callable[[str], list[str]]) -> set[str]:
        found, left = set(own), sorted(own)
        while left:
            new = [key for key in edges(left.pop()) if key not in found]
            found.update(new)
            left += new
        return found

    kept = reached(lambda key: nodes[key].parents) | reached(lambda key: children[key])
    return {
        key: replace(nodes[key], parents=[parent for parent in nodes[key].parents if parent in kept])
        for key in nodes
        if key in kept
    }


def pictures(manifest: dict[str, Any]) -> dict[str, str]:
    """All pictures by their path below docs/: the whole lineage, and one per feed."""
    nodes = read_nodes(manifest)
    feeds = sorted({node.feed for node in nodes.values() if node.layer == "sources" and node.feed in FEEDS})
    return {"lineage.svg": draw(nodes)} | {f"lineage/{feed}.svg": draw(of_feed(nodes, feed)) for feed in feeds}


def draw(nodes: dict[str, Node]) -> str:
    """The picture of ``nodes`` as SVG text, the same for the same nodes."""
    groups, width, height = lay_out(nodes)
    lines = [
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width:.0f} {height:.0f}" width="{width:.0f}" '
        f'height="{height:.0f}" font-family="system-ui, sans-serif" font-size="12" role="img">',
        "<title>Lineage: sources, bronze, silver, gold</title>",
        f'<rect width="{width:.0f}" height="{height:.0f}" fill="#ffffff"/>',
    ]
    for layer, feed, x, y, group_width, group_height in groups:
        fill, stroke = COLORS[layer]
        title = f"{layer} · {feed}" if feed else layer
        lines.append(
            f'<rect x="{x:.0f}" y="{y:.0f}" width="{group_width:.0f}" height="{group_height:.0f}" rx="6" '
            f'fill="{fill}" stroke="{stroke}" stroke-opacity="0.4"/>'
            f'<text x="{x + PADDING:.0f}" y="{y + 15:.0f}" fill="{stroke}" font-weight="600">{escape(title)}</text>'
        )
    lines.append('<g fill="none" stroke="#8a94a3" stroke-width="1.1" stroke-opacity="0.75">')
    for key in sorted(nodes):
        node = nodes[key]
        for parent in (nodes[parent] for parent in node.parents):
            lines.append(f'<path d="{_line(parent, node)}"/>')
    lines.append("</g>")
    for key in sorted(nodes):
        node = nodes[key]
        label = node.name.removeprefix(f"{node.layer}_")
        lines.append(
            f'<g><title>{escape(node.name)}</title><rect x="{node.x:.0f}" y="{node.y:.0f}" width="{BOX_WIDTH}" '
            f'height="{BOX_HEIGHT}" rx="4" fill="#ffffff" stroke="{COLORS[node.layer][1]}"/>'
            f'<text x="{node.x + 8:.0f}" y="{node.y + 16:.0f}" fill="#1f2933">{escape(label)}</text></g>'
        )
    return "\n".join([*lines, "</svg>", ""])


def main(argv: list[str] | None = None) -> int:
    """Write or check the picture; 0, or 1 when it has drifted, or 2 when there is no manifest."""
    parser = argparse.ArgumentParser(prog="python -m tools.lineage", description=__doc__)
    parser.add_argument("--manifest", type=Path, default=Path("target/manifest.json"), help="dbt's manifest")
    parser.add_argument("--out", type=Path, default=Path("docs"), help="the folder of the pictures")
    parser.add_argument("--check", action="store_true", help="write nothing; fail if a picture has drifted")
    arguments = parser.parse_args(argv)
    if not arguments.manifest.exists():
        print(f"lakeweave: there is no manifest at {arguments.manifest}. `dbt parse` writes one.", file=sys.stderr)
        return 2
    drifted = []
    for name, picture in pictures(json.loads(arguments.manifest.read_text())).items():
        path = arguments.out / name
        if path.exists() and path.read_text() == picture:
            continue
        drifted.append(str(path))
        if not arguments.check:
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(picture)
            print(path)
    if arguments.check and drifted:
        print(
            f"lakeweave: {', '.join(drifted)} differ from the manifest. "
            "Run `dbt parse && python -m tools.lineage` to draw them again.",
            file=sys.stderr,
        )
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
