"""The exceptions of the package: what a caller catches, and what each means.

================================  ===========================================================================
:class:`UserError`                delivered data, a source or a connection is wrong; a person can correct it
:class:`SettingsError`            the settings of the models are wrong; lists every mistake
:class:`BackendError`             a model cannot be used as it is set up
:class:`WeightsError`             given weights cannot be made a model
:class:`VectorError`              a vector search is refused
:class:`VectorIndexError`         a vector index cannot be built or read
:class:`FileHeld`                 a delivered file cannot be loaded as a whole; ``reason`` is the code in the ledger
:class:`NotUnderstoodError`       a query cannot be read, so its personal columns are unknown
:class:`ProfileFailedError`       dbt could not profile
:class:`RefusedError`             an HTTP request starts nothing; ``status`` is the reply
:class:`MalformedError`           a trusted sender's request that can never be accepted
:class:`Unusable`                 Spark cannot run on this machine
================================  ===========================================================================

All derive from :class:`LakeweaveError`, and each message is a sentence for a person: what was given, what was expected and
what to do. Exceptions that never leave their module stay in it.
"""

from __future__ import annotations


class LakeweaveError(Exception):
    """Any error that Lakeweave raises itself."""


class UserError(LakeweaveError):
    """Something that the user can correct; the message says how."""


class SettingsError(LakeweaveError, ValueError):
    """The settings of the local models are wrong; the message lists every mistake with what to do."""


class BackendError(LakeweaveError, RuntimeError):
    """The backend cannot be used as it is set up; the message says what to do."""


class WeightsError(LakeweaveError, ValueError):
    """The given weights cannot be turned into a model; the message says why."""


class VectorError(LakeweaveError, ValueError):
    """A search is refused; the message says what was given and what to do."""


class VectorIndexError(LakeweaveError, ValueError):
    """An index cannot be built or read; the message says what to do."""


class FileHeld(LakeweaveError):
    """The file cannot be loaded as a whole. ``reason`` is a code of ``lakeweave.ingestion.reasons.FILE_REASONS``."""

    def __init__(self, reason: str, message: str) -> None:
        super().__init__(message)
        self.reason = reason
        self.message = message


class NotUnderstoodError(LakeweaveError):
    """The query cannot be read; the message says why."""


class ProfileFailedError(LakeweaveError, RuntimeError):
    """dbt could not profile; the message is dbt's."""


class RefusedError(LakeweaveError):
    """The request starts nothing; ``status`` is the HTTP status of the reply."""

    def __init__(self, status: int, reason: str) -> None:
        super().__init__(reason)
        self.status = status


class MalformedError(RefusedError):
    """A trusted sender's request that can never be accepted: it is kept as a dead letter, and not sent again."""

    def __init__(self, reason: str) -> None:
        super().__init__(400, reason)


class Unusable(LakeweaveError, RuntimeError):
    """Spark cannot be used here; the message is one sentence about why and one about what to do."""
