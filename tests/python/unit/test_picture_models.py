"""The two networks that are checked in: what BigQuery's import wants of them, and that they are the files of their cards."""

from __future__ import annotations

import hashlib
import json
from pathlib import Path

import numpy as np
import onnx
import pytest

from demo.landing import drawings
from lakeweave.inference.config import Images
from lakeweave.inference.images import ImageClassifier
from tests.python.support import ROOT

MODELS = sorted((ROOT / "lakeweave" / "models").glob("*.onnx"))


def test_together_they_are_small() -> None:
    assert [path.stem for path in MODELS] == ["product_look", "yoga_pose"]
    assert sum(path.stat().st_size for path in MODELS) < 1_000_000


@pytest.mark.parametrize("path", MODELS, ids=lambda path: path.stem)
def test_a_model_keeps_the_limits_of_the_import(path: Path) -> None:
    """ONNX Runtime 1.12 reads opset 17 and IR 8 at most; only tensors go in and out."""
    model = onnx.load(path)
    onnx.checker.check_model(model)
    assert model.ir_version <= 8
    assert [(each.domain, each.version <= 17) for each in model.opset_import] == [("", True)]
    (given,) = model.graph.input
    shape = [dimension.dim_param or dimension.dim_value for dimension in given.type.tensor_type.shape.dim]
    assert (given.name, shape) == ("input", ["batch", 64, 64, 3])
    assert given.type.tensor_type.elem_type == onnx.TensorProto.FLOAT
    for output in model.graph.output:
        assert output.type.WhichOneof("value") == "tensor_type"
        assert output.type.tensor_type.elem_type == onnx.TensorProto.FLOAT
    assert model.graph.output[0].name == "probabilities"


@pytest.mark.parametrize("path", MODELS, ids=lambda path: path.stem)
def test_a_model_is_the_one_of_its_card(path: Path) -> None:
    card = json.loads(path.with_suffix(".json").read_text())
    assert hashlib.sha256(path.read_bytes()).hexdigest() == card["sha256"]
    assert {"seed", "trained_on", "input", "accuracy_on_fresh_drawings"} <= card.keys()
    assert card["outputs"]["probabilities"][-1] == "none"
    known = drawings.LABELS if path.stem == "product_look" else drawings.POSES
    assert card["outputs"]["probabilities"][:-1] == list(known)
    told = ImageClassifier(str(path), Images()).scores([np.zeros((80, 90, 3), np.uint8)])[0]
    assert {name: classes for name, (classes, _) in told.items()} == card["outputs"]


def test_the_readme_of_the_models_says_what_they_are() -> None:
    text = (ROOT / "lakeweave" / "models" / "README.md").read_text()
    for path in MODELS:
        assert json.loads(path.with_suffix(".json").read_text())["sha256"][:12] in text
    assert "demo models" in text.lower()
    assert "drawings" in text


def test_the_seeds_say_what_the_drawings_mean() -> None:
    def rows(name: str) -> list[list[str]]:
        return [line.split(",") for line in (ROOT / "seeds" / f"{name}.csv").read_text().splitlines()[1:]]

    assert {category: look for category, look in rows("category_appearances")} == drawings.LABEL_OF_CATEGORY
    assert {row[0]: tuple(map(int, row[1:4])) for row in rows("color_names")} == drawings.COLORS
    values = {(kind, value) for _, kind, value in rows("visual_labels")}
    assert {value for kind, value in values if kind == "category"} == set(drawings.LABELS)
    assert {value.lower() for kind, value in values if kind == "pattern"} == set(drawings.PATTERNS)
    assert {value.lower() for kind, value in values if kind == "background"} == set(drawings.BACKGROUNDS)


def test_the_poses_asked_for_are_those_of_the_file() -> None:
    card = json.loads((ROOT / "lakeweave" / "models" / "yoga_pose.json").read_text())
    model = (ROOT / "models" / "silver" / "yoga" / "silver_yoga_pose_predictions.sql").read_text()
    assert f"'labels': {card['outputs']['probabilities']}" in model
