"""Local picture models: an imported ONNX classifier, and the annotation features that this process can compute.

``predict_image`` runs the same ``.onnx`` file that BigQuery imports, on the same input: ``[batch, height, width, 3]``
float32 in [0, 1). Its answer is ``{"predictions": [{"label": …, "score": …}, …]}``, best first.

``annotate_image`` gives the Vision API's JSON. A feature that is not computed here is a status, never an invention.
Both need the extra ``images`` (pillow, onnxruntime). Pictures are given as paths or as ``file://`` addresses.
"""

from __future__ import annotations

import hashlib
import io
import json
import threading
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from lakeweave.inference.answers import FAILED, OK, RETRYABLE, Answer
from lakeweave.inference.config import Images
from lakeweave.inference.text_openai import BackendError

MAX_BYTES = 20_000_000
MAX_PIXELS = 50_000_000
_BATCH = 64

#: Annotation features by name: from an RGB array ``(h, w, 3)`` uint8 to the part of the Vision API's JSON.
FEATURES: dict[str, Callable[[np.ndarray], dict[str, Any]]] = {}


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
                ready.append((i, resize(read_picture(path, self._settings.root), height, width)))
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
    def _run(session: Any, name: str, ready: list, labels: list[str] | None, answers: list[Answer | None]) -> None:
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

    def _load(self) -> Any:
        with self._lock:
            if self._session is None:
                self.version  # noqa: B018 - says so when there is no file
                _need_pillow()
                try:
                    import onnxruntime
                except ImportError:
                    raise BackendError("Picture models need onnxruntime: pip install 'lakeweave[images]'.") from None
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
    """Computes the features in :data:`FEATURES`."""

    version = "local-vision-1"
    where = "this process"

    def __init__(self, settings: Images) -> None:
        """Nothing is loaded before the first picture."""
        self._settings = settings

    def check(self) -> None:
        """Raise a BackendError when the packages are missing."""
        _need_pillow()

    def answer(self, paths: Sequence[str], options: dict[str, Any]) -> list[Answer]:
        """One answer per path, in order."""
        features = [str(feature).upper() for feature in options.get("features") or []]
        unknown = [feature for feature in features if feature not in FEATURES]
        if unknown:
            said = f"the local annotator cannot do {', '.join(unknown)}; it can do {', '.join(sorted(FEATURES))}"
            return [Answer(None, said, FAILED) for _ in paths]
        return [self._one(path, features) for path in paths]

    def _one(self, path: str, features: list[str]) -> Answer:
        try:
            pixels = read_picture(path, self._settings.root)
            result: dict[str, Any] = {}
            for feature in features:
                result.update(FEATURES[feature](pixels))
            return Answer(json.dumps(result, sort_keys=True), "", OK)
        except _BadPicture as error:
            return Answer(None, str(error), FAILED)
        except OSError as error:
            return Answer(None, f"the picture cannot be read: {error.strerror}", RETRYABLE)


def read_picture(path: str, root: str = "") -> np.ndarray:
    """The picture at ``path`` as RGB, uint8 ``(h, w, 3)``, turned as its metadata says, transparency on white.

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
        picture = Image.open(io.BytesIO(data))
        if picture.format not in ("JPEG", "PNG", "BMP"):
            raise _BadPicture(f"the format is {picture.format}; expected JPEG, PNG or BMP")
        if picture.width * picture.height > MAX_PIXELS:
            raise _BadPicture(f"the picture has more than {MAX_PIXELS // 1_000_000} million pixels")
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


def dominant_colors(pixels: np.ndarray, colors: int = 6) -> dict[str, Any]:
    """The Vision API's ``image_properties_annotation``: up to ``colors`` colours, commonest first."""
    from PIL import Image

    small = Image.fromarray(pixels)
    small.thumbnail((96, 96), Image.Resampling.BOX)
    reduced = small.quantize(colors, method=Image.Quantize.MEDIANCUT)
    counts = np.bincount(np.asarray(reduced).reshape(-1), minlength=colors)
    palette = np.asarray(reduced.getpalette()[: 3 * colors]).reshape(-1, 3)
    order = [k for k in sorted(range(len(palette)), key=lambda k: (-int(counts[k]), k)) if counts[k]]
    found = [
        {
            "color": dict(zip(("red", "green", "blue"), (int(v) for v in palette[k]), strict=True)),
            "score": round(float(counts[k] / counts.sum()), 6),
            "pixel_fraction": round(float(counts[k] / counts.sum()), 6),
        }
        for k in order
    ]
    return {"image_properties_annotation": {"dominant_colors": {"colors": found}}}


FEATURES["IMAGE_PROPERTIES"] = dominant_colors


def _need_pillow() -> None:
    try:
        import PIL  # noqa: F401
    except ImportError:
        raise BackendError("Local picture models need pillow: pip install 'lakeweave[images]'.") from None
