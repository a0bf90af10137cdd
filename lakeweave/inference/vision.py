"""What the local annotator computes of a picture, in the Vision API's JSON: labels, colours, crop hints, text.

Every number is computed from the pixels. What is not computed here (faces, landmarks, logos …) has no entry in
:data:`FEATURES`, and asking for it gives a status.
"""

from __future__ import annotations

import shutil
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

FEATURES = ("IMAGE_PROPERTIES", "LABEL_DETECTION")
#: Features that need a program which the profile has to switch on.
OPTIONAL = ("DOCUMENT_TEXT_DETECTION", "TEXT_DETECTION")

#: The network of the labels, and the lowest score of a label.
LABELER = Path(__file__).resolve().parents[1] / "models" / "product_look.onnx"
MIN_SCORE = 0.35
NONE = "none"

_SIDE = 96
_FOREGROUND, _BACKGROUND = 5, 3


def labels(scores: dict[str, tuple[Sequence[str], np.ndarray]]) -> list[dict[str, Any]]:
    """``label_annotations`` from the network's outputs (classes and scores by output): what is shown, its pattern, its setting.

    Empty when the picture shows nothing that the network knows.
    """
    names, shown = scores["probabilities"]
    if shown[names.index(NONE)] >= 0.5:
        return []
    found = []
    for classes, values in scores.values():
        for place in np.argsort(-values, kind="stable"):
            if values[place] < MIN_SCORE:
                break
            if classes[place] == NONE:
                continue
            score = round(float(values[place]), 6)
            found.append({"description": classes[place].capitalize(), "score": score, "topicality": score})
    return sorted(found, key=lambda label: (-label["score"], label["description"]))


def lab(pixels: np.ndarray) -> np.ndarray:
    """CIE L*a*b* of RGB pixels (uint8), float32: distances in it are differences that people see."""
    linear = _LINEAR[pixels] @ _TO_XYZ
    cube = np.cbrt(np.maximum(linear, 0.008856))
    lightness = 116 * cube[..., 1] - 16
    return np.stack([lightness, 500 * (cube[..., 0] - cube[..., 1]), 200 * (cube[..., 1] - cube[..., 2])], -1)


_STEPS = np.arange(256) / 255
_LINEAR = np.where(_STEPS <= 0.04045, _STEPS / 12.92, ((_STEPS + 0.055) / 1.055) ** 2.4).astype(np.float32)
_WHITE = np.array([0.95047, 1.0, 1.08883])
_TO_XYZ = (np.array([[0.4124, 0.2126, 0.0193], [0.3576, 0.7152, 0.1192], [0.1805, 0.0722, 0.9505]]) / _WHITE).astype(
    np.float32
)


def foreground(seen: np.ndarray) -> np.ndarray:
    """Where the picture's object is, by its pixels in L*a*b*: what neither looks like the border nor fades into it."""
    height, width = seen.shape[:2]
    border = np.concatenate([seen[0], seen[-1], seen[1:-1, 0], seen[1:-1, -1]])
    cells, place = np.unique(np.round(border / 12).astype(np.int16), axis=0, return_inverse=True)
    counts = np.bincount(place.reshape(-1), minlength=len(cells))
    common = counts >= max(2, 0.02 * len(border))
    tones = np.stack([np.bincount(place.reshape(-1), border[:, i], len(cells)) for i in range(3)], 1) / counts[:, None]
    apart = (
        ((seen[:, :, None, :] - tones[common].astype(np.float32)) ** 2).sum(-1).min(2)
        if common.any()
        else seen[..., 0] * 0 + 1e9
    )
    alike = apart < 12**2
    # What is behind reaches the border: over pixels that look like it, and, as a backdrop grows lighter towards the middle,
    # wherever neighbours hardly differ. An edge stops it, also between a dark floor and dark cloth.
    behind = np.zeros((height, width), bool)
    behind[[0, -1]], behind[:, [0, -1]] = alike[[0, -1]], alike[:, [0, -1]]
    steps = [((seen[:, 1:] - seen[:, :-1]) ** 2).sum(-1), ((seen[1:] - seen[:-1]) ** 2).sum(-1)]
    across = (steps[0] < 4**2) | (alike[:, 1:] & alike[:, :-1] & (steps[0] < 9**2))
    down = (steps[1] < 4**2) | (alike[1:] & alike[:-1] & (steps[1] < 9**2))
    for _ in range(max(height, width)):
        before = int(behind.sum())
        behind[:, 1:] |= behind[:, :-1] & across
        behind[:, :-1] |= behind[:, 1:] & across
        behind[1:] |= behind[:-1] & down
        behind[:-1] |= behind[1:] & down
        if int(behind.sum()) == before:
            break
    # Lines as thin as the seams between planks belong to what is on both sides of them.
    between = np.zeros_like(behind)
    between[:, 2:-2] |= behind[:, :-4] & behind[:, 4:]
    between[2:-2] |= behind[:-4] & behind[4:]
    return ~(behind | (alike & between))


def _clusters(points: np.ndarray, tones: np.ndarray, count: int) -> np.ndarray:
    """The cluster of each point: k-means from fixed beginnings, so that equal pixels give equal colours.

    It works on groups of nearly equal ``tones`` with their numbers, of which there are few.
    """
    codes = (tones >> 3).astype(np.int32) @ np.array([1024, 32, 1])
    _, group = np.unique(codes, return_inverse=True)
    group = group.reshape(-1)
    sizes = np.bincount(group)
    means = np.stack([np.bincount(group, points[:, i]) for i in range(3)], 1) / sizes[:, None]
    centers = [means[sizes.argmax()]]
    for _ in range(count - 1):
        apart = np.min([((means - center) ** 2).sum(1) for center in centers], 0) * np.minimum(
            sizes, 0.02 * len(points)
        )
        if apart.max() < 1:
            break
        centers.append(means[apart.argmax()])
    kept = np.stack(centers)
    nearest = np.full(len(means), -1)
    for _ in range(12):
        found = (-2 * means @ kept.T + (kept**2).sum(1)).argmin(1)
        if (found == nearest).all():
            break
        nearest = found
        total = np.bincount(nearest, sizes, len(kept))
        for i in range(3):
            sums = np.bincount(nearest, sizes * means[:, i], len(kept))
            kept[:, i] = np.where(total > 0, sums / np.maximum(total, 1), kept[:, i])
    return nearest[group]


@dataclass(frozen=True)
class Scene:
    """A reduced picture with its foreground, computed once and used by several features."""

    size: tuple[int, int]
    tones: np.ndarray
    seen: np.ndarray
    front: np.ndarray

    @classmethod
    def of(cls, pixels: np.ndarray) -> Scene:
        """The scene of an RGB picture (uint8)."""
        from PIL import Image

        picture = Image.fromarray(pixels)
        picture.thumbnail((_SIDE, _SIDE), Image.Resampling.BOX)
        tones = np.asarray(picture)
        seen = lab(tones)
        return cls((pixels.shape[1], pixels.shape[0]), tones, seen, foreground(seen))


def dominant_colors(scene: Scene) -> list[dict[str, Any]]:
    """The colours of ``image_properties_annotation``, most prominent first.

    ``pixel_fraction`` is the share of the picture. ``score`` counts the foreground near the middle.
    """
    front = scene.front
    height, width = front.shape
    y, x = np.ogrid[0:height, 0:width]
    middle = np.exp(-(((x + 0.5) / width - 0.5) ** 2 + ((y + 0.5) / height - 0.5) ** 2) / 0.12)
    weight = middle * np.where(front, 1.0, 0.02) if front.mean() >= 0.01 else middle * 0 + 1
    found = []
    for mask, count in ((front, _FOREGROUND), (~front, _BACKGROUND)):
        if not mask.any():
            continue
        points, tones, weights = scene.seen[mask], scene.tones[mask], weight[mask]
        nearest = _clusters(points, tones, count)
        for k in range(int(nearest.max()) + 1):
            mine = nearest == k
            if mine.any():
                # The middle value: pixels on an edge are mixtures of two colours.
                found.append((weights[mine].sum(), int(mine.sum()), np.median(tones[mine], axis=0)))
    total, area = sum(float(f[0]) for f in found), height * width
    found.sort(key=lambda f: (-float(f[0]), f[2].tolist()))
    return [
        {
            "color": dict(zip(("red", "green", "blue"), (round(float(v)) for v in tone), strict=True)),
            "score": round(float(score) / total, 6),
            "pixel_fraction": round(count / area, 6),
        }
        for score, count, tone in found
    ]


def missing_tesseract() -> str:
    """Why text cannot be read on this machine; empty when it can."""
    if shutil.which("tesseract") is None:
        return "text recognition needs the program tesseract, which is not on the path (Debian: apt-get install tesseract-ocr)"
    return ""


def text(pixels: np.ndarray, seconds: float = 20.0) -> list[dict[str, Any]]:
    """``text_annotations`` read by Tesseract: the whole text first, then each word with its box.

    Raises:
        RuntimeError: the program failed or took too long; the message is its last line.
    """
    import csv
    import io
    import subprocess

    from PIL import Image

    data = io.BytesIO()
    Image.fromarray(pixels).save(data, "PNG")
    try:
        done = subprocess.run(
            ["tesseract", "stdin", "stdout", "tsv"],
            input=data.getvalue(),
            capture_output=True,
            timeout=seconds,
            check=False,
        )
    except subprocess.TimeoutExpired:
        raise RuntimeError(f"tesseract took longer than {seconds:.0f} s") from None
    if done.returncode:
        last = done.stderr.decode(errors="replace").strip().splitlines()
        raise RuntimeError(f"tesseract failed: {last[-1] if last else done.returncode}")
    words: list[dict[str, Any]] = []
    for row in csv.DictReader(
        io.StringIO(done.stdout.decode(errors="replace")), delimiter="\t", quoting=csv.QUOTE_NONE
    ):
        word = (row.get("text") or "").strip()
        if word and float(row["conf"]) > 50:
            left, top, wide, tall = (int(row[name]) for name in ("left", "top", "width", "height"))
            corners = ((left, top), (left + wide, top), (left + wide, top + tall), (left, top + tall))
            words.append({"description": word, "bounding_poly": {"vertices": [{"x": x, "y": y} for x, y in corners]}})
    return [{"description": " ".join(word["description"] for word in words)}, *words] if words else []
