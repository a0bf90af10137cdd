"""A key of a model server is in nothing that a run on Spark leaves behind: answers, refusals, files, tables, settings."""

from __future__ import annotations

import pytest

from tests.python.fakes import model_server
from tests.python.left_behind import MARK, in_files, in_spark
from tests.python.spark.parity import Both

pytestmark = pytest.mark.needs_spark
ASKED = """{{ lakeweave.inference(function='generate_text', model='extra_fake', input='prompt', max_attempts=2) }}
select
    valid_from,
    concat(
        case cast(extract(month from valid_from) as integer)
            when 3 then 'ALWAYS-400 ECHO-KEY '
            when 4 then '{{ var("extra_word", "SAY-KEY") }} '
            else 'plain '
        end,
        cast(extract(month from valid_from) as integer)
    ) as prompt
from {{ ref('exchange_rates') }}
"""


def test_no_key_is_left_by_a_run_that_succeeds_or_fails(asking: Both, server: model_server.Client) -> None:
    spark = asking.spark
    (spark.root / "models" / "secret_asked.sql").write_text(ASKED)
    try:
        server.reset()
        said = []
        # An answer and a refusal that repeat the key; then a server that refuses everyone and repeats the key; then wrong SQL.
        said.append(spark.here("--debug", "run", "--select", "secret_asked"))
        assert server.stats()["requests"] > 0
        said.append(
            spark.here("--debug", "run", "--select", "secret_asked", "--vars", "{extra_word: ECHO-KEY}", check=False)
        )
        (spark.root / "models" / "secret_asked.sql").write_text(ASKED.replace("valid_from,", "no_such_column,"))
        said.append(spark.here("--debug", "run", "--select", "secret_asked", check=False))
        assert not said[-1].success
        rows = spark.rows("select response, response_status from main.secret_asked")
        # The server did repeat it: what is stored shows where it was.
        assert any("***" in str(row) for row in rows), rows
        assert not any(MARK in f"{done.stdout} {[str(each.message) for each in done.results]}" for done in said)
        assert in_spark(spark.session, ["main", "ledger"]) == []
        assert in_files(spark.root) == []
        assert (spark.root / "target" / "manifest.json").is_file()
    finally:
        (spark.root / "models" / "secret_asked.sql").unlink()
