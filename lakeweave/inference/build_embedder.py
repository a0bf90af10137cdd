"""Make the ONNX model of the ``onnx`` embedding backend from a sentence transformer's weights, without torch.

    python -m lakeweave.inference.build_embedder --weights DIR_OR_WHEEL --out models/minilm

``--weights`` is a folder, a wheel or a zip file with ``model.safetensors``, ``config.json`` and ``tokenizer.json`` of a
BERT encoder (all-MiniLM-L6-v2 and its relatives). The graph holds the encoder, mean pooling over the tokens and the
normalisation to length 1, and is quantised to int8 per channel unless ``--float32`` is given. Needs the extra
``embeddings-build`` (onnx, onnxruntime); what uses the model needs only the extra ``embeddings``.
"""

from __future__ import annotations

import argparse
import hashlib
import json
import logging
import struct
import sys
import tempfile
import zipfile
from pathlib import Path
from typing import Any

import numpy as np

from lakeweave.errors import WeightsError
from lakeweave.inference.embeddings_onnx import CARD, MODEL, TOKENIZER

_NEEDED = ("model.safetensors", "config.json", "tokenizer.json")
_OPSET, _IR = 17, 8


def read_safetensors(data: bytes) -> dict[str, np.ndarray]:
    """The tensors of a safetensors file, as float32 or int64 arrays by name."""
    if len(data) < 8:
        raise WeightsError("model.safetensors is cut off.")
    (size,) = struct.unpack("<Q", data[:8])
    header = json.loads(data[8 : 8 + size])
    kinds = {"F32": np.float32, "F16": np.float16, "I64": np.int64}
    tensors = {}
    for name, entry in header.items():
        if name == "__metadata__":
            continue
        if entry["dtype"] not in kinds:
            raise WeightsError(f"The tensor {name} has the type {entry['dtype']}; expected {', '.join(kinds)}.")
        start, stop = entry["data_offsets"]
        flat = np.frombuffer(data[8 + size + start : 8 + size + stop], kinds[entry["dtype"]])
        array = flat.reshape(entry["shape"])
        tensors[name] = array.astype(np.float32) if entry["dtype"] == "F16" else array
    return tensors


def find_files(weights: Path) -> dict[str, bytes]:
    """The needed files of a folder, wheel or zip file, by name."""
    found: dict[str, bytes] = {}
    if weights.is_dir():
        for name in _NEEDED:
            places = sorted(weights.rglob(name), key=lambda p: len(p.parts))
            if places:
                found[name] = places[0].read_bytes()
    elif zipfile.is_zipfile(weights):
        with zipfile.ZipFile(weights) as archive:
            for name in _NEEDED:
                members = sorted((n for n in archive.namelist() if n.split("/")[-1] == name), key=len)
                if members:
                    found[name] = archive.read(members[0])
    else:
        raise WeightsError(f"{weights} is neither a folder nor a wheel.")
    missing = [name for name in _NEEDED if name not in found]
    if missing:
        raise WeightsError(f"{weights} lacks {', '.join(missing)}; expected a sentence transformer's files.")
    return found


def build_graph(tensors: dict[str, np.ndarray], config: dict[str, Any]) -> Any:
    """The ONNX model: ``input_ids`` and ``attention_mask``, int64 ``[b, s]``, to ``embedding``, ``[b, hidden]``."""
    return _Graph(tensors, config).model()


class _Graph:
    def __init__(self, tensors: dict[str, np.ndarray], config: dict[str, Any]) -> None:
        from onnx import TensorProto, helper, numpy_helper

        self._helper, self._numpy, self._types = helper, numpy_helper, TensorProto
        if config.get("model_type", "bert") != "bert" or config.get("hidden_act", "gelu") != "gelu":
            raise WeightsError(
                f"This is a {config.get('model_type')} model with {config.get('hidden_act')}; expected bert with gelu."
            )
        prefix = "bert." if any(name.startswith("bert.") for name in tensors) else ""
        self._tensors = {name.removeprefix(prefix): value for name, value in tensors.items()}
        self._config = config
        self._nodes: list[Any] = []
        self._constants: dict[str, Any] = {}

    def _constant(self, name: str, value: np.ndarray) -> str:
        if name not in self._constants:
            self._constants[name] = self._numpy.from_array(np.ascontiguousarray(value), name)
        return name

    def _weight(self, name: str, transpose: bool = False) -> str:
        if name not in self._tensors:
            raise WeightsError(f"The weights lack the tensor {name}; expected a BERT encoder.")
        value = self._tensors[name]
        return self._constant(name, value.T if transpose else value)

    def _do(self, kind: str, *inputs: str, output: str | None = None, **attributes: Any) -> str:
        name = output or f"{kind}_{len(self._nodes)}"
        self._nodes.append(self._helper.make_node(kind, list(inputs), [name], name=name, **attributes))
        return name

    def _linear(self, x: str, name: str) -> str:
        return self._do(
            "Add", self._do("MatMul", x, self._weight(f"{name}.weight", True)), self._weight(f"{name}.bias")
        )

    def _norm(self, x: str, name: str) -> str:
        return self._do(
            "LayerNormalization",
            x,
            self._weight(f"{name}.weight"),
            self._weight(f"{name}.bias"),
            axis=-1,
            epsilon=float(self._config.get("layer_norm_eps", 1e-12)),
        )

    def model(self) -> Any:
        import onnx

        config, do, constant = self._config, self._do, self._constant
        hidden, heads = config["hidden_size"], config["num_attention_heads"]
        size = hidden // heads
        table = self._tensors["embeddings.position_embeddings.weight"]
        table = table + self._tensors["embeddings.token_type_embeddings.weight"][0]
        length = do("Slice", do("Shape", "input_ids"), constant("one", np.array([1])), constant("two", np.array([2])))
        places = do(
            "Slice",
            constant("positions", table),
            constant("zero", np.array([0])),
            length,
            constant("axis_0", np.array([0])),
        )
        x = do("Add", do("Gather", self._weight("embeddings.word_embeddings.weight"), "input_ids"), places)
        x = self._norm(x, "embeddings.LayerNorm")
        mask = do("Cast", "attention_mask", to=self._types.FLOAT)
        away = do(
            "Mul",
            do("Sub", constant("float_1", np.array(1, np.float32)), mask),
            constant("far", np.array(-1e4, np.float32)),
        )
        away = do("Unsqueeze", away, constant("axes_12", np.array([1, 2])))
        apart = constant("apart", np.array([0, 0, heads, size]))
        together = constant("together", np.array([0, 0, hidden]))
        scale = constant("scale", np.array(1 / np.sqrt(size), np.float32))
        for layer in range(config["num_hidden_layers"]):
            block = f"encoder.layer.{layer}."

            def part(name: str, perm: list[int], block: str = block, x: str = x) -> str:
                flat = self._linear(x, f"{block}attention.self.{name}")
                return do("Transpose", do("Reshape", flat, apart), perm=perm)

            scores = do("MatMul", part("query", [0, 2, 1, 3]), part("key", [0, 2, 3, 1]))
            weights = do("Softmax", do("Add", do("Mul", scores, scale), away), axis=-1)
            mixed = do("MatMul", weights, part("value", [0, 2, 1, 3]))
            mixed = do("Reshape", do("Transpose", mixed, perm=[0, 2, 1, 3]), together)
            x = self._norm(
                do("Add", self._linear(mixed, f"{block}attention.output.dense"), x),
                f"{block}attention.output.LayerNorm",
            )
            inner = self._linear(x, f"{block}intermediate.dense")
            bent = do("Erf", do("Div", inner, constant("root_2", np.array(np.sqrt(2), np.float32))))
            half = do("Mul", inner, constant("half", np.array(0.5, np.float32)))
            inner = do("Mul", half, do("Add", bent, "float_1"))
            x = self._norm(do("Add", self._linear(inner, f"{block}output.dense"), x), f"{block}output.LayerNorm")
        mask = do("Unsqueeze", mask, constant("axes_2", np.array([2])))
        axes = constant("axes_1", np.array([1]))
        mean = do(
            "Div",
            do("ReduceSum", do("Mul", x, mask), axes, keepdims=0),
            do("ReduceSum", mask, axes, keepdims=0),
        )
        do("LpNormalization", mean, output="embedding", axis=-1, p=2)
        info, types = self._helper.make_tensor_value_info, self._types
        graph = self._helper.make_graph(
            self._nodes,
            "sentence_encoder",
            [info(name, types.INT64, ["b", "s"]) for name in ("input_ids", "attention_mask")],
            [info("embedding", types.FLOAT, ["b", hidden])],
            list(self._constants.values()),
        )
        made = self._helper.make_model(graph, opset_imports=[self._helper.make_opsetid("", _OPSET)], ir_version=_IR)
        onnx.checker.check_model(made)
        return made


def build(weights: Path, out: Path, name: str, quantize: bool = True, sha256: str | None = None) -> dict[str, Any]:
    """Write model, tokenizer and card into ``out`` and give back the card.

    Raises:
        WeightsError: the weights are not what is expected, or model.safetensors has another SHA-256 than ``sha256``.
    """
    import onnx
    from onnxruntime.quantization import QuantType, quantize_dynamic

    files = find_files(weights)
    source = hashlib.sha256(files["model.safetensors"]).hexdigest()
    if sha256 and source != sha256.lower():
        raise WeightsError(f"model.safetensors has the SHA-256 {source}; expected {sha256.lower()}.")
    config = json.loads(files["config.json"])
    graph = build_graph(read_safetensors(files["model.safetensors"]), config)
    out.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory() as scratch:
        plain = Path(scratch) / "plain.onnx"
        onnx.save(graph, plain)
        if quantize:
            logging.disable(logging.WARNING)  # advice about a preparation that changes nothing for this graph
            try:
                quantize_dynamic(str(plain), str(out / MODEL), weight_type=QuantType.QInt8, per_channel=True)
            finally:
                logging.disable(logging.NOTSET)
        else:
            (out / MODEL).write_bytes(plain.read_bytes())
    (out / TOKENIZER).write_bytes(files["tokenizer.json"])
    card = {
        "name": f"{name}-{'int8' if quantize else 'float32'}",
        "dimension": config["hidden_size"],
        "max_tokens": config.get("max_position_embeddings", 512),
        "sha256": hashlib.sha256((out / MODEL).read_bytes()).hexdigest(),
        "weights_sha256": source,
    }
    (out / CARD).write_text(json.dumps(card, indent=2) + "\n")
    return card


def main(arguments: list[str] | None = None) -> int:
    """The command line."""
    parser = argparse.ArgumentParser(prog="python -m lakeweave.inference.build_embedder", description=__doc__)
    parser.formatter_class = argparse.RawDescriptionHelpFormatter
    parser.add_argument("--weights", type=Path, required=True, help="folder, wheel or zip file with the weights")
    parser.add_argument("--out", type=Path, required=True, help="folder to write")
    parser.add_argument("--name", default="minilm", help="name of the model in model_version")
    parser.add_argument("--sha256", help="refuse weights whose model.safetensors has another SHA-256")
    parser.add_argument("--float32", action="store_true", help="do not quantise to int8")
    given = parser.parse_args(arguments)
    try:
        card = build(given.weights, given.out, given.name, not given.float32, given.sha256)
    except ImportError as error:
        print(
            f"This needs the package {error.name}, of the extra `embeddings-build`: make extra-embeddings-build.",
            file=sys.stderr,
        )
        return 1
    except (WeightsError, OSError) as error:
        print(error, file=sys.stderr)
        return 1
    print(f"{given.out}: {card['name']}, {card['dimension']} numbers a vector")
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
