"""The same texts through sentence-transformers and torch, for bench_inference: run by an interpreter that has them.

    python torch_embedder.py WEIGHTS THREADS OUT < texts.json

Prints the texts a second; OUT gets the vectors, float32 of shape (texts, dimension), as .npy.
"""

import json
import sys
import time

import numpy as np
import torch
from sentence_transformers import SentenceTransformer


def main() -> None:
    """Embed the texts of the standard input."""
    weights, threads, out = sys.argv[1:]
    torch.set_num_threads(int(threads))
    texts = json.load(sys.stdin)
    model = SentenceTransformer(weights, device="cpu")
    model.encode(texts[:64])
    began = time.perf_counter()
    vectors = model.encode(texts, batch_size=64, normalize_embeddings=True, show_progress_bar=False)
    print(len(texts) / (time.perf_counter() - began))
    np.save(out, np.asarray(vectors, dtype=np.float32))


if __name__ == "__main__":
    main()
