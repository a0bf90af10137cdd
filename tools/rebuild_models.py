"""Train the shipped networks again from their seeds, and compare with the shipped files: ``make rebuild-models``.

The same processor, thread count and pinned packages give the same file, byte for byte. Another processor adds numbers in
another order, so that the weights differ. Then the graph, the names and the classes must still be the same, and the two
networks must tell the same of fresh drawings.
"""

from __future__ import annotations

import argparse
import hashlib
import json
import platform
import sys
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from demo import train_pictures

ROOT = Path(__file__).resolve().parents[1]
SHIPPED = ROOT / "lakeweave" / "models"
SAME_ANSWERS = 0.98
"""Share of fresh drawings of which both networks must tell the same."""
WORSE_BY = 0.005
"""How much less accurate than its card a rebuilt network may be."""
DRAWINGS = 3000


@dataclass(frozen=True)
class Compared:
    """What two files have in common."""

    same_bytes: bool
    same_graph: bool
    weights: float
    """The largest difference of two weights, as a share of the largest weight of their tensor."""
    answers: float
    """Share of drawings of which both tell the same."""


def skeleton(data: bytes) -> bytes:
    """The file without the values of its weights: operators, names, shapes, classes."""
    import onnx

    model = onnx.load_from_string(data)
    for each in model.graph.initializer:
        each.ClearField("raw_data")
    return model.SerializeToString(deterministic=True)


def weights(data: bytes) -> dict[str, np.ndarray]:
    """The weights of a file by name."""
    import onnx
    from onnx import numpy_helper

    return {each.name: numpy_helper.to_array(each) for each in onnx.load_from_string(data).graph.initializer}


def compare(task: train_pictures.Task, shipped: bytes, rebuilt: bytes, drawings: int = DRAWINGS) -> Compared:
    """Compare two files of a task."""
    import onnxruntime

    if shipped == rebuilt:
        return Compared(True, True, 0.0, 1.0)
    if skeleton(shipped) != skeleton(rebuilt):
        return Compared(False, False, float("inf"), 0.0)
    one, other = weights(shipped), weights(rebuilt)
    apart = max(float(np.abs(one[name] - other[name]).max() / np.abs(one[name]).max()) for name in one)
    kinds = tuple(kind for kind in train_pictures.drawings.OTHERS if kind not in train_pictures.drawings.HELD_OUT)
    pixels, _ = train_pictures.pictures(task.name, drawings, 4242, kinds)
    given = {"input": pixels.astype(np.float32) / np.float32(256)}
    told = [
        onnxruntime.InferenceSession(data, providers=["CPUExecutionProvider"]).run(None, given)[0].argmax(1)
        for data in (shipped, rebuilt)
    ]
    return Compared(False, True, apart, float((told[0] == told[1]).mean()))


def verdict(card: dict, compared: Compared, accuracy: dict[str, float]) -> list[str]:
    """What is wrong with a rebuilt network; empty if nothing is."""
    if compared.same_bytes:
        return []
    if not compared.same_graph:
        return ["operators, names, shapes or classes differ from the shipped file"]
    problems = []
    if compared.answers < SAME_ANSWERS:
        problems.append(
            f"tells the same of {compared.answers:.1%} of the drawings; expected {SAME_ANSWERS:.0%} or more"
        )
    for name, value in card["accuracy_on_fresh_drawings"].items():
        if accuracy[name] < value - WORSE_BY:
            problems.append(f"{name}: {accuracy[name]:.4f}; the card has {value:.4f}")
    return problems


def rebuild(name: str) -> list[str]:
    """Train one network and compare it; what is wrong."""
    task, card = train_pictures.TASKS[name], json.loads((SHIPPED / f"{name}.json").read_text(encoding="utf-8"))
    shipped = (SHIPPED / f"{name}.onnx").read_bytes()

    def say(text: str) -> None:
        print(text, file=sys.stderr, flush=True)

    rebuilt = train_pictures.to_onnx(task, train_pictures.train(task, card["seed"], say))
    compared = compare(task, shipped, rebuilt)
    if compared.same_bytes:
        print(f"{name}: the same file, SHA-256 {card['sha256']}")
        return []
    accuracy = train_pictures.evaluate(task, rebuilt, DRAWINGS, card["seed"] + 1000)
    print(
        f"{name}: another file on this {platform.machine()}, SHA-256 {hashlib.sha256(rebuilt).hexdigest()}; "
        f"weights differ by at most {compared.weights:.2%} of the largest of their tensor, "
        f"{compared.answers:.2%} of {DRAWINGS:,} drawings have the same answer; accuracy {accuracy}"
    )
    return [f"{name}: {problem}" for problem in verdict(card, compared, accuracy)]


def main(argv: list[str] | None = None) -> int:
    """Rebuild the named networks, or all; 1 if one is not what is shipped."""
    parser = argparse.ArgumentParser(prog="python -m tools.rebuild_models", description=(__doc__ or "").split("\n")[0])
    parser.add_argument("names", nargs="*", choices=[*sorted(train_pictures.TASKS), []])
    problems = [
        line for name in parser.parse_args(argv).names or sorted(train_pictures.TASKS) for line in rebuild(name)
    ]
    for line in problems:
        print(line, file=sys.stderr)
    return 1 if problems else 0


if __name__ == "__main__":
    sys.exit(main())
