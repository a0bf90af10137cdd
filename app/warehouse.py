"""Asks the warehouse that dbt's profile names: DuckDB, BigQuery or Databricks, always for reading only.

The SQL of the pages is what all three share; ``:name`` is a parameter. A DuckDB file is opened for each question and
closed after it, because a reader that stays would keep a build from writing. Answers are kept until the file changes.
"""

from __future__ import annotations

import os
import re
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

import pandas as pd
import streamlit as st

ROOT = Path(__file__).resolve().parents[1]
PRODUCTION = ("prod", "production")
# Seconds that an answer of a warehouse without a file is kept.
KEPT = 300


class NotReadyError(Exception):
    """There is nothing to show; the message has the reason and a remedy."""


@dataclass(frozen=True)
class Profile:
    """The target of dbt's profile that the app reads."""

    name: str
    settings: dict[str, Any]

    @property
    def engine(self) -> str:
        """duckdb, bigquery or databricks."""
        return str(self.settings["type"])

    @property
    def path(self) -> Path:
        """The DuckDB file."""
        return ROOT / str(self.settings["path"])

    def table(self, name: str) -> str:
        """``gold.daily_sales`` as this target calls it; the same rule as the macro ``schema_name``."""
        layer, _, table = name.partition(".")
        if self.engine == "duckdb" or self.name in PRODUCTION:
            schema = layer
        else:
            schema = f"{self.settings.get('schema') or self.settings.get('dataset')}_{layer}"
        return f"{schema}.{table}"


def read_profile(folder: Path | None = None) -> Profile:
    """The target that ``LAKEWEAVE_TARGET`` or the profile itself names.

    Raises:
        NotReadyError: there is no profile, or the target is none that the app can read.
    """
    import jinja2
    import yaml

    folder = folder or Path(os.environ.get("DBT_PROFILES_DIR", ROOT))
    files = [file for file in (folder / "profiles.yml", ROOT / "profiles.example.yml") if file.exists()]
    if not files:
        raise NotReadyError(f"There is no profiles.yml in {folder}. `make build` writes one.")

    def env_var(name: str, default: str = "") -> str:
        return os.environ.get(name, default)

    text = jinja2.Environment(autoescape=False).from_string(files[0].read_text()).render(env_var=env_var)
    profile = yaml.safe_load(text)["lakeweave"]
    target = profile["target"]
    settings = profile["outputs"].get(target)
    if settings is None or settings["type"] not in ("duckdb", "bigquery", "databricks"):
        raise NotReadyError(
            f"The app reads DuckDB, BigQuery and Databricks; the profile's target is `{target}`. "
            "Set LAKEWEAVE_TARGET to duckdb, bigquery or databricks."
        )
    return Profile(target, settings)


def _duckdb(profile: Profile, sql: str, parameters: dict[str, Any]) -> pd.DataFrame:
    import duckdb

    if not profile.path.exists():
        raise NotReadyError(
            f"There is no warehouse at `{profile.settings['path']}` yet. `make build` makes one with demo data in a minute; "
            "LAKEWEAVE_WAREHOUSE names another."
        )
    try:
        with duckdb.connect(str(profile.path), read_only=True) as connection:
            return connection.execute(re.sub(r":([a-z]\w*)", r"$\1", sql), parameters).df()
    except duckdb.CatalogException as error:
        raise NotReadyError(_not_built(str(error))) from error
    except duckdb.IOException as error:
        if "lock" in str(error):
            raise NotReadyError("A build is writing the warehouse just now. Look again when it is done.") from error
        raise NotReadyError(f"The warehouse file cannot be read: {_first_line(error)}") from error
    except duckdb.Error as error:
        raise NotReadyError(f"The warehouse could not answer: {_first_line(error)}") from error


@cache
def _bigquery_client(project: str, location: str | None) -> Any:
    from google.cloud import bigquery

    return bigquery.Client(project=project, location=location)


def _bigquery(profile: Profile, sql: str, parameters: dict[str, Any]) -> pd.DataFrame:
    from google.api_core import exceptions
    from google.cloud import bigquery

    kinds = {bool: "BOOL", int: "INT64", float: "FLOAT64", str: "STRING"}
    config = bigquery.QueryJobConfig(
        query_parameters=[
            bigquery.ScalarQueryParameter(name, kinds[type(value)], value) for name, value in parameters.items()
        ],
        maximum_bytes_billed=profile.settings.get("maximum_bytes_billed"),
    )
    try:
        client = _bigquery_client(profile.settings["project"], profile.settings.get("location"))
        rows = client.query(re.sub(r":([a-z]\w*)", r"@\1", sql), job_config=config).result()
        return pd.DataFrame([dict(row.items()) for row in rows], columns=[field.name for field in rows.schema])
    except exceptions.NotFound as error:
        raise NotReadyError(_not_built(str(error))) from error
    except Exception as error:
        raise NotReadyError(f"BigQuery could not answer: {_first_line(error)}") from error


def _databricks(profile: Profile, sql: str, parameters: dict[str, Any]) -> pd.DataFrame:
    from databricks import sql as databricks

    settings = profile.settings
    try:
        with (
            databricks.connect(
                server_hostname=settings["host"],
                http_path=settings["http_path"],
                access_token=settings["token"],
                catalog=settings.get("catalog"),
            ) as connection,
            connection.cursor() as cursor,
        ):
            cursor.execute(sql, parameters)
            return pd.DataFrame(cursor.fetchall(), columns=[column[0] for column in cursor.description])
    except Exception as error:
        if "TABLE_OR_VIEW_NOT_FOUND" in str(error):
            raise NotReadyError(_not_built(str(error))) from error
        raise NotReadyError(f"Databricks could not answer: {_first_line(error)}") from error


def _first_line(error: BaseException) -> str:
    """What an engine says. It may repeat a delivered value, and the page shows the sentence as Markdown."""
    from app.look import plain  # which imports this module

    said = str(error).strip()
    return plain(said.splitlines()[0][:200]) if said else type(error).__name__


def _not_built(message: str) -> str:
    """A sentence that names the table which is missing, if the engine says which."""
    found = re.search(r"(?:Table with name |Not found: Table [^ ]*[.:]|view `?[\w`.]*\.`?)(\w+)", message)
    model = found[1] if found else ""
    named = f"The table `{model}` is not built yet. `dbt build --select +{model}` makes it." if model else ""
    return named or "A table of this page is not built yet. `dbt build` makes it."


ENGINES = {"duckdb": _duckdb, "bigquery": _bigquery, "databricks": _databricks}


def _version(profile: Profile) -> tuple[str, ...]:
    """What answers depend on beside the question: the file as it is, or a stretch of time."""
    if profile.engine != "duckdb":
        import time

        return (profile.name, str(int(time.time() / KEPT)))
    if not profile.path.exists():
        return (str(profile.path), "")
    now = profile.path.stat()
    return (str(profile.path), str(now.st_mtime_ns), str(now.st_size))


@st.cache_data(max_entries=300, show_spinner=False)
def _answer(
    version: tuple[str, ...], _profile: Profile, sql: str, parameters: tuple[tuple[str, Any], ...]
) -> pd.DataFrame:
    found = ENGINES[_profile.engine](_profile, sql, dict(parameters))
    for name in found.columns:
        # Exact decimals of the engines, for charts.
        if found[name].dtype == object and found[name].map(type).astype(str).str.contains("Decimal").any():
            found[name] = found[name].astype(float)
        elif found[name].dtype == object or isinstance(found[name].dtype, pd.StringDtype):
            # An absent text is None, which is false, and not NaN, which is true.
            found[name] = found[name].astype(object).where(found[name].notna(), None)
    return found


def ask(sql: str, **parameters: Any) -> pd.DataFrame:
    """The answer to a question; ``{gold.daily_sales}`` in it is a table, ``:name`` a parameter.

    Raises:
        NotReadyError: there is no answer, with the reason for a person to read.
    """
    profile = read_profile()
    named = re.sub(r"{(\w+\.\w+)}", lambda found: profile.table(found[1]), sql)
    return _answer(_version(profile), profile, named, tuple(sorted(parameters.items())))


def among(column: str, values: list[str], name: str) -> tuple[str, dict[str, str]]:
    """A condition that a column is one of the values, and its parameters; no value means no condition."""
    if not values:
        return "true", {}
    parameters = {f"{name}_{place}": value for place, value in enumerate(values)}
    return f"{column} in ({', '.join(':' + each for each in parameters)})", parameters


def cosine_distance(left: str, right: str) -> str:
    """The cosine distance of two vectors, in the engine's SQL."""
    return {
        "duckdb": f"list_cosine_distance({left}, {right})",
        "bigquery": f"ml.distance({left}, {right}, 'COSINE')",
        "databricks": f"1 - vector_cosine_similarity({left}, {right})",
    }[read_profile().engine]


PICTURES = {".png", ".jpg", ".jpeg", ".webp", ".gif"}
"""A uri is data: no other file of the landing zone is shown, whatever a row names."""


def picture(uri: str | None) -> str | None:
    """The file of a picture: an image in the landing zone, links and `..` resolved, or None."""
    landing = (ROOT / os.environ.get("LAKEWEAVE_LANDING", "landing")).resolve()
    if not uri or not uri.startswith("gs://"):
        return None
    # The demo's bucket is the folder `gcp` itself; the bucket of another may be a folder in it.
    bucket, _, name = uri.removeprefix("gs://").partition("/")
    for file in ((landing / "gcp" / name).resolve(), (landing / "gcp" / bucket / name).resolve()):
        if file.suffix.lower() in PICTURES and landing in file.parents and file.is_file():
            return str(file)
    return None
