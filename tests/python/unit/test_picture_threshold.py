"""One macro decides from which score on a label or a pose is recognised."""

from __future__ import annotations

import re
from pathlib import Path

ROOT = Path(__file__).resolve().parents[3]
COMPARED = re.compile(r"\w*score\w*\s*(?:<|>|<=|>=)\s*(?:\d|\{\{)|\bsure\s*=")


def test_no_model_or_page_has_a_threshold_of_its_own() -> None:
    own = [
        f"{path.relative_to(ROOT)}: {line.strip()}"
        for folder, suffix in (("models", "sql"), ("analyses", "sql"), ("app", "py"))
        for path in sorted((ROOT / folder).rglob(f"*.{suffix}"))
        for line in path.read_text().splitlines()
        if COMPARED.search(line)
    ]
    assert own == []


def test_the_models_that_judge_pictures_use_the_macro() -> None:
    using = {path.stem for path in (ROOT / "models").rglob("*.sql") if "is_recognised(" in path.read_text()}
    assert using == {"silver_product_image_looks", "yoga_pose_library"}
