"""Reading tables of SQL databases: a read is a delivery, one file of changes that ingestion takes in like any other."""

from lakeweave.databases.functions import register

__all__ = ["register"]
