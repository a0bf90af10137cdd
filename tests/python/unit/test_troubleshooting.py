"""docs/troubleshooting.md shows each message as its macro prints it: here each macro prints it, with the values of the page."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from types import SimpleNamespace
from typing import Any

import pytest

from tests.python.security.macros import Macros
from tests.python.support import ROOT

PAGE = (ROOT / "docs" / "troubleshooting.md").read_text(encoding="utf-8")
SHOWN = dict(re.findall(r"<!-- macros/([\w/.]+): .*? -->\n```\n(.*?)\n```", PAGE, re.DOTALL))


class Relation(str):
    """A relation as text, as DuckDB's adapter writes it."""

    def __new__(cls, schema: str, name: str) -> Relation:
        made = super().__new__(cls, f'"lakeweave"."{schema}"."{name}"')
        made.short = f'"{schema}"."{name}"'
        return made

    short: str

    def include(self, database: bool) -> Any:
        assert not database
        return SimpleNamespace(render=lambda: self.short)

    def incorporate(self, path: dict[str, str]) -> Relation:
        return Relation("staging", path["identifier"])

    identifier = "claims"


class Refused(Exception):
    """What dbt raises."""


def refuse(message: str) -> None:
    raise Refused(message)


def printed(file: str, macro: str, *arguments: Any, answers: dict[str, Any] | None = None, **names: Any) -> list[str]:
    """What a macro of ``file`` prints. ``answers`` are the results of macros that ask the warehouse."""
    said: list[str] = []
    made = Macros(
        names.pop("target", "duckdb"),
        file,
        *names.pop("with_files", ()),
        "core/raise_problems.sql",
        "core/raise_unsupported.sql",
        "core/shown_relation.sql",
        "core/engine.sql",
        "core/text_literal.sql",
        "ingestion/_shown_name.sql",
        "ingestion/_warn_held_files.sql",
        **{
            "exceptions": SimpleNamespace(raise_compiler_error=refuse, warn=said.append),
            "invocation_id": "1",
            "execute": True,
            "should_full_refresh": lambda: False,
            "graph": SimpleNamespace(sources={}),
            "this": Relation("shop", "churn_risk"),
            "var": lambda name, default=None: default,
            **names,
        },
    )
    answered: dict[str, Callable[..., Any]] = {
        "ledger_relation": lambda name: Relation("ledger", name),
        **{name: lambda *_, value=value, **__: value for name, value in (answers or {}).items()},
    }
    made._macros |= answered
    try:
        getattr(made, macro)(*arguments)
    except Refused as refused:
        said.append(str(refused))
    return said


def model(name: str, **config: Any) -> SimpleNamespace:
    return SimpleNamespace(name=name, config=SimpleNamespace(**config))


SEED = SimpleNamespace(
    database="lakeweave",
    schema="main",
    identifier="lakeweave_null_sentinels",
    is_cte=False,
    include=lambda database: SimpleNamespace(render=lambda: '"main"."lakeweave_null_sentinels"'),
)
BRONZE = SimpleNamespace(
    unique_id="model.shop.bronze_claims",
    name="bronze_claims",
    resource_type="model",
    config=SimpleNamespace(materialized="ingestion"),
    depends_on=SimpleNamespace(macros=[]),
)

MESSAGES: dict[str, Callable[[], list[str]]] = {
    "ingestion/_warn_held_files.sql": lambda: printed(
        "ingestion/_warn_held_files.sql",
        "_warn_held_files",
        "thelook.users",
        [{"file_name": "users_batch_2.csv", "reason": "unsafe_encoding", "message": "Some lines are in UTF-16."}],
        0,
        0,
    ),
    "ingestion/_warn_layout_changes.sql": lambda: printed(
        "ingestion/_warn_layout_changes.sql",
        "_warn_layout_changes",
        "listings.products",
        answers={
            "fetch_rows": [
                ("products_2.csv", "added", "product_no", "evolve", "loaded"),
                ("products_2.csv", "missing", "product_id", "evolve", "NULL"),
            ]
        },
    ),
    "ingestion/_account_for_silver.sql": lambda: printed(
        "ingestion/_account_for_silver.sql",
        "_warn_of_untyped_values",
        model=model("silver_claims"),
        answers={"fetch_rows": [("amount", "not_an_amount", 1, 30, "12.5k", None, None, "claims.csv")]},
    ),
    "core/declared_source.sql": lambda: printed("core/declared_source.sql", "declared_source", "erp", "claims"),
    "ingestion/one_row_per_key.sql": lambda: printed(
        "ingestion/one_row_per_key.sql",
        "_require_account_columns",
        ["silver_loaded_at", "_content_hash", "_record_number"],
        model=model("silver_claims", materialized="incremental"),
        with_files=("ingestion/account_columns.sql",),
    ),
    "ingestion/_refuse_missing_relation.sql": lambda: printed(
        "ingestion/_refuse_missing_relation.sql",
        "_refuse_missing_relation",
        "erp.claims",
        Relation("bronze", "claims"),
        None,
        model=model("bronze_claims"),
        answers={"fetch_rows": [(3,)]},
    ),
    "core/require_relation.sql": lambda: printed(
        "core/require_relation.sql",
        "require_relation",
        SEED,
        model=SimpleNamespace(name="silver_claims", resource_type="model"),
        flags=SimpleNamespace(WHICH="run"),
        adapter=SimpleNamespace(get_relation=lambda **_: None),
        answers={"run_memory": {}},
    ),
    "core/engines/duckdb.sql": lambda: printed(
        "core/engines/duckdb.sql",
        "duckdb__require_plugin",
        graph=SimpleNamespace(nodes={BRONZE.unique_id: BRONZE}),
        selected_resources=[BRONZE.unique_id],
        answers={"fetch_rows": []},
    ),
    "ingestion/engines/duckdb.sql": lambda: printed(
        "ingestion/engines/duckdb.sql",
        "_check_accounts",
        Relation("bronze", "claims"),
        Relation("staging", "claims"),
        model=model("bronze_claims"),
        answers={"fetch_rows": [("claims.csv", 30, 29)]},
    ),
    "inference/called_model.sql": lambda: printed(
        "inference/called_model.sql",
        "_model_version",
        SimpleNamespace(model="gemini", endpoint_config={}, version=None),
        target="bigquery",
    ),
    "inference/_personal_columns.sql": lambda: printed(
        "inference/_personal_columns.sql",
        "_refuse_personal_columns",
        "select 1",
        {"input": "prompt", "allow_pii": False, "called": {"unique_id": "model.shop.gemini"}},
        model=SimpleNamespace(raw_code="", unique_id="model.shop.churn_risk"),
        answers={
            "_upstream_nodes": {"users": SimpleNamespace(name="silver_users", pii={"email": True})},
            "_reads_of_the_template": [],
            "_without_redacted": "select 1",
            "_personal_verdict": {"problem": "", "found": ["silver_users.email"], "unread": []},
        },
    ),
    "inference/_prices.sql": lambda: printed(
        "inference/_prices.sql",
        "_price",
        None,
        "0.10",
        answers={
            "_price_if_known": None,
            "_priced_version": "my-model",
            "_today": "2026-03-01",
            "_billing": "interactive",
        },
    ),
    "inference/_failed_share.sql": lambda: printed(
        "inference/_failed_share.sql",
        "_refuse_failures",
        None,
        [],
        SimpleNamespace(fail_if_failed_share=0.5),
        None,
        answers={"_answered_sql": "", "fetch_rows": [("500: out of memory", 40, 40, 40, 40, 40, 40)]},
    ),
    "core/raise_unsupported.sql": lambda: printed(
        "core/raise_unsupported.sql", "raise_unsupported", "archive_files", ["duckdb"], target="bigquery"
    ),
}


def test_each_message_of_the_page_is_printed_here() -> None:
    assert len(SHOWN) >= 10
    assert set(SHOWN) == set(MESSAGES)


@pytest.mark.parametrize("path", MESSAGES)
def test_the_page_shows_what_is_printed(path: str) -> None:
    """All of it; `…` on the page is text that depends on the file or the server."""
    said = MESSAGES[path]()
    assert len(said) == 1, json.dumps(said)
    pattern = ".+?".join(re.escape(part) for part in SHOWN[path].split("…"))
    assert re.fullmatch(pattern, said[0], re.DOTALL), f"shown:\n{SHOWN[path]}\nprinted:\n{said[0]}"
