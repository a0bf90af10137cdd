"""What is installed is what was pinned: versions, hashes, licences, actions and images."""

from __future__ import annotations

import re
import tomllib
from pathlib import Path

import pytest

from tests.python.support import ROOT
from tools import licences

REQUIREMENTS = sorted(
    [*(ROOT / "requirements").glob("*.txt"), ROOT / "deploy" / "gcp" / "convert_to_usd" / "requirements.txt"]
)
# Of a package with a choice of licences one is taken; python-stdnum (LGPL) is used as it comes, and can be replaced.
ALLOWED = re.compile(
    r"MIT|BSD|0BSD|Apache|ISC|PSF|Python Software Foundation|MPL|Mozilla|Zope|ZPL|LGPL|Lesser|Artistic|Unlicense|CC0|Public Domain|HPND|Zlib|UPL",
    re.IGNORECASE,
)


def entries(file: Path) -> list[str]:
    """The requirements of a file, each with its hashes in one line."""
    text = file.read_text(encoding="utf-8").replace("\\\n", " ")
    return [line.strip() for line in text.splitlines() if line.strip() and not line.startswith("#")]


@pytest.mark.parametrize("file", REQUIREMENTS, ids=lambda file: file.name)
def test_every_requirement_has_a_version_and_hashes(file: Path) -> None:
    found = entries(file)
    assert found
    for line in found:
        assert re.match(r"[A-Za-z0-9_.-]+(\[[^]]*\])?==[^ ]+", line), line
        assert re.search(r"--hash=sha256:[0-9a-f]{64}", line), line[:80]
        assert "://" not in line, "no address of an index belongs here"


def test_no_install_is_without_hashes() -> None:
    for file in ("Makefile", "deploy/gcp/arrivals/Dockerfile", "deploy/gcp/convert_to_usd/Dockerfile"):
        for line in (ROOT / file).read_text().replace("\\\n", " ").splitlines():
            if "install" in line and re.search(r"-r \S*requirements", line):
                assert line.count("--require-hashes") == len(re.findall(r"-r \S*requirements", line)), (file, line)


def test_every_extra_is_pinned() -> None:
    """`make extra-<name>` takes the constraints of the extra's own file, or of dev.txt; all that it names is there."""
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())
    recipe = re.search(r"^extra-%:.*\n((?:\t.*\n)+)", (ROOT / "Makefile").read_text(), re.MULTILINE)
    assert recipe
    assert "--require-hashes" in recipe[1]
    assert "--constraint $(or $(wildcard requirements/$*.txt),requirements/dev.txt)" in recipe[1]
    for extra, wanted in project["project"]["optional-dependencies"].items():
        own = ROOT / "requirements" / f"{extra}.txt"
        constraints = own if own.exists() else ROOT / "requirements" / "dev.txt"
        pinned = {
            normalized(re.match(r"[A-Za-z0-9_.-]+", line)[0])  # type: ignore[index]
            for line in entries(constraints)
        }
        for requirement in [*project["project"]["dependencies"], *wanted]:
            assert re.search(r"[~>=]=", requirement), requirement
            name = normalized(re.match(r"[A-Za-z0-9_.-]+", requirement)[0])  # type: ignore[index]
            assert name in pinned, (extra, name, constraints.name)


def normalized(name: str) -> str:
    """A package's name as indexes compare it."""
    return re.sub(r"[-_.]+", "-", name).lower()


def test_the_parser_that_is_left_out_stays_left_out() -> None:
    for file in REQUIREMENTS:
        for line in entries(file):
            assert not line.startswith("dbt-core-experimental-parser") or "sys_platform == 'never'" in line


def test_every_package_has_a_licence_that_allows_its_use() -> None:
    listed = licences.listed()
    missing = sorted(licences.pinned().keys() - listed.keys())
    assert not missing, f"run make licences: {missing}"
    for name, said in listed.items():
        assert said == licences.NOT_INSTALLED or ALLOWED.search(said), (name, said)


COMMIT, DIGEST = r"@[0-9a-f]{40} # v\d+\.\d+\.\d+$", r":[\w.-]+@sha256:[0-9a-f]{64}$"
# Where an action, an image or a hook may be named: every file of YAML, HCL or Docker.
NAMING = [
    file
    for pattern in ("*.yml", "*.yaml", "*.tf", "*Dockerfile*")
    for folder in (ROOT / ".github", ROOT / "deploy", ROOT / "integration_tests")
    for file in sorted(folder.rglob(pattern))
] + [ROOT / ".pre-commit-config.yaml"]


def unpinned(text: str) -> list[str]:
    """Actions, images and hooks of a file that are named without a digest."""
    found = []
    for line in text.splitlines():
        if (used := re.match(r"\s*-?\s*uses:\s*(.+)", line)) and not used[1].startswith("./"):
            if used[1].startswith("docker://"):
                found += [] if re.search(DIGEST, used[1]) else [used[1]]
            elif not re.search(COMMIT, used[1]):
                found.append(used[1])
        if rev := re.match(r"\s*rev:\s*(.+)", line):
            found += [] if re.fullmatch(r"[0-9a-f]{40}  # v\d+\.\d+\.\d+", rev[1]) else [rev[1]]
        image = re.match(
            r"\s*(?:FROM(?:\s+--\S+)?|-?\s*image:|COPY\s+--from=)\s*([\w./-]+[:@]\S+)", line, re.IGNORECASE
        )
        if image and not re.search(DIGEST, image[1]):
            found.append(image[1])
        if re.match(r"FROM\s+(?:--\S+\s+)?[\w./-]+(?:\s|$)", line):
            found.append(line)
    return found


def test_actions_images_and_hooks_are_named_by_digest() -> None:
    assert sum("uses:" in file.read_text() or "FROM" in file.read_text() for file in NAMING) >= 4
    for file in NAMING:
        assert unpinned(file.read_text()) == [], file
    assert (ROOT / ".github" / "dependabot.yml").is_file()


@pytest.mark.parametrize(
    "line",
    [
        "      - uses: actions/checkout@v5",
        "      - uses: actions/checkout@v5.0.0",
        "        uses: actions/checkout@08c6903cd8c0fde910a37f88322edcfb5dd907a8",
        "      - uses: docker://alpine:3.20",
        "FROM python:3.11-slim",
        "FROM python",
        "FROM --platform=linux/amd64 python:3.11-slim AS build",
        "COPY --from=ghcr.io/astral-sh/uv:0.12 /uv /uv",
        "    image: postgres:17",
        "    rev: v6.0.0",
    ],
)
def test_a_name_without_a_digest_is_found(line: str) -> None:
    assert unpinned(line)


def test_every_job_runs_on_pinned_actions_only_and_without_secrets() -> None:
    for file in (ROOT / ".github" / "workflows").glob("*.yml"):
        text = file.read_text()
        assert re.search(r"^permissions:\n  contents: read$", text, re.MULTILINE), file
        assert "secrets." not in text
        assert "pull_request_target" not in text


def test_every_jar_has_a_hash() -> None:
    hashes = [line.split() for line in (ROOT / "requirements" / "spark-jars.sha256").read_text().splitlines()]
    assert all(re.fullmatch(r"[0-9a-f]{64}", digest) and name.endswith(".jar") for digest, name in hashes)
    names = [name for _, name in hashes]
    wanted = re.findall(
        r"<artifactId>([^<]+)</artifactId>\s*<version>([^<]+)</version>\s*</dependency>",
        (ROOT / "requirements" / "spark-jars.xml").read_text(),
    )
    assert wanted
    for artifact, version in wanted:
        assert f"{artifact}-{version}.jar" in names
    assert "sha256sum --check --quiet $(CURDIR)/requirements/spark-jars.sha256" in (ROOT / "Makefile").read_text()
