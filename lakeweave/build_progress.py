"""Runs dbt and prints its progress: ``python -m lakeweave.build_progress <dbt command> build …``.

The command is run with ``--log-format json``, and its events are read as they come. In a terminal a bar counts the nodes.
Elsewhere each layer gets one line when its last node has ended. With ``CI`` set, only warnings and errors are printed. The
exit code is dbt's.
"""

from __future__ import annotations

import difflib
import json
import os
import re
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, TextIO

from tqdm import tqdm

from lakeweave.printable import printable

KINDS = {
    "seed": "seeds",
    "snapshot": "snapshots",
    "test": "data tests",
    "unit_test": "unit tests",
    "exposure": "exposures",
}
SETTINGS = ("--log-format", "json", "--log-level", "info", "--no-use-colors")
FAILED = frozenset({"error", "fail", "runtime error", "skipped", "partial success"})


def layer(node: dict[str, Any]) -> str:
    """The group that a node is counted in: its kind, or the first folder of a model's path."""
    kind = node.get("resource_type", "")
    if kind in KINDS:
        return KINDS[kind]
    # An event has the path below the models' folder; so has the manifest.
    path = str(node.get("node_path") or node.get("path") or "")
    return path.split("/")[0] if "/" in path else kind + "s"


def expected(manifest: Path, total: int) -> Counter[str]:
    """Nodes by layer, from dbt's manifest. Empty unless the run takes all ``total`` of them, because a selection is not known."""
    try:
        document = json.loads(manifest.read_text())
    except (OSError, ValueError):
        return Counter()
    nodes = [node for node in document["nodes"].values() if node["resource_type"] in ("model", *KINDS)]
    nodes = [node for node in nodes if (node.get("config") or {}).get("materialized") != "ephemeral"]
    nodes += [*document.get("unit_tests", {}).values(), *document.get("exposures", {}).values()]
    return Counter(map(layer, nodes)) if len(nodes) == total else Counter()


_NOT_FOUND = re.compile(r"depends on a (?:node|source) named '([^']+)'.{0,60}?which was not found", re.DOTALL)


def similar_names(message: str, manifest: Path) -> str:
    """For dbt's error of a name that is not found: a sentence with the most similar names of the project, or an empty text.

    The names are those of the manifest of the run before, and of the files in models/, seeds/ and snapshots/.
    """
    sentences = []
    for wrong in dict.fromkeys(_NOT_FOUND.findall(message)):
        found = difflib.get_close_matches(wrong, sorted(_names(manifest)), n=3, cutoff=0.6)
        if found:
            sentences.append(
                f"`{wrong}` is not found. Did you mean " + " or ".join(f"`{name}`" for name in found) + "?"
            )
    return " ".join(sentences)


def _names(manifest: Path) -> set[str]:
    folders = [manifest.parent.parent / folder for folder in ("models", "seeds", "snapshots")]
    names = {path.stem for folder in folders for path in folder.rglob("*.*") if path.suffix in (".sql", ".csv", ".py")}
    try:
        document = json.loads(manifest.read_text())
    except (OSError, ValueError):
        return names
    names |= {node["name"] for node in document.get("nodes", {}).values() if node["resource_type"] != "test"}
    return names | {f"{each['source_name']}.{each['name']}" for each in document.get("sources", {}).values()}


@dataclass
class Progress:
    """What has ended so far, by layer."""

    manifest: Path
    out: TextIO = sys.stderr
    bar: bool = False
    quiet: bool = False
    total: int = 0
    done: Counter[str] = field(default_factory=Counter)
    failed: Counter[str] = field(default_factory=Counter)
    began: float = field(default_factory=time.monotonic)
    _expected: Counter[str] = field(default_factory=Counter)
    _shown: set[str] = field(default_factory=set)
    _bar: tqdm | None = None  # type: ignore[type-arg]

    def take(self, event: dict[str, Any]) -> None:
        """Take in one event of dbt's JSON log."""
        info, data = event.get("info") or {}, event.get("data") or {}
        node = data.get("node_info") or {}
        name = info.get("name", "")
        if name == "LogStartLine":
            if not self.total:
                self.total = int(data.get("total") or 0)
                self._expected = expected(self.manifest, self.total)
                if self.bar and self.total:
                    self._bar = tqdm(total=self.total, file=self.out, unit=" nodes", leave=False, dynamic_ncols=True)
        elif node and (name.endswith("Result") or name in ("SkippingDetails", "LogSkipBecauseError")):
            self._end(node, str(data.get("status") or node.get("node_status") or ""))
        if info.get("level") in ("warn", "error") and info.get("msg") and info["msg"] not in self._shown:
            self._shown.add(info["msg"])
            self._print(str(info["msg"]))
            hint = similar_names(str(info["msg"]), self.manifest)
            if hint:
                self._print(hint)

    def _end(self, node: dict[str, Any], status: str) -> None:
        group = layer(node)
        self.done[group] += 1
        self.failed[group] += status.lower() in FAILED
        if self._bar is not None:
            self._bar.set_description_str(group, refresh=False)
            self._bar.update()
        if self._expected[group] and self.done[group] == self._expected[group]:
            self._layer_line(group)

    def _layer_line(self, group: str) -> None:
        # An exposure is not built; dbt only counts it.
        if self.quiet or group == KINDS["exposure"]:
            return
        seconds = time.monotonic() - self.began
        failed = f", {self.failed[group]} failed or skipped" if self.failed[group] else ""
        self._print(f"{group:<12} {self.done[group]:>4} done after {seconds:4.0f} s{failed}")

    def _print(self, text: str) -> None:
        lines = printable(text.rstrip(), longest=4000, lines=True)
        if self._bar is not None:
            self._bar.write(lines, file=self.out)
        else:
            print(lines, file=self.out, flush=True)

    def end(self) -> None:
        """Close the bar, and print the layers of a selection, whose size was not known before."""
        if self._bar is not None:
            self._bar.close()
            self._bar = None
        for group in self.done:
            if self.done[group] != self._expected[group]:
                self._layer_line(group)


def events(lines: Iterable[str]) -> Iterator[dict[str, Any]]:
    """The events of dbt's JSON log. A line that is no event becomes an error with its text."""
    for line in lines:
        try:
            event = json.loads(line)
        except ValueError:
            event = None
        if isinstance(event, dict) and "info" in event:
            yield event
        elif line.strip():
            yield {"info": {"name": "Text", "level": "error", "msg": line}, "data": {}}


def run(command: list[str], progress: Progress) -> int:
    """Run a dbt command, and return its exit code."""
    environment = {**os.environ, "PYTHONUNBUFFERED": "1"}
    process = subprocess.Popen(
        command, stdout=subprocess.PIPE, text=True, encoding="utf-8", errors="replace", env=environment
    )
    assert process.stdout is not None
    try:
        for event in events(process.stdout):
            progress.take(event)
    except KeyboardInterrupt:
        process.wait()
        raise
    finally:
        progress.end()
    return process.wait()


def main(arguments: list[str] | None = None) -> int:
    """Run the command that the arguments give. The word ``build`` (or another dbt command) follows the program's own words."""
    command = sys.argv[1:] if arguments is None else arguments
    if not command:
        print("usage: python -m lakeweave.build_progress <dbt> build …", file=sys.stderr)
        return 2
    position = next((i for i, word in enumerate(command) if word in ("build", "run", "test", "seed", "snapshot")), None)
    if position is None:
        print(
            f"`{' '.join(command)}` has no dbt command; expected build, run, test, seed or snapshot.", file=sys.stderr
        )
        return 2
    command = [*command[:position], *SETTINGS, *command[position:]]
    quiet = bool(os.environ.get("CI"))
    progress = Progress(Path("target") / "manifest.json", bar=sys.stderr.isatty() and not quiet, quiet=quiet)
    return run(command, progress)


if __name__ == "__main__":
    sys.exit(main())
