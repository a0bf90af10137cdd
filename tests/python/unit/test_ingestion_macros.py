"""What the ingestion materializations of all engines have in common, from their text.

DuckDB's is executed in tests/python/duckdb/test_ingestion_model.py.
"""

from __future__ import annotations

import types
from pathlib import Path

import jinja2
import pytest
import yaml

ROOT = Path(__file__).resolve().parents[3]
MATERIALIZATIONS = {
    "duckdb": ("duckdb.sql", "call_python('lakeweave_plan'"),
    "bigquery": ("bigquery.sql", "statement('lines')"),
    "spark": ("spark.sql", "_spark_take_in_all("),
}


def body_of(engine: str) -> str:
    """The text of the materialization itself, without the macros of its file."""
    text = (ROOT / "macros" / "ingestion" / "engines" / MATERIALIZATIONS[engine][0]).read_text()
    return text[text.index("{% materialization ingestion") : text.index("endmaterialization")]


@pytest.mark.parametrize("engine", MATERIALIZATIONS)
def test_a_missing_relation_stops_before_anything_else(engine: str) -> None:
    body = body_of(engine)
    assert body.index("_refuse_missing_relation(") < body.index("run_hooks(pre_hooks")


@pytest.mark.parametrize("engine", MATERIALIZATIONS)
def test_hooks_are_around_the_load_and_grants_behind_it(engine: str) -> None:
    body, load = body_of(engine), MATERIALIZATIONS[engine][1]
    assert load in body
    before, loaded, after, granted = (
        body.index(part) for part in ("run_hooks(pre_hooks", load, "run_hooks(post_hooks", "apply_grants(")
    )
    assert before < loaded < min(after, granted)
    assert "should_revoke(existing, full_refresh_mode=rebuild)" in body


@pytest.mark.parametrize("layer", ["bronze", "silver"])
@pytest.mark.parametrize(
    ("target", "iceberg", "uniform"),
    [
        ("databricks", True, True),
        ("databricks", "true", True),
        ("databricks", "managed", False),
        ("databricks", False, False),
        ("spark", True, False),
        ("bigquery", True, False),
    ],
)
def test_uniform_is_only_for_tables_that_are_no_managed_iceberg(
    layer: str, target: str, iceberg: object, uniform: bool
) -> None:
    """A managed Iceberg table takes no property of Delta."""
    config = yaml.safe_load((ROOT / "dbt_project.yml").read_text())["models"]["lakeweave"][layer]["+tblproperties"]
    rendered = jinja2.Template(config).render(
        target={"type": target}, var=lambda name, default=None: iceberg if name == "iceberg" else default
    )
    assert ("delta.universalFormat.enabledFormats" in rendered) == uniform


@pytest.mark.parametrize(
    ("header", "skipped", "lines"),
    [
        (None, 1, 1),
        (None, 0, 0),
        (None, 3, 3),
        ("auto", 1, 1),
        ("no", 0, 0),
        (False, 0, 0),
        ("yes", 1, 1),
        (True, 2, 2),
        ("no", 1, "0, because the first line is a record"),
        (False, 1, "0, because the first line is a record"),
        ("yes", 0, "1 or more, because the first line is a header"),
    ],
)
def test_bigquery_counts_the_lines_above_the_records(header: object, skipped: int, lines: int | str) -> None:
    """A file without a header has none; a declaration that contradicts the external table is refused."""
    text = (ROOT / "macros/ingestion/engines/bigquery_new_files.sql").read_text()
    begin = text.index("{% macro _bigquery_header_lines(")
    macro = text[begin : text.index("{%- endmacro %}", begin)] + "{%- endmacro %}"
    settings = {} if header is None else {"header": header}

    def refuse(message: str) -> None:
        raise ValueError(message)

    call = jinja2.Environment(extensions=["jinja2.ext.do"]).from_string(
        macro + "{{ _bigquery_header_lines(declared) }}"
    )
    options = {"skip_leading_rows": skipped} if skipped else {}
    context = {
        "lakeweave": types.SimpleNamespace(
            external_block=lambda declared, problems: types.SimpleNamespace(options=options),
            source_settings=lambda declared: settings,
        ),
        "exceptions": types.SimpleNamespace(raise_compiler_error=refuse),
        "declared": types.SimpleNamespace(source_name="shop", name="lines"),
        "return": lambda value: value,
    }
    if isinstance(lines, str):
        with pytest.raises(ValueError, match=r"source shop\.lines: `header` is '(yes|no)'.*expected " + lines):
            call.render(context)
    else:
        assert call.render(context).strip() == str(lines)
