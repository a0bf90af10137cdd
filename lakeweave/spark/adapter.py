"""What dbt-spark lacks for a session of this process, set in its place by :func:`install`.

dbt-spark's session method has a connection that opens the session at each statement, catches one class of Spark's errors,
and can run no Python model. There is no setting for this, so :func:`install` replaces four attributes of dbt-spark.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from typing import Any

from dbt.adapters.spark import session as dbt_session
from dbt.adapters.spark.impl import SparkAdapter
from dbt_common.exceptions import DbtRuntimeError

from lakeweave.errors import SettingsError, Unusable, UserError
from lakeweave.spark.locks import StatementLocks
from lakeweave.spark.python_models import SessionPythonJob
from lakeweave.spark.session import credentials, one_sentence, open_session
from lakeweave.sql import literal

_locks = StatementLocks()


class Cursor(dbt_session.Cursor):
    """A cursor with errors of one sentence. Statements that change the same table wait for each other; see :mod:`.locks`."""

    def __init__(self, session: Any, settings: Mapping[str, Any]) -> None:
        super().__init__()
        self._session, self._settings = session, settings

    def execute(self, sql: str, *parameters: Any) -> None:
        """Run a statement; queries wait until they are fetched."""
        statement = sql % parameters if parameters else sql
        with _translate_errors(), _locks.during(statement), credentials(self._session, self._settings, statement):
            self._df = self._session.sql(statement)

    def close(self) -> None:
        """Dbt is done with the connection: with a node, that is."""
        _locks.release()
        super().close()

    def fetchall(self) -> list[Any] | None:
        """All rows."""
        with _translate_errors():
            rows: list[Any] | None = super().fetchall()
            return rows

    def fetchone(self) -> Any:
        """The next row, or None."""
        with _translate_errors():
            return super().fetchone()


class Connection(dbt_session.Connection):
    """Opens the session at its first statement, with the project's functions in it."""

    def cursor(self) -> Cursor:
        """A cursor on the session; here and not above, because dbt makes `failed to connect` of an error there."""
        try:
            return Cursor(open_session(self.server_side_parameters), self.server_side_parameters)
        except (Unusable, SettingsError, UserError) as error:
            raise DbtRuntimeError(str(error)) from None


class _translate_errors:
    """Turns Spark's errors into dbt's, without the stack of the JVM."""

    def __enter__(self) -> None:
        return None

    def __exit__(self, kind: type | None, error: BaseException | None, trace: Any) -> None:
        from py4j.protocol import Py4JError
        from pyspark.errors import PySparkException

        if isinstance(error, UserError):
            raise DbtRuntimeError(str(error)) from None
        if isinstance(error, PySparkException | Py4JError):
            raise DbtRuntimeError(one_sentence(error)) from None


def seed_value(value: Any) -> str | float:
    """A value of a seed as SQL. dbt-spark would write 'None' for NULL, and a quote in a text would end it."""
    if value is None:
        return "null"
    if isinstance(value, dbt_session.NUMBERS) and not isinstance(value, bool):
        return float(value)
    text = value.strftime("%Y-%m-%d %H:%M:%S.%f") if isinstance(value, dt.datetime) else str(value)
    return literal(text, "spark")


def install() -> None:
    """Have dbt-spark's method `session` work as this module says."""
    # Any, because types describe no replaced attribute.
    session: Any = dbt_session
    adapter: Any = SparkAdapter
    session.Connection = Connection
    session.SessionConnectionWrapper._fix_binding = staticmethod(seed_value)
    helpers = adapter.python_submission_helpers.fget
    adapter.python_submission_helpers = property(lambda self: {**helpers(self), "session": SessionPythonJob})
    default = adapter.default_python_submission_method.fget
    adapter.default_python_submission_method = property(
        lambda self: "session" if self.config.credentials.method == "session" else default(self)
    )
