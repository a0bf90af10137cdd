"""Product pictures: what the shop sells, by the label that tells one shape from another."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from random import Random

from PIL import Image, ImageDraw, ImageFilter

from .canvas import COLORS, Pen, Point, any_color, background, both_sides, circle, fabric, shade

#: What a picture of a product of each category shows. Several categories look alike.
LABEL_OF_CATEGORY = {
    "Accessories": "Fashion accessory",
    "Active": "Leggings",
    "Blazers & Jackets": "Suit",
    "Clothing Sets": "Pajamas",
    "Dresses": "Dress",
    "Fashion Hoodies & Sweatshirts": "Hoodie",
    "Intimates": "Underwear",
    "Jeans": "Trousers",
    "Jumpsuits & Rompers": "Jumpsuit",
    "Leggings": "Leggings",
    "Maternity": "Dress",
    "Outerwear & Coats": "Coat",
    "Pants": "Trousers",
    "Pants & Capris": "Trousers",
    "Plus": "T-shirt",
    "Shorts": "Shorts",
    "Skirts": "Skirt",
    "Sleep & Lounge": "Pajamas",
    "Socks": "Socks",
    "Socks & Hosiery": "Socks",
    "Suits": "Suit",
    "Suits & Sport Coats": "Suit",
    "Sweaters": "Sweater",
    "Swim": "Swimwear",
    "Tops & Tees": "T-shirt",
    "Underwear": "Underwear",
}
LABELS = tuple(sorted(set(LABEL_OF_CATEGORY.values())))


@dataclass(frozen=True)
class Look:
    """What a product picture shows."""

    label: str
    color: str
    pattern: str
    background: str


class _Cut:
    """An outline in parts: cloth, holes in it, ink on it (a darker shade, or a colour) and lines."""

    def __init__(self) -> None:
        self.cloth: list[list[Point]] = []
        self.holes: list[list[Point]] = []
        self.ink: list[tuple[list[Point], tuple[int, int, int] | None]] = []
        self.lines: list[tuple[list[Point], float, tuple[int, int, int] | None]] = []

    def half(self, *points: Point) -> _Cut:
        """Cloth, by its right half."""
        self.cloth.append(both_sides(points))
        return self

    def line(self, *points: Point, width: float = 0.03, color: tuple[int, int, int] | None = None) -> _Cut:
        """A line on the cloth."""
        self.lines.append((list(points), width, color))
        return self

    def fill(self, points: Sequence[Point], color: tuple[int, int, int] | None = None) -> _Cut:
        """An inked part of the cloth."""
        self.ink.append((list(points), color))
        return self


def _dress(random: Random) -> _Cut:
    flare, length = random.uniform(0.34, 0.52), random.uniform(0.8, 0.92)
    cut = _Cut().half(
        (0.12, -0.78), (0.15, -0.92), (0.26, -0.92), (0.31, -0.56), (0.19, -0.14), (0.2 + flare, length), (0, length)
    )
    return cut.line((-0.2, -0.14), (0.2, -0.14), width=0.05)


def _trousers(random: Random) -> _Cut:
    wide = random.uniform(0.5, 0.6)
    cut = _Cut().half((0.34, -0.92), (0.45, -0.35), (wide, 0.94), (wide - 0.34, 0.94), (0.05, -0.22), (0, -0.22))
    cut.line((-0.35, -0.83), (0.35, -0.83)).line((0, -0.83), (0, -0.4))
    return cut.line((0.36, -0.6), (0.2, -0.66), (0.18, -0.8), width=0.02).line(
        (-0.36, -0.6), (-0.2, -0.66), (-0.18, -0.8), width=0.02
    )


def _leggings(random: Random) -> _Cut:
    slim = random.uniform(0.1, 0.13)
    cut = _Cut().half(
        (0.25, -0.94), (0.32, -0.5), (0.2 + slim / 2, 0.2), (0.1 + slim, 0.95), (0.1, 0.95), (0.05, -0.3), (0, -0.34)
    )
    return cut.line((-0.26, -0.8), (0.26, -0.8), width=0.025)


def _shorts(random: Random) -> _Cut:
    wide, length = random.uniform(0.6, 0.7), random.uniform(0.42, 0.56)
    cut = _Cut().half((0.44, -0.55), (wide, length), (0.1, length + 0.04), (0.04, -0.02), (0, -0.02))
    return cut.line((-0.45, -0.43), (0.45, -0.43), width=0.035).line((0, -0.43), (0, -0.1))


def _skirt(random: Random) -> _Cut:
    flare, length = random.uniform(0.3, 0.45), random.uniform(0.55, 0.68)
    cut = _Cut().half((0.28, -0.58), (0.32 + flare, length), (0, length + 0.05))
    cut.fill([(-0.28, -0.58), (0.28, -0.58), (0.3, -0.46), (-0.3, -0.46)])
    return cut.line((-0.1, -0.46), (-0.2, length), width=0.02).line((0.1, -0.46), (0.2, length), width=0.02)


def _t_shirt(random: Random) -> _Cut:
    wide, length = random.uniform(0.42, 0.5), random.uniform(0.66, 0.8)
    cut = _Cut().half(
        (0.14, -0.74),
        (wide, -0.66),
        (wide + 0.4, -0.34),
        (wide + 0.25, -0.1),
        (wide, -0.3),
        (wide, length),
        (0, length),
    )
    return cut.fill(circle(0, -0.73, 0.16, 0.1))


def _sleeves(wide: float, length: float, low: float) -> tuple[Point, ...]:
    return (
        (0.16, -0.74),
        (wide, -0.66),
        (wide + 0.36, low),
        (wide + 0.16, low + 0.07),
        (wide, -0.2),
        (wide, length),
        (0, length),
    )


def _sweater(random: Random) -> _Cut:
    wide, length = random.uniform(0.42, 0.48), random.uniform(0.56, 0.66)
    cut = _Cut().half(*_sleeves(wide, length, 0.46))
    cut.cloth.append([(-0.17, -0.92), (0.17, -0.92), (0.18, -0.68), (-0.18, -0.68)])
    cut.fill([(-wide, length - 0.12), (wide, length - 0.12), (wide, length), (-wide, length)])
    return cut.line((-0.17, -0.82), (0.17, -0.82), width=0.025)


def _hoodie(random: Random) -> _Cut:
    wide, length = random.uniform(0.44, 0.5), random.uniform(0.58, 0.68)
    cut = _Cut().half(*_sleeves(wide, length, 0.42))
    cut.cloth.append(circle(0, -0.72, 0.33, 0.27))
    cut.fill(circle(0, -0.7, 0.2, 0.16))
    cut.line((-0.08, -0.5), (-0.09, -0.12), width=0.035, color=(250, 250, 250))
    cut.line((0.08, -0.5), (0.09, -0.12), width=0.035, color=(250, 250, 250))
    return cut.line((-0.3, 0.5), (-0.2, 0.18), (0.2, 0.18), (0.3, 0.5), width=0.035)


def _coat(random: Random) -> _Cut:
    wide, length = random.uniform(0.42, 0.48), random.uniform(0.9, 0.97)
    cut = _Cut().half(
        (0.18, -0.86),
        (wide, -0.76),
        (wide + 0.34, 0.2),
        (wide + 0.12, 0.28),
        (wide, -0.25),
        (wide + 0.12, length),
        (0, length),
    )
    cut.fill([(-0.2, -0.9), (0.2, -0.9), (0.3, -0.55), (0, -0.4), (-0.3, -0.55)])
    cut.line((0, -0.4), (0, length), width=0.035).line((-wide, 0.12), (wide, 0.12), width=0.09)
    for y in (-0.25, -0.05, 0.35):
        cut.fill(circle(0.1, y, 0.04), (240, 226, 170))
    return cut


def _suit(random: Random) -> _Cut:
    wide, length = random.uniform(0.44, 0.5), random.uniform(0.62, 0.74)
    cut = _Cut().half(*_sleeves(wide, length, 0.5))
    cut.fill([(-0.2, -0.78), (0.2, -0.78), (0, 0.12)], (250, 250, 250))
    tie = any_color(random, 0, 130)
    cut.fill([(-0.06, -0.72), (0.06, -0.72), (0.09, -0.12), (0, 0.04), (-0.09, -0.12)], tie)
    cut.fill([(-0.18, -0.78), (-0.34, -0.5), (-0.26, -0.3), (0, 0.14)]).fill(
        [(0.18, -0.78), (0.34, -0.5), (0.26, -0.3), (0, 0.14)]
    )
    return cut.line((0, 0.12), (0.03, length), width=0.035).fill(circle(-0.07, 0.26, 0.035), (20, 20, 20))


def _pajamas(random: Random) -> _Cut:
    wide, leg = random.uniform(0.36, 0.42), random.uniform(0.3, 0.36)
    cut = _Cut().half(
        (0.12, -0.96),
        (wide, -0.92),
        (wide + 0.34, -0.52),
        (wide + 0.18, -0.42),
        (wide, -0.62),
        (wide + 0.02, -0.1),
        (0, -0.1),
    )
    cut.half((0.36, 0.02), (leg + 0.1, 0.95), (0.1, 0.95), (0.04, 0.3), (0, 0.3))
    cut.line((0, -0.8), (0, -0.12), width=0.025)
    for y in (-0.7, -0.5, -0.3):
        cut.fill(circle(0.06, y, 0.035), (250, 250, 250))
    return cut


def _jumpsuit(random: Random) -> _Cut:
    wide = random.uniform(0.38, 0.46)
    cut = _Cut().half(
        (0.1, -0.72), (0.14, -0.94), (0.26, -0.94), (0.33, -0.6), (0.2, -0.2), (0.34, 0.1), (wide, 0.95), (wide - 0.24, 0.95),
        (0.05, 0.22), (0, 0.2),
    )  # fmt: skip
    return cut.fill([(-0.22, -0.25), (0.22, -0.25), (0.22, -0.13), (-0.22, -0.13)]).line(
        (0, -0.7), (0, -0.25), width=0.025
    )


def _swimwear(random: Random) -> _Cut:
    cut = _Cut()
    if random.random() < 0.5:
        cut.half((0.22, -0.88), (0.3, -0.88), (0.36, -0.4), (0.25, -0.05), (0.42, 0.3), (0.1, 0.74), (0, 0.76))
        cut.holes.append(both_sides([(0.22, -0.9), (0.15, -0.5), (0, -0.42)]))
        return cut
    for side in (-1, 1):
        cut.cloth.append([(side * 0.06, -0.2), (side * 0.56, -0.2), (side * 0.31, -0.62)])
        cut.line((side * 0.31, -0.6), (side * 0.12, -0.94), width=0.045)
        cut.line((side * 0.56, -0.2), (side * 0.74, -0.28), width=0.04)
    return cut.half((0.52, 0.24), (0.5, 0.34), (0.12, 0.78), (0, 0.8))


def _underwear(random: Random) -> _Cut:
    high = random.uniform(0.3, 0.42)
    cut = _Cut().half((0.74, -high), (0.74, -high + 0.26), (0.24, 0.42), (0, 0.46))
    band = [(-0.75, -high - 0.04), (0.75, -high - 0.04), (0.75, -high + 0.1), (-0.75, -high + 0.1)]
    return (
        cut.fill(band)
        .line((-0.14, -high + 0.1), (-0.1, 0.3), width=0.025)
        .line((0.14, -high + 0.1), (0.1, 0.3), width=0.025)
    )


def _socks(random: Random) -> _Cut:
    cut, top = _Cut(), random.uniform(-0.85, -0.7)
    for x in (-0.55, 0.15):
        foot = [
            (x, top),
            (x + 0.32, top),
            (x + 0.32, 0.3),
            (x + 0.66, 0.56),
            (x + 0.6, 0.78),
            (x + 0.28, 0.78),
            (x, 0.5),
        ]
        cut.cloth.append(foot)
        cut.fill([(x - 0.02, top - 0.02), (x + 0.34, top - 0.02), (x + 0.34, top + 0.16), (x - 0.02, top + 0.16)])
        cut.line((x, 0.38), (x + 0.14, 0.5), (x + 0.14, 0.76), width=0.03)
    return cut


def _accessory(random: Random) -> _Cut:
    cut, kind = _Cut(), random.choice(("bag", "cap", "belt", "glasses"))
    if kind == "bag":
        cut.half((0.6, -0.2), (0.72, 0.7), (0, 0.7))
        cut.line((-0.36, -0.2), (-0.28, -0.72), (0, -0.86), (0.28, -0.72), (0.36, -0.2), width=0.09)
        return cut.fill([(-0.14, -0.2), (0.14, -0.2), (0.14, 0.06), (-0.14, 0.06)], (214, 178, 70))
    if kind == "cap":
        cut.cloth.append([point for point in circle(-0.1, 0.25, 0.62, 0.75) if point[1] <= 0.27])
        cut.fill([(-0.72, 0.24), (0.5, 0.2), (0.95, 0.32), (0.9, 0.42), (-0.72, 0.36)])
        return cut.line((-0.1, -0.48), (-0.1, 0.22), width=0.025)
    if kind == "belt":
        cut.cloth.append([(-0.95, -0.2), (0.95, -0.2), (0.95, 0.2), (-0.95, 0.2)])
        for x in (0.2, 0.42, 0.64):
            cut.fill(circle(x, 0, 0.05))
        return cut.line(
            (-0.85, -0.28), (-0.4, -0.28), (-0.4, 0.28), (-0.85, 0.28), (-0.85, -0.28), width=0.1, color=(214, 178, 70)
        )
    for side in (-1, 1):
        cut.cloth.append(circle(side * 0.46, 0, 0.42, 0.36))
        cut.line((side * 0.85, -0.15), (side * 0.98, -0.3), width=0.07)
    return cut.line((-0.1, -0.1), (0, -0.16), (0.1, -0.1), width=0.08)


_CUTS: dict[str, Callable[[Random], _Cut]] = {
    "Coat": _coat,
    "Dress": _dress,
    "Fashion accessory": _accessory,
    "Hoodie": _hoodie,
    "Jumpsuit": _jumpsuit,
    "Leggings": _leggings,
    "Pajamas": _pajamas,
    "Shorts": _shorts,
    "Skirt": _skirt,
    "Socks": _socks,
    "Suit": _suit,
    "Sweater": _sweater,
    "Swimwear": _swimwear,
    "T-shirt": _t_shirt,
    "Trousers": _trousers,
    "Underwear": _underwear,
}


def product(look: Look, random: Random, size: int = 320) -> Image.Image:
    """A product picture with this look."""
    tone = shade(COLORS[look.color], random.uniform(0.95, 1.04))
    picture = background(look.background, size, random, tone)
    cut, pen = _CUTS[look.label](random), Pen(size, random)
    mask = Image.new("L", (size, size), 0)
    cloth = ImageDraw.Draw(mask)
    outlines = [pen.points(part) for part in cut.cloth]
    for outline in outlines:
        cloth.polygon(outline, fill=255)
    dark = shade(tone, 0.6) if sum(tone) > 130 else shade(tone, 2.4)
    shadow = mask.filter(ImageFilter.BoxBlur(size / 60))
    picture.paste((40, 40, 46), (max(1, size // 70), max(1, size // 70)), shadow.point(lambda value: value * 2 // 5))
    for hole in cut.holes:
        cloth.polygon(pen.points(hole), fill=0)
    picture.paste(fabric(look.pattern, size, tone, random), (0, 0), mask)
    draw = ImageDraw.Draw(picture)
    for outline in [] if cut.holes else outlines:
        draw.line([*outline, outline[0]], fill=dark, width=max(1, size // 160))
    for points, ink in cut.ink:
        draw.polygon(pen.points(points), fill=ink or shade(tone, 0.8) if sum(tone) > 130 else ink or shade(tone, 1.7))
    for points, width, ink in cut.lines:
        draw.line(pen.points(points), fill=ink or dark, width=pen.width(width), joint="curve")
    return picture.filter(ImageFilter.BoxBlur(size / 640))
