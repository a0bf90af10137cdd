"""Local models of DuckDB: text, text vectors and pictures, as SQL functions.

==============================================  ==========================================================
``lakeweave_generate_text(input, spec, opts)``  text from rules (``offline``) or an OpenAI-compatible server
``lakeweave_generate_embedding(…)``             hashed lexical vectors, or a sentence transformer on onnxruntime
``lakeweave_annotate_image(…)``                 the Vision API's JSON, as far as it is computed here
``lakeweave_predict_image(…)``                  an ONNX classifier
``lakeweave_model_version(function, spec)``     which model will answer; an error when none can
``lakeweave_model_problem(function, spec)``     why no model can answer, as a sentence; NULL when one can
``lakeweave_model_endpoint(function, spec)``    where it stands
``lakeweave_claim(fingerprint, token)``         whether this thread may ask it now, see :mod:`.claims`
``lakeweave_settle(token)``                     the batch is committed; what happened to it, as JSON
``lakeweave_wait(token, seconds)``              wait for what other threads hold
``lakeweave_take_lock(token, seconds)``         wait until no other thread spends the money of the run
==============================================  ==========================================================

People do not call these: they write ``{{ lakeweave.inference(…) }}`` or ``{{ lakeweave.generate_text(…) }}``.
"""

from __future__ import annotations

import json
from typing import Any

from duckdb import DuckDBPyConnection

from lakeweave.errors import BackendError, SettingsError
from lakeweave.inference.answers import DUCKDB_TYPE
from lakeweave.inference.claims import CLAIMS
from lakeweave.inference.config import Settings
from lakeweave.inference.functions import FUNCTIONS, Models, arrow_function, claim_arrow
from lakeweave.sqlfunctions import replace_function

__all__ = ["FUNCTIONS", "BackendError", "Models", "Settings", "SettingsError", "register"]


def register(conn: DuckDBPyConnection, config: dict[str, Any] | None = None) -> Models:
    """Register the functions on ``conn`` and its cursors; may be called again with another ``config``.

    ``config`` is the plugin's block of the profile, see :mod:`lakeweave.inference.config`. Nothing is loaded and no
    server is spoken to before the first call.

    Raises:
        SettingsError: the block is wrong; the message lists every mistake.
    """
    models = Models(Settings.read(config))
    # Arrow functions: never default NULL handling (wrong results on DuckDB 1.5), never exception_handling (garbage),
    # and always side_effects, or the optimiser calls them again above a filter.
    vectorised = {"type": "arrow", "null_handling": "special", "side_effects": True}
    for function in FUNCTIONS:
        replace_function(
            conn, f"lakeweave_{function}", arrow_function(models, function), ["VARCHAR"] * 3, DUCKDB_TYPE, vectorised
        )
    replace_function(conn, "lakeweave_claim", claim_arrow, ["VARCHAR"] * 2, "BOOLEAN", vectorised)

    single = {"null_handling": "special", "side_effects": True}
    replace_function(conn, "lakeweave_model_version", models.version, ["VARCHAR"] * 2, "VARCHAR", single)
    replace_function(conn, "lakeweave_model_problem", models.problem, ["VARCHAR"] * 2, "VARCHAR", single)
    replace_function(conn, "lakeweave_model_endpoint", models.where, ["VARCHAR"] * 2, "VARCHAR", single)
    replace_function(conn, "lakeweave_settle", _settle, ["VARCHAR"], "VARCHAR", single)
    replace_function(conn, "lakeweave_wait", _wait, ["VARCHAR", "DOUBLE"], "BOOLEAN", single)
    replace_function(conn, "lakeweave_take_lock", _take_lock, ["VARCHAR", "DOUBLE"], "BOOLEAN", single)
    return models


def _settle(token: str) -> str:
    said = json.loads(token)
    return json.dumps(CLAIMS.settle(said["run"], said["holder"]))


def _wait(token: str, seconds: float) -> bool:
    said = json.loads(token)
    return CLAIMS.wait(said["run"], said["holder"], seconds)


def _take_lock(token: str, seconds: float) -> bool:
    said = json.loads(token)
    return CLAIMS.take_lock(said["run"], said["holder"], seconds)
