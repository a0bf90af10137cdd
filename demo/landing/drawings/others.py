"""Pictures of other things: what the networks must call ``none``."""

from __future__ import annotations

import math
from collections.abc import Callable
from random import Random

import numpy as np
from PIL import Image, ImageDraw, ImageFilter

from .canvas import BACKGROUNDS, Pen, any_color, background, circle, fabric

Drawer = Callable[[int, Random], Image.Image]


def _ground(size: int, random: Random) -> tuple[Image.Image, ImageDraw.ImageDraw, Pen]:
    picture = background(random.choice(BACKGROUNDS), size, random)
    return picture, ImageDraw.Draw(picture), Pen(size, random, (0.2, 0.46), 25)


def _empty(size: int, random: Random) -> Image.Image:
    return background(random.choice(BACKGROUNDS), size, random)


def _noise(size: int, random: Random) -> Image.Image:
    cells = random.choice((4, 8, 16, 40, 80))
    values = np.random.default_rng(random.getrandbits(32)).integers(
        0, 256, (cells, cells, random.choice((1, 3))), np.uint8
    )
    picture = Image.fromarray(np.repeat(values, 3 // values.shape[2], 2))
    return picture.resize((size, size), random.choice((Image.Resampling.NEAREST, Image.Resampling.BICUBIC)))


def _texture(size: int, random: Random) -> Image.Image:
    kind = random.choice(("solid", "striped", "checked", "dotted", "floral", "geometric"))
    big = size * random.choice((1, 2, 3))
    turned = fabric(kind, big, any_color(random), random).rotate(
        random.uniform(0, 90), resample=Image.Resampling.BILINEAR
    )
    middle = big // 2
    half = round(size * 0.35)
    return turned.crop((middle - half, middle - half, middle + half, middle + half)).resize((size, size))


def _shapes(size: int, random: Random) -> Image.Image:
    picture, draw, _ = _ground(size, random)
    for _ in range(random.randint(1, 9)):
        x, y, wide, tall = (random.uniform(a, b) * size for a, b in ((0, 0.9), (0, 0.9), (0.06, 0.6), (0.06, 0.6)))
        kind = random.randrange(3)
        if kind == 0:
            draw.rectangle([x, y, x + wide, y + tall], fill=any_color(random))
        elif kind == 1:
            draw.ellipse([x, y, x + wide, y + tall], fill=any_color(random))
        else:
            draw.polygon([(x, y + tall), (x + wide, y + tall), (x + wide * random.random(), y)], fill=any_color(random))
    return picture


def _text(size: int, random: Random) -> Image.Image:
    picture, draw, _ = _ground(size, random)
    for line in range(random.randint(1, 6)):
        word = "".join(random.choice("ABCDEFGHKLMNORSTUVWXYZ0123456789 %") for _ in range(random.randint(3, 12)))
        draw.text(
            (random.uniform(0, 0.3) * size, (0.08 + line * 0.15) * size),
            word,
            fill=any_color(random, 0, 120),
            font_size=size * random.uniform(0.08, 0.22),
        )
    return picture


def _lines(size: int, random: Random) -> Image.Image:
    """A few thick strokes: what looks most like limbs and is none."""
    picture, draw, _ = _ground(size, random)
    for _ in range(random.randint(1, 7)):
        points = [(random.uniform(0, 1) * size, random.uniform(0, 1) * size) for _ in range(random.randint(2, 4))]
        draw.line(points, fill=any_color(random), width=max(1, round(size * random.uniform(0.01, 0.08))), joint="curve")
    return picture


def _fruit(size: int, random: Random) -> Image.Image:
    picture, draw, pen = _ground(size, random)
    color = random.choice(((200, 40, 40), (240, 150, 30), (120, 180, 50), (230, 210, 60)))
    draw.polygon(pen.points(circle(0, 0.1, 0.75, random.uniform(0.65, 0.9))), fill=color)
    draw.line(pen.points([(0, -0.6), (0.1, -0.95)]), fill=(90, 60, 30), width=pen.width(0.1))
    draw.polygon(pen.points([(0.1, -0.8), (0.5, -0.95), (0.4, -0.65)]), fill=(60, 140, 50))
    return picture


def _house(size: int, random: Random) -> Image.Image:
    picture, draw, pen = _ground(size, random)
    draw.polygon(pen.points([(-0.7, -0.1), (0.7, -0.1), (0.7, 0.9), (-0.7, 0.9)]), fill=any_color(random))
    draw.polygon(pen.points([(-0.9, -0.1), (0.9, -0.1), (0, -0.85)]), fill=any_color(random, 60, 200))
    draw.polygon(pen.points([(-0.15, 0.3), (0.2, 0.3), (0.2, 0.9), (-0.15, 0.9)]), fill=any_color(random, 0, 120))
    return picture


def _car(size: int, random: Random) -> Image.Image:
    picture, draw, pen = _ground(size, random)
    body = [(-0.95, 0.3), (-0.9, 0), (-0.5, -0.05), (-0.3, -0.4), (0.35, -0.4), (0.6, -0.05), (0.95, 0.02), (0.95, 0.3)]
    draw.polygon(pen.points(body), fill=any_color(random))
    draw.polygon(pen.points([(-0.4, -0.05), (-0.24, -0.32), (0.28, -0.32), (0.46, -0.05)]), fill=(190, 215, 230))
    for x in (-0.55, 0.55):
        draw.polygon(pen.points(circle(x, 0.3, 0.21)), fill=(30, 30, 30))
        draw.polygon(pen.points(circle(x, 0.3, 0.09)), fill=(190, 190, 190))
    return picture


def _plant(size: int, random: Random) -> Image.Image:
    picture, draw, pen = _ground(size, random)
    draw.polygon(pen.points([(-0.35, 0.4), (0.35, 0.4), (0.25, 0.95), (-0.25, 0.95)]), fill=any_color(random))
    for _ in range(random.randint(5, 10)):
        turn = random.uniform(-2.7, -0.45)
        tip = (0.9 * math.cos(turn), 0.35 + 1.2 * math.sin(turn))
        side = (0.35 * math.cos(turn + 0.35), 0.35 + 0.6 * math.sin(turn + 0.35))
        draw.polygon(pen.points([(0, 0.42), side, tip]), fill=(random.randint(20, 110), random.randint(110, 190), 50))
    return picture


def _mug(size: int, random: Random) -> Image.Image:
    picture, draw, pen = _ground(size, random)
    color = any_color(random)
    draw.line(pen.points(circle(0.55, 0.05, 0.32)), fill=color, width=pen.width(0.12))
    draw.polygon(pen.points([(-0.55, -0.6), (0.5, -0.6), (0.45, 0.7), (-0.5, 0.7)]), fill=color)
    draw.polygon(pen.points(circle(-0.02, -0.6, 0.53, 0.12)), fill=any_color(random, 30, 120))
    return picture


def _fish(size: int, random: Random) -> Image.Image:
    picture, draw, pen = _ground(size, random)
    color = any_color(random)
    draw.polygon(pen.points(circle(-0.1, 0, 0.65, 0.35)), fill=color)
    draw.polygon(pen.points([(0.45, 0), (0.95, -0.35), (0.95, 0.35)]), fill=color)
    draw.polygon(pen.points(circle(-0.5, -0.08, 0.06)), fill=(255, 255, 255))
    return picture


def _boat(size: int, random: Random) -> Image.Image:
    picture, draw, pen = _ground(size, random)
    draw.polygon(pen.points([(-0.85, 0.4), (0.85, 0.4), (0.55, 0.8), (-0.55, 0.8)]), fill=any_color(random))
    draw.line(pen.points([(0, 0.4), (0, -0.9)]), fill=(80, 60, 40), width=pen.width(0.06))
    draw.polygon(pen.points([(0.05, -0.85), (0.75, 0.3), (0.05, 0.3)]), fill=any_color(random, 120, 255))
    return picture


def _smear(size: int, random: Random) -> Image.Image:
    """Blots out of focus, as in a photograph of nothing."""
    return _shapes(size, random).filter(ImageFilter.GaussianBlur(size / random.uniform(10, 30)))


OTHERS: dict[str, Drawer] = {
    "empty": _empty,
    "noise": _noise,
    "texture": _texture,
    "shapes": _shapes,
    "text": _text,
    "lines": _lines,
    "fruit": _fruit,
    "house": _house,
    "car": _car,
    "smear": _smear,
    "plant": _plant,
    "mug": _mug,
    "fish": _fish,
    "boat": _boat,
}
#: Kinds that no network saw in training: what they are called shows how ``none`` carries over to the unknown.
HELD_OUT = ("plant", "mug", "fish", "boat")


def other(kind: str, random: Random, size: int = 320) -> Image.Image:
    """A picture of something that is neither a product nor a pose."""
    return OTHERS[kind](size, random)
