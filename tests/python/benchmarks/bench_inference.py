"""Figures of inference on this machine: `python -m tests.python.benchmarks.bench_inference [--embedder DIR]`.

* idle: what an inference model over 100,000 rows adds to a run that has nothing to ask, beside a plain table;
* calls: the rate over a fake server with 100 ms, 32 in flight, against the ideal of 320 a second, then with faults;
* typed: questions with a schema beside the same number without one, in turn, over the same server;
* embeddings: hashed texts a second on one core, and with ``--embedder`` those of an ONNX model; with ``--torch-python`` (an
  interpreter that has sentence-transformers) and ``--weights`` the same texts through torch, and how far the vectors agree.

Not a test: figures depend on who else uses the machine. Compare lines of one run.
"""

from __future__ import annotations

import argparse
import json
import os
import random
import subprocess
import tempfile
import time
from pathlib import Path
from statistics import median

import numpy as np

from lakeweave.inference.embeddings_hashed import HashedEmbedder
from lakeweave.inference.embeddings_onnx import OnnxEmbedder
from tests.python.duckdb.inference_project import InferenceProject, asking, openai
from tests.python.fakes import model_server


def seconds_of(project: InferenceProject, node: str) -> float:
    """Seconds that dbt took for a model in the last run."""
    results = json.loads((project.root / "target" / "run_results.json").read_text())["results"]
    return next(r["execution_time"] for r in results if r["unique_id"].endswith(f".{node}"))


def idle(rows: int) -> None:
    """A run with nothing to ask."""
    with tempfile.TemporaryDirectory() as folder:
        project = InferenceProject(Path(folder), {"backend": "offline"})
        project.write("embedder", "{{ lakeweave.remote_model(function='generate_embedding') }}")
        project.write(
            "source_rows",
            "{{ config(materialized='table') }} select range as id, 'product number ' || range || ' in blue and red' as content "
            f"from range({rows})",
        )
        body = "select id, content from {{ ref('source_rows') }}"
        project.write("plain", "{{ config(materialized='table') }} " + body)
        project.write(
            "embedded", asking(body, function="generate_embedding", model="embedder", input="content", batch_size=20000)
        )
        project.write(
            "answered", asking(body.replace("content", "content as prompt", 1), model="gemini", batch_size=100000)
        )
        project.build("-s", "+plain", "+embedded", "+answered")
        print(f"idle: first run, {rows:,} texts embedded in {seconds_of(project, 'embedded'):.1f} s")
        for _ in range(2):
            project.build("-s", "gemini", "embedder", "plain", "embedded", "answered")
        plain = seconds_of(project, "plain")
        for name in ("answered", "embedded"):
            took = seconds_of(project, name)
            print(f"idle: nothing to ask, {rows:,} rows: {name} {took:.2f} s, a plain table {plain:.2f} s")


def calls(questions: int) -> None:
    """Questions over HTTP."""
    for faults, hang in (("", 5.0), ("429=0.05,500=0.02,hang=0.01", 5.0)):
        with (
            tempfile.TemporaryDirectory() as folder,
            model_server.running(latency=0.1, faults=faults, hang=hang, retry_after=0.2) as server,
        ):
            project = InferenceProject(Path(folder), openai(server.base_url, timeout=2.0))
            project.build("-s", "gemini")
            project.write("asked", asking(f"select range as id, 'q' || range as prompt from range({questions})"))
            project.build("-s", "asked")
            took = seconds_of(project, "asked")
            stats = server.stats()
            print(
                f"calls: {questions} questions{' with ' + faults if faults else ''} in {took:.2f} s: {questions / took:.0f}/s, "
                f"{questions / took / 320:.0%} of the ideal; {stats['requests']} requests, states {project.states('asked')}"
            )


SCHEMA = {
    "mood": {"type": "string", "values": ["good", "bad", "mixed"]},
    "stars": {"type": "integer", "minimum": 1, "maximum": 5},
    "since": {"type": "date", "optional": True},
    "topics": {"type": "array", "items": "string"},
}


def typed(questions: int, rounds: int = 3) -> None:
    """Questions with and without a schema, in turn: rows a second, and the requests that broken JSON adds."""
    with tempfile.TemporaryDirectory() as folder, model_server.running(latency=0.1) as server:
        project = InferenceProject(Path(folder), openai(server.base_url, timeout=2.0))
        project.build("-s", "gemini")
        rates: dict[str, list[float]] = {"untyped": [], "typed": []}
        for number in range(rounds):
            for name, schema in (("untyped", {}), ("typed", {"schema": SCHEMA})):
                body = f"select range as id, 'q{number} ' || range as prompt from range({questions})"
                project.write(name, asking(body, **schema))
                project.build("-s", name)
                rates[name].append(questions / seconds_of(project, name))
        plain, checked = median(rates["untyped"]), median(rates["typed"])
        print(
            f"typed: {questions} questions, {rounds} rounds: {checked:.0f} rows/s with a schema, {plain:.0f} without, "
            f"ratio {checked / plain:.2f}"
        )
        server.reset()
        server.set(faults={"broken": 0.2})
        project.write(
            "broken",
            asking(f"select range as id, 'b ' || range as prompt from range({questions})", schema=SCHEMA),
        )
        project.build("-s", "broken")
        print(
            f"typed: 20 % broken JSON: {server.stats()['requests'] / questions:.3f} requests for each row, "
            f"states {project.states('broken')}"
        )


def embeddings(folder: str | None) -> None:
    """Texts a second."""
    draw = random.Random(7)
    words = [f"word{number}" for number in range(3000)]
    texts = [" ".join(draw.choice(words) for _ in range(12)) for _ in range(20000)]
    backends = [("hashed", HashedEmbedder(), texts)]
    if folder:
        backends.append(("onnx, 1 thread", OnnxEmbedder(folder, threads=1), texts[:2000]))
        backends.append(("onnx, all threads", OnnxEmbedder(folder), texts[:2000]))
    for name, backend, given in backends:
        backend.answer(given[:64])
        began = time.perf_counter()
        backend.answer(given)
        print(f"embeddings: {name}: {len(given) / (time.perf_counter() - began):,.0f} texts/s", flush=True)


def beside_torch(embedder: str, python: str, weights: str, rounds: int = 3) -> None:
    """The ONNX model and sentence-transformers in turn over the catalogue-like texts, with 1 thread and with all."""
    draw = random.Random(11)
    kinds = ["jeans", "hooded sweatshirt", "wool coat", "running shorts", "silk tie", "leather belt", "swim trunks"]
    looks = ["slim", "striped", "navy blue", "organic cotton", "water repellent", "vintage", "relaxed fit", "for women"]
    brands = ["Allegra K", "Calvin Klein", "Carhartt", "Columbia", "Hanes", "Levi's", "Nautica", "Volcom"]
    texts = [f"{draw.choice(brands)} {' '.join(draw.sample(looks, 3))} {draw.choice(kinds)} {n}" for n in range(2000)]
    cores = os.cpu_count() or 1
    for threads in (1, cores):
        ours = OnnxEmbedder(embedder, threads=threads)
        ours.embed(texts[:64])
        rates, theirs = [], []
        with tempfile.TemporaryDirectory() as folder:
            out = Path(folder) / "vectors.npy"
            for _ in range(rounds):
                began = time.perf_counter()
                mine = ours.embed(texts)
                rates.append(len(texts) / (time.perf_counter() - began))
                script = Path(__file__).with_name("torch_embedder.py")
                done = subprocess.run(
                    [python, str(script), weights, str(threads), str(out)],
                    input=json.dumps(texts),
                    capture_output=True,
                    text=True,
                    check=True,
                )
                theirs.append(float(done.stdout))
            cosines = (mine * np.load(out)).sum(axis=1)
        a, b = median(rates), median(theirs)
        print(
            f"embeddings: {threads} thread(s), {len(texts)} texts: onnx {a:,.0f}/s, sentence-transformers with torch {b:,.0f}/s, "
            f"ratio {a / b:.2f}; cosine min {cosines.min():.4f}, mean {cosines.mean():.4f}",
            flush=True,
        )


def main() -> None:
    """The command line."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rows", type=int, default=100_000)
    parser.add_argument("--questions", type=int, default=2_000)
    parser.add_argument("--embedder", help="folder of an ONNX model, see lakeweave.inference.build_embedder")
    parser.add_argument("--torch-python", help="interpreter with sentence-transformers and torch, to compare with")
    parser.add_argument("--weights", help="the sentence transformer's folder that the ONNX model was made from")
    given = parser.parse_args()
    embeddings(given.embedder)
    if given.embedder and given.torch_python and given.weights:
        beside_torch(given.embedder, given.torch_python, given.weights)
    idle(given.rows)
    calls(given.questions)
    typed(given.questions)


if __name__ == "__main__":
    main()
