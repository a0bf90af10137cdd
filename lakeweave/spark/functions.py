"""The local models of :mod:`lakeweave.inference` as functions of a Spark session.

They are vectorised (Arrow batches in, Arrow batches out) and run in Spark's Python workers, on every executor; each
worker makes its models at their first use. Names and meaning are those of DuckDB.
"""

from __future__ import annotations

import threading
from typing import Any

from lakeweave.errors import SettingsError
from lakeweave.inference.answers import SPARK_TYPE
from lakeweave.inference.config import Settings
from lakeweave.inference.functions import FUNCTIONS, Models, answer_arrow

_LOCK = threading.Lock()
_MADE: dict[str, Models] = {}


def models_of(config: str) -> Models:
    """The models of this process for the YAML text ``config``."""
    with _LOCK:
        if config not in _MADE:
            _MADE[config] = Models(read_settings(config))
        return _MADE[config]


def read_settings(config: str) -> Settings:
    """The settings in the YAML text ``config``, checked.

    Raises:
        SettingsError: with every mistake that was found.
    """
    import yaml

    try:
        block = yaml.safe_load(config) if config else {}
    except yaml.YAMLError as error:
        raise SettingsError(f"`spark.lakeweave.config` in the profile is not YAML: {error}") from None
    if not isinstance(block, dict | None):
        raise SettingsError(f"`spark.lakeweave.config` in the profile is {block!r}; expected a mapping.")
    return Settings.read(block)


def register(session: Any, config: str | None) -> None:
    """Put the functions into ``session``; ``config`` is YAML, see :mod:`lakeweave.inference.config`.

    Raises:
        SettingsError: the settings are wrong.
    """
    from pyspark.sql.functions import arrow_udf, udf

    text = config or ""
    read_settings(text)

    def answering(function: str) -> Any:
        # Without type hints: Spark would derive another kind of function from them.
        def call(inputs, spec, options):  # type: ignore[no-untyped-def]  # noqa: ANN001, ANN202
            return answer_arrow(models_of(text), function, inputs, spec, options)

        return call

    for function in FUNCTIONS:
        # Not deterministic: otherwise the optimiser evaluates the call once for each field of the answer.
        made = arrow_udf(answering(function), SPARK_TYPE).asNondeterministic()
        session.udf.register(f"lakeweave_{function}", made)
    # Here and not above: the module is for every worker, and a worker needs no parser of SQL.
    from lakeweave.personal import personal_columns, personal_values

    session.udf.register("lakeweave_personal_columns", udf(personal_columns, "string").asNondeterministic())
    session.udf.register("lakeweave_personal_values", udf(personal_values, "string").asNondeterministic())
    version = udf(lambda function, spec: models_of(text).version(function, spec), "string")
    session.udf.register("lakeweave_model_version", version.asNondeterministic())
    where = udf(lambda function, spec: models_of(text).where(function, spec), "string")
    session.udf.register("lakeweave_model_endpoint", where.asNondeterministic())
