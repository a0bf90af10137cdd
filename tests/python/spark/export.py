"""`python -m tests.python.spark.export WORKSPACE FOLDER TABLE…`: Delta tables as parquet, for a comparison elsewhere."""

from __future__ import annotations

import sys
from pathlib import Path

from pyspark.sql import SparkSession
from pyspark.sql.functions import col

from tests.python.spark.session import settings


def main(root: Path, folder: Path, tables: list[str]) -> None:
    """Write each of ``tables`` of the workspace at ``root`` to ``folder``."""
    builder = SparkSession.builder.enableHiveSupport()
    for name, value in settings(root).items():
        builder = builder.config(name, value)
    spark = builder.getOrCreate()
    for table in tables:
        frame = spark.table(table)
        columns = [
            col(name).cast("timestamp_ntz").alias(name) if kind == "timestamp" else col(name)
            for name, kind in frame.dtypes
        ]
        frame.select(*columns).coalesce(1).write.mode("overwrite").parquet(str(folder / f"{table}.parquet"))
    spark.stop()


if __name__ == "__main__":
    main(Path(sys.argv[1]), Path(sys.argv[2]), sys.argv[3:])
