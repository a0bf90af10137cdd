"""One Spark session for all tests of this folder, and one landing zone that both engines build from."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from demo.landing import LandingConfig, generate
from tests.python import worked_examples
from tests.python.fakes import model_server
from tests.python.left_behind import marked
from tests.python.spark.parity import Both
from tests.python.spark.session import SparkWorkspace, absent
from tests.python.support import PARSED, ROOT, Workspace


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Without Java or Delta nothing here can run; what is missing is said."""
    missing = absent()
    # The landing zone is filled by the parity tests and spoiled by those of malformed files; the killed ones come last.
    order = [
        "test_parity.py",
        "test_ingestion_spark.py",
        "test_inference_spark.py",
        "test_quiet_spark.py",
        "test_databases_spark.py",
        "test_secrets_spark.py",
        "test_kill_spark.py",
        # It would open a session that does not know the fake of a model server, and there is one to a process.
        "test_externals_spark.py",
        "test_integration_spark.py",
    ]
    items.sort(key=lambda item: order.index(item.path.name) if item.path.name in order else -1)
    for item in items:
        if missing and item.path.parent == Path(__file__).parent and "needs_spark" in item.keywords:
            item.add_marker(pytest.mark.skip(reason=f"Spark with Delta cannot run here: {missing}"))


def pytest_terminal_summary(terminalreporter: Any) -> None:
    """One line for each table that was compared; they come from another process where two run the tests."""
    reports = [each for kind in ("passed", "failed") for each in terminalreporter.stats.get(kind, [])]
    lines = [(name, str(line)) for report in reports for name, line in getattr(report, "user_properties", [])]
    for title in sorted({name for name, _ in lines}):
        terminalreporter.section(title)
        for name, line in lines:
            if name == title:
                terminalreporter.write_line(line)


@pytest.fixture(scope="session")
def complete(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A very small demo: a landing zone with all batches."""
    folder = tmp_path_factory.mktemp("complete") / "landing"
    generate(LandingConfig(scale=0.002, batches=3, seed=42, out=folder))
    return folder


EXTRA_MODELS = {
    "extra_fake": "{{ lakeweave.remote_model(function='generate_text') }}",
    "extra_asked": """{{ lakeweave.inference(function='generate_text', model='extra_fake', input='prompt', batch_size=4,
    max_attempts=2, max_calls_per_run=var('extra_calls', none)) }}
select
    value_type as id,
    valid_from,
    case cast(extract(month from valid_from) as integer)
        when 3 then 'ALWAYS-400'
        when 4 then 'ALWAYS-500'
        when 5 then ' '
        else concat('{{ var("extra_word", "month") }} ', cast(extract(month from valid_from) as integer))
    end as prompt
from {{ ref('exchange_rates') }}
""",
    "extra_typed": """{{ config(enabled=var('extra_typed', false)) }}{{ lakeweave.inference(
    function='generate_text', model='extra_fake', input='prompt', max_attempts=2,
    options={'instruction': 'Judge the month.'}, schema={
        'mood': {'type': 'string', 'values': ['good', 'bad']},
        'stars': {'type': 'integer', 'minimum': 1, 'maximum': 5},
        'share': 'number',
        'is_new': 'boolean',
        'since': {'type': 'date', 'optional': true},
        'tags': {'type': 'array', 'items': 'string'},
        'place': {'type': 'object', 'fields': {'city': 'string', 'floors': {'type': 'array', 'items': 'integer'}}},
    }
) }}
select
    value_type as id,
    valid_from,
    case cast(extract(month from valid_from) as integer)
        when 3 then 'typed BAD-ONCE'
        when 4 then 'typed BAD-ALWAYS'
        else concat('typed ', cast(extract(month from valid_from) as integer))
    end as prompt
from {{ ref('exchange_rates') }}
""",
    **worked_examples.with_switch("worked"),
}


@pytest.fixture(scope="session")
def server() -> Iterator[model_server.Client]:
    """A fake of a model server, for the models that only these tests have."""
    with model_server.running() as running:
        yield running


def _knows_the_fake(workspace: Workspace, base_url: str) -> None:
    """Name the fake server in the workspace's profile as the one that answers for the models of these tests."""
    profile = workspace.root / "profiles.yml"
    text = profile.read_text()
    called = f"{{backend: openai, base_url: '{base_url}', model: fake, tries: 1, api_key_env: LAKEWEAVE_TEXT_KEY}}"
    block = f"models: {{extra_fake: {called}, worked_chat: {called}}}"
    workspace.environment.update(marked())
    hashed = "embeddings: {backend: hashed}"
    text = text.replace(f"            {hashed}\n", f"            {hashed}\n            {block}\n")
    text = text.replace(f'{hashed}}}"', f'{hashed}, {block}}}"')
    profile.write_text(text)


@pytest.fixture(scope="session")
def both(tmp_path_factory: pytest.TempPathFactory, server: model_server.Client) -> Iterator[Both]:
    """Two workspaces, one on each engine, from one landing zone that is empty at first; all tests share the session."""
    root = tmp_path_factory.mktemp("both")
    spark = SparkWorkspace.on_spark(root / "spark", root / "landing")
    # The session has the models of the profile that it was opened with.
    _knows_the_fake(spark, server.base_url)
    spark.open()
    on_duckdb = Workspace.create(root / "duckdb", root / "landing")
    # The same path on both, because an object's address holds it.
    on_duckdb.environment["LAKEWEAVE_LANDING"] = str(root / "landing")
    yield Both(root / "landing", spark, on_duckdb)
    from lakeweave.spark.session import close

    close()


@pytest.fixture(scope="module")
def asking(both: Both, server: model_server.Client, tmp_path_factory: pytest.TempPathFactory) -> Both:
    """Two workspaces with the project's macros and seeds, and no models but those that ask the fake: dbt reads them sooner."""
    root = tmp_path_factory.mktemp("asking")
    parts = ("docs", "lakeweave", "macros", "seeds", "tests/generic", "requirements")
    spark = SparkWorkspace.on_spark(root / "spark", root / "landing", parts)
    on_duckdb = Workspace.create(root / "duckdb", root / "landing", parts)
    for workspace in (spark, on_duckdb):
        _knows_the_fake(workspace, server.base_url)
        (workspace.root / "target" / PARSED).unlink()
        # Seeds are described in words of the models' docs blocks.
        for page in (ROOT / "models").rglob("*.md"):
            copied = workspace.root / page.relative_to(ROOT)
            copied.parent.mkdir(parents=True, exist_ok=True)
            copied.write_text(page.read_text())
        for name, sql in EXTRA_MODELS.items():
            (workspace.root / "models" / f"{name}.sql").write_text(sql)
    asked = Both(root / "landing", spark, on_duckdb)
    asked.build("seed", "--select", "exchange_rates")
    return asked
