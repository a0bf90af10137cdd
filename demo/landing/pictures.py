"""The pictures: of the listed products, one or more each, and of people in yoga poses, one folder per pose.

``gcp/product_images/<product>_<number>.jpg``: what the product looks like, and some that are wrong on purpose. Kinds, in
the truth's column ``kind``:

==================  ================================================================================================
``good``            shows the product: category, colour, pattern and background as in ``product_looks.parquet``
``other_category``  shows something else in the product's colour
``blurred``         so far out of focus that no shape is left
``truncated`` …     broken: cut off, ``text`` (a text file), ``empty`` (no bytes)
``duplicate``       the bytes of the product's first picture under another name
``cmyk`` …          odd but readable: four printing colours, ``sixteen_bit`` grays in a PNG
``animated``        a GIF of two frames, which no warehouse takes
``no_product``      a picture of a product that the catalogue does not have
==================  ================================================================================================

Later batches write new content under the names of some good pictures. ``is_current`` marks the last content of a name.

``gcp/yoga_images/<Pose>/<number>.jpg``: drawings of the pose; ``misfiled`` ones show another pose, ``other`` ones no
person at all, and one is cut off.
"""

from __future__ import annotations

import base64
import hashlib
import io
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from pathlib import Path
from random import Random

import numpy as np
import pyarrow as pa
from PIL import Image, ImageFilter

from . import drawings
from .listings import listed_products
from .randomness import stream
from .shop import Shop
from .truth import write_parquet

PRODUCT_IMAGES = Path("gcp/product_images")
YOGA_IMAGES = Path("gcp/yoga_images")
PICTURES_TRUTH = Path("truth/pictures")
YOGA_TRUTH = Path("truth/yoga")

# Pictures at scale 0.01. They grow with the square root of the scale: drawing takes a hundredth of a second each.
PRODUCTS = 190
PER_POSE = 12
SIDE = 256

NO_PICTURE_SHARE = 0.04
SHARES = {"other_category": 0.05, "blurred": 0.03, "broken": 0.03}
SECOND_SHARE, DUPLICATE_SHARE = 0.12, 0.5
BROKEN = ("truncated", "text", "empty")
ODD = ("cmyk", "sixteen_bit", "animated")
NO_PRODUCT = 3
REPLACED_IN_A_BATCH = 2


@dataclass(frozen=True)
class Picture:
    """One content of one name. ``path`` is where it lies in the landing zone; the rest is the truth about it."""

    path: Path
    batch: int
    kind: str
    product_id: int | None = None
    label: str | None = None
    color: str | None = None
    pattern: str | None = None
    background: str | None = None
    pose: str | None = None
    size: int = 0
    sha256: str = ""
    md5: str = ""
    is_current: bool = True

    @property
    def records(self) -> int:
        """A picture counts as one record."""
        return 1


@dataclass(frozen=True)
class _Plan:
    """A picture to be made: its truth, and how to draw it."""

    picture: Picture
    draw: Callable[[Random], bytes]


def _grown(count: int, scale: float) -> int:
    return max(1, round(count * (scale / 0.01) ** 0.5))


def _jpeg(picture: Image.Image, **settings: object) -> bytes:
    data = io.BytesIO()
    picture.save(data, "JPEG", quality=84, **settings)
    return data.getvalue()


def _make(plan: _Plan, seed: int) -> tuple[Picture, bytes]:
    """Draw one picture; its random numbers depend on its name and batch only."""
    name = plan.picture.path.as_posix()
    random = Random(int(stream(seed, name, plan.picture.batch).integers(0, 2**62)))
    data = plan.draw(random)
    return replace(
        plan.picture,
        size=len(data),
        sha256=hashlib.sha256(data).hexdigest(),
        md5=base64.b64encode(hashlib.md5(data, usedforsecurity=False).digest()).decode(),
    ), data


def _deliver(stage: Path, plans: list[_Plan], seed: int, delivered: tuple[int, ...], threads: int) -> list[Picture]:
    """Draw what belongs to the delivered batches and write it; a later content of a name takes the earlier one's place."""
    wanted = [plan for plan in plans if plan.picture.batch in delivered]
    last = {plan.picture.path: i for i, plan in enumerate(wanted)}
    with ThreadPoolExecutor(threads) as pool:
        made = list(pool.map(lambda plan: _make(plan, seed), wanted))
    pictures = []
    for i, (picture, data) in enumerate(made):
        current = last[picture.path] == i
        if current:
            (stage / picture.path).parent.mkdir(parents=True, exist_ok=True)
            (stage / picture.path).write_bytes(data)
        pictures.append(replace(picture, is_current=current))
    return sorted(pictures, key=lambda picture: (picture.path.as_posix(), picture.batch))


# ------------------------------------------------------------------ products


def _photograph(look: drawings.Look, kind: str) -> Callable[[Random], bytes]:
    """How a picture of the kind is made."""

    def draw(random: Random) -> bytes:
        picture = drawings.product(look, random, SIDE)
        if kind == "blurred":
            return _jpeg(picture.filter(ImageFilter.GaussianBlur(SIDE / 9)))
        if kind == "truncated":
            whole = _jpeg(picture)
            return whole[: len(whole) // 3]
        if kind == "text":
            return b"This is the text of a picture that was never taken.\n"
        if kind == "empty":
            return b""
        if kind == "cmyk":
            return _jpeg(picture.convert("CMYK"))
        if kind == "sixteen_bit":
            gray = np.asarray(picture.convert("L"), np.uint16) * 257
            data = io.BytesIO()
            Image.fromarray(gray).save(data, "PNG")
            return data.getvalue()
        if kind == "animated":
            data = io.BytesIO()
            picture.save(data, "GIF", save_all=True, append_images=[picture.transpose(Image.Transpose.FLIP_LEFT_RIGHT)])
            return data.getvalue()
        return _jpeg(picture)

    return draw


def _product_plans(looks: dict[int, drawings.Look], scale: float, seed: int, batches: int) -> list[_Plan]:
    rng = stream(seed, "product pictures")
    products = sorted(looks)[: _grown(PRODUCTS, scale)]
    draws = rng.random((len(products), 4))
    plans: list[_Plan] = []
    broken = odd = 0

    def plan(product: int, number: int, kind: str, batch: int, look: drawings.Look, suffix: str = "jpg") -> None:
        path = PRODUCT_IMAGES / f"{product}_{number}.{suffix}"
        shows = kind in ("good", "other_category", "duplicate", "cmyk", "no_product")
        truth = Picture(
            path, batch, kind, product,
            *((look.label, look.color, look.pattern, look.background) if shows else (None,) * 4),
        )  # fmt: skip
        plans.append(_Plan(truth, _photograph(look, kind)))

    wrong_at = np.cumsum(list(SHARES.values()))
    for product, (absent, wrong, second, other) in zip(products, draws.tolist(), strict=True):
        look = looks[product]
        if absent < NO_PICTURE_SHARE:
            continue
        kind = ("other_category", "blurred", "broken", "good")[int(np.searchsorted(wrong_at, wrong, side="right"))]
        if kind == "broken":
            kind, broken = BROKEN[broken % len(BROKEN)], broken + 1
        if kind == "other_category":
            others = [label for label in drawings.LABELS if label != look.label]
            look = replace(look, label=others[int(other * len(others))])
        plan(product, 1, kind, 0, look)
        if kind == "good" and second < SECOND_SHARE:
            if second < SECOND_SHARE * DUPLICATE_SHARE:
                first = plans[-1]
                same = replace(first.picture, path=PRODUCT_IMAGES / f"{product}_2.jpg", kind="duplicate")
                plans.append(_Plan(same, _as(first, seed)))
            elif odd < len(ODD):
                suffix = {"sixteen_bit": "png", "animated": "gif"}.get(ODD[odd], "jpg")
                plan(product, 2, ODD[odd], 0, look, suffix)
                odd += 1
            else:
                plan(product, 2, "good", 0, look)
    beyond = max(looks) + 1_000_000
    for number in range(NO_PRODUCT):
        plan(beyond + number, 1, "no_product", 0, looks[products[number % len(products)]])
    first = {p.picture.path for p in plans if p.picture.kind == "duplicate"}
    good = [p.picture for p in plans if p.picture.kind == "good" and p.picture.path.stem.endswith("_1")]
    good = [p for p in good if PRODUCT_IMAGES / f"{p.product_id}_2.jpg" not in first]
    order = stream(seed, "replaced pictures").permutation(len(good))
    for batch in range(1, batches + 1):
        for place in order[(batch - 1) * REPLACED_IN_A_BATCH : batch * REPLACED_IN_A_BATCH]:
            product = good[place].product_id or 0
            plan(product, 1, "good", batch, looks[product])
    return plans


def _as(first: _Plan, seed: int) -> Callable[[Random], bytes]:
    """The same bytes as another picture."""
    return lambda _: _make(first, seed)[1]


def deliver_pictures(stage: Path, shop: Shop, delivered: tuple[int, ...], threads: int = 2) -> list[Picture]:
    """Write the product pictures and their truth below ``stage``; ``shop`` must not have lived through a batch yet.

    Returns the pictures that lie there at the end.
    """
    listed = {
        product: drawings.Look(drawings.LABEL_OF_CATEGORY[listing.category], look.color, look.pattern, look.background)
        for product, (listing, look) in listed_products(shop).items()
    }
    plans = _product_plans(listed, shop.scale, shop.seed, max(delivered, default=0))
    pictures = _deliver(stage, plans, shop.seed, delivered, threads)
    _write_truth(pictures, stage / PICTURES_TRUTH / "product_images.parquet", ("pose",))
    return [picture for picture in pictures if picture.is_current]


# ---------------------------------------------------------------------- yoga


def _pose_picture(kind: str, pose: str) -> Callable[[Random], bytes]:
    def draw(random: Random) -> bytes:
        if kind == "other":
            return _jpeg(drawings.other(random.choice(("house", "car", "fruit", "text")), random, SIDE))
        data = _jpeg(drawings.pose(pose, random, SIDE))
        return data[: len(data) // 3] if kind == "truncated" else data

    return draw


def deliver_yoga(stage: Path, scale: float, seed: int, delivered: tuple[int, ...], threads: int = 2) -> list[Picture]:
    """Write the yoga pictures and their truth below ``stage``; all come with batch 0. Returns them."""
    plans: list[_Plan] = []
    for number, pose in enumerate(drawings.POSES):
        kinds = ["good"] * _grown(PER_POSE, scale)
        # One odd picture per folder: another pose, another thing, or a broken file.
        kinds[-1] = ("misfiled", "other", "misfiled", "truncated", "other")[number] if len(kinds) > 2 else "good"
        names = sorted(stream(seed, "yoga", number).choice(1000, len(kinds), replace=False).tolist())
        for name, kind in zip(names, kinds, strict=True):
            shown = drawings.POSES[(number + 1) % len(drawings.POSES)] if kind == "misfiled" else pose
            path = YOGA_IMAGES / pose / f"{name:08d}.jpg"
            truth = Picture(path, 0, kind, pose=shown if kind in ("good", "misfiled") else None)
            plans.append(_Plan(truth, _pose_picture(kind, shown)))
    pictures = _deliver(stage, plans, seed, delivered, threads)
    _write_truth(
        pictures, stage / YOGA_TRUTH / "yoga_images.parquet", ("product_id", "label", "color", "pattern", "background")
    )
    return [picture for picture in pictures if picture.is_current]


def _write_truth(pictures: list[Picture], path: Path, without: tuple[str, ...]) -> None:
    kinds = {"batch": pa.int64(), "product_id": pa.int64(), "size": pa.int64(), "is_current": pa.bool_()}
    columns = {
        name: pa.array(
            [getattr(picture, name).as_posix() if name == "path" else getattr(picture, name) for picture in pictures],
            kinds.get(name, pa.string()),
        )
        for name in Picture.__dataclass_fields__
        if name not in without
    }
    write_parquet(pa.table(columns), path)
    current = [picture for picture in pictures if picture.is_current]
    files = {
        "file_name": pa.array([picture.path.name for picture in current], pa.string()),
        "path": pa.array([picture.path.as_posix() for picture in current], pa.string()),
        "batch": pa.array([picture.batch for picture in current], pa.int64()),
        "kind": pa.array([picture.kind for picture in current], pa.string()),
        "records": pa.array([picture.records for picture in current], pa.int64()),
        "bytes": pa.array([picture.size for picture in current], pa.int64()),
        "sha256": pa.array([picture.sha256 for picture in current], pa.string()),
    }
    write_parquet(pa.table(files), path.with_name("files.parquet"))
