"""Vector search on DuckDB: who may meet whom, freshness, indexes, and bad input."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import numpy as np
import pytest

from tests.python.duckdb.inference_project import InferenceProject
from tests.python.support import Workspace

EMBEDDER = "{{ lakeweave.remote_model(function='generate_embedding') }}\n"


@pytest.fixture
def project(tmp_path: Path) -> InferenceProject:
    """A project without data, whose models each test writes."""
    made = InferenceProject(tmp_path, {"backend": "offline"}, config={"embeddings": {"backend": "hashed"}})
    shutil.rmtree(made.root / "seeds")
    made.remove("gemini")
    made.write("embedder", EMBEDDER)
    return made


def vectors(rows: dict[int, list[float] | None], model: str = "m@1") -> str:
    """A table's SQL: ids, vectors, and the model that made them."""
    lines = [
        f"select {number} as id, {'null' if vector is None else vector}::float[] as embedding, '{model}' as embedding_model"
        for number, vector in rows.items()
    ]
    return "{{ config(materialized='table') }}\n" + "\nunion all\n".join(lines)


def searching(base: str = "ref('base')", query: str = "ref('query')", **arguments: object) -> str:
    words = "".join(f", {name}={value!r}" for name, value in arguments.items()).replace("True", "true")
    return (
        "{{ config(materialized='table') }}\n"
        "select found.query.id as query_id, found.base.id as base_id, found.distance\n"
        f"from {{{{ lakeweave.vector_search(base={base}, column='embedding', query={query}{words}) }}}} as found"
    )


def found(project: InferenceProject, base: str, query: str, **arguments: object) -> list[tuple]:
    project.write("base", base)
    project.write("query", query)
    project.write("answer", searching(**arguments))
    project.build("--select", "base", "query", "answer")
    return project.query("select query_id, base_id, distance from answer order by query_id, distance, base_id")


def refused(project: InferenceProject, base: str, query: str, **arguments: object) -> str:
    project.write("base", base)
    project.write("query", query)
    project.write("answer", searching(**arguments))
    outcome = project.dbt("build", "--select", "base", "query", "answer")
    assert not outcome.success
    return outcome.said


# ------------------------------------------------------------------------------------------------------------ meeting


@pytest.mark.parametrize(("distance", "expected"), [
    ("COSINE", [(9, 1, 0.0), (9, 3, 0.0), (9, 2, 1.0)]),
    ("EUCLIDEAN", [(9, 1, 0.0), (9, 3, 1.0), (9, 2, np.sqrt(2))]),
    ("DOT_PRODUCT", [(9, 3, -2.0), (9, 1, -1.0), (9, 2, 0.0)]),
])  # fmt: skip
def test_distances(project: InferenceProject, distance: str, expected: list[tuple]) -> None:
    """Of the same direction, of another, and twice as long; ties go by the base's first column."""
    base = vectors({1: [1.0, 0.0], 2: [0.0, 1.0], 3: [2.0, 0.0]})
    answer = found(project, base, vectors({9: [1.0, 0.0]}), distance_type=distance)
    assert [row[:2] for row in answer] == [row[:2] for row in expected]
    assert [row[2] for row in answer] == pytest.approx([row[2] for row in expected], abs=1e-11)


def test_ties_are_cut_in_a_fixed_order(project: InferenceProject) -> None:
    """Of many rows with one vector those with the smallest keys, in whatever order they were written."""
    rows = {number: [1.0, 1.0] for number in (40, 7, 300, 12, 5, 100)} | {1: [1.0, 0.9]}
    assert [row[1] for row in found(project, vectors(rows), vectors({9: [3.0, 3.0]}), top_k=3)] == [5, 7, 12]


def test_a_filter_on_the_base_comes_before_the_search(project: InferenceProject) -> None:
    base = vectors({1: [1.0, 0.0], 2: [0.9, 0.1], 3: [0.0, 1.0]})
    project.write("base", base)
    project.write("query", vectors({9: [1.0, 0.0]}))
    project.write("answer", searching(base='"(select * from " ~ ref("base") ~ " where id > 1)"', top_k=1))
    project.build("--select", "base", "query", "answer")
    assert [row[0] for row in project.query("select base_id from answer")] == [2]


@pytest.mark.parametrize(("model", "length", "names"), [
    ("m@2", 2, ("m@1 with 2 dimensions", "m@2 with 2 dimensions")),
    ("other@1", 2, ("m@1 with 2 dimensions", "other@1 with 2 dimensions")),
    ("m@1", 3, ("m@1 with 2 dimensions", "m@1 with 3 dimensions")),
])  # fmt: skip
def test_vectors_of_two_kinds_do_not_meet(
    project: InferenceProject, model: str, length: int, names: tuple[str, str]
) -> None:
    """P9, by model, by version, and by dimension: the sentence names both."""
    said = refused(project, vectors({1: [1.0, 0.0]}), vectors({9: [1.0] * length}, model))
    assert "A search of main.base was refused" in said
    for name in names:
        assert name in said
    assert project.query("select count(*) from information_schema.tables where table_name = 'answer'") == [(0,)]


def test_two_kinds_in_one_column(project: InferenceProject) -> None:
    said = refused(project, vectors({1: [1.0, 0.0], 2: [1.0]}), vectors({9: [1.0, 0.0]}))
    assert "1 and 2 dimensions" in said
    both = vectors({1: [1.0, 0.0]}) + "\nunion all select 2, [0.0, 1.0]::float[], 'm@2'"
    said = refused(project, both, vectors({9: [1.0, 0.0]}))
    assert "m@1 and m@2" in said


def test_a_new_version_of_the_model_meets_only_itself(project: InferenceProject) -> None:
    """The name comes from the ledger's side: what `inference` writes beside the vector changes with the version."""
    body = "select range as id, 'red shoe ' || range as text from range(3)"
    asked = "{{ lakeweave.inference(function='generate_embedding', model='embedder', input='text') }}\n" + body
    project.write("kept", asked)
    project.write("fresh", asked)
    project.build("--select", "embedder", "kept")
    project.config = {"embeddings": {"backend": "hashed", "dimension": 128}}
    project.build("--select", "embedder", "fresh")
    project.write("answer", searching(base="ref('kept')", query="ref('fresh')"))
    outcome = project.dbt("build", "--select", "answer")
    assert not outcome.success
    assert "embedder@hashed-1/384 with 384 dimensions" in outcome.said
    assert "embedder@hashed-1/128 with 128 dimensions" in outcome.said
    project.build("--select", "kept", "answer")
    assert project.query("select count(*) from answer") == [(9,)]


# ---------------------------------------------------------------------------------------------------------- bad input


def test_rows_without_a_usable_vector(project: InferenceProject) -> None:
    """NULL, empty and zero: not found, and finding nothing; under EUCLIDEAN zero is a place like any other."""
    base = vectors({1: [1.0, 0.0], 2: None, 3: [], 4: [0.0, 0.0]})
    query = vectors({7: None, 8: [0.0, 0.0], 9: [1.0, 0.0]})
    assert found(project, base, query) == [(9, 1, 0.0)]
    answer = found(project, base, query, distance_type="EUCLIDEAN")
    assert answer == [(8, 4, 0.0), (8, 1, 1.0), (9, 1, 0.0), (9, 4, 1.0)]
    assert found(project, vectors({1: None}), query) == []


def test_a_failed_embedding_is_no_neighbour(project: InferenceProject) -> None:
    body = "select 1 as id, 'red shoe' as text union all select 2, '?!' union all select 3, null"
    project.write(
        "base", "{{ lakeweave.inference(function='generate_embedding', model='embedder', input='text') }}\n" + body
    )
    project.write("answer", searching(query="ref('base')"))
    project.build("--select", "embedder", "base", "answer")
    assert project.states("base") == {"ok": 1, "failed": 2}
    assert project.query("select * from answer") == [(1, 1, 0.0)]


def test_an_element_that_is_no_number(project: InferenceProject) -> None:
    base = vectors({1: [1.0, 0.0]}) + "\nunion all select 2, ['nan'::float, 1.0]::float[], 'm@1'"
    assert "no finite number" in refused(project, base, vectors({9: [1.0, 0.0]}))
    base = vectors({1: [1.0, 0.0]}) + "\nunion all select 2, [null, 1.0]::float[], 'm@1'"
    assert "has a NULL among its elements" in refused(project, base, vectors({9: [1.0, 0.0]}))


def test_more_neighbours_than_rows(project: InferenceProject) -> None:
    assert len(found(project, vectors({1: [1.0], 2: [2.0]}), vectors({9: [1.0]}), top_k=1000)) == 2


def test_all_problems_of_a_call_are_reported(project: InferenceProject) -> None:
    """Every mistake in one message, before anything is sent."""
    said = refused(
        project,
        vectors({1: [1.0]}),
        vectors({9: [1.0]}),
        top_k=0,
        distance_type="MANHATTAN",
        options={"fast": 1, "fraction_lists_to_search": 2},
    )
    assert "`top_k` is" in said
    assert "expected a whole number from 1" in said
    assert "expected one of COSINE, DOT_PRODUCT, EUCLIDEAN" in said
    assert "`options.fast` is unknown" in said
    assert "`options.fraction_lists_to_search`" in said


# ------------------------------------------------------------------------------------------------------------ in step


def test_a_keyed_sync_changes_only_changed_rows(project: InferenceProject) -> None:
    """New, edited and vanished rows by one MERGE into the same table; a changed column set writes it again."""
    head = "{{ lakeweave.keyed_sync(key='id') }}\n"
    project.write(
        "kept", head + "select * from (values (1, 'a', [1.0]::float[]), (2, 'b', null)) as t(id, name, vector)"
    )
    project.build("--select", "kept")
    before = project.query("select table_oid from duckdb_tables() where table_name = 'kept'")
    project.write(
        "kept", head + "select * from (values (2, null, [2.0]::float[]), (3, 'c', null)) as t(id, name, vector)"
    )
    project.build("--select", "kept")
    assert project.query("select * from kept order by id") == [(2, None, [2.0]), (3, "c", None)]
    assert project.query("select table_oid from duckdb_tables() where table_name = 'kept'") == before
    project.write("kept", head + "select 4 as id")
    project.build("--select", "kept")
    assert project.query("select * from kept") == [(4,)]


def test_the_catalog_follows_the_products(tmp_path: Path) -> None:
    """A new product is embedded in that build, an edited one again, nothing else; a product that is gone leaves the search."""
    landing = tmp_path / "landing"
    inbox = landing / "gcp" / "inbox" / "products"
    inbox.mkdir(parents=True)
    header = "id,cost,category,name,brand,retail_price,department,sku,distribution_center_id\n"
    row = "{},10.0,Jeans,{},Acme,20.0,Men,AB12,1\n"
    first = [row.format(i, f"Number {i} Jean") for i in range(1, 9)]
    (inbox / "products_1.csv").write_text(header + "".join(first))
    workspace = Workspace.create(tmp_path / "project", landing)
    select = (
        "--select",
        "+similar_products",
        "--exclude-resource-type",
        "test",
        "--exclude-resource-type",
        "unit_test",
    )

    def build() -> list[str]:
        """The descriptions that were embedded in this build."""
        before = (
            {each for (each,) in workspace.query("select fingerprint from ledger.model_responses")}
            if workspace.warehouse.exists()
            else set()
        )
        workspace.dbt("build", *select)
        rows = workspace.query(
            "select description from silver.product_embeddings join ledger.model_responses using (fingerprint) "
            "where not list_contains(?, fingerprint)",
            sorted(before),
        )
        return sorted(text for (text,) in rows)

    assert len(build()) == 8
    assert build() == []
    (inbox / "products_2.csv").write_text(
        header + row.format(2, "Edited Jean") + row.format(9, "Number 9 Jean") + row.format(3, "Number 3 Jean")
    )
    assert build() == ["Jeans - Acme Edited Jean", "Jeans - Acme Number 9 Jean"]
    assert workspace.query("select name from gold.product_catalog where product_id in (2, 9) order by product_id") == [
        ("Edited Jean",),
        ("Number 9 Jean",),
    ]
    assert (
        workspace.query("select count(*) from gold.similar_products where 9 in (product_id, similar_product_id)")[0][0]
        > 4
    )
    # The first file again without product 5: what only it delivered is gone.
    (inbox / "products_1.csv").write_text(header + "".join(line for line in first if not line.startswith("5,")))
    assert build() == []
    assert workspace.query("select count(*) from gold.product_catalog where product_id = 5") == [(0,)]
    assert workspace.query(
        "select count(*) from gold.similar_products where 5 in (product_id, similar_product_id)"
    ) == [(0,)]


def test_the_demo_finds_the_expected_rows(demo: Workspace) -> None:
    products, catalog, pairs = demo.query(
        "select (select count(*) from silver.products), (select count(*) from gold.product_catalog), "
        "(select count(*) from gold.similar_products)"
    )[0]
    assert catalog > 0.95 * products
    assert pairs == 5 * catalog
    assert demo.query("select count(*) from gold.similar_products where product_id = similar_product_id") == [(0,)]
    clusters = demo.query("select count(*), count(distinct cluster_id), min(cluster_size) from gold.product_clusters")
    assert clusters[0][0] == catalog
    assert 2 <= clusters[0][1] <= 24
    listed = "select count(*) from gold.lookalike_customers join seeds.lookalike_seeds using (audience, user_id)"
    assert demo.query(listed) == [(0,)]
    assert demo.query("select count(distinct audience) from gold.lookalike_customers") == [(2,)]
    measured = dict(demo.query("select question_kind, precision_at_5 from gold.search_quality"))
    assert set(measured) == {"same category", "same category and brand", "paraphrase", "misspelling"}


def test_a_worse_embedding_fails_the_build(project: InferenceProject) -> None:
    """The demo's own test of search quality, on a measure that is under its floor."""
    quality = (
        "select 'paraphrase' as question_kind, 'm@1' as embedding_model, {} as questions, {} as precision_at_5, "
        "0.15 as at_least"
    )
    (project.root / "tests" / "singular").mkdir(parents=True)
    source = Path(__file__).resolve().parents[2] / "singular" / "searches_find_what_they_should.sql"
    shutil.copy(source, project.root / "tests" / "singular")
    for questions, precision, good in ((20, 0.15, True), (20, 0.149, False), (9, 0.0, True)):
        project.write("search_quality", quality.format(questions, precision))
        assert project.dbt("build", "--select", "search_quality").success is good


# ------------------------------------------------------------------------------------------------------------- indexes

hnsw = pytest.mark.skipif(
    __import__("importlib.util", fromlist=["util"]).find_spec("hnswlib") is None,
    reason="hnswlib is not installed: make extra-ann",
)

MANY = """
select
    range as id,
    list_transform(range(8), x -> sin((range + 1) * (x + 1) + {shift}))::float[] as embedding,
    'm@1' as embedding_model
from range({rows})
"""


def indexed(rows: int, shift: int = 0, **arguments: object) -> str:
    given = {"column": "embedding", "duckdb_type": "HNSW", "minimum_rows": 100, **arguments}
    words = ", ".join(f"{name}={value!r}" for name, value in given.items())
    head = "{{ lakeweave.keyed_sync(key='id') }}\n{{ lakeweave.vector_index(" + words + ") }}\n"
    return head + MANY.format(rows=rows, shift=shift)


def index_files(project: InferenceProject) -> list[Path]:
    return sorted((project.root / "vector_indexes").glob("*.hnsw"))


def definition(project: InferenceProject) -> dict:
    return json.loads((project.root / "vector_indexes" / "main.base.embedding.json").read_text())


@hnsw
def test_an_index_is_looked_after(project: InferenceProject) -> None:
    """Created when large enough, left alone, brought in step, rebuilt on drift, replaced, dropped."""
    project.write("base", indexed(50))
    project.build("--select", "base")
    assert index_files(project) == []
    project.write("base", indexed(1000))
    project.build("--select", "base")
    (file,) = index_files(project)
    written = file.stat().st_mtime_ns
    project.build("--select", "base")
    assert index_files(project) == [file]
    assert file.stat().st_mtime_ns == written
    project.write("base", indexed(1100))
    project.build("--select", "base")
    assert definition(project)["changed"] == 100
    assert definition(project)["built_from"] == 1000
    project.write("base", indexed(1100, shift=1))
    project.build("--select", "base")
    assert definition(project)["changed"] == 0
    assert definition(project)["built_from"] == 1100
    project.write("base", indexed(1100, shift=1, duckdb_options={"m": 8}))
    project.build("--select", "base")
    assert definition(project)["definition"]["m"] == 8
    project.write("base", indexed(1100, shift=1, duckdb_type="EXACT"))
    project.build("--select", "base")
    assert index_files(project) == []


@hnsw
def test_an_index_finds_the_same_as_exact_search(project: InferenceProject) -> None:
    """With the same distances, added and removed rows included."""
    project.write("base", indexed(1000))
    project.write("query", "{{ config(materialized='table') }}\n" + MANY.format(rows=200, shift=0.5))
    project.write("answer", searching())
    project.write("exact", searching(options={"use_brute_force": True}))
    project.build("--select", "base")
    project.write(
        "base",
        indexed(1000) + " where range % 10 <> 3 union all " + MANY.format(rows=1050, shift=0) + " where range >= 1000",
    )
    project.build("--select", "base", "query", "answer", "exact")
    assert definition(project)["removed"]
    rows = project.query("select count(*), count(distinct base_id) from answer")
    assert rows[0][0] == 2000
    same = project.query("select count(*) from answer join exact using (query_id, base_id, distance)")[0][0]
    assert same >= 0.98 * 2000
    assert project.query("select count(*) from answer where base_id < 1000 and base_id % 10 = 3") == [(0,)]


@hnsw
def test_a_stale_index_is_not_searched(project: InferenceProject, capfd: pytest.CaptureFixture) -> None:
    """A table that was changed outside the project is searched exactly, and the status has a note."""
    project.write("base", indexed(1000))
    project.build("--select", "base")
    project.query("update base set embedding = list_transform(embedding, x -> -x) where id < 500")
    project.write("query", "{{ config(materialized='table') }}\n" + MANY.format(rows=100, shift=0.5))
    project.write("answer", searching())
    project.write("exact", searching(options={"use_brute_force": True}))
    project.build("--select", "query", "answer", "exact")
    assert project.query("select count(*) from answer join exact using (query_id, base_id, distance)") == [(1000,)]
    assert "was not used: the table's vectors are others" in capfd.readouterr().err
    assert project.dbt("run-operation", "vector_index_status").success
    status = capfd.readouterr().out
    assert "stale" in status
    assert "0 %" in status


@hnsw
def test_a_kill_between_the_two_files_leaves_the_old_index(project: InferenceProject) -> None:
    project.write("base", indexed(1000))
    project.build("--select", "base")
    folder = project.root / "vector_indexes"
    (folder / "main.base.embedding.0123.hnsw").write_bytes(b"half")
    (folder / "main.base.embedding.json.part").write_text('{"half')
    project.write("base", indexed(1001))
    project.build("--select", "base")
    assert len(index_files(project)) == 1
    assert definition(project)["vectors"] == 1001


def test_an_index_without_its_library_is_reported(project: InferenceProject, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(__import__("sys").modules, "hnswlib", None)
    project.write("base", indexed(1000))
    outcome = project.dbt("build", "--select", "base")
    assert not outcome.success
    assert "needs hnswlib, which is not installed: make extra-ann" in outcome.said


def test_all_problems_of_an_index_are_reported_at_once(project: InferenceProject) -> None:
    project.write("base", indexed(10, index_type="ANN", duckdb_type="FLAT", distance_type="cos", drift=0))
    said = project.dbt("build", "--select", "base").said
    for name in ("index_type", "duckdb_type", "distance_type", "drift"):
        assert f"`{name}` is" in said


def test_the_old_argument_names_of_an_index_work_and_unknown_ones_are_refused(project: InferenceProject) -> None:
    project.write("base", indexed(10, embedded_type="FLAT", typo=1))
    said = project.dbt("build", "--select", "base").said
    assert "`duckdb_type` is 'FLAT'" in said
    assert "`typo` is not an argument." in said
    assert "`embedded_type` is now `duckdb_type`" in said
