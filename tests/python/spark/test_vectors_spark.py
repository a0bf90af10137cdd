"""Exact vector search on Spark finds what DuckDB finds."""

from __future__ import annotations

import json
import math

import numpy as np
import pytest

from lakeweave.spark.session import one_sentence
from tests.python.spark.parity import Both

pytestmark = pytest.mark.needs_spark

Rows = list[tuple[int, list[float] | None, str]]


def relation(engine: str, rows: Rows) -> str:
    """A query in brackets that gives the rows."""
    lines, spark = [], engine == "spark"
    for number, vector, model in rows:
        elements = ", ".join(f"{float(each)!r}e0" for each in vector or ())
        array = "null" if vector is None else f"array({elements})" if spark else f"[{elements}]"
        lines.append(f"({number}, {array}, '{model}')")
    columns = f"id, cast(embedding as {'array<float>' if spark else 'float[]'}) as embedding, embedding_model"
    return f"(select {columns} from (values {', '.join(lines)}) as given (id, embedding, embedding_model))"


def searched(both: Both, engine: str, base: Rows, query: Rows, **arguments: object) -> list[tuple]:
    words = "".join(f", {name}={value!r}" for name, value in arguments.items())
    call = f'lakeweave.vector_search("{relation(engine, base)}", "embedding", "{relation(engine, query)}"{words})'
    columns = "found.query.id as query_id, found.base.id as base_id, found.distance"
    sql = f"select {columns} from {{{{ {call} }}}} as found order by 1, 3, 2"
    if engine == "duckdb":
        shown = both.duckdb.dbt("--quiet", "show", "--inline", sql, "--limit", "-1", "--output", "json")
        rows = json.loads(shown.stdout[shown.stdout.index("{") :])["show"]
        return [(row["query_id"], row["base_id"], row["distance"]) for row in rows]
    return both.spark.rows(both.spark.here("compile", "--inline", sql).results[0].node.compiled_code)


def drawn(count: int, first: int, seed: int) -> Rows:
    """Vectors among which many are equal, and some are zero or absent."""
    chance = np.random.default_rng(seed)
    rows: Rows = [(first + i, [round(float(x), 1) for x in chance.standard_normal(6)], "m@1") for i in range(count)]
    for i in range(0, count, 7):
        rows[i] = (rows[i][0], rows[(i * 3 + 1) % count][1], "m@1")
    rows[2] = (rows[2][0], [0.0] * 6, "m@1")
    rows[3] = (rows[3][0], None, "m@1")
    return rows


@pytest.mark.parametrize("distance", ["COSINE", "EUCLIDEAN", "DOT_PRODUCT"])
def test_the_same_neighbours_at_the_same_distances(both: Both, distance: str) -> None:
    base, query = drawn(120, 1, 1), drawn(25, 1001, 2)
    found = {
        engine: searched(both, engine, base, query, top_k=7, distance_type=distance) for engine in ("duckdb", "spark")
    }
    assert len(found["duckdb"]) >= 23 * 7
    assert [row[:2] for row in found["spark"]] == [row[:2] for row in found["duckdb"]]
    assert all(math.isclose(a[2], b[2], abs_tol=1e-9) for a, b in zip(found["spark"], found["duckdb"], strict=True))


@pytest.mark.parametrize("stranger", [(9, [1.0, 0.0], "m@2"), (9, [1.0, 0.0, 0.0], "m@1")])
def test_vectors_of_two_kinds_do_not_meet(both: Both, stranger: tuple) -> None:
    from py4j.protocol import Py4JJavaError

    # Raised while the rows are made, so it comes out of the JVM as it is.
    with pytest.raises(Py4JJavaError) as raised:
        searched(both, "spark", [(1, [1.0, 0.0], "m@1")], [stranger])
    assert "was refused: vectors of m@1 with 2 dimensions and of m@" in one_sentence(raised.value)
