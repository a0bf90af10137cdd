"""What Databricks has and open-source Spark has not: the one list of it. An entry that nothing uses fails a test.

A statement of `STATEMENTS` is not sent to Spark; the stand-in responds to it. The functions of `STUBS` are
declared with their documented signatures and give an answer of the documented form.
"""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Unknown:
    """A kind of statement: its name, how it is recognized, and why Spark cannot know it."""

    name: str
    pattern: str
    reason: str


STATEMENTS = (
    Unknown(
        "relations of a schema",
        r"from\s+`system`\.`information_schema`\.`tables`",
        "The information schema is a service of Unity Catalog: "
        "https://docs.databricks.com/en/sql/language-manual/sql-ref-information-schema.html",
    ),
    Unknown(
        "tags, masks, filters and constraints",
        r"from\s+`[\w]+`\.`?information_schema`?\.`?(?:table_tags|column_tags|column_masks|row_filters|key_column_usage"
        r"|table_constraints|referential_constraints|columns)",
        "Governance of Unity Catalog: https://docs.databricks.com/en/sql/language-manual/information-schema/table_tags.html",
    ),
    Unknown(
        "a table as JSON",
        r"describe table extended .* as json",
        "Open-source Spark has the statement, but not for Delta's tables: "
        "https://spark.apache.org/docs/latest/sql-ref-syntax-aux-describe-table.html",
    ),
    Unknown(
        "comment on a column",
        r"comment on column ",
        "A statement of Databricks' runtime (16.1 and newer); Spark has COMMENT ON for tables and schemas: "
        "https://docs.databricks.com/en/sql/language-manual/sql-ref-syntax-ddl-comment.html",
    ),
)

STUBS = {
    "ai_query": (
        "ai_query(endpoint, request, returnType, failOnError, modelParameters, responseFormat, files), "
        "https://docs.databricks.com/en/sql/language-manual/functions/ai_query.html; with failOnError => false the result is a "
        "struct of `result` and `errorMessage`. Its type follows `returnType`, so there are two stubs."
    ),
    "read_files": (
        "read_files(path, format => 'binaryFile'), https://docs.databricks.com/en/sql/language-manual/functions/read_files.html; "
        "with the columns of Spark's own source binaryFile, and the files of folders within folders."
    ),
}
