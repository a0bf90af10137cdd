"""Train the two small networks of the demo on drawings, and write them as ONNX files that BigQuery can import.

Usage::

    python -m demo.train_pictures product_look --out lakeweave/models
    python -m demo.train_pictures yoga_pose --out lakeweave/models

Needs the extra ``train`` (jax on the CPU, onnx, pillow); nothing else does. Takes some minutes each. Beside
``<name>.onnx`` it writes ``<name>.json``: seed, SHA-256, what it was trained on, and the accuracy on fresh drawings.

The networks are demo models: they have seen drawings of :mod:`demo.landing.drawings` and nothing else.

Limits of BigQuery's import that the files keep: operators of ONNX Runtime 1.12 (opset 17 at most, here 10; IR 8 at most,
here 5), tensors only, one input ``input`` of ``[batch, 64, 64, 3]`` float32. ``ML.DECODE_IMAGE`` gives values in [0, 1),
so pixels are divided by 256, here and wherever the files are used.
https://cloud.google.com/bigquery/docs/reference/standard-sql/bigqueryml-syntax-create-onnx
"""

from __future__ import annotations

import argparse
import hashlib
import io
import json
import sys
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from random import Random
from typing import Any

import numpy as np
from PIL import Image, ImageFilter

from demo.landing import drawings

SIDE = 64
NONE = "none"
_CHANNELS = (3, 16, 32, 48, 64)
# The first convolution looks at 5x5 pixels and takes every second place; the others at 3x3, and the larger of four follows.
_KERNELS = (5, 3, 3, 3)
_OPSET, _IR = 10, 5
_UNKNOWN = -1


@dataclass(frozen=True)
class Task:
    """A network: its outputs (name and classes, the first is ``probabilities``) and how much it is trained."""

    name: str
    outputs: dict[str, tuple[str, ...]]
    pictures: int
    epochs: int


TASKS = {
    "product_look": Task(
        "product_look",
        {
            "probabilities": (*drawings.LABELS, NONE),
            "pattern": drawings.PATTERNS,
            "background": drawings.BACKGROUNDS,
        },
        pictures=14_000,
        epochs=16,
    ),
    "yoga_pose": Task("yoga_pose", {"probabilities": (*drawings.POSES, NONE)}, pictures=6_000, epochs=12),
}


def draw(task: str, random: Random, others: tuple[str, ...], size: int = 320) -> tuple[Image.Image, tuple[int, ...]]:
    """A picture for the task and its classes, one per output; -1 where there is none to learn."""
    if task == "product_look":
        # One in six shows something else.
        if random.random() < 1 / 6:
            label = len(drawings.LABELS)
            if random.random() < 0.2:
                return drawings.pose(random.choice((*drawings.POSES, "standing")), random, size), (
                    label,
                    _UNKNOWN,
                    _UNKNOWN,
                )
            return drawings.other(random.choice(others), random, size), (label, _UNKNOWN, _UNKNOWN)
        classes = tuple(
            random.randrange(len(names)) for names in (drawings.LABELS, drawings.PATTERNS, drawings.BACKGROUNDS)
        )
        look = drawings.Look(
            drawings.LABELS[classes[0]],
            random.choice(list(drawings.COLORS)),
            drawings.PATTERNS[classes[1]],
            drawings.BACKGROUNDS[classes[2]],
        )
        return drawings.product(look, random, size), classes
    # One in three shows something else: other things, garments, or people who do not hold a pose.
    if random.random() < 2 / 3:
        number = random.randrange(len(drawings.POSES))
        return drawings.pose(drawings.POSES[number], random, size), (number,)
    kind, nothing = random.random(), (len(drawings.POSES),)
    if kind < 0.2:
        return drawings.pose(random.choice(("standing", "sitting", "lying")), random, size), nothing
    if kind < 0.45:
        look = drawings.Look(*(random.choice(names) for names in _looks()))
        return drawings.product(look, random, size), nothing
    return drawings.other(random.choice(others), random, size), nothing


def _looks() -> tuple[tuple[str, ...], ...]:
    return drawings.LABELS, tuple(drawings.COLORS), drawings.PATTERNS, drawings.BACKGROUNDS


def as_photographed(picture: Image.Image, random: Random) -> np.ndarray:
    """The picture as a network gets it: compressed, a little blurred, made small by one of several filters."""
    if random.random() < 0.25:
        picture = picture.filter(ImageFilter.GaussianBlur(picture.width * random.uniform(0.001, 0.006)))
    if random.random() < 0.6:
        kept = io.BytesIO()
        picture.save(kept, "JPEG", quality=random.randint(60, 92))
        picture = Image.open(kept)
    way = random.random()
    if way < 0.6:
        small = picture.resize((SIDE, SIDE), Image.Resampling.BILINEAR)
    elif way < 0.8:
        small = picture.resize((SIDE, SIDE), Image.Resampling.BOX)
    else:  # without a filter, as a resize that only looks at the nearest pixels
        small = picture.resize((SIDE * 2, SIDE * 2), Image.Resampling.NEAREST).resize(
            (SIDE, SIDE), Image.Resampling.BOX
        )
    return np.asarray(small.convert("RGB"))


def pictures(task: str, count: int, seed: int, others: tuple[str, ...]) -> tuple[np.ndarray, np.ndarray]:
    """``count`` pictures (uint8) with their classes."""
    random = Random(seed)
    pixels = np.empty((count, SIDE, SIDE, 3), np.uint8)
    classes = np.empty((count, len(TASKS[task].outputs)), np.int32)
    for i in range(count):
        picture, classes[i] = draw(task, random, others, random.choice((128, 192, 256, 320)))
        pixels[i] = as_photographed(picture, random)
    return pixels, classes


# ------------------------------------------------------------------- network


def _initial(task: Task, seed: int) -> dict[str, Any]:
    rng = np.random.default_rng(seed)
    weights: dict[str, Any] = {}
    for i, (kernel, fan, out) in enumerate(zip(_KERNELS, _CHANNELS, _CHANNELS[1:], strict=False)):
        weights[f"w{i}"] = rng.normal(0, np.sqrt(2 / (kernel**2 * fan)), (kernel, kernel, fan, out)).astype(np.float32)
        weights[f"gain{i}"], weights[f"bias{i}"] = np.ones(out, np.float32), np.zeros(out, np.float32)
    width = _CHANNELS[-1] * (SIDE // 16) ** 2
    for name, classes in task.outputs.items():
        weights[f"head_{name}"] = rng.normal(0, np.sqrt(1 / width), (width, len(classes))).astype(np.float32)
        weights[f"head_bias_{name}"] = np.zeros(len(classes), np.float32)
    return weights


def _forward(jax: Any, weights: dict, pixels: Any) -> tuple[Any, dict]:
    """The features of a batch, and the moments of each layer in it."""
    jnp, x, seen = jax.numpy, pixels, {}
    for i, kernel in enumerate(_KERNELS):
        around = [(kernel // 2, kernel // 2)] * 2
        stride = (2, 2) if i == 0 else (1, 1)
        x = jax.lax.conv_general_dilated(
            x, weights[f"w{i}"], stride, around, dimension_numbers=("NHWC", "HWIO", "NHWC")
        )
        seen[i] = mean, variance = x.mean((0, 1, 2)), x.var((0, 1, 2))
        x = jnp.maximum((x - mean) * (weights[f"gain{i}"] / jnp.sqrt(variance + 1e-5)) + weights[f"bias{i}"], 0)
        if i > 0:
            x = x.reshape(x.shape[0], x.shape[1] // 2, 2, x.shape[2] // 2, 2, x.shape[-1]).max((2, 4))
    return x.reshape(x.shape[0], -1), seen


def _batches(rng: np.random.Generator, pixels: np.ndarray, classes: np.ndarray, size: int) -> Iterator[tuple]:
    """Batches in random order; some mirrored, with another light and noise."""
    order = rng.permutation(len(pixels))
    for start in range(0, len(order) - size + 1, size):
        rows = order[start : start + size]
        batch = pixels[rows].astype(np.float32) / 256
        mirrored = rng.random(size) < 0.5
        batch[mirrored] = batch[mirrored, :, ::-1]
        batch *= rng.uniform(0.8, 1.15, (size, 1, 1, 1)).astype(np.float32)
        batch += rng.normal(0, 1, batch.shape).astype(np.float32) * rng.uniform(0, 0.03, (size, 1, 1, 1)).astype(
            np.float32
        )
        yield np.clip(batch, 0, 255 / 256), classes[rows]


def train(task: Task, seed: int, say: Any = print) -> dict[str, np.ndarray]:
    """Weights with the normalisation folded in: convolutions ``[out, in, 3, 3]`` and dense layers."""
    import jax
    import jax.numpy as jnp

    began = time.monotonic()
    seen_kinds = tuple(kind for kind in drawings.OTHERS if kind not in drawings.HELD_OUT)
    pixels, classes = pictures(task.name, task.pictures, seed, seen_kinds)
    say(f"{task.name}: {task.pictures} drawings in {time.monotonic() - began:.0f} s")
    names, batch_size = list(task.outputs), 64
    steps = task.epochs * (len(pixels) // batch_size)

    def loss_of(weights: dict, batch: Any, wanted: Any, key: Any) -> tuple[Any, dict]:
        flat, seen = _forward(jax, weights, batch)
        flat = flat * jax.random.bernoulli(key, 0.75, flat.shape) / 0.75
        total = 0.0
        for i, name in enumerate(names):
            logits = flat @ weights[f"head_{name}"] + weights[f"head_bias_{name}"]
            target = jax.nn.one_hot(wanted[:, i], logits.shape[1])
            target = target * 0.96 + 0.04 / logits.shape[1]
            known = (wanted[:, i] >= 0).astype(jnp.float32)
            total += -((target * jax.nn.log_softmax(logits)).sum(1) * known).sum() / jnp.maximum(known.sum(), 1)
        return total, seen

    @jax.jit
    def step(state: tuple, batch: Any, wanted: Any, number: Any) -> tuple:
        weights, first, second, moments = state
        key = jax.random.fold_in(jax.random.PRNGKey(seed), number)
        (loss, seen), slope = jax.value_and_grad(loss_of, has_aux=True)(weights, batch, wanted, key)
        done = number / steps
        rate = 3e-3 * jnp.minimum(1, number / 200) * 0.5 * (1 + jnp.cos(jnp.pi * done)) + 1e-6
        first = jax.tree.map(lambda a, b: 0.9 * a + 0.1 * b, first, slope)
        second = jax.tree.map(lambda a, b: 0.999 * a + 0.001 * b * b, second, slope)
        fix1, fix2 = 1 - 0.9 ** (number + 1), 1 - 0.999 ** (number + 1)
        weights = jax.tree.map(
            lambda w, a, b: w - rate * (a / fix1 / (jnp.sqrt(b / fix2) + 1e-8) + 1e-3 * w * (w.ndim > 1)),
            weights,
            first,
            second,
        )
        moments = jax.tree.map(lambda a, b: 0.98 * a + 0.02 * b, moments, seen)
        return (weights, first, second, moments), loss

    weights = {name: jnp.asarray(value) for name, value in _initial(task, seed).items()}
    zeros = jax.tree.map(jnp.zeros_like, weights)
    moments = {i: (jnp.zeros(out), jnp.ones(out)) for i, out in enumerate(_CHANNELS[1:])}
    state, rng, number = (weights, zeros, zeros, moments), np.random.default_rng(seed), 0
    for epoch in range(task.epochs):
        losses = []
        for batch, wanted in _batches(rng, pixels, classes, batch_size):
            state, loss = step(state, batch, wanted, np.float32(number))
            losses.append(loss)
            number += 1
        mean = np.mean([float(loss) for loss in losses])
        say(f"{task.name}: epoch {epoch + 1}/{task.epochs}, loss {mean:.4f}, {time.monotonic() - began:.0f} s")
    return _folded(
        task,
        {k: np.asarray(v) for k, v in state[0].items()},
        {i: tuple(map(np.asarray, m)) for i, m in state[3].items()},
    )


def _folded(task: Task, weights: dict[str, np.ndarray], moments: dict) -> dict[str, np.ndarray]:
    """The normalisation folded into the convolutions, and all in the order of ONNX (channels before rows)."""
    out = {}
    for i in range(len(_KERNELS)):
        mean, variance = moments[i]
        gain = weights[f"gain{i}"] / np.sqrt(variance + 1e-5)
        out[f"w{i}"] = (weights[f"w{i}"] * gain).transpose(3, 2, 0, 1)
        out[f"b{i}"] = weights[f"bias{i}"] - mean * gain
    cells = SIDE // 16
    for name in task.outputs:
        head = weights[f"head_{name}"].reshape(cells, cells, _CHANNELS[-1], -1).transpose(2, 0, 1, 3)
        out[f"head_{name}"] = head.reshape(-1, head.shape[-1])
        out[f"head_bias_{name}"] = weights[f"head_bias_{name}"]
    return {name: np.ascontiguousarray(value, np.float32) for name, value in out.items()}


def to_onnx(task: Task, weights: dict[str, np.ndarray]) -> bytes:
    """The network as an ONNX file. ``labels`` and ``labels_<output>`` of its metadata name the classes."""
    import onnx
    from onnx import TensorProto, helper, numpy_helper

    nodes = [helper.make_node("Transpose", ["input"], ["x0"], perm=[0, 3, 1, 2])]
    for i, kernel in enumerate(_KERNELS):
        shape = {"kernel_shape": [kernel] * 2, "pads": [kernel // 2] * 4, "strides": [2 if i == 0 else 1] * 2}
        nodes.append(helper.make_node("Conv", [f"x{i}", f"w{i}", f"b{i}"], [f"c{i}"], **shape))
        nodes.append(helper.make_node("Relu", [f"c{i}"], [f"r{i}" if i else "x1"]))
        if i > 0:
            nodes.append(helper.make_node("MaxPool", [f"r{i}"], [f"x{i + 1}"], kernel_shape=[2, 2], strides=[2, 2]))
    nodes.append(helper.make_node("Flatten", [f"x{len(_KERNELS)}"], ["flat"], axis=1))
    for name in task.outputs:
        nodes += [
            helper.make_node("Gemm", ["flat", f"head_{name}", f"head_bias_{name}"], [f"logits_{name}"]),
            helper.make_node("Softmax", [f"logits_{name}"], [name], axis=1),
        ]
    graph = helper.make_graph(
        nodes,
        task.name,
        [helper.make_tensor_value_info("input", TensorProto.FLOAT, ["batch", SIDE, SIDE, 3])],
        [
            helper.make_tensor_value_info(name, TensorProto.FLOAT, ["batch", len(classes)])
            for name, classes in task.outputs.items()
        ],
        [numpy_helper.from_array(value, name) for name, value in weights.items()],
    )
    model = helper.make_model(
        graph, opset_imports=[helper.make_opsetid("", _OPSET)], ir_version=_IR, producer_name="lakeweave"
    )
    for name, classes in task.outputs.items():
        model.metadata_props.add(key="labels" if name == "probabilities" else f"labels_{name}", value=",".join(classes))
    onnx.checker.check_model(model)
    return model.SerializeToString()


def evaluate(task: Task, data: bytes, count: int, seed: int) -> dict[str, float]:
    """Accuracy on fresh drawings, by output, and how many things of unseen kinds are called ``none``."""
    import onnxruntime

    session = onnxruntime.InferenceSession(data, providers=["CPUExecutionProvider"])
    measured = {}
    pixels, classes = pictures(task.name, count, seed, tuple(k for k in drawings.OTHERS if k not in drawings.HELD_OUT))
    scores = session.run(None, {"input": pixels.astype(np.float32) / np.float32(256)})
    nothing = len(task.outputs["probabilities"]) - 1
    for i, name in enumerate(task.outputs):
        known = (classes[:, i] >= 0) & ((classes[:, i] != nothing) if i == 0 else True)
        measured[name] = float((scores[i].argmax(1) == classes[:, i])[known].mean())
    things = classes[:, 0] == nothing
    measured["other things are none"] = float((scores[0].argmax(1) == nothing)[things].mean())
    random = Random(seed + 1)
    unseen = [drawings.other(random.choice(drawings.HELD_OUT), random, 256) for _ in range(count // 5)]
    strange = np.stack([as_photographed(picture, random) for picture in unseen]).astype(np.float32) / np.float32(256)
    found = session.run(None, {"input": strange})[0]
    measured["things of unseen kinds are none, or below 0.8"] = float(
        ((found.argmax(1) == nothing) | (found.max(1) < 0.8)).mean()
    )
    return {name: round(value, 4) for name, value in measured.items()}


def main(argv: list[str] | None = None) -> int:
    """Train one network and write it with its card."""
    parser = argparse.ArgumentParser(prog="python -m demo.train_pictures", description=(__doc__ or "").split("\n")[0])
    parser.add_argument("task", choices=sorted(TASKS))
    parser.add_argument("--out", type=Path, default=Path("lakeweave/models"))
    parser.add_argument("--seed", type=int, default=1)
    arguments = parser.parse_args(argv)
    task = TASKS[arguments.task]
    began = time.monotonic()
    data = to_onnx(task, train(task, arguments.seed, lambda text: print(text, file=sys.stderr, flush=True)))
    card = {
        "name": task.name,
        "sha256": hashlib.sha256(data).hexdigest(),
        "bytes": len(data),
        "seed": arguments.seed,
        "trained_on": f"{task.pictures} drawings of demo.landing.drawings, {task.epochs} epochs; no photograph",
        "input": f"input: float32 [batch, {SIDE}, {SIDE}, 3], RGB, pixels / 256",
        "outputs": {name: list(classes) for name, classes in task.outputs.items()},
        "accuracy_on_fresh_drawings": evaluate(task, data, 3000, arguments.seed + 1000),
        "held_out_kinds": list(drawings.HELD_OUT),
    }
    arguments.out.mkdir(parents=True, exist_ok=True)
    (arguments.out / f"{task.name}.onnx").write_bytes(data)
    (arguments.out / f"{task.name}.json").write_text(json.dumps(card, indent=1) + "\n", encoding="utf-8")
    print(
        f"{task.name}: {len(data) / 1000:.0f} KB in {time.monotonic() - began:.0f} s, {card['accuracy_on_fresh_drawings']}"
    )
    return 0


if __name__ == "__main__":
    sys.exit(main())
