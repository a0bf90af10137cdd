"""The two networks that are checked in: what BigQuery's import wants of them, and that they are the files of their cards."""

from __future__ import annotations

import hashlib
import json
from pathlib import Path

import numpy as np
import onnx
import pytest

from demo import train_pictures
from demo.landing import drawings
from lakeweave.inference.config import Images
from lakeweave.inference.images import ImageClassifier
from tests.python.support import ROOT
from tools import rebuild_models

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


@pytest.mark.parametrize("path", MODELS, ids=lambda path: path.stem)
def test_a_model_holds_its_weights_and_nothing_else(path: Path) -> None:
    """The training code writes the same bytes from the file's own weights: no operator, name or text beside them."""
    shipped = path.read_bytes()
    weights = rebuild_models.weights(shipped)
    assert train_pictures.to_onnx(train_pictures.TASKS[path.stem], weights) == shipped


def test_a_rebuilt_model_is_compared() -> None:
    """Rounding of another processor passes; other weights, another graph and a worse network do not."""
    task = train_pictures.TASKS["yoga_pose"]
    shipped = (ROOT / "lakeweave" / "models" / "yoga_pose.onnx").read_bytes()
    card = json.loads((ROOT / "lakeweave" / "models" / "yoga_pose.json").read_text())
    accuracy = card["accuracy_on_fresh_drawings"]
    assert rebuild_models.verdict(card, rebuild_models.compare(task, shipped, shipped), accuracy) == []

    weights, rng = rebuild_models.weights(shipped), np.random.default_rng(1)
    for size, expected in ((1e-4, True), (0.5, False)):
        moved = {
            name: (value + rng.normal(0, size, value.shape) * np.abs(value).max()).astype(np.float32)
            for name, value in weights.items()
        }
        compared = rebuild_models.compare(task, shipped, train_pictures.to_onnx(task, moved), 60)
        assert compared.same_graph
        assert not compared.same_bytes
        assert compared.weights > size
        assert (rebuild_models.verdict(card, compared, accuracy) == []) is expected

    renamed = onnx.load_from_string(shipped)
    renamed.metadata_props[0].value = "another,list,of,classes"
    compared = rebuild_models.compare(task, shipped, renamed.SerializeToString())
    assert "differ from the shipped file" in rebuild_models.verdict(card, compared, accuracy)[0]
    worse = rebuild_models.Compared(False, True, 0.1, 1.0)
    assert rebuild_models.verdict(card, worse, {name: value - 0.01 for name, value in accuracy.items()})


def test_the_readme_of_the_models_describes_them() -> None:
    text = (ROOT / "lakeweave" / "models" / "README.md").read_text()
    for path in MODELS:
        assert json.loads(path.with_suffix(".json").read_text())["sha256"][:12] in text
    assert "demo models" in text.lower()
    assert "drawings" in text


def test_the_seeds_describe_the_drawings() -> None:
    def rows(name: str) -> list[list[str]]:
        return [line.split(",") for line in (ROOT / "seeds" / f"{name}.csv").read_text().splitlines()[1:]]

    assert {category: look for category, look in rows("category_appearances")} == drawings.LABEL_OF_CATEGORY
    assert {row[0]: tuple(map(int, row[1:4])) for row in rows("color_names")} == drawings.COLORS
    values = {(kind, value) for _, kind, value in rows("visual_labels")}
    assert {value for kind, value in values if kind == "category"} == set(drawings.LABELS)
    assert {value.lower() for kind, value in values if kind == "pattern"} == set(drawings.PATTERNS)
    assert {value.lower() for kind, value in values if kind == "background"} == set(drawings.BACKGROUNDS)


def test_the_requested_poses_are_those_of_the_file() -> None:
    card = json.loads((ROOT / "lakeweave" / "models" / "yoga_pose.json").read_text())
    model = (ROOT / "models" / "silver" / "yoga" / "silver_yoga_pose_predictions.sql").read_text()
    assert f"'labels': {card['outputs']['probabilities']}" in model
