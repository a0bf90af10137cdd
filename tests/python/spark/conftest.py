"""One Spark session for all tests of this folder, and one landing zone that both engines build from."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from lakeweave.landing import LandingConfig, generate
from tests.python.fakes import model_server
from tests.python.spark.parity import Both
from tests.python.spark.session import SparkWorkspace, absent
from tests.python.support import Workspace, add_models


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Without Java or Delta nothing here can run; what is missing is said."""
    missing = absent()
    # The landing zone is filled by the parity tests and spoiled by those of malformed files; the killed ones come last.
    order = [
        "test_parity.py",
        "test_ingestion_spark.py",
        "test_inference_spark.py",
        "test_quiet_spark.py",
        "test_kill_spark.py",
    ]
    items.sort(key=lambda item: order.index(item.path.name) if item.path.name in order else -1)
    for item in items:
        if missing and item.path.parent == Path(__file__).parent and "needs_spark" in item.keywords:
            item.add_marker(pytest.mark.skip(reason=f"Spark with Delta cannot run here: {missing}"))


@pytest.fixture(scope="session")
def complete(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A very small demo: a landing zone with all batches."""
    folder = tmp_path_factory.mktemp("complete") / "landing"
    generate(LandingConfig(scale=0.002, batches=3, seed=42, out=folder))
    return folder


EXTRA_MODELS = {
    "extra_fake": "{{ config(enabled=var('with_extra_models', false)) }}"
    "{{ lakeweave.remote_model(function='generate_text') }}",
    "extra_asked": """{{ config(enabled=var('with_extra_models', false)) }}
{{ lakeweave.inference(function='generate_text', model='extra_fake', input='prompt', batch_size=4, max_attempts=2,
    max_calls_per_run=var('extra_calls', none)) }}
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
}


@pytest.fixture(scope="session")
def server() -> Iterator[model_server.Client]:
    """A fake of a model server, for the models that only these tests have."""
    with model_server.running() as running:
        yield running


def add_extra_models(workspace: Workspace, base_url: str) -> None:
    """Models of the tests' own beside the project's; `with_extra_models` switches them on."""
    add_models(workspace, EXTRA_MODELS)
    profile = workspace.root / "profiles.yml"
    text = profile.read_text()
    block = f"models: {{extra_fake: {{backend: openai, base_url: '{base_url}', model: fake, tries: 1}}}}"
    hashed = "embeddings: {backend: hashed}"
    text = text.replace(f"            {hashed}\n", f"            {hashed}\n            {block}\n")
    text = text.replace(f'{hashed}}}"', f'{hashed}, {block}}}"')
    profile.write_text(text)


@pytest.fixture(scope="session")
def both(tmp_path_factory: pytest.TempPathFactory, server: model_server.Client) -> Iterator[Both]:
    """Two workspaces, one on each engine, from one landing zone that is empty at first."""
    root = tmp_path_factory.mktemp("both")
    spark = SparkWorkspace.on_spark(root / "spark", root / "landing")
    embedded = Workspace.create(root / "embedded", root / "landing")
    for workspace in (spark, embedded):
        add_extra_models(workspace, server.base_url)
    yield Both(root / "landing", spark, embedded)
    from lakeweave.spark.session import close

    close()
