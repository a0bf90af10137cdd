"""Local picture models: the classifier on any ONNX file of the right form, and statuses for pictures that are none."""

from __future__ import annotations

import io
import json
from pathlib import Path

import numpy as np
import pytest

Image = pytest.importorskip("PIL.Image")
onnx = pytest.importorskip("onnx")

from lakeweave.errors import BackendError  # noqa: E402
from lakeweave.inference import vision  # noqa: E402
from lakeweave.inference.config import Images  # noqa: E402
from lakeweave.inference.images import ImageAnnotator, ImageClassifier, read_picture, resize  # noqa: E402


def picture(path: Path, colour: tuple[int, int, int], size: tuple[int, int] = (20, 10), **settings: object) -> bytes:
    """A picture of one colour."""
    data = io.BytesIO()
    Image.new("RGB", size, colour).save(data, path.suffix[1:].replace("jpg", "jpeg"), **settings)
    path.write_bytes(data.getvalue())
    return data.getvalue()


def classifier(path: Path) -> None:
    """An ONNX model whose three scores are the softmax of the picture's mean red, green and blue."""
    from onnx import TensorProto, helper

    graph = helper.make_graph(
        [
            helper.make_node("ReduceMean", ["input"], ["mean"], axes=[1, 2], keepdims=0),
            helper.make_node("Softmax", ["mean"], ["probabilities"], axis=-1),
        ],
        "colour",
        [helper.make_tensor_value_info("input", TensorProto.FLOAT, ["b", 8, 8, 3])],
        [helper.make_tensor_value_info("probabilities", TensorProto.FLOAT, ["b", 3])],
    )
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 13)], ir_version=7)
    helper.set_model_props(model, {"labels": "red,green,blue"})
    onnx.save(model, path)


def test_a_classifier_gives_labels_best_first(tmp_path: Path) -> None:
    classifier(tmp_path / "m.onnx")
    picture(tmp_path / "g.jpg", (10, 240, 10))
    (tmp_path / "text.jpg").write_text("not a picture")
    (tmp_path / "empty.jpg").write_bytes(b"")
    whole = picture(tmp_path / "cut.png", (1, 2, 3), (300, 300))
    (tmp_path / "cut.png").write_bytes(whole[: len(whole) // 2])
    model = ImageClassifier(str(tmp_path / "m.onnx"), Images())
    names = ["g.jpg", "text.jpg", "empty.jpg", "cut.png", "missing.jpg"]
    answers = model.answer([str(tmp_path / name) for name in names], {})
    predictions = json.loads(answers[0].response)["predictions"]
    assert [p["label"] for p in predictions] == ["green", "red", "blue"] or predictions[0]["label"] == "green"
    assert sum(p["score"] for p in predictions) == pytest.approx(1, abs=1e-5)
    assert [(a.state, a.status) for a in answers[1:]] == [
        ("failed", "the file is not a picture"),
        ("failed", "the file is empty"),
        ("failed", answers[3].status),
        ("failed", "there is no such file"),
    ]
    assert answers[3].status.startswith("the picture is damaged")
    assert "0x" not in answers[3].status, "an address in memory would make a table that is never the same twice"
    assert model.version.startswith("m@")
    assert model.answer([f"file://{tmp_path}/g.jpg"], {"labels": ["r", "g", "b"]})[0].response.startswith(
        '{"predictions": [{"label": "g"'
    )


def test_pictures_of_all_kinds_become_rgb(tmp_path: Path) -> None:
    red = picture(tmp_path / "a.png", (200, 0, 0))
    assert read_picture(str(tmp_path / "a.png")).shape == (10, 20, 3)
    for mode in ("RGBA", "LA", "P", "L", "CMYK", "I;16", "1"):
        ending = "jpg" if mode == "CMYK" else "png"
        image = Image.open(io.BytesIO(red))
        image = Image.new("I;16", (20, 10), 3000) if mode == "I;16" else image.convert(mode)
        image.save(tmp_path / f"b.{ending}")
        pixels = read_picture(str(tmp_path / f"b.{ending}"))
        assert pixels.dtype == np.uint8, mode
        assert pixels.shape == (10, 20, 3), mode
    small = resize(np.full((7, 9, 3), 255, np.uint8), 8, 8)
    assert small.shape == (8, 8, 3)
    assert small.max() < 1, "BigQuery decodes to [0, 1)"


def test_an_annotator_computes_or_returns_a_status(tmp_path: Path) -> None:
    image = Image.new("RGB", (30, 30), (255, 255, 255))
    image.paste((0, 0, 200), (0, 0, 10, 30))
    image.save(tmp_path / "a.png")
    annotator = ImageAnnotator(Images())
    path = str(tmp_path / "a.png")
    (answer,) = annotator.answer([path], {"features": ["IMAGE_PROPERTIES"]})
    colors = json.loads(answer.response)["image_properties_annotation"]["dominant_colors"]["colors"]
    assert colors[0]["color"] == {"red": 255, "green": 255, "blue": 255}
    assert colors[1]["color"] == {"red": 0, "green": 0, "blue": 200}
    assert colors[0]["pixel_fraction"] == pytest.approx(2 / 3, abs=0.02)
    assert annotator.answer([path], {"features": ["IMAGE_PROPERTIES"]}) == [answer], "the same bytes, the same JSON"
    (refused,) = annotator.answer([path], {"features": ["FACE_DETECTION", "IMAGE_PROPERTIES"]})
    assert refused.state == "failed"
    assert "cannot do FACE_DETECTION" in refused.status


def test_the_error_for_a_missing_or_broken_model_has_a_remedy(tmp_path: Path) -> None:
    with pytest.raises(BackendError, match="There is no model file"):
        ImageClassifier(str(tmp_path / "none.onnx"), Images()).check()
    (tmp_path / "bad.onnx").write_bytes(b"no model")
    with pytest.raises(BackendError, match="not an ONNX model"):
        ImageClassifier(str(tmp_path / "bad.onnx"), Images()).check()


def test_without_the_ocr_program_the_status_names_its_package(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    assert "apt-get install tesseract-ocr" in vision.missing_tesseract()


@pytest.mark.skipif(bool(vision.missing_tesseract()), reason=vision.missing_tesseract())
def test_text_is_read_where_the_program_is_there() -> None:
    from PIL import ImageDraw, ImageFont

    drawn = Image.new("RGB", (480, 120), "white")
    ImageDraw.Draw(drawn).text((20, 35), "Summer Sale 2026", fill="black", font=ImageFont.load_default(48))
    whole, *words = vision.text(np.asarray(drawn))
    assert whole["description"] == "Summer Sale 2026"
    assert [word["description"] for word in words] == ["Summer", "Sale", "2026"]
    assert all(len(word["bounding_poly"]["vertices"]) == 4 for word in words)
    assert vision.text(np.full((60, 60, 3), 255, np.uint8)) == []
