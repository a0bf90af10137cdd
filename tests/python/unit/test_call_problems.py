"""What macros say of a wrong call or body: all problems at once, with what was given and what is expected."""

from __future__ import annotations

import re
from types import SimpleNamespace

import pytest

from tests.python.security.macros import Macros
from tests.python.support import ROOT


def refuse(message: str) -> None:
    raise ValueError(message)


def macros(*files: str) -> Macros:
    return Macros(
        "duckdb",
        *files,
        "core/raise_problems.sql",
        model=SimpleNamespace(
            name="silver_claims", resource_type="model", config=SimpleNamespace(materialized="table")
        ),
        exceptions=SimpleNamespace(raise_compiler_error=refuse),
        execute=False,
    )


@pytest.mark.parametrize(
    "body",
    [
        "select 1;",
        "select 1 ;\n\n",
        "select 1;\n-- the end",
        "select 1; /* the\nend */  ",
        "select 'it''s';",
        "-- it's\nselect 1;",
        'select ";" as a;',
        "select '--';",
    ],
)
def test_a_semicolon_at_the_end_of_a_body_is_named(body: str) -> None:
    with pytest.raises(ValueError, match="The body of `silver_claims` is wrong:\n  - It ends with `;`"):
        macros("core/refuse_semicolon.sql").refuse_semicolon(body)


@pytest.mark.parametrize(
    "body",
    [
        "select 1",
        "select ';'",
        "select 1 -- the end;",
        "select 1 /* the end; */",
        "select 'a; -- b'",
        "select 1 as `a;`",
        'select 1 as ";"',
        "select ';\n'",
    ],
)
def test_no_other_semicolon_is_refused(body: str) -> None:
    macros("core/refuse_semicolon.sql").refuse_semicolon(body)


def test_every_materialization_that_wraps_a_body_looks_for_it() -> None:
    """Those that put the body into a statement of their own; `keyed_sync` and the rest give it to the engine as it is."""
    for path, materialization in (
        ("ingestion/engines/duckdb.sql", "ingestion"),
        ("ingestion/engines/spark.sql", "ingestion"),
        ("ingestion/engines/bigquery.sql", "ingestion"),
        ("inference/materialization_inference.sql", "inference"),
        ("vectors/materialization_keyed_sync.sql", "keyed_sync"),
    ):
        text = (ROOT / "macros" / path).read_text()
        body = text.split(f"materialization {materialization}")[1].split("endmaterialization")[0]
        assert body.index("refuse_semicolon(sql)") < body.index("run_hooks"), path


@pytest.mark.parametrize("macro", ["one_row_per_key", "one_row_per_version", "newest_records", "ordered_records"])
def test_all_problems_of_a_call_over_bronze_are_told_at_once(macro: str) -> None:
    said = macros(f"ingestion/{macro}.sql", "ingestion/newest_records.sql")
    with pytest.raises(ValueError, match="is wrong") as raised:
        getattr(said, macro)(source_name="erp", order_by="changed_at", key_type="number")
    message = str(raised.value)
    assert message.startswith(f"The call of `{macro}` in `silver_claims` is wrong:")
    problems = re.findall(r"^  - (.*)", message, re.MULTILINE)
    assert problems[:4] == [
        '`key` is "None"; expected the name of one column of the bronze table.',
        "source_name=erp, table_name=None, bronze=None; expected either the names of a source and its table or `bronze`: "
        f"{macro}('thelook', 'orders', key='order_id') or {macro}(bronze=ref('bronze_orders'), key='order_id').",
        '`order_by` is "changed_at"; expected a list of expressions over the bronze columns.',
        "`key_type` is \"number\"; expected 'integer' or 'text'.",
    ]
    assert len(problems) == (5 if macro == "one_row_per_version" else 4)


def problems_of(message: str) -> list[str]:
    return re.findall(r"^  - (.*)", message, re.MULTILINE)


def test_all_problems_of_parse_timestamp_are_told_at_once() -> None:
    said = macros("cleaning/parse_timestamp.sql")
    said._macros["setting"] = lambda name: None
    with pytest.raises(ValueError, match=r"^The call of `parse_timestamp` in `silver_claims` is wrong:") as raised:
        said.parse_timestamp("v", ["%d.%m.%y", "%j %Y", "epoch_days", "%Y-%U"])
    problems = problems_of(str(raised.value))
    assert len(problems) == 3
    assert "'%d.%m.%y', whose year has two digits" in problems[0]
    assert "%j in %j %Y, %U in %Y-%U, which is not read on every engine" in problems[1]
    assert "'epoch_days'; expected a strptime format or one of epoch_seconds" in problems[2]


def test_all_problems_of_redact_are_told_at_once() -> None:
    with pytest.raises(ValueError, match=r"^The call of `redact` in `silver_claims` is wrong:") as raised:
        macros("inference/redact.sql").redact("a, b", "hash")
    problems = problems_of(str(raised.value))
    assert len(problems) == 2
    assert problems[0].startswith("`kind` is 'hash'; expected one of: label")
    assert problems[1] == '`column` is "a, b"; expected the name of a column, such as email or u.email.'


def test_all_problems_of_profile_are_told_at_once() -> None:
    said = Macros(
        "duckdb",
        "profiling/profile.sql",
        "core/raise_problems.sql",
        exceptions=SimpleNamespace(raise_compiler_error=refuse),
        execute=True,
        graph=SimpleNamespace(nodes={}, sources={}),
    )
    with pytest.raises(ValueError, match=r"^The call of `profile` is wrong:") as raised:
        said.profile("usrs", output="xml")
    assert [each[:15] for each in problems_of(str(raised.value))] == ["`output` is 'xm", "`relation` is '"]


MACRO = re.compile(r"{%-? (?:macro|materialization) (\w+)(.*?){%-? end(?:macro|materialization)", re.DOTALL)
# Their errors exclude each other, or come from the data of a run.
MORE_THAN_ONE = {"_call_config", "_object_table", "_refuse_personal_columns", "inference"}


def test_no_macro_stops_at_the_first_of_several_problems() -> None:
    """A macro that finds more than one problem gathers them for `raise_problems`."""
    found = {
        name
        for path in sorted((ROOT / "macros").rglob("*.sql"))
        for name, body in MACRO.findall(path.read_text())
        if body.count("raise_compiler_error(") + body.count("raise_problems(") > 1
    }
    assert found == MORE_THAN_ONE


MATERIALIZATION = re.compile(r"{%-? materialization (\w+),(.*?)%}(.*?){%-? endmaterialization", re.DOTALL)
# BigQuery grants rights on a dataset, not on a MODEL, and a MODEL has no columns. A CREATE statement has the description.
WITHOUT = {
    ("remote_model", "bigquery"): {"apply_grants(", "persist_docs("},
    ("object_table", "bigquery"): {"persist_docs("},
}


def test_every_materialization_has_the_hooks_grants_and_descriptions_of_dbt() -> None:
    found = 0
    for path in sorted((ROOT / "macros").rglob("*.sql")):
        for name, settings, body in MATERIALIZATION.findall(path.read_text()):
            if ("_computed_once" in body and "run_hooks" not in body) or "_verdict_once" in body:
                continue  # dbt's own does the work.
            found += 1
            engine = next(iter(re.findall(r"adapter='(\w+)'", settings)), "default")
            wanted = {"run_hooks(pre_hooks", "run_hooks(post_hooks", "apply_grants(", "persist_docs("}
            missing = {part for part in wanted if part not in body}
            assert missing == WITHOUT.get((name, engine), set()), f"{path.name}: {name} on {engine}"
            if "apply_grants(" in body:
                assert body.index("run_hooks(pre_hooks") < body.index("apply_grants("), path.name
    assert found >= 7
