"""People in yoga poses: jointed figures."""

from __future__ import annotations

import math
from random import Random

from PIL import Image, ImageDraw

from .canvas import BACKGROUNDS, Point, any_color, background

Joints = dict[str, Point]
POSES = ("Downdog", "Goddess", "Plank", "Tree", "Warrior2")
_SKINS = ((241, 198, 158), (200, 138, 76), (143, 88, 42), (92, 58, 34))


def _joints(name: str, random: Random) -> Joints:
    """Where the joints are: x to the right and y downwards, the figure within [0, 1]."""

    def near(x: float, y: float, by: float = 0.022) -> Point:
        return x + random.uniform(-by, by), y + random.uniform(-by, by)

    if name == "Downdog":
        return {
            "head": near(0.31, 0.66), "shoulder": near(0.35, 0.56), "hip": near(0.51, 0.31, 0.035),
            "elbow1": near(0.25, 0.71), "elbow2": near(0.27, 0.72), "hand1": near(0.14, 0.87), "hand2": near(0.17, 0.88),
            "knee1": near(0.63, 0.58), "knee2": near(0.66, 0.59), "foot1": near(0.77, 0.88), "foot2": near(0.82, 0.88),
        }  # fmt: skip
    if name == "Plank":
        return {
            "head": near(0.17, 0.54), "shoulder": near(0.28, 0.6), "hip": near(0.53, 0.68, 0.028),
            "elbow1": near(0.27, 0.73), "elbow2": near(0.295, 0.73), "hand1": near(0.265, 0.86), "hand2": near(0.3, 0.86),
            "knee1": near(0.7, 0.76), "knee2": near(0.71, 0.77), "foot1": near(0.88, 0.85), "foot2": near(0.9, 0.86),
        }  # fmt: skip
    if name == "Tree":
        up = random.random() < 0.6
        return {
            "head": near(0.5, 0.24), "shoulder": near(0.5, 0.34), "hip": near(0.5, 0.56),
            "elbow1": near(0.41, 0.19) if up else near(0.39, 0.44), "elbow2": near(0.59, 0.19) if up else near(0.61, 0.44),
            "hand1": near(0.485, 0.05) if up else near(0.47, 0.42), "hand2": near(0.515, 0.05) if up else near(0.53, 0.42),
            "knee1": near(0.5, 0.75), "foot1": near(0.5, 0.95), "knee2": near(0.67, 0.68), "foot2": near(0.53, 0.75),
        }  # fmt: skip
    if name == "Goddess":
        up = random.random() < 0.7
        return {
            "head": near(0.5, 0.26), "shoulder": near(0.5, 0.37), "hip": near(0.5, 0.62, 0.028),
            "elbow1": near(0.34, 0.4), "elbow2": near(0.66, 0.4),
            "hand1": near(0.33, 0.24) if up else near(0.46, 0.45), "hand2": near(0.67, 0.24) if up else near(0.54, 0.45),
            "knee1": near(0.3, 0.68), "knee2": near(0.7, 0.68), "foot1": near(0.28, 0.92), "foot2": near(0.72, 0.92),
        }  # fmt: skip
    if name == "Warrior2":
        return {
            "head": near(0.48, 0.27), "shoulder": near(0.48, 0.37), "hip": near(0.47, 0.62, 0.028),
            "elbow1": near(0.32, 0.37), "elbow2": near(0.64, 0.37), "hand1": near(0.15, 0.37), "hand2": near(0.82, 0.37),
            "knee1": near(0.27, 0.7), "knee2": near(0.64, 0.77), "foot1": near(0.25, 0.92), "foot2": near(0.85, 0.92),
        }  # fmt: skip
    if name == "standing":
        return {
            "head": near(0.5, 0.16), "shoulder": near(0.5, 0.27), "hip": near(0.5, 0.53),
            "elbow1": near(0.42, 0.4), "elbow2": near(0.58, 0.4), "hand1": near(0.41, 0.54), "hand2": near(0.59, 0.54),
            "knee1": near(0.47, 0.74), "knee2": near(0.53, 0.74), "foot1": near(0.46, 0.94), "foot2": near(0.54, 0.94),
        }  # fmt: skip
    if name == "sitting":
        return {
            "head": near(0.42, 0.3), "shoulder": near(0.42, 0.41), "hip": near(0.42, 0.68),
            "elbow1": near(0.5, 0.54), "elbow2": near(0.52, 0.55), "hand1": near(0.62, 0.58), "hand2": near(0.64, 0.6),
            "knee1": near(0.68, 0.66), "knee2": near(0.7, 0.67), "foot1": near(0.7, 0.92), "foot2": near(0.73, 0.93),
        }  # fmt: skip
    return {  # lying
        "head": near(0.12, 0.82), "shoulder": near(0.24, 0.84), "hip": near(0.52, 0.86),
        "elbow1": near(0.35, 0.88), "elbow2": near(0.36, 0.9), "hand1": near(0.47, 0.9), "hand2": near(0.48, 0.91),
        "knee1": near(0.71, 0.87), "knee2": near(0.72, 0.88), "foot1": near(0.9, 0.88), "foot2": near(0.91, 0.89),
    }  # fmt: skip


def pose(name: str, random: Random, size: int = 320) -> Image.Image:
    """A picture of a person in the pose of this name; also ``standing``, ``sitting`` and ``lying``, which are no poses."""
    picture = background(random.choice(BACKGROUNDS), size, random)
    draw = ImageDraw.Draw(picture)
    joints = _joints(name, random)
    scale, angle = size * random.uniform(0.66, 0.98), math.radians(random.uniform(-8, 8))
    flip = random.choice((-1, 1))
    left, top = size * random.uniform(0.45, 0.55), size * random.uniform(0.46, 0.54)
    place: Joints = {}
    for joint, (x, y) in joints.items():
        x, y = (x - 0.5) * flip * scale, (y - 0.5) * scale
        place[joint] = left + x * math.cos(angle) - y * math.sin(angle), top + x * math.sin(angle) + y * math.cos(angle)
    width = scale * random.uniform(0.046, 0.068)
    if random.random() < 0.6:
        floor = max(y for _, y in place.values())
        draw.rectangle(
            [0, floor - width / 3, size, floor + size * random.uniform(0.03, 0.1)], fill=any_color(random, 60, 220)
        )
    skin, shirt, trousers = random.choice(_SKINS), any_color(random, 0, 200), any_color(random, 0, 140)

    def dot(joint: str, radius: float, color: tuple[int, int, int]) -> None:
        x, y = place[joint]
        draw.ellipse([x - radius, y - radius, x + radius, y + radius], fill=color)

    limbs = [("hip", "knee1", "foot1", trousers), ("hip", "knee2", "foot2", trousers)]
    limbs += [("shoulder", "elbow1", "hand1", skin), ("shoulder", "elbow2", "hand2", skin)]
    for begin, middle, end, color in limbs:
        draw.line([place[begin], place[middle]], fill=color, width=max(1, round(width)))
        draw.line([place[middle], place[end]], fill=color, width=max(1, round(width * 0.85)))
        for joint in (begin, middle, end):
            dot(joint, width / 2, color)
    draw.line([place["shoulder"], place["hip"]], fill=shirt, width=max(1, round(width * 1.9)))
    dot("shoulder", width * 0.95, shirt)
    dot("hip", width * 0.95, trousers)
    dot("head", width * 1.25, skin)
    x, y = place["head"]
    head = width * 1.25
    draw.pieslice([x - head, y - head, x + head, y + head], 180, 360, fill=any_color(random, 0, 90))
    return picture
