"""The licences of the pinned packages, as their metadata says, into requirements/licences.csv: ``python -m tools.licences``."""

from __future__ import annotations

import csv
import re
from importlib import metadata
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
LIST = ROOT / "requirements" / "licences.csv"
NOT_INSTALLED = "not installed here"


def pinned() -> dict[str, str]:
    """Versions of all pinned packages, by name."""
    found = {}
    for file in sorted((ROOT / "requirements").glob("*.txt")):
        for line in file.read_text(encoding="utf-8").splitlines():
            if (
                match := re.match(r"([A-Za-z0-9_.-]+)(?:\[[^]]*\])?==([^ ;\\]+)", line)
            ) and "sys_platform == 'never'" not in line:
                found[re.sub(r"[-_.]+", "-", match[1]).lower()] = match[2]
    return found


def licence(name: str) -> str:
    """What a package says of its licence, in few words."""
    try:
        said = metadata.metadata(name)
    except metadata.PackageNotFoundError:
        return NOT_INSTALLED
    if expression := said.get("License-Expression"):
        return expression
    classes = [each.rpartition(" :: ")[2] for each in said.get_all("Classifier") or [] if each.startswith("License ::")]
    classes = [each for each in classes if each != "OSI Approved"]
    if classes:
        return "; ".join(sorted(set(classes)))
    first = (said.get("License") or "").strip().splitlines()
    if first and first[0] != "UNKNOWN":
        return first[0][:60]
    # Then the first line of the text itself.
    for file in metadata.files(name) or []:
        if "licen" in file.name.lower() and ".dist-info" in str(file):
            lines = file.read_text().strip().splitlines()
            return lines[0][:60] if lines else "not said"
    return "not said"


def listed() -> dict[str, str]:
    """Licences by package, as the list has them."""
    with LIST.open(newline="", encoding="utf-8") as file:
        return {row["package"]: row["licence"] for row in csv.DictReader(file)}


def main() -> None:
    """Write the list; what is not installed here keeps what the list said."""
    before = listed() if LIST.exists() else {}
    with LIST.open("w", newline="", encoding="utf-8") as file:
        writer = csv.writer(file, lineterminator="\n")
        writer.writerow(["package", "licence"])
        for name in sorted(pinned()):
            said = licence(name)
            writer.writerow([name, before.get(name, said) if said == NOT_INSTALLED else said])
    print(LIST.relative_to(ROOT))


if __name__ == "__main__":
    main()
