"""What all drawings share: colours, backgrounds, patterns of fabric, and a pen that turns and scales what it draws."""

from __future__ import annotations

import math
from collections.abc import Sequence
from random import Random

import numpy as np
from PIL import Image, ImageDraw

from demo.landing import words

Point = tuple[float, float]
Rgb = tuple[int, int, int]

COLORS: dict[str, Rgb] = {
    "black": (28, 28, 31),
    "white": (246, 246, 244),
    "gray": (128, 129, 131),
    "navy": (26, 36, 92),
    "blue": (44, 104, 216),
    "teal": (0, 132, 130),
    "green": (42, 156, 62),
    "olive": (116, 114, 32),
    "yellow": (246, 214, 46),
    "orange": (242, 130, 26),
    "red": (206, 28, 38),
    "pink": (246, 146, 184),
    "purple": (122, 48, 156),
    "brown": (110, 64, 34),
    "beige": (216, 194, 156),
}
PATTERNS = tuple(words.PATTERNS)
BACKGROUNDS = tuple(words.BACKGROUNDS)


def distance(a: Sequence[float], b: Sequence[float]) -> float:
    """How different two colours look, 0 to about 765: the weighted distance known as redmean."""
    mean = (a[0] + b[0]) / 2
    red, green, blue = (a[i] - b[i] for i in range(3))
    return math.sqrt((2 + mean / 256) * red**2 + 4 * green**2 + (2 + (255 - mean) / 256) * blue**2)


def shade(color: Sequence[float], factor: float) -> Rgb:
    """The colour, darker below 1 and lighter above."""
    red, green, blue = (max(0, min(255, round(value * factor))) for value in color)
    return red, green, blue


def mix(a: Sequence[float], b: Sequence[float], share: float) -> Rgb:
    """``share`` of ``b`` in ``a``."""
    red, green, blue = (round(x * (1 - share) + y * share) for x, y in zip(a, b, strict=True))
    return red, green, blue


def any_color(random: Random, low: int = 0, high: int = 255) -> Rgb:
    """Any colour whose parts lie in the range."""
    return random.randint(low, high), random.randint(low, high), random.randint(low, high)


def _most_different(choices: Sequence[Rgb], color: Rgb | None, random: Random) -> Rgb:
    """A choice that the garment stands out from, as a photographer would take it."""
    fitting = [choice for choice in choices if color is None or distance(choice, color) > 150]
    if not fitting:
        fitting = [max(choices, key=lambda choice: distance(choice, color or choice))]
    return random.choice(fitting)


def background(kind: str, size: int, random: Random, color: Rgb | None = None) -> Image.Image:
    """A background of the kind; it differs from ``color``, that of what will be put on it."""
    return _BACKGROUNDS[kind](size, random, color)


def _plain(size: int, random: Random, color: Rgb | None) -> Image.Image:
    tone = _most_different(
        [(255, 255, 255), (236, 240, 246), (250, 240, 226), (226, 232, 228), (188, 204, 222)], color, random
    )
    return Image.new("RGB", (size, size), shade(tone, random.uniform(0.97, 1.0)))


def _studio(size: int, random: Random, color: Rgb | None) -> Image.Image:
    """A backdrop, lit in the middle and dark in the corners, that meets a floor."""
    tone = np.array(
        _most_different([(206, 206, 210), (150, 156, 170), (92, 94, 102), (60, 62, 70)], color, random), np.float32
    )
    y, x = np.mgrid[0:size, 0:size].astype(np.float32) / size
    light = 1.12 - 1.0 * ((x - random.uniform(0.4, 0.6)) ** 2 + (y - random.uniform(0.3, 0.45)) ** 2)
    floor = random.uniform(0.8, 0.88)
    light = np.where(y > floor, light * 0.72, light)
    return Image.fromarray(np.clip(tone * light[:, :, None], 0, 255).astype(np.uint8))


def _wood(size: int, random: Random, color: Rgb | None) -> Image.Image:
    """Planks with grain."""
    tone = _most_different([(196, 148, 92), (222, 184, 134), (92, 60, 38), (150, 104, 62)], color, random)
    picture = Image.new("RGB", (size, size), tone)
    draw = ImageDraw.Draw(picture)
    plank = size / random.randint(5, 7)
    for number in range(int(size / plank) + 1):
        top = number * plank
        own = shade(tone, random.uniform(0.9, 1.1))
        draw.rectangle([0, top, size, top + plank], fill=own)
        for _ in range(4):
            y = top + random.uniform(0.15, 0.85) * plank
            rise = random.uniform(-0.15, 0.15) * plank
            grain = [(0, y), (size * 0.35, y + rise), (size * 0.7, y - rise), (size, y)]
            draw.line(grain, fill=shade(own, random.uniform(0.82, 0.92)), width=max(1, size // 160))
        draw.line([(0, top), (size, top)], fill=shade(tone, 0.6), width=max(1, size // 100))
    return picture if random.random() < 0.5 else picture.transpose(Image.Transpose.ROTATE_90)


def _marble(size: int, random: Random, color: Rgb | None) -> Image.Image:
    """Stone with veins."""
    tone = _most_different([(238, 238, 240), (226, 230, 232), (62, 64, 70)], color, random)
    picture = Image.new("RGB", (size, size), tone)
    draw = ImageDraw.Draw(picture)
    vein = shade(tone, 0.72) if sum(tone) > 380 else shade(tone, 1.9)
    for _ in range(random.randint(7, 10)):
        x, y, turn = random.uniform(-0.1, 1) * size, random.uniform(-0.1, 1) * size, random.uniform(0.3, 1.1)
        line = [(x, y)]
        for _ in range(9):
            turn += random.uniform(-0.55, 0.55)
            x, y = x + size * 0.11 * math.cos(turn), y + size * 0.11 * math.sin(turn)
            line.append((x, y))
        draw.line(line, fill=mix(tone, vein, random.uniform(0.5, 1)), width=max(1, size // random.randint(60, 120)))
    return picture


def _outdoor(size: int, random: Random, color: Rgb | None) -> Image.Image:
    """Sky above hills."""
    sky = _most_different([(158, 206, 240), (196, 222, 240), (250, 206, 150), (110, 170, 226)], color, random)
    land = _most_different([(120, 176, 78), (222, 200, 150), (92, 140, 66), (238, 240, 246)], color, random)
    picture = Image.new("RGB", (size, size), sky)
    draw = ImageDraw.Draw(picture)
    horizon = random.uniform(0.5, 0.68)
    if random.random() < 0.6:
        radius, x, y = (
            size * random.uniform(0.05, 0.08),
            random.uniform(0.08, 0.92) * size,
            random.uniform(0.08, 0.2) * size,
        )
        draw.ellipse([x - radius, y - radius, x + radius, y + radius], fill=(255, 244, 190))
    for number in range(3):
        phase, height = random.uniform(0, 6.3), random.uniform(0.03, 0.08)
        base = horizon + number * 0.1
        hill = [(size * i / 16, size * (base - height * math.sin(phase + i * 0.45))) for i in range(17)]
        draw.polygon([*hill, (size, size), (0, size)], fill=shade(land, 1 - 0.08 * number))
    for _ in range(random.randint(2, 5)):
        x, base = random.choice([random.uniform(0, 0.2), random.uniform(0.8, 1)]) * size, (horizon + 0.02) * size
        tall = size * random.uniform(0.12, 0.2)
        draw.polygon([(x - tall * 0.3, base), (x + tall * 0.3, base), (x, base - tall)], fill=shade(land, 0.62))
    return picture


_BACKGROUNDS = {"plain": _plain, "studio": _studio, "wood": _wood, "marble": _marble, "outdoor": _outdoor}


def second_color(color: Rgb, random: Random) -> Rgb:
    """A colour for a pattern on ``color``: white on what is dark, a dark shade on what is light."""
    return (
        mix(color, (255, 255, 255), random.uniform(0.72, 0.9))
        if sum(color) < 400
        else shade(color, random.uniform(0.3, 0.42))
    )


def fabric(pattern: str, size: int, color: Rgb, random: Random) -> Image.Image:
    """A square of fabric. The pattern covers less than half of it, so that ``color`` stays its colour."""
    cloth = Image.new("RGB", (size, size), color)
    if pattern == "solid":
        return cloth
    draw = ImageDraw.Draw(cloth)
    second = second_color(color, random)
    unit = size * random.uniform(0.072, 0.09)
    if pattern == "striped":
        offset = random.uniform(0, unit)
        for i in range(-1, int(size / unit) + 2):
            draw.rectangle([0, offset + i * unit, size, offset + (i + 0.33) * unit], fill=second)
        return cloth if random.random() < 0.6 else cloth.transpose(Image.Transpose.ROTATE_90)
    if pattern == "checked":
        half = mix(color, second, 0.28)
        bands = [i * unit * 1.5 for i in range(int(size / unit / 1.5) + 1)]
        for band in bands:
            draw.rectangle([0, band, size, band + unit * 0.4], fill=half)
        for band in bands:
            draw.rectangle([band, 0, band + unit * 0.4, size], fill=half)
        for x in bands:
            for y in bands:
                draw.rectangle([x, y, x + unit * 0.4, y + unit * 0.4], fill=second)
        return cloth
    steps = range(int(size / unit) + 2)
    if pattern == "dotted":
        radius = unit * 0.27
        for row in steps:
            for column in steps:
                x, y = (column + 0.5 * (row % 2)) * unit, row * unit
                draw.ellipse([x - radius, y - radius, x + radius, y + radius], fill=second)
        return cloth
    if pattern == "floral":
        petals = (
            random.choice([(250, 200, 214), (255, 236, 170), (222, 240, 255)])
            if sum(color) < 400
            else shade(color, 0.45)
        )
        heart = (250, 196, 40) if sum(color) < 400 else (90, 30, 40)
        for row in range(int(size / unit / 1.7) + 2):
            for column in range(int(size / unit / 1.7) + 2):
                x = (column + 0.5 * (row % 2) + random.uniform(-0.16, 0.16)) * unit * 1.7
                y = (row + random.uniform(-0.16, 0.16)) * unit * 1.7
                turn, radius = random.uniform(0, 6.3), unit * 0.25
                for petal in range(5):
                    px, py = (
                        x + radius * 1.15 * math.cos(turn + petal * 1.257),
                        y + radius * 1.15 * math.sin(turn + petal * 1.257),
                    )
                    draw.ellipse([px - radius, py - radius, px + radius, py + radius], fill=petals)
                draw.ellipse([x - radius * 0.8, y - radius * 0.8, x + radius * 0.8, y + radius * 0.8], fill=heart)
        return cloth
    for row in range(int(size / unit / 1.25) + 2):  # geometric: rows of triangles, every second one filled
        for column in range(int(size / unit / 1.25) + 2):
            x, y, side = (column + 0.5 * (row % 2)) * unit * 1.25, row * unit * 1.25, unit * 1.05
            draw.polygon([(x - side / 2, y + side / 2), (x + side / 2, y + side / 2), (x, y - side / 2)], fill=second)
    return cloth


class Pen:
    """Points of a drawing in [-1, 1] put onto a canvas: mirrored, turned, scaled and moved."""

    def __init__(self, size: int, random: Random, scale: tuple[float, float] = (0.34, 0.46), turn: float = 12) -> None:
        self._scale = size * random.uniform(*scale)
        angle = math.radians(random.uniform(-turn, turn))
        self._cos, self._sin = math.cos(angle), math.sin(angle)
        self._flip = random.choice((-1, 1))
        room = size / 2 - self._scale * 0.98
        self._x = size / 2 + random.uniform(-1, 1) * max(0.0, room) * 0.6
        self._y = size / 2 + random.uniform(-1, 1) * max(0.0, room) * 0.6

    def points(self, points: Sequence[Point]) -> list[Point]:
        """The points on the canvas."""
        cos, sin, flip, scale = self._cos, self._sin, self._flip, self._scale
        return [
            (self._x + scale * (flip * x * cos - y * sin), self._y + scale * (flip * x * sin + y * cos))
            for x, y in points
        ]

    def width(self, share: float) -> int:
        """A line's width in pixels."""
        return max(1, round(self._scale * share))


def circle(x: float, y: float, radius: float, tall: float | None = None) -> list[Point]:
    """An ellipse as a polygon."""
    tall = radius if tall is None else tall
    return [(x + radius * math.cos(i * 0.3142), y + tall * math.sin(i * 0.3142)) for i in range(20)]


def both_sides(points: Sequence[Point]) -> list[Point]:
    """A polygon from the right half of a symmetric outline."""
    return [*points, *((-x, y) for x, y in reversed(points))]
