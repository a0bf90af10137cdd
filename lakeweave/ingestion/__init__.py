"""Accounted ingestion on DuckDB.

Every record of every delivered file ends in exactly one place: accepted, rejected (with its line, reason and raw text)
or recorded as a repeat. :func:`register` gives DuckDB the SQL functions that the dbt materialization calls;
:func:`account_file` does the same for one file, without a database.
"""

from lakeweave.ingestion.account import FileAccount, RejectedRecord
from lakeweave.ingestion.functions import register
from lakeweave.ingestion.reading import accepted_records, account_file
from lakeweave.ingestion.spec import Reading

__all__ = ["FileAccount", "Reading", "RejectedRecord", "accepted_records", "account_file", "register"]
