"""Figures of pictures on this machine: `python -m tests.python.benchmarks.bench_pictures [--pictures 300] [--side 400]`.

Pictures per second on one core, from the bytes on disk to the JSON: labels alone, colours alone, all features, poses; and the
drawing and the listing beside them. Targets: labels at least 200, all features at least 60.

Not a test: figures depend on who else uses the machine. Compare lines of one run.
"""

from __future__ import annotations

import argparse
import json
import os
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from random import Random

from demo.landing import drawings
from lakeweave import objects
from lakeweave.inference import vision
from lakeweave.inference.config import Images
from lakeweave.inference.images import ImageAnnotator, ImageClassifier
from tests.python.support import ROOT


def rate(what: str, count: int, work: Callable[[], object], target: int | None = None) -> None:
    """Print how many of ``count`` were done in a second of processor time and of wall time."""
    wall, processor = time.perf_counter(), time.process_time()
    work()
    wall, processor = time.perf_counter() - wall, time.process_time() - processor
    wanted = f"   target {target}" if target else ""
    print(f"{what:<34} {count / processor:>8,.0f} /s of one core {count / wall:>8,.0f} /s by the clock{wanted}")


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--pictures", type=int, default=300)
    parser.add_argument("--side", type=int, default=400)
    arguments = parser.parse_args()
    if hasattr(os, "sched_setaffinity"):
        os.sched_setaffinity(0, {min(os.sched_getaffinity(0))})
    random, settings, count = Random(1), Images(threads=1), arguments.pictures
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)

        def draw() -> None:
            for i in range(count):
                look = drawings.Look(
                    drawings.LABELS[i % len(drawings.LABELS)],
                    random.choice(list(drawings.COLORS)),
                    random.choice(drawings.PATTERNS),
                    random.choice(drawings.BACKGROUNDS),
                )
                drawings.product(look, random, arguments.side).save(folder / f"{i}.jpg", quality=84)

        rate(f"drawn and saved ({arguments.side} px)", count, draw)
        spec = json.dumps({"folder": str(folder), "uri": "gs://bucket"})
        rate("listed", count, lambda: objects.list_objects(spec))
        paths = [str(folder / f"{i}.jpg") for i in range(count)]
        rate("hashed", count, lambda: [objects.object_hash(path) for path in paths])
        annotator = ImageAnnotator(settings)
        annotator.answer(paths[:1], {"features": list(vision.FEATURES)})
        for what, features, target in (
            ("labels", ["LABEL_DETECTION"], 200),
            ("colours", ["IMAGE_PROPERTIES"], None),
            ("labels and colours (the demo)", ["LABEL_DETECTION", "IMAGE_PROPERTIES"], None),
            ("all features", list(vision.FEATURES), 60),
        ):
            rate(what, count, lambda features=features: annotator.answer(paths, {"features": features}), target)
        classifier = ImageClassifier(str(ROOT / "lakeweave" / "models" / "yoga_pose.onnx"), settings)
        classifier.answer(paths[:1], {})
        rate("poses", count, lambda: classifier.answer(paths, {}))


if __name__ == "__main__":
    main()
