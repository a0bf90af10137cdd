"""Python models in the session of this process; dbt-spark itself only knows how to send them to Databricks."""

from __future__ import annotations

from typing import Any

from dbt.adapters.base.impl import PythonJobHelper
from dbt_common.exceptions import DbtRuntimeError

from lakeweave.errors import UserError
from lakeweave.spark.session import one_sentence, open_session


class SessionPythonJob(PythonJobHelper):
    """Runs a compiled Python model where dbt's SQL runs."""

    def __init__(self, parsed_model: dict[str, Any], credential: Any) -> None:
        """``parsed_model`` names the model in errors, ``credential`` has the session's settings."""
        self._name = parsed_model.get("alias") or parsed_model.get("name")
        self._settings = credential.server_side_parameters

    def submit(self, compiled_code: str) -> None:
        """Run the model's code, which writes its table.

        Raises:
            DbtRuntimeError: the code failed.
        """
        from pyspark.errors import PySparkException

        names: dict[str, Any] = {"__name__": f"model_{self._name}", "spark": open_session(self._settings)}
        try:
            exec(compile(compiled_code, f"<{self._name}>", "exec"), names)
        except PySparkException as error:
            raise DbtRuntimeError(one_sentence(error)) from None
        except UserError as error:
            raise DbtRuntimeError(str(error)) from None
        except Exception as error:
            raise DbtRuntimeError(f"{type(error).__name__}: {error}") from error
