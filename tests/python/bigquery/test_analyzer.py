"""The parts of the proof: places of errors, names, scripts, calls, what statements leave behind, the cache, the answers."""

from __future__ import annotations

import datetime
from decimal import Decimal
from pathlib import Path

import pytest
import wasmtime
from google.api_core.exceptions import BadRequest, NotFound
from google.cloud.bigquery import LoadJobConfig, QueryJobConfig, SchemaField, Table

from . import functions, options, profile, reference, runtime, sqltypes
from .analyzer import Analyzer, Refused
from .analyzer_cache import AnalyzerCache
from .answers import Answer
from .calls import rewrite
from .sqltext import line_and_column, offset_of, paths, tokens, without_run
from .standin import Client, Log
from .warehouse import Model, Warehouse


@pytest.fixture
def made(empty: Warehouse) -> Analyzer:
    """An analyzer over a table `p.d.t` with `id` and `body`, and the model `p.d.m`."""
    analyzer = Analyzer(empty)
    analyzer.run("create table `p.d.t` (id int64, body string)")
    empty.models["p.d.m"] = Model("p.d.m", "text")
    return analyzer


# ---------------------------------------------------------------------------------------------------------------- text


def test_tokens_leave_out_comments_and_text() -> None:
    sql = """select 'a -- b', "it's", r'\\d', '''x ' y''', `p.d.t` -- gone
    /* gone too; */ # and this
    from x where a >= 1.5e3"""
    texts = [token.text for token in tokens(sql)]
    assert "gone" not in " ".join(texts)
    assert texts[1] == "'a -- b'"
    assert "'''x ' y'''" in texts
    assert texts[-3:] == ["a", ">=", "1.5e3"]


def test_paths_are_read_in_every_form() -> None:
    written = [path.parts for path in paths(tokens("from `p`.`d`.`t` join p-1.d.t join `p.d.t` join a.b"))]
    assert ("p", "d", "t") in written
    assert ("p-1", "d", "t") in written
    assert ("p.d.t",) in written
    assert {path.names for path in paths(tokens("`p.d.t`"))} == {("p", "d", "t")}


def test_places_count_lines_and_tabs_like_the_analyzer() -> None:
    sql = "a\n\tb c"
    assert line_and_column(sql, 3) == (2, 2)
    assert offset_of(sql, 2, 9) == sql.index("b")


def test_values_that_differ_between_runs_are_replaced_in_place() -> None:
    sql = "'2026-11-21 03:04:05.123456' '0b7c2f3e-1111-2222-3333-444455556666' t__dbt_tmp034853899480 '2026-11-21 03:04:05'"
    assert len(without_run(sql)) == len(sql)
    assert without_run(sql) == without_run(sql.replace("03:04:05.1", "09:09:09.9").replace("0348", "1111"))
    assert "'2026-11-21 03:04:05'" in without_run(sql)


# -------------------------------------------------------------------------------------------------------------- errors


@pytest.mark.parametrize(
    ("sql", "place"),
    [
        ("select\n  id,\n  totl\nfrom `p`.`d`.`t`", "3:3"),
        ("select 'é', totl from `p.d.t`", "1:13"),
        ("select t.id,\n  t.totl from `p.d.t`", "2:5"),
        ("begin\n  select 1;\n  select totl from `p.d.t`;\nend", "3:10"),
        ("declare n int64;\nset n =\n  'x'", "3:3"),
        (
            "select id, totl\nfrom ai.generate_text(model `p.d.m`, (select id, body as prompt from `p.d.t`), struct(1 as top_k))",
            "1:12",
        ),
        ("select *\nfrom ai.generate_text(model `p.d.m`,\n  (select totl as prompt from `p.d.t`))", "3:11"),
        (
            "select *\nfrom ai.generate_text(model `p.d.m`, (select body as prompt from `p.d.t`),\n  struct(0.5 as temperature,\n  'a' as max_output_tokens))",
            "3:10",
        ),
    ],
)
def test_errors_point_into_the_sent_statement(made: Analyzer, sql: str, place: str) -> None:
    with pytest.raises(Refused) as refused:
        made.run(sql)
    line, column = place.split(":")
    found = (refused.value.line, refused.value.column)
    # An argument's type is reported at the beginning of the list of arguments, and that is near enough.
    assert found[0] == int(line)
    if "max_output_tokens" not in sql:
        assert found == (int(line), int(column))


def test_a_refused_script_changes_nothing(made: Analyzer) -> None:
    before = made.warehouse.copy()
    with pytest.raises(Refused):
        made.run("create table `p.d.other` as select 1 as a; select nope from `p.d.other`")
    assert made.warehouse == before


# --------------------------------------------------------------------------------------------------------------- calls


def test_columns_pass_through_however_deep(made: Analyzer) -> None:
    inner = "ai.generate_text(model `p.d.m`, (select id, body as prompt from source), struct(1 as top_k))"
    middle = f"ai.generate_text(model p.d.m, (select id as key, result as prompt, status as first_status from {inner}))"
    [query] = made.run(
        f"with source as (select * from `p`.`d`.`t`), called as (select * from {middle} as x) select * from called"
    )
    names = [name for name, _ in query.columns]
    assert names == ["key", "prompt", "first_status", "result", "rai_result", "statistics", "full_response", "status"]


def test_a_new_column_of_the_table_passes_through(made: Analyzer) -> None:
    sql = "select * from ml.generate_text(model `p.d.m`, (select *, body as prompt from `p.d.t`), struct(true as flatten_json_output))"
    assert "later" not in {name for name, _ in made.run(sql)[0].columns}
    made.run("alter table `p.d.t` add column later date")
    assert ("later", "DATE") in {(name, sqltypes.words(kind)) for name, kind in made.run(sql)[0].columns}


def test_text_around_a_call_stays_as_it_was(made: Analyzer) -> None:
    sql = "select /* ai.generate_text( */ 'ml.predict(' as a from `p.d.t`"
    rewritten = rewrite(sql, made.warehouse)
    assert rewritten.called == set()
    assert rewritten.edited.text == sql.replace("`p.d.t`", "`p`.`d`.`t`")


def test_every_declared_function_has_a_page() -> None:
    pages = [
        *(each.page for each in functions.SCALARS.values()),
        *(each.page for each in functions.MODEL_CALLS.values()),
        *(page for page, _ in functions.PROCEDURES.values()),
        *(page for page, _ in functions.INFORMATION_SCHEMA.values()),
        *options.PAGES.values(),
    ]
    assert all(page.startswith("https://cloud.google.com/bigquery/docs/") for page in pages)


def test_every_option_has_a_type_and_a_page() -> None:
    for thing, names in options.NAMES.items():
        assert thing == "generated column" or thing in options.PAGES
        for words in names.values():
            assert sqltypes.parse(words)
    assert {thing for thing, _ in options.WORDS} <= set(options.NAMES)


# ------------------------------------------------------------------------------------------------------------- profile


def test_features_and_functions_that_are_left_out_exist() -> None:
    """A name that the analyzer does not know would leave nothing out."""
    enabled = set(runtime.Service.shared().language_options().enabled_language_features)
    for names in profile.FEATURES_OUT.values():
        for name in names:
            assert profile._feature(name) in enabled, name
    assert len(profile.builtin_functions().exclude_function_ids) >= len(profile.FUNCTIONS_OUT)


def test_functions_that_the_analyzer_lacks_are_declared(made: Analyzer) -> None:
    made.run("create connection `p.us.c` options (connection_type = 'CLOUD_RESOURCE')")
    assert made.warehouse.connections == {"p.us.c"}
    made.run(
        "create table `p.d.v` (e array<float64>); create vector index i on `p.d.v`(e) options (index_type = 'IVF')"
    )
    made.run("alter vector index i on `p.d.v` rebuild")
    [query] = made.run("select max_by(body, id) as newest from `p.d.t`")
    assert [sqltypes.words(kind) for _, kind in query.columns] == ["STRING"]
    for wrong in (
        "create connection `p.us.c` options (connection_type = 'CLOUD_RESOURCE')",
        "create connection `p.us.e` options (conection_type = 'CLOUD_RESOURCE')",
        "create connection `p.us.e` options (connection_type = 'AWS')",
        "create connection `p.us.e`",
        "alter vector index j on `p.d.v` rebuild",
    ):
        with pytest.raises(Refused):
            made.run(wrong)


# -------------------------------------------------------------------------------------------------------------- effects


def test_statements_leave_their_tables_behind(made: Analyzer) -> None:
    made.run(
        "create or replace table `p`.`d`.`days` partition by date_trunc(day, month) cluster by n "
        "as select current_date() as day, count(*) as n, struct(1 as a) as s from `p.d.t`"
    )
    table = made.warehouse.tables["p.d.days"]
    assert [(column.name, column.words) for column in table.columns] == [
        ("day", "DATE"), ("n", "INT64"), ("s", "STRUCT<a INT64>"),
    ]  # fmt: skip
    assert (table.partitioning.column, table.partitioning.unit, table.clustering) == ("day", "MONTH", ("n",))
    made.run("alter table `p.d.days` drop column s, add column if not exists extra json")
    made.run("alter table `p.d.days` rename column n to m; alter table `p.d.days` rename to `years`")
    assert [column.name for column in made.warehouse.tables["p.d.years"].columns] == ["day", "m", "extra"]
    made.run("drop table `p.d.years`")
    assert "p.d.years" not in made.warehouse.tables


def test_functions_and_procedures_can_be_called_after_they_are_created(made: Analyzer) -> None:
    made.run("create function `p.d.double_it`(x float64) returns float64 as (x * 2)")
    assert made.run("select `p`.`d`.`double_it`(1.5) as a")
    made.run("create procedure `p.d.tidy`(n int64) begin select n; end")
    assert made.run("call `p.d.tidy`(5)")
    with pytest.raises(Refused):
        made.run("call `p.d.tidy`('x')")


def test_a_view_follows_its_query(made: Analyzer) -> None:
    made.run("create view `p.d.v` as select body from `p.d.t`")
    with pytest.raises(Refused, match="id"):
        made.run("select id from `p.d.v`")


# ------------------------------------------------------------------------------------------------- service, cache


def test_a_stale_cache_file_is_replaced(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys) -> None:
    """A file of another engine, or half a file, is replaced by what compiling gives."""
    monkeypatch.setenv("LAKEWEAVE_CACHE", str(tmp_path))
    engine = wasmtime.Engine()
    module = wasmtime.Module(engine, "(module)")
    monkeypatch.setattr(runtime, "_compile", lambda *_: module)
    runtime.cache_file().write_bytes(b"half a file")
    assert runtime.load_module(engine, "unused.wasm") is module
    assert runtime.cache_file().read_bytes() == bytes(module.serialize())
    assert [path.name for path in tmp_path.iterdir()] == [runtime.cache_file().name]
    assert "Compiling" in capsys.readouterr().err
    monkeypatch.setattr(runtime, "_compile", lambda *_: pytest.fail("compiled although cached"))
    assert runtime.load_module(engine, "unused.wasm")
    assert capsys.readouterr().err == ""


def test_the_cache_is_keyed_by_versions(monkeypatch: pytest.MonkeyPatch) -> None:
    names = set()
    for version in ("1", "2"):
        monkeypatch.setattr(runtime.metadata, "version", lambda name, version=version: f"{name}-{version}")
        names.add(runtime.cache_file().name)
    assert len(names) == 2


def test_an_instance_that_broke_down_is_replaced(made: Analyzer, monkeypatch: pytest.MonkeyPatch) -> None:
    service = runtime.Service()
    service.language_options()
    broken = service._client
    assert broken is not None
    generation = service.generation

    def trap(*_: object) -> None:
        raise wasmtime.WasmtimeError("trapped")

    monkeypatch.setattr(broken, "call_grpc_func", trap)
    with pytest.raises(runtime.AnalyzerCrash, match="trapped"):
        service.language_options()
    assert not service.is_current(generation)
    assert service.language_options().enabled_language_features
    assert service.is_current(generation + 1)


def test_answers_are_remembered_and_keyed_by_everything(tmp_path: Path) -> None:
    cache = AnalyzerCache(tmp_path)
    key = AnalyzerCache.key(b"a", b"bc")
    assert key != AnalyzerCache.key(b"ab", b"c")
    assert cache.get(key) is None
    cache.put(key, b"answer" * 100)
    assert AnalyzerCache(tmp_path).get(key) == b"answer" * 100
    nowhere = AnalyzerCache(None)
    nowhere.put(key, b"x")
    assert nowhere.get(key) is None


# ------------------------------------------------------------------------------------------------ reference and stand-in


def test_values_survive_the_way_through_the_reference_implementation(empty: Warehouse) -> None:
    values = {
        "i": ("INT64", -(2**62)), "f": ("FLOAT64", 0.1), "n": ("NUMERIC", Decimal("-1234.567890123")),
        "g": ("BIGNUMERIC", Decimal("1e-30")), "b": ("BOOL", False), "s": ("STRING", "zoë\n'"), "y": ("BYTES", b"\x00\xff"),
        "d": ("DATE", datetime.date(1969, 12, 31)), "c": ("DATETIME", datetime.datetime(2026, 2, 3, 4, 5, 6, 789000)),
        "t": ("TIMESTAMP", datetime.datetime(1960, 1, 1, 0, 0, 0, 1, tzinfo=datetime.UTC)), "m": ("TIME", datetime.time(23, 59, 59, 5)),
        "j": ("JSON", {"a": [1, None]}), "a": ("ARRAY<FLOAT64>", [0.5, 2.0]), "u": ("STRUCT<x INT64, y STRING>", {"x": 1, "y": None}),
    }  # fmt: skip
    columns = ", ".join(f"{name} {words}" for name, (words, _) in values.items())
    Analyzer(empty).run(f"create table `p.d.v` ({columns})")
    row = tuple(value for _, value in values.values())
    nothing = (None,) * len(values)
    found, rows = reference.run("select * from `p`.`d`.`v` order by i", empty, {"p.d.v": [row, nothing]})
    assert [sqltypes.words(kind) for _, kind in found] == [words for words, _ in values.values()]
    assert rows == [nothing, row]


def test_failures_of_the_reference_implementation_have_a_reason(empty: Warehouse) -> None:
    with pytest.raises(reference.CannotRun, match="division by zero"):
        reference.run("select 1 / 0", empty, {})


def _client(warehouse: Warehouse, raises: bool = True, rules: tuple[Answer, ...] = ()) -> Client:
    return Client(warehouse, Log(phase="first run"), lambda: "model.x", "US", raises, rules)


def test_the_stand_in_responds_like_the_service(made: Analyzer) -> None:
    client = _client(made.warehouse, rules=(Answer("two", "count", ({"n": 2},)),))
    assert [row.values() for row in client.query("select count(*) as n from `p.d.t`").result()] == [(2,)]
    assert [row.values() for row in client.query("select max(id) as n from `p.d.t`").result()] == [(None,)]
    job = client.query("/* dbt */ create or replace table `p`.`d`.`x` as select 1 as a, ['b'] as b")
    assert client.get_table(job.destination).schema == [
        SchemaField("a", "INTEGER"), SchemaField("b", "STRING", mode="REPEATED"),
    ]  # fmt: skip
    assert client.log.statements[-1].text.startswith("create")
    with pytest.raises(BadRequest, match="nope"):
        client.query("select nope from `p.d.t`")
    with pytest.raises(NotFound):
        client.get_table("p.d.gone")
    with pytest.raises(NotFound):
        next(client.list_tables("p.gone"))
    assert [table.table_id for table in client.list_tables("p.d")] == ["t", "x"]
    with pytest.raises(BadRequest, match="legacy"):
        client.query("select 1", QueryJobConfig(use_legacy_sql=True))


def test_a_dry_run_changes_nothing(made: Analyzer) -> None:
    _client(made.warehouse).query("create table `p.d.y` as select 1 as a", QueryJobConfig(dry_run=True))
    assert "p.d.y" not in made.warehouse.tables


def test_a_schema_can_grow_and_not_shrink(made: Analyzer) -> None:
    client = _client(made.warehouse)
    grown = [
        SchemaField("id", "INTEGER"),
        SchemaField("body", "STRING", description="text"),
        SchemaField("n", "NUMERIC"),
    ]
    client.update_table(Table("p.d.t", schema=grown), ["schema"])
    assert [(column.name, column.words) for column in made.warehouse.tables["p.d.t"].columns][-1] == ("n", "NUMERIC")
    for wrong in (grown[:2], [SchemaField("id", "STRING"), *grown[1:]], [*grown, SchemaField("_file_x", "STRING")]):
        with pytest.raises(BadRequest):
            client.update_table(Table("p.d.t", schema=wrong), ["schema"])
    with pytest.raises(BadRequest, match="1024"):
        client.update_table(
            Table("p.d.t", schema=[*grown[:2], SchemaField("n", "NUMERIC", description="x" * 1025)]), ["schema"]
        )


def test_a_seed_is_recorded_as_the_table_that_it_creates(made: Analyzer, tmp_path: Path) -> None:
    file = tmp_path / "seed.csv"
    file.write_text("a,b\n1,x\n")
    config = LoadJobConfig(schema=[SchemaField("a", "int64"), SchemaField("b", "string")], field_delimiter=",")
    client = _client(made.warehouse)
    with file.open("rb") as opened:
        client.load_table_from_file(opened, "p.d.seed", job_config=config)
    assert client.log.statements[-1].text == "CREATE OR REPLACE TABLE `p.d.seed` (`a` INT64, `b` STRING)"
    file.write_text("b,a\n1,x\n")
    with file.open("rb") as opened, pytest.raises(BadRequest, match="columns"):
        client.load_table_from_file(opened, "p.d.seed", job_config=config)
