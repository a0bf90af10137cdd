"""Local picture models: an imported ONNX classifier, and the annotation features that this process can compute.

``predict_image`` runs the same ``.onnx`` file that BigQuery imports, on the same input: ``[batch, height, width, 3]``
float32 in [0, 1). Its answer is ``{"predictions": [{"label": …, "score": …}, …]}``, best first.

``annotate_image`` gives the Vision API's JSON, see :mod:`.vision`. A feature that is not computed here is a status, never an
invention. Pictures are given as paths or as ``file://`` addresses.
"""

from __future__ import annotations

import hashlib
import importlib
import io
import json
import threading
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np

from lakeweave.errors import BackendError
from lakeweave.inference import vision
from lakeweave.inference.answers import FAILED, OK, RETRYABLE, Answer
from lakeweave.inference.config import Images

MAX_BYTES = 20_000_000
MAX_PIXELS = 50_000_000
_BATCH = 64


class _BadPicture(Exception):
    """The picture cannot be used; the message is the status."""


class ImageClassifier:
    """An ONNX classifier with one picture input and one vector of scores as output."""

    def __init__(self, path: str, settings: Images) -> None:
        """``path``: the ``.onnx`` file. It is opened at the first use."""
        self._path = Path(path)
        self._settings = settings
        self._lock = threading.Lock()
        self._session: Any = None
        self._sha256: str | None = None

    @property
    def where(self) -> str:
        """The file, for people."""
        return str(self._path)

    @property
    def version(self) -> str:
        """The file's name and the beginning of its SHA-256."""
        if self._sha256 is None:
            try:
                self._sha256 = hashlib.sha256(self._path.read_bytes()).hexdigest()
            except OSError:
                raise BackendError(
                    f"There is no model file {self._path}. Give its path in the project's variable `endpoints`."
                ) from None
        return f"{self._path.stem}@{self._sha256[:12]}"

    def check(self) -> None:
        """Raise a BackendError when the file or the packages are missing."""
        self._load()

    def answer(self, paths: Sequence[str], options: dict[str, Any]) -> list[Answer]:
        """One answer per path, in order."""
        session = self._load()
        wanted = session.get_inputs()[0]
        height, width = (int(options.get(key) or wanted.shape[i]) for i, key in ((1, "height"), (2, "width")))
        labels = options.get("labels") or self._labels(session)
        answers: list[Answer | None] = [None] * len(paths)
        ready: list[tuple[int, np.ndarray]] = []
        for i, path in enumerate(paths):
            try:
                pixels = read_picture(path, self._settings.root, enough=4 * max(height, width))
                ready.append((i, resize(pixels, height, width)))
            except _BadPicture as error:
                answers[i] = Answer(None, str(error), FAILED)
            except OSError as error:
                answers[i] = Answer(None, f"the picture cannot be read: {error.strerror}", RETRYABLE)
            if len(ready) == _BATCH:
                self._run(session, wanted.name, ready, labels, answers)
                ready = []
        if ready:
            self._run(session, wanted.name, ready, labels, answers)
        return [answer if answer is not None else Answer(None, "no answer", RETRYABLE) for answer in answers]

    @staticmethod
    def _run(session: Any, name: str, ready: list[Any], labels: list[str] | None, answers: list[Answer | None]) -> None:
        scores = session.run(None, {name: np.stack([pixels for _, pixels in ready])})[0]
        for (i, _), row in zip(ready, scores, strict=True):
            order = sorted(range(len(row)), key=lambda k: (-float(row[k]), k))
            found = [
                {"label": labels[k] if labels and k < len(labels) else str(k), "score": round(float(row[k]), 6)}
                for k in order
            ]
            answers[i] = Answer(json.dumps({"predictions": found}), "", OK)

    @staticmethod
    def _labels(session: Any) -> list[str] | None:
        given = session.get_modelmeta().custom_metadata_map.get("labels")
        return given.split(",") if given else None

    def scores(self, pictures: Sequence[np.ndarray]) -> list[dict[str, tuple[list[str], np.ndarray]]]:
        """For each picture (RGB, uint8) and each output of the network its classes and their scores."""
        session = self._load()
        wanted, given = session.get_inputs()[0], session.get_modelmeta().custom_metadata_map
        batch = np.stack([resize(pixels, wanted.shape[1], wanted.shape[2]) for pixels in pictures])
        found = session.run(None, {wanted.name: batch})
        names = [output.name for output in session.get_outputs()]
        classes = [given["labels" if i == 0 else f"labels_{name}"].split(",") for i, name in enumerate(names)]
        return [{name: (classes[k], found[k][row]) for k, name in enumerate(names)} for row in range(len(pictures))]

    def _load(self) -> Any:
        with self._lock:
            if self._session is None:
                self.version  # noqa: B018 - says so when there is no file
                _need("PIL", "pillow")
                _need("onnxruntime", "onnxruntime")
                import onnxruntime

                options = onnxruntime.SessionOptions()
                options.intra_op_num_threads = self._settings.threads
                try:
                    self._session = onnxruntime.InferenceSession(
                        str(self._path), options, providers=["CPUExecutionProvider"]
                    )
                except Exception as error:
                    raise BackendError(f"{self._path} is not an ONNX model that can be loaded: {error}") from None
                if len(self._session.get_inputs()[0].shape) != 4:
                    raise BackendError(f"{self._path} takes no picture: expected one input [batch, height, width, 3].")
            return self._session


class ImageAnnotator:
    """Annotates pictures with what :mod:`.vision` computes."""

    where = "this process"

    def __init__(self, settings: Images) -> None:
        """Nothing is loaded before the first picture."""
        self._settings = settings
        self._labeler = ImageClassifier(str(vision.LABELER), settings)

    @property
    def version(self) -> str:
        """The library that computes, and the network of the labels."""
        return f"local-vision-2+{self._labeler.version}"

    def check(self) -> None:
        """Raise a BackendError when the packages or the network's file are missing."""
        _need("PIL", "pillow")
        self._labeler.check()

    def answer(self, paths: Sequence[str], options: dict[str, Any]) -> list[Answer]:
        """One answer per path, in order."""
        features = [str(feature).upper() for feature in options.get("features") or ["LABEL_DETECTION"]]
        said = self._cannot(features)
        if said:
            return [Answer(None, said, FAILED) for _ in paths]
        answers: list[Answer] = []
        for start in range(0, len(paths), _BATCH):
            answers += self._some(paths[start : start + _BATCH], features)
        return answers

    def _cannot(self, features: Sequence[str]) -> str:
        """Why these features cannot all be computed; empty when they can."""
        texts = [feature for feature in features if feature in vision.OPTIONAL]
        known = (*vision.FEATURES, *(vision.OPTIONAL if self._settings.text == "tesseract" else ()))
        unknown = [feature for feature in features if feature not in known]
        if [feature for feature in unknown if feature not in texts] or (unknown and self._settings.text != "none"):
            return f"the local annotator cannot do {', '.join(unknown)}; it can do {', '.join(sorted(known))}"
        if texts and self._settings.text == "none":
            return (
                f"the local annotator cannot do {', '.join(texts)}: text recognition is off; switch it on with "
                "`images: {text: tesseract}` in the profile"
            )
        return vision.missing_tesseract() if texts else ""

    def _some(self, paths: Sequence[str], features: Sequence[str]) -> list[Answer]:
        answers: list[Answer | None] = [None] * len(paths)
        pictures: dict[int, np.ndarray] = {}
        # Text needs every pixel; labels and colours are found in a smaller picture, which is decoded faster.
        whole = set(vision.OPTIONAL) & set(features)
        for i, path in enumerate(paths):
            try:
                pictures[i] = read_picture(path, self._settings.root, enough=0 if whole else 256)
            except _BadPicture as error:
                answers[i] = Answer(None, str(error), FAILED)
            except OSError as error:
                answers[i] = Answer(None, f"the picture cannot be read: {error.strerror}", RETRYABLE)
        scores: dict[int, dict[str, Any]] = {}
        if "LABEL_DETECTION" in features and pictures:
            scores = dict(zip(pictures, self._labeler.scores(list(pictures.values())), strict=True))
        for i, pixels in pictures.items():
            try:
                answers[i] = Answer(json.dumps(self._result(pixels, features, scores.get(i)), sort_keys=True), "", OK)
            except RuntimeError as error:
                answers[i] = Answer(None, str(error), RETRYABLE)
        return [answer if answer is not None else Answer(None, "no answer", RETRYABLE) for answer in answers]

    @staticmethod
    def _result(pixels: np.ndarray, features: Sequence[str], scores: dict[str, Any] | None) -> dict[str, Any]:
        result: dict[str, Any] = {}
        if scores is not None:
            result["label_annotations"] = vision.labels(scores)
        if "IMAGE_PROPERTIES" in features:
            colors = vision.dominant_colors(vision.Scene.of(pixels))
            result["image_properties_annotation"] = {"dominant_colors": {"colors": colors}}
        if set(vision.OPTIONAL) & set(features):
            found = vision.text(pixels)
            if "TEXT_DETECTION" in features:
                result["text_annotations"] = found
            if "DOCUMENT_TEXT_DETECTION" in features:
                result["full_text_annotation"] = {"text": found[0]["description"] if found else ""}
        return result


def read_picture(path: str, root: str = "", enough: int = 0) -> np.ndarray:
    """The picture at ``path`` as RGB, uint8 ``(h, w, 3)``, turned as its metadata says, transparency on white.

    With ``enough`` a JPEG may come out smaller, when its shorter side still has that many pixels: it is decoded faster.

    Raises:
        _BadPicture: it is not a picture, is damaged, or is larger than what the warehouses take.
        OSError: the file cannot be read.
    """
    from PIL import Image, ImageOps, UnidentifiedImageError

    file = Path(root) / path.removeprefix("file://")
    try:
        data = file.read_bytes()
    except FileNotFoundError:
        raise _BadPicture("there is no such file") from None
    if not data:
        raise _BadPicture("the file is empty")
    if len(data) > MAX_BYTES:
        raise _BadPicture(f"the file is larger than {MAX_BYTES // 1_000_000} MB")
    try:
        opened = Image.open(io.BytesIO(data))
        picture: Image.Image = opened
        if picture.format not in ("JPEG", "PNG", "BMP"):
            raise _BadPicture(f"the format is {picture.format}; expected JPEG, PNG or BMP")
        if picture.width * picture.height > MAX_PIXELS:
            raise _BadPicture(f"the picture has more than {MAX_PIXELS // 1_000_000} million pixels")
        if getattr(picture, "n_frames", 1) > 1:
            raise _BadPicture("the picture is animated")
        if enough:
            opened.draft("RGB", (enough, enough))
        if picture.mode.startswith("I;16"):
            # Sixteen bits per pixel: the upper eight are what other programs show.
            picture = Image.fromarray((np.asarray(picture) >> 8).astype(np.uint8))
        picture = ImageOps.exif_transpose(picture)
        if picture.mode in ("RGBA", "LA", "P", "PA"):
            picture = picture.convert("RGBA")
            ground = Image.new("RGBA", picture.size, (255, 255, 255, 255))
            ground.alpha_composite(picture)
            picture = ground
        return np.asarray(picture.convert("RGB"))
    except _BadPicture:
        raise
    except (UnidentifiedImageError, Image.DecompressionBombError):
        raise _BadPicture("the file is not a picture") from None
    except Exception as error:  # damaged pictures fail in many ways inside the decoders
        raise _BadPicture(f"the picture is damaged ({type(error).__name__})") from None


def resize(pixels: np.ndarray, height: int, width: int) -> np.ndarray:
    """Pixels as BigQuery's ML.DECODE_IMAGE and ML.RESIZE_IMAGE give them: float32 ``(height, width, 3)`` in [0, 1)."""
    from PIL import Image

    small = Image.fromarray(pixels).resize((width, height), Image.Resampling.BILINEAR)
    return np.asarray(small, np.float32) / np.float32(256)


def _need(module: str, package: str) -> None:
    try:
        importlib.import_module(module)
    except ImportError:
        raise BackendError(f"Local picture models need the package {package}: pip install {package}.") from None
