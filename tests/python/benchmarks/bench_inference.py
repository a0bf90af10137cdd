"""Figures of inference on this machine: `python -m tests.python.benchmarks.bench_inference [--embedder DIR]`.

* idle: what an inference model over 100,000 rows adds to a run that has nothing to ask, beside a plain table;
* calls: the rate over a fake server with 100 ms, 32 in flight, against the ideal of 320 a second, then with faults;
* embeddings: hashed texts a second on one core, and with ``--embedder`` those of an ONNX model.

Not a test: figures depend on who else uses the machine. Compare lines of one run.
"""

from __future__ import annotations

import argparse
import json
import random
import tempfile
import time
from pathlib import Path

from lakeweave.inference.embeddings_hashed import HashedEmbedder
from lakeweave.inference.embeddings_onnx import OnnxEmbedder
from tests.python.embedded.inference_project import InferenceProject, asking, openai
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
        print(f"embeddings: {name}: {len(given) / (time.perf_counter() - began):,.0f} texts/s")


def main() -> None:
    """The command line."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rows", type=int, default=100_000)
    parser.add_argument("--questions", type=int, default=2_000)
    parser.add_argument("--embedder", help="folder of an ONNX model, see lakeweave.inference.build_embedder")
    given = parser.parse_args()
    embeddings(given.embedder)
    idle(given.rows)
    calls(given.questions)


if __name__ == "__main__":
    main()
