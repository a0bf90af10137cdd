"""The documentation site: it builds, loads nothing from other hosts, and answers common questions within two clicks."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from html.parser import HTMLParser
from pathlib import Path

import pytest
import yaml

from tests.python.support import ROOT

CONFIG = ROOT / "docs" / "site" / "mkdocs.yml"
#: The words that the target of a question's link has to contain.
ANSWERS = {
    "How do I load my own CSV file?": "make feed NAME=claims FROM=claims.csv",
    "How do I add a column from a model?": "lakeweave.inference(",
    "How do I get a category, a number or a date from a model?": "## Answers with types",
    "What happens to a bad record?": "A record is rejected alone",
    "What happens to a bad file?": "release_held_files",
    "What does a model call cost, and how do I limit it?": "max_cost_per_run",
    "Where is the Databricks variant of a macro?": "engines/<adapter>.sql",
    "How do I use Lakeweave in my own dbt project?": "packages.yml",
    "Which versions of dbt and Python work?": "dbt-core",
    "How do I keep personal data out of prompts?": "pii: true",
    "Why does a value have no type in silver?": "ledger.untyped_values",
    "How do I find similar rows?": "lakeweave.vector_search(",
    "How do I read files from S3 in BigQuery?": "s3://",
    "What does an error message mean?": "## A file is held back",
}
PAGES = sorted([*ROOT.glob("*.md"), *ROOT.glob("docs/*.md"), *ROOT.glob("docs/decisions/*.md")])


def anchor(heading: str) -> str:
    """The anchor of a heading, as code hosts and the site make it."""
    return re.sub(r"[^\w\- ]", "", heading.strip().lower()).replace(" ", "-")


def section(page: Path, name: str) -> str:
    """The text of ``page`` below the heading with the anchor ``name``; the whole page without a name."""
    text = page.read_text(encoding="utf-8")
    if not name:
        return text
    headings = list(re.finditer(r"^(#+) (.+)$", re.sub(r"^```.*?^```", blank, text, flags=re.M | re.S), re.M))
    for place, heading in enumerate(headings):
        if anchor(heading[2]) == name:
            ends = [each.start() for each in headings[place + 1 :] if len(each[1]) <= len(heading[1])]
            return text[heading.start() : (ends or [len(text)])[0]]
    raise AssertionError(f"{page.relative_to(ROOT)} has no heading with the anchor #{name}")


def blank(found: re.Match[str]) -> str:
    """Spaces in the place of a code block, so that a comment in it is no heading and places stay."""
    return re.sub(r"[^\n]", " ", found[0])


def test_common_questions_are_answered_within_two_clicks_of_the_readme() -> None:
    assert "](docs/questions.md)" in (ROOT / "README.md").read_text(encoding="utf-8"), "the first click"
    page = ROOT / "docs" / "questions.md"
    rows = re.findall(r"^\| ([^|]+\?) \| (.+) \|$", page.read_text(encoding="utf-8"), re.MULTILINE)
    assert {question for question, _ in rows} == set(ANSWERS)
    assert len(rows) >= 10
    for question, answer in rows:
        target, name = re.findall(r"\]\(([^)#]+)#?([^)]*)\)", answer)[0]
        found = section((page.parent / target).resolve(), name)
        assert ANSWERS[question] in found, f"{target}#{name} does not answer: {question}"


def test_links_with_anchors_lead_to_headings() -> None:
    links = 0
    for path in PAGES:
        for target, name in re.findall(r"\]\(([^)#\s]*)#([^)\s]+)\)", path.read_text(encoding="utf-8")):
            if "://" not in target:
                links += 1
                section((path.parent / target).resolve() if target else path, name)
    assert links > 20


def test_the_first_screen_of_the_readme_answers_a_visitor() -> None:
    readme = (ROOT / "README.md").read_text(encoding="utf-8")
    first = readme[: readme.index("## Commands")]
    assert first.count("\n") <= 60
    for words in (
        "is a dbt package",
        "It is for",
        "docs/concept.svg",
        "make build",
        "make test",
        "lakeweave.inference(",
        "Why not plain dbt?",
    ):
        assert words in first
    assert readme.index("Never run on BigQuery") < readme.index("## Why not plain dbt?")
    assert readme.index("## Macros") < readme.index("## The demo")
    picture = (ROOT / "docs" / "concept.svg").read_text(encoding="utf-8")
    assert "prefers-color-scheme: dark" in picture
    assert not re.search(r"(href|src|url)\W{1,3}https?:", picture)


class Resources(HTMLParser):
    """Collects what a page loads by itself; links are for the reader to click."""

    def __init__(self) -> None:
        super().__init__()
        self.found: list[str] = []

    def handle_starttag(self, tag: str, attributes: list[tuple[str, str | None]]) -> None:
        given = dict(attributes)
        if tag == "a" or (tag == "link" and given.get("rel") in ("canonical", "next", "prev")):
            return
        self.found += [value for name, value in attributes if name in ("href", "src", "srcset", "data") and value]


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("site")
    done = subprocess.run(
        [sys.executable, "-m", "mkdocs", "build", "--strict", "--quiet", "-f", str(CONFIG), "-d", str(folder)],
        capture_output=True,
        text=True,
        check=False,
        env={**os.environ, "NO_MKDOCS_2_WARNING": "1"},
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return folder


def test_the_site_loads_nothing_from_other_hosts(site: Path) -> None:
    pages = sorted(site.rglob("*.html"))
    assert len(pages) > 20
    for page in pages:
        resources = Resources()
        resources.feed(page.read_text(encoding="utf-8"))
        foreign = [each for each in resources.found if re.match(r"(https?:)?//", each)]
        assert foreign == [], page.name
        assert 'class="mermaid"' not in page.read_text(encoding="utf-8"), "the theme fetches Mermaid from another host"
    for sheet in site.rglob("*.css"):
        assert not re.search(r"(url\(|@import)\W{0,3}(https?:)?//", sheet.read_text(encoding="utf-8")), sheet.name


def test_the_site_has_four_parts_and_every_page(site: Path) -> None:
    titles = [name for entry in yaml.safe_load(CONFIG.read_text(encoding="utf-8"))["nav"] for name in entry]
    assert titles == ["Home", "Common questions", "Tutorial", "How-to guides", "Reference", "Explanation"]
    home = (site / "index.html").read_text(encoding="utf-8")
    for path in [*ROOT.glob("docs/*.md"), *ROOT.glob("docs/decisions/*.md")]:
        name = path.relative_to(ROOT / "docs").with_suffix(".html").as_posix()
        assert (site / name).is_file()
        assert f'href="{name}"' in home, f"{name} is not in the navigation of docs/site/mkdocs.yml"
    assert 'src="concept.svg"' in home
