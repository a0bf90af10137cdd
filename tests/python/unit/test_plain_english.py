"""Prose uses the terms of dbt's and DuckDB's documentation; known bad phrases do not come back."""

from __future__ import annotations

import re
import subprocess

from tests.python.support import ROOT

#: Phrases that read like a translation, with the plain form.
BAD = {
    r"\bthe embedded (target|warehouse|reader)\b|\bembedded target\b": "DuckDB",
    r"\bthe house itself\b": "Pipeline health",
    r"\bwhat is like what\b": "similarity",
    r"\bwhat stands (in|at|behind|beside|above|below)\b|\bwhat may stand\b": "name the thing: the columns, the endpoint",
    r"\bstands? (in|behind|beside) (it|the|a|an|each|one)\b": "is in, is beside, is behind",
    r"\bbecomes of\b|\bbecome of (it|them)\b": "the outcome, the result",
    r"\bbefell\b": "type of damage",
    r"\bmended\b(?!\()|\bcan mend\b|\bmend (it|them|what)\b": "fixed",
    r"\b(no|is the \w+'s|is \w+'s|clock's) affairs?\b": "depends on, is up to",
    r"\bcommonest\b": "most frequent",
    r"\b(a|one) word about\b": "a message about",
    r"\bdone its duty\b": "is no longer needed",
    r"\bshared out\b": "distributed",
    r"\bcannot be had\b": "is not available, could not fetch",
    r"\bthe likes of\b": "similar",
    r"\bfor want of\b": "there is no",
    r"\bdearest\b(?= (question|one|so far))|\bdearer than\b": "most expensive, costs more than",
    r"\bis let (at|pass)\b|\bare let pass\b": "is granted access, is allowed",
    r"\banew\b": "again",
    r"\b(is|are|was|were|be|been|being) told\b": "is reported, is a warning, receives",
    r"\bnobody (could|can|may|is|was|has|else|knows|reads|asked|declared|gave|in|needs)\b": "no process, unknown, undeclared",
    r"\bsomebody (is|was|reads)\b": "a notification, a reader",
    r"\b(asks|ask) (nothing|them|its questions)\b": "sends",
    r"\bwhat (dbt|the ledger|the message) says\b|\bthat (the ledger|the log|dbt) says\b": "the message, the state, the rows",
    r"\bas a rule\b": "usually",
    r"\bwhich \w+ has not\b": "which … does not support",
    r"\bmakes? of (it|them)\b": "how … reads, interprets or stores",
    r"\bstranger's\b": "unknown",
    r"\b(can|may) (be )?put right\b|\bputs? it right\b": "fix",
    r"\bfor people who look rather than type\b": "for people who do not write SQL",
    r"\bwho asks for\b|\bwhoever\b": "name the person or the program",
    r"\bknows no form\b|\bhas no form for\b": "is not implemented for",
    r"\bwhat goes by\b": "name the thing",
    r"\bbehind the project's back\b": "outside the project",
    r"\bGoes above a\b": "Declares, loads, calls",
    r"\bdbt's own words\b": "dbt arguments",
    r"\bMend what\b": "Fix the cause",
}
TEXTS = (".md", ".sql", ".yml", ".yaml", ".py", ".toml", ".tf", ".example.yml", "Makefile")
#: The changelog keeps its history; this module has the phrases; files with foreign or generated text.
LEFT_OUT = ("CHANGELOG.md", "tests/python/unit/test_plain_english.py")


def test_known_bad_phrases_are_in_no_tracked_text() -> None:
    tracked = subprocess.run(["git", "ls-files"], cwd=ROOT, capture_output=True, text=True, check=False)
    names = tracked.stdout.splitlines()
    if tracked.returncode != 0:  # an exported tree
        names = [
            path.relative_to(ROOT).as_posix()
            for folder in ("docs", "macros", "models", "lakeweave", "app", "tests", "seeds", "snapshots", "deploy")
            for path in (ROOT / folder).rglob("*")
        ]
    files = [ROOT / name for name in names if name.endswith(TEXTS) and name not in LEFT_OUT]
    files = [path for path in files if path.is_file()]
    assert len(files) > 300
    found = []
    for path in files:
        # A phrase may run over a line break, with the mark of a comment.
        text = re.sub(r"[ \t]*\n[ \t]*(?:(?:#:?|--|\*|>)[ \t]+)?", " ", path.read_text(encoding="utf-8"))
        for phrase, plain in BAD.items():
            for match in re.finditer(phrase, text, re.IGNORECASE):
                found.append(
                    f"{path.relative_to(ROOT)}: …{text[max(match.start() - 40, 0) : match.end() + 20]}… -> {plain}"
                )
    assert not found, f"{len(found)} phrases to rewrite\n" + "\n".join(found)
