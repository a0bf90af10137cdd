"""Hooks of the documentation site: pages from outside of docs/, and links as they are in the site."""

from __future__ import annotations

import posixpath
import re
from pathlib import Path
from typing import Any

from mkdocs.structure.files import File, Files
from mkdocs.structure.pages import Page

ROOT = Path(__file__).resolve().parents[2]

#: Pages of the site by their path in the repository. All other files of docs/ keep their name.
OUTSIDE = {
    "README.md": "index.md",
    "CONTRIBUTING.md": "contributing.md",
    "CHANGELOG.md": "changelog.md",
    "SECURITY.md": "security_policy.md",
    "deploy/gcp/arrivals/README.md": "deploy/gcp/arrivals.md",
    "lakeweave/models/README.md": "lakeweave/models.md",
}
_SOURCES = {page: source for source, page in OUTSIDE.items()}
_FENCE = re.compile(r"(^```.*?^```)", re.DOTALL | re.MULTILINE)
_LINK = re.compile(r"(!?)\[((?:[^\]\[]|\[[^\]]*\])*)\]\(([^)\s#]*)(#[^)\s]*)?\)")


def on_files(files: Files, config: Any) -> Files:
    """Adds the pages of ``OUTSIDE``."""
    for source, page in OUTSIDE.items():
        files.append(File.generated(config, page, content=(ROOT / source).read_text(encoding="utf-8")))
    return files


def on_page_markdown(markdown: str, page: Page, config: Any, files: Files) -> str:
    """Points each link at its page in the site. A link to a file that is no page becomes text."""
    path = page.file.src_uri
    source = _SOURCES.get(path, f"docs/{path}")

    def link(found: re.Match[str]) -> str:
        image, text, target, anchor = found[1], found[2], found[3], found[4] or ""
        if not target or "://" in target or target.startswith("mailto:"):
            return found[0]
        place = posixpath.normpath(posixpath.join(posixpath.dirname(source), target))
        name = OUTSIDE.get(place, place.removeprefix("docs/"))
        if files.get_file_from_path(name) is None:
            return text
        return f"{image}[{text}]({posixpath.relpath(name, posixpath.dirname(path) or '.')}{anchor})"

    parts = _FENCE.split(markdown)
    return "".join(part if part.startswith("```") else _LINK.sub(link, part) for part in parts)
