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


def test_no_install_goes_without_hashes() -> None:
    for file in ("Makefile", "deploy/gcp/arrivals/Dockerfile", "deploy/gcp/convert_to_usd/Dockerfile"):
        for line in (ROOT / file).read_text().replace("\\\n", " ").splitlines():
            if "install" in line and re.search(r"-r \S*requirements", line):
                assert line.count("--require-hashes") == len(re.findall(r"-r \S*requirements", line)), (file, line)


def test_every_extra_is_pinned() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())
    known = licences.pinned()
    compiled = {
        "ann",
        "train",
        "embeddings-build",
    }  # sources, and tools of the maintainers: not in what is installed by make
    for extra, wanted in project["project"]["optional-dependencies"].items():
        for requirement in wanted:
            assert re.search(r"[~>=]=", requirement), requirement
            name = re.sub(r"[-_.]+", "-", re.match(r"[A-Za-z0-9_.-]+", requirement)[0]).lower()  # type: ignore[index]
            assert extra in compiled or name in known, (extra, name)


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


def test_actions_and_images_name_a_version() -> None:
    for file in (ROOT / ".github" / "workflows").glob("*.yml"):
        for used in re.findall(r"uses: (\S+)", file.read_text()):
            assert re.search(r"@([0-9a-f]{40}|v\d+\.\d+\.\d+)$", used), used
    for file in (ROOT / "deploy").rglob("Dockerfile"):
        for image in re.findall(r"^FROM (\S+)", file.read_text(), re.MULTILINE):
            assert re.search(r"@sha256:[0-9a-f]{64}$|:\d+\.\d+\.\d+-", image), image
    assert (ROOT / ".github" / "dependabot.yml").is_file()
