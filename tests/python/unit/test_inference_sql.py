"""SQL of inference macros, written out without dbt and run on DuckDB: how a warehouse's answer is judged, and what is masked."""

from __future__ import annotations

from collections.abc import Iterator
from types import SimpleNamespace

import duckdb
import pytest
import sqlglot

from tests.python.security.macros import Macros


@pytest.fixture(scope="module")
def connection() -> Iterator[duckdb.DuckDBPyConnection]:
    with duckdb.connect() as made:
        yield made


def judged() -> Macros:
    """The judgement of a warehouse's answer. What only the warehouse can do with a text is done by DuckDB."""
    made = Macros("bigquery", "inference/_judged.sql")
    made._macros |= {
        "_answer_text": lambda result, wants_json: result,
        "_has_pattern": lambda text, pattern: f"regexp_matches({text}, '{pattern}')",
        "_is_no_json": lambda text: f"not json_valid({text})",
    }
    return made


# error, text, finish reason, and how the status begins; the words are those of lakeweave/inference/replies.py.
WAREHOUSE = [
    ("", "fine", "STOP", "", "ok"), ("", "fine", "", "", "ok"), ("", "fine", "END_TURN", "", "ok"),
    ("", "fi", "MAX_TOKENS", "truncated: ", "failed"), ("", "fi", "LENGTH", "truncated: ", "failed"),
    ("", "fi", "SAFETY", "filtered: ", "failed"), ("", "", "PROHIBITED_CONTENT", "filtered: ", "failed"),
    ("", "", "REFUSAL", "refused: ", "failed"), ("", "", "MALFORMED_FUNCTION_CALL", "tool_call: ", "failed"),
    ("", "fi", "OTHER", "unfinished: ", "failed"), ("", "", "STOP", "empty: ", "retryable"),
    ("", "<think>hm", "STOP", "no_answer: ", "failed"), ("", "[1]", "STOP", "not_json: ", "retryable"),
    ("blocked by a content filter", "fine", "STOP", "filtered: ", "failed"), ("quota", "fine", "STOP", "quota", "failed"),
]  # fmt: skip


@pytest.mark.parametrize(("error", "text", "finish", "word", "state"), WAREHOUSE)
def test_a_warehouses_answer_is_judged_by_error_and_finish_before_its_text(
    connection: duckdb.DuckDBPyConnection, error: str, text: str, finish: str, word: str, state: str
) -> None:
    macros = judged()
    status = macros._status_of_answer("error", "result", word == "not_json: ", "finish")
    said, decided = connection.execute(
        f"with given as (select ? as error, ? as result, ? as finish), read as (select {status} as status from given) "
        f"select status, {macros._state_of_status('status', 'false')} from read",
        [error, text, finish],
    ).fetchone()
    assert (said == "") == (word == "")
    assert said.startswith(word)
    assert decided == state


REDACTED = [
    ("digits", "call 0123", "call ####"), ("digits", "٠١٢٣ ０１２ ०१ 𝟘𝟙", "#### ### ## ##"), ("digits", "½ ² Ⅳ", "½ ² Ⅳ"),
    ("initial", "Ada", "A***"), ("domain", '"a@b"@example.com', "***@example.com"), ("domain", "nobody", "***@"),
    ("label", "ada@example.com", "[value]"), ("digits", None, None),
]  # fmt: skip


def _refuse(message: str) -> None:
    raise ValueError(message)


def redacting() -> Macros:
    return Macros(
        "duckdb",
        "inference/redact.sql",
        *(f"core/{name}.sql" for name in ("regexp_replace", "regexp_extract", "text_literal", "raise_problems")),
        "core/engines/duckdb.sql",
        model=SimpleNamespace(name="asked"),
        dbt=SimpleNamespace(type_string=lambda: "varchar"),
        exceptions=SimpleNamespace(raise_compiler_error=_refuse),
    )


@pytest.mark.parametrize(
    "column",
    ["'' as varchar), 1, 1), email, substr(cast(''", "a || email", "email /*", "a*/b", "", "(email)", "a, email"],
)
def test_redact_takes_a_name_only(column: str) -> None:
    """What it masks is left out of the check of personal columns."""
    with pytest.raises(ValueError, match="expected the name of a column"):
        redacting().redact(column, "initial")
    for name in ("email", "u.email", 'u."e mail"', "`p`.`d`.`email`", "é_1"):
        assert f"case when {name} is not null" in redacting().redact(name)


@pytest.mark.parametrize(("kind", "given", "masked"), REDACTED)
def test_redact_masks_digits_of_every_script(
    connection: duckdb.DuckDBPyConnection, kind: str, given: str | None, masked: str | None
) -> None:
    sql = redacting().redact("value", kind)
    assert connection.execute(f"select {sql} from (select ?::varchar as value)", [given]).fetchone() == (masked,)


def test_databricks_gets_the_content_of_a_file_and_is_not_asked_about_a_missing_one() -> None:
    macros = Macros(
        "databricks",
        "inference/_files.sql",
        "inference/_judged.sql",
        "inference/_schema.sql",
        "inference/_inference_problems.sql",
        "inference/engines/databricks.sql",
        "core/text_literal.sql",
        "core/engines/spark.sql",
        "core/engines/bigquery.sql",
        graph=SimpleNamespace(nodes={}),
        var=lambda name, default: default,
    )
    macros._macros["_object_table"] = lambda how: how["object_table"]
    options = macros._options_with_file({"instruction": "Read it."}, "uri")
    called = SimpleNamespace(function="generate_text", endpoint_config={"endpoint": "a-chat-model"})
    sql = macros.databricks___called("asked", called, "prompt", options, {"file": "uri", "object_table": "the_files"})
    (query,) = sqlglot.parse(sql, dialect="databricks")
    (case,) = query.find_all(sqlglot.exp.Case)
    (branch,) = case.args["ifs"]
    assert branch.this.sql("databricks") == "pictures.content IS NULL"
    assert "'there is no such file'" in branch.args["true"].sql("databricks")
    assert "files => pictures.content" in case.args["default"].sql("databricks")
    (join,) = query.args["joins"]
    assert join.side == "LEFT"
    assert join.this.alias_or_name == "pictures"
